"use strict";

// Codes as people type them: folded as the server folds them, and checked by their last symbol, so
// that a slip of the finger is told before anybody asks the server. Nothing here proves a code.
(() => {
  const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
  const CODE_SYMBOLS = 20;
  const ALIKE = { I: "1", L: "1", O: "0" };
  const BETWEEN = /[\s\u200b-\u200f\u2060\ufeff\-\u00ad\u2010-\u2015\u2212\u2500\u30fc\ufe58\ufe63\uff0d]/g;

  function fold(text) {
    let symbols = "";
    for (const typed of text.normalize("NFKC").replace(BETWEEN, "").toUpperCase()) {
      const symbol = ALIKE[typed] ?? typed;
      if (!ALPHABET.includes(symbol)) return null;
      symbols += symbol;
    }
    return symbols;
  }

  const timesAlpha = (value) => ((value << 1) ^ (value & 16 ? 0b100101 : 0)) & 31;

  function isChecked(symbols) {
    let left = 0;
    for (const symbol of symbols) left = timesAlpha(left) ^ ALPHABET.indexOf(symbol);
    return left === 0;
  }

  const grouped = (symbols) => symbols.replace(/(.{4})(?=.)/g, "$1-");

  // What a text looks like so far: "empty", "partial", "good", "mistyped" or "other" (a phone's
  // renewing code, K1 or K2, a signed one, a foreign one: the server knows).
  function judge(text) {
    const symbols = fold(text);
    if (symbols === "") return { kind: "empty", symbols: "" };
    if (symbols === null || symbols.length > CODE_SYMBOLS || /^K[12]/.test(symbols)) {
      return { kind: "other", symbols: text.trim() };
    }
    if (symbols.length < CODE_SYMBOLS) {
      return { kind: "partial", symbols, missing: CODE_SYMBOLS - symbols.length };
    }
    return { kind: isChecked(symbols) ? "good" : "mistyped", symbols };
  }

  // Whether it is a product's barcode, EAN-13 or EAN-8, by its last digit.
  function isProduct(text) {
    if (!/^(\d{8}|\d{13})$/.test(text)) return false;
    const digits = Array.from(text, Number).reverse();
    return digits.reduce((sum, digit, at) => sum + digit * (at % 2 ? 3 : 1), 0) % 10 === 0;
  }

  window.kaquanCounter.code = { isProduct, fold, isChecked, grouped, judge };
})();
