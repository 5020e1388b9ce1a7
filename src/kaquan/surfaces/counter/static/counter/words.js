"use strict";

// What every part of the counter uses: texts in the page's language, amounts, and the page's places.
window.kaquanCounter = (() => {
  const english = document.documentElement.lang === "en";

  // Amounts are whole fen; no fraction is ever calculated with.
  function fenOf(text) {
    const plain = text.normalize("NFKC").replace(/[¥￥\s元]/g, "");
    // A comma that groups no thousands may stand for the point: nobody is to guess which.
    const found = /^(\d{1,8}|\d{1,3}(?:,\d{3}){1,2})(?:\.(\d{1,2}))?$/.exec(plain);
    if (!found) return null;
    return Number(found[1].replaceAll(",", "")) * 100 + Number((found[2] ?? "").padEnd(2, "0"));
  }

  function yuan(fen) {
    const whole = String(Math.abs(fen)).padStart(3, "0");
    const grouped = whole.slice(0, -2).replace(/\B(?=(\d{3})+$)/g, ",");
    return `${fen < 0 ? "-" : ""}¥${grouped}.${whole.slice(-2)}`;
  }

  return {
    say: (zh, en) => (english ? en : zh),
    of: (thing) => (english ? thing.en : thing.zh),
    fenOf,
    yuan,
    place: (id) => document.getElementById(id),
    once: () => crypto.randomUUID(),
    state: { terminal: null, shift: null, lastShift: 0 },
  };
})();
