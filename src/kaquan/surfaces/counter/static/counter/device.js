"use strict";

// The device's own key pair. Its private half is made so that it cannot be read out, and stays in
// this browser's IndexedDB; the server gets the public half when the device becomes a terminal.
(() => {
  const NAME = "kaquan-counter";
  const STORE = "keys";

  function opened() {
    return new Promise((resolve, reject) => {
      const asked = indexedDB.open(NAME, 1);
      asked.onupgradeneeded = () => asked.result.createObjectStore(STORE, { keyPath: "id" });
      asked.onsuccess = () => resolve(asked.result);
      asked.onerror = () => reject(asked.error);
    });
  }

  async function within(mode, work) {
    const database = await opened();
    try {
      return await new Promise((resolve, reject) => {
        const turn = database.transaction(STORE, mode);
        const asked = work(turn.objectStore(STORE));
        turn.oncomplete = () => resolve(asked.result);
        turn.onabort = () => reject(turn.error);
        turn.onerror = () => reject(turn.error);
      });
    } finally {
      database.close();
    }
  }

  async function made() {
    for (const form of [{ name: "Ed25519" }, { name: "ECDSA", namedCurve: "P-256" }]) {
      try {
        return { form, pair: await crypto.subtle.generateKey(form, false, ["sign", "verify"]) };
      } catch {
        // An older browser knows no Ed25519: every one knows P-256.
      }
    }
    throw new Error("no signing");
  }

  // A new pair, kept in place of an old one; the public half as a JWK.
  async function renew() {
    const { form, pair } = await made();
    const { kty, crv, x, y } = await crypto.subtle.exportKey("jwk", pair.publicKey);
    const jwk = y === undefined ? { kty, crv, x } : { kty, crv, x, y };
    await within("readwrite", (store) =>
      store.put({ id: "device", form, privateKey: pair.privateKey, publicJwk: jwk }),
    );
    return jwk;
  }

  const key = () => within("readonly", (store) => store.get("device"));

  async function sign(bytes) {
    const { form, privateKey } = await key();
    const how = form.name === "ECDSA" ? { name: "ECDSA", hash: "SHA-256" } : form;
    return new Uint8Array(await crypto.subtle.sign(how, privateKey, bytes));
  }

  window.kaquanCounter.device = { renew, key, sign };
})();
