"use strict";

// Which view is shown, and what brings one to another.
(() => {
  const kq = window.kaquanCounter;
  const { say, place } = kq;
  const VIEWS = [
    "opening", "register", "blocked", "login", "home", "scan", "sheet", "top-up", "today", "shift",
  ];
  const AT_WORK = ["home", "scan", "sheet", "top-up", "today", "shift"];
  let view = "opening";

  kq.tell = (words) => {
    place("told").textContent = words;
  };

  kq.go = (name) => {
    if (view === "scan" && name !== "scan") kq.scanning.close();
    view = name;
    for (const one of VIEWS) place(`view-${one}`).hidden = one !== name;
    place("bar").hidden = !AT_WORK.includes(name);
    place("lock").hidden = !AT_WORK.includes(name);
    for (const button of place("bar").children) {
      const here = button.dataset.go === name || (button.dataset.go === "home" && ["scan", "sheet", "top-up"].includes(name));
      if (here) button.setAttribute("aria-current", "page");
      else button.removeAttribute("aria-current");
    }
    if (name === "scan") kq.scanning.open();
  };

  // A result that is there to be read is passed over by the next code; nothing else is.
  kq.takesCodes = () => {
    const open = document.querySelectorAll("dialog[open]");
    const over = open.length === 0 || (open.length === 1 && kq.results.isOver());
    return over && ["home", "scan", "sheet", "today"].includes(view);
  };
  kq.takesMembers = () => view === "sheet";

  kq.failed = (error) => {
    if (error instanceof kq.calls.Refusal) {
      kq.tell(kq.wordsOf(error));
      kq.begin();
    } else {
      kq.tell(kq.wordsOf(error));
    }
  };

  kq.askSure = (title, says) =>
    new Promise((resolve) => {
      const dialog = place("sure");
      place("sure-title").textContent = title;
      place("sure-says").textContent = says;
      dialog.returnValue = "no";
      dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
      dialog.showModal();
    });

  // An answer that came after the clerk had gone on.
  kq.tellAnswer = (outcome) => {
    const what = outcome.done
      ? say("中断的那笔已核销", "The interrupted use was booked")
      : say("中断的那笔没有核销，可以重新扫码", "The interrupted use was not booked; scan it again");
    kq.tell(`${what}（${outcome.at}）`);
  };

  function drawTop() {
    const { terminal, shift } = kq.state;
    place("store-name").textContent = terminal ? terminal.store.name : say("卡券收银台", "Kaquan counter");
    place("who").textContent = [terminal?.code, shift?.clerk].filter(Boolean).join(" · ");
  }

  // Ask the server who this is, and show what follows from that.
  kq.begin = async () => {
    kq.tell("");
    try {
      await kq.calls.state();
    } catch (error) {
      if (!(error instanceof kq.calls.NoAnswer)) throw error;
      offline();
      return;
    }
    if (isOld()) {
      location.reload();
      return;
    }
    const { terminal, shift, why } = kq.state;
    drawTop();
    if (!terminal && why?.code === "terminal_blocked") {
      place("blocked-why").textContent = kq.of(why);
      kq.go("blocked");
    } else if (!terminal) {
      kq.go("register");
      place("register-code").focus();
      await warnOfLines();
    } else if (!shift) {
      remember();
      kq.go("login");
      place("login-name").focus();
    } else {
      remember();
      kq.vouchers.home();
      await lateAnswers();
    }
  };

  // A page that is never closed would go on with the files of the day it was opened. What begins
  // anew is loaded anew, once for each version; nothing is on the order then.
  const RELOADED = "kaquan-counter-reloaded";
  function isOld() {
    const { version } = kq.state;
    if (version === document.documentElement.dataset.version) return false;
    try {
      if (sessionStorage.getItem(RELOADED) === version) return false;
      sessionStorage.setItem(RELOADED, version);
      return true;
    } catch {
      return false; // without a storage it could not be told from the second time
    }
  }

  // Uses of a device that is a terminal no more are handed in by nobody.
  async function warnOfLines() {
    const number = (await window.KaquanOffline?.pending()) ?? 0;
    if (number === 0) return;
    kq.tell(say(
      `本机还有 ${number} 笔离线核销没有上传；重新登记后就不能上传了，请先联系总部处理。`,
      `${number} uses offline are on this device still, and cannot be handed in once it is registered anew: ask head office first.`,
    ));
  }

  // Which terminal this is and who worked at it last, for when there is no network.
  const REMEMBERED = "kaquan-counter-terminal";
  function remember() {
    try {
      const { terminal, shift } = kq.state;
      const known = { terminal, clerk: shift?.clerk ?? "", shift: shift?.id ?? 0 };
      localStorage.setItem(REMEMBERED, JSON.stringify(known));
    } catch {
      // Without a storage there is no work without a network, and that is told then.
    }
  }

  function offline() {
    const known = JSON.parse(localStorage.getItem(REMEMBERED) ?? "null");
    if (known?.clerk && window.KaquanOffline) {
      kq.state.terminal = known.terminal;
      kq.state.lastShift = known.shift ?? 0;
      drawTop();
      kq.vouchers.home();
      kq.tell(say("没有网络：只能核销支持离线的签名券。", "No network: only signed vouchers for offline use are redeemed."));
    } else {
      place("blocked-why").textContent = say("没有网络，暂时不能核销。", "There is no network, so nothing can be redeemed now.");
      kq.go("blocked");
    }
  }

  async function lateAnswers() {
    if (kq.calls.unanswered().length === 0) return;
    try {
      for (const outcome of await kq.calls.answers()) kq.tellAnswer(outcome);
    } catch (error) {
      if (!(error instanceof kq.calls.NoAnswer)) kq.tell(kq.wordsOf(error));
    }
  }

  const network = (reached) => {
    place("network").hidden = reached;
  };
  window.addEventListener("kaquan-reached", () => network(true));
  window.addEventListener("kaquan-unreached", () => network(false));
  window.addEventListener("offline", () => network(false));
  window.addEventListener("online", () => {
    if (view === "blocked" || kq.state.shift === null) kq.begin();
    else kq.calls.state().then(again, () => network(false));
  });

  // What was said of a network that is back holds no more, nor does a list without one.
  async function again() {
    kq.tell("");
    if (["today", "shift"].includes(view)) await WAYS[view]();
    await lateAnswers();
  }

  async function drawPending() {
    const number = (await window.KaquanOffline?.pending()) ?? 0;
    const badge = place("pending");
    badge.hidden = number === 0;
    badge.textContent = say(`${number} 笔待上传`, `${number} to hand in`);
  }
  window.addEventListener("kaquan-pending-changed", drawPending);

  // A scanner that reads a code twice means it once.
  const TWICE_MS = 3000;
  let last = { text: "", atMs: -Infinity };
  window.addEventListener("kaquan-code", ({ detail: { text, way } }) => {
    const atMs = performance.now();
    const again = way === "scanner" && text === last.text && atMs - last.atMs < TWICE_MS;
    last = { text, atMs };
    if (again) return;
    kq.vouchers.take(text);
  });
  // Without a camera a code is typed: the first one at home, more of an order where they are asked.
  window.addEventListener("kaquan-no-camera", ({ detail }) => {
    if (kq.vouchers.isEmpty()) {
      kq.go("home");
      kq.tell(detail);
      place("typed").focus();
    } else {
      place("frame").hidden = true;
      place("camera-says").textContent = detail;
      place("another-typed").focus();
    }
  });

  const WAYS = {
    today: () => kq.book.showToday(),
    shift: () => kq.book.showShift(),
    home: () => (view === "scan" ? kq.vouchers.back() : kq.vouchers.home()),
  };
  for (const button of document.querySelectorAll("[data-go]")) {
    button.addEventListener("click", () => {
      kq.tell("");
      WAYS[button.dataset.go]();
    });
  }
  place("scan").addEventListener("click", () => {
    kq.tell("");
    kq.go("scan");
  });

  const JUDGED = {
    empty: () => "",
    other: () => "",
    partial: ({ missing }) => say(`还差 ${missing} 位`, `${missing} more`),
    good: () => say("格式正确 ✓", "The form is right ✓"),
    mistyped: () => say("校验位不对，请检查每一位", "The check symbol does not fit: look at each symbol"),
  };
  function judgeTyped(field, says) {
    const judged = kq.code.judge(field.value);
    says.textContent = JUDGED[judged.kind](judged);
    says.classList.toggle("wrong", judged.kind === "mistyped");
  }

  // A code that is typed; one with a slip in it comes back, so that nobody types all of it again.
  function takesTyped(form, field, says, show) {
    field.addEventListener("input", () => judgeTyped(field, says));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const text = field.value;
      form.reset();
      says.textContent = "";
      kq.tell("");
      kq.vouchers.take(text, () => {
        show();
        field.value = text;
        judgeTyped(field, says);
        field.select();
      });
    });
  }
  takesTyped(place("typing"), place("typed"), place("typed-says"), () => {});
  takesTyped(place("typing-another"), place("another-typed"), place("another-says"), () => kq.go("scan"));

  if (kq.scanning.hasNfc) {
    place("tap").hidden = false;
    place("tap").addEventListener("click", async () => {
      try {
        await kq.scanning.listen();
        kq.tell(say("把卡或标签贴近手机背面。", "Hold the card or tag to the back of the phone."));
      } catch (error) {
        kq.tell(
          error.name === "NotAllowedError"
            ? say("没有 NFC 权限，请在浏览器设置里允许。", "NFC is not allowed; allow it in the browser's settings.")
            : say("NFC 没有打开或不可用。", "NFC is off or cannot be used."),
        );
      }
    });
  }

  const worker = document.querySelector("link[rel=manifest]").href.replace(/[^/]*$/, "sw.js");
  navigator.serviceWorker?.register(worker).catch(() => {
    // Without one the counter works as long as there is a network.
  });
  drawPending();
  kq.begin();
})();
