"use strict";

// What is kept on the device for work without a network: how far it may go, and its journal. Every
// line holds the hash of the line before and is signed by the device's key; it is on the disk before
// anybody is told that a voucher was taken.
(() => {
  const NAME = "kaquan-offline";
  const STORES = { kept: "id", lines: "counter", seen: "serial", turned: "hash" };
  const ENCODER = new TextEncoder();

  function opened() {
    return new Promise((resolve, reject) => {
      const asked = indexedDB.open(NAME, 1);
      asked.onupgradeneeded = () => {
        for (const [name, keyPath] of Object.entries(STORES)) {
          asked.result.createObjectStore(name, { keyPath });
        }
      };
      asked.onsuccess = () => resolve(asked.result);
      asked.onerror = () => reject(asked.error);
    });
  }

  // One transaction over all of it; what `work` asks for is there when it has ended.
  async function within(mode, work) {
    const database = await opened();
    try {
      return await new Promise((resolve, reject) => {
        const turn = database.transaction(Object.keys(STORES), mode, { durability: "strict" });
        let asked = null;
        let fault = null;
        turn.oncomplete = () => resolve(asked?.result);
        turn.onabort = () => reject(fault ?? turn.error ?? new DOMException("", "AbortError"));
        try {
          asked = work((name) => turn.objectStore(name));
        } catch (error) {
          fault = error;
          turn.abort(); // all of it or nothing
        }
      });
    } finally {
      database.close();
    }
  }

  const kept = async (id) => within("readonly", (of) => of("kept").get(id));
  const lines = () => within("readonly", (of) => of("lines").getAll());
  const wasSeen = async (serial) =>
    Boolean(await within("readonly", (of) => of("seen").get(serial)));

  const hex = (bytes) =>
    Array.from(new Uint8Array(bytes), (one) => one.toString(16).padStart(2, "0")).join("");
  const hashed = async (text) => hex(await crypto.subtle.digest("SHA-256", ENCODER.encode(text)));
  const base64 = (bytes) => btoa(String.fromCharCode(...bytes));

  const beginning = (device) => hashed(`kaquan offline journal\n${device}`);

  function textOf(line) {
    return [
      "kaquan offline use 1", line.device, line.counter, line.previous, line.grant, line.shift,
      line.codeHash, line.serial, line.amountFen, line.orderFen ?? "", line.orderNumber,
      line.saidMs, line.wallMs, line.elapsedMs,
    ].join("\n");
  }

  const undoTextOf = (line) =>
    [
      "kaquan offline undo 1", line.device, line.counter, line.previous, line.grant, line.shift,
      line.undone, line.undoneHash, line.saidMs, line.wallMs, line.elapsedMs,
    ].join("\n");

  // The journal with one line more, and that line as it is kept; nothing is written yet.
  async function next(line, textOfLine, journal, takenFen) {
    const whole = { ...line, counter: journal.counter + 1, previous: journal.head };
    const text = textOfLine(whole);
    const signature = base64(await window.kaquanCounter.device.sign(ENCODER.encode(text)));
    const hash = await hashed(text);
    const after = {
      ...journal, counter: whole.counter, head: hash, spentFen: journal.spentFen + takenFen,
      lastSaidMs: line.saidMs, lastWallMs: line.wallMs,
    };
    return { after, kept: { counter: whole.counter, hash, text, signature } };
  }

  // Write a use down, for good. Raises what the browser raises when the storage is full.
  async function write(use, journal) {
    const line = { ...use, codeHash: await hashed(use.code) };
    const { after, kept: wrote } = await next(line, textOf, journal, use.amountFen);
    await within("readwrite", (of) => {
      of("seen").put({ serial: use.serial });
      of("kept").put(after);
      return of("lines").add({
        ...wrote, code: use.code, amountFen: use.amountFen, serial: use.serial,
        name: use.name, saidMs: use.saidMs, orderNumber: use.orderNumber,
      });
    });
    return after;
  }

  // Take a use back that is on this device still: a line of its own, and said with the use itself.
  async function takeBack(line, said, journal) {
    const undo = { ...said, undone: line.counter, undoneHash: line.hash };
    const { after, kept: wrote } = await next(undo, undoTextOf, journal, -line.amountFen);
    const { text, signature } = wrote;
    await within("readwrite", (of) => {
      of("seen").delete(line.serial);
      of("kept").put(after);
      of("lines").put({ ...line, undo: { text, signature } });
      return of("lines").add({ ...wrote, undoes: line.counter, amountFen: 0, saidMs: said.saidMs });
    });
  }

  // Lines that the server has answered wait no more; one that it turned away is kept aside.
  const answered = (judged) =>
    within("readwrite", (of) => {
      for (const { line, said } of judged) {
        of("lines").delete(line.counter);
        if (!said.known) of("turned").put({ hash: line.hash, text: line.text, reason: said.reason });
      }
    });

  // A new grant: from here on what was used stands in its list.
  const granted = (grant, journal) =>
    within("readwrite", (of) => {
      of("seen").clear();
      of("kept").put({ ...grant, id: "grant" });
      of("kept").put({ ...journal, id: "journal", spentFen: 0 });
    });

  window.kaquanCounter.journal = {
    kept, lines, wasSeen, beginning, textOf, hashed, write, takeBack, answered, granted,
  };
})();
