"use strict";

// Signed codes, as decision 0035 has them: 141 symbols are 24 bytes that say what the voucher is and
// an Ed25519 signature over them. The browser's own WebCrypto proves it; no key here can make one.
(() => {
  const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
  const SYMBOLS = 141;
  const CLAIM_BYTES = 24;
  const BYTES = 88;
  const CONTEXT = new TextEncoder().encode("kaquan signed voucher\u0000");

  const bytesOf = (text) => {
    const plain = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
    return Uint8Array.from(plain, (one) => one.charCodeAt(0));
  };

  // The text's 88 bytes, or null: symbols are 5 bits each, the first one has no more than 4.
  function whole(text) {
    if (text.length !== SYMBOLS) return null;
    let number = 0n;
    for (const symbol of text.toUpperCase()) {
      const value = ALPHABET.indexOf(symbol);
      if (value < 0) return null;
      number = (number << 5n) | BigInt(value);
    }
    if (number >> BigInt(8 * BYTES)) return null;
    const hex = number.toString(16).padStart(2 * BYTES, "0");
    return Uint8Array.from({ length: BYTES }, (_, at) => parseInt(hex.slice(2 * at, 2 * at + 2), 16));
  }

  function claimOf(bytes) {
    const at = (from, length) =>
      bytes.slice(from, from + length).reduce((sum, byte) => sum * 256 + byte, 0);
    return {
      keyId: bytes[1], issuer: at(2, 3), serial: at(5, 8), offerVersion: at(13, 3),
      valueFen: at(16, 4), firstDay: at(20, 2), lastDay: at(22, 2),
    };
  }

  // What a code says, if one of the keys signed it: {claim}, or {fault}: "malformed", "forged", or
  // "key" where its key is none of these.
  async function read(text, keys) {
    const bytes = whole(text);
    if (bytes === null || bytes[0] !== 1) return { fault: "malformed" };
    const known = keys.find((one) => one.id === bytes[1]);
    if (!known) return { fault: "key" };
    const form = { name: "Ed25519" };
    const key = await crypto.subtle.importKey("raw", bytesOf(known.x), form, false, ["verify"]);
    const message = new Uint8Array(CONTEXT.length + CLAIM_BYTES);
    message.set(CONTEXT);
    message.set(bytes.slice(0, CLAIM_BYTES), CONTEXT.length);
    const good = await crypto.subtle.verify(form, key, bytes.slice(CLAIM_BYTES), message);
    return good ? { claim: claimOf(bytes) } : { fault: "forged" };
  }

  // Serials as distances, 7 bits to a byte, low ones first.
  function serialsOf(text) {
    const serials = new Set();
    let [value, factor, before] = [0, 1, 0];
    for (const byte of bytesOf(text)) {
      value += (byte & 127) * factor;
      factor *= 128;
      if (byte < 128) {
        before += value;
        serials.add(before);
        [value, factor] = [0, 1];
      }
    }
    return serials;
  }

  window.kaquanCounter.signed = { read, serialsOf, SYMBOLS };
})();
