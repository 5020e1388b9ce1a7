"use strict";

// Asking the server. What must happen once has a name, `once`, that the device gives it: sent again
// after a failure it has one effect, and `answer` tells for good what became of it.
(() => {
  const kq = window.kaquanCounter;
  const PATIENCE_MS = 8000;
  const SEND_AGAIN_MS = 30000;
  const PAUSE_MS = 1500;
  const PENDING = "kaquan-counter-unanswered";

  const LOST = ["shift_needed", "terminal_unregistered", "terminal_blocked"];

  class NoAnswer extends Error {}
  class Refusal extends Error {
    constructor(said) {
      super(said.code);
      this.code = said.code;
      this.zh = said.zh;
      this.en = said.en;
    }
  }

  const base = new URL(document.baseURI).pathname.replace(/[^/]*$/, "");
  let csrf = "";

  async function ask(path, options) {
    let response;
    const timer = new AbortController();
    const patience = setTimeout(() => timer.abort(), PATIENCE_MS);
    try {
      response = await fetch(base + path, {
        ...options, signal: timer.signal, credentials: "same-origin", cache: "no-store",
      });
      if (response.status >= 500) throw new NoAnswer(String(response.status));
      const said = await response.json();
      if (!response.ok) throw new Refusal(said);
      return said;
    } catch (error) {
      if (error instanceof Refusal) throw error;
      throw new NoAnswer(error.message);
    } finally {
      clearTimeout(patience);
    }
  }

  async function state() {
    const said = await ask("state", { method: "GET" });
    csrf = said.csrf;
    kq.state.terminal = said.terminal;
    kq.state.shift = said.shift ?? null;
    kq.state.why = said.why ?? null;
    kq.state.version = said.version;
    window.dispatchEvent(new CustomEvent("kaquan-reached"));
    return said;
  }

  async function call(path, body = {}) {
    if (!csrf) await state();
    try {
      const said = await ask(path, {
        method: "POST",
        headers: { "content-type": "application/json", "x-csrftoken": csrf },
        body: JSON.stringify(body),
      });
      window.dispatchEvent(new CustomEvent("kaquan-reached"));
      return said;
    } catch (error) {
      const lost = error instanceof NoAnswer;
      if (lost) window.dispatchEvent(new CustomEvent("kaquan-unreached"));
      throw error;
    }
  }

  // Only names are kept, never a code: enough to ask what became of a request after a reload.
  const unanswered = () => JSON.parse(localStorage.getItem(PENDING) ?? "[]");
  function keep(list) {
    try {
      localStorage.setItem(PENDING, JSON.stringify(list));
    } catch {
      // A full or closed storage: the request is still answered while this page is open.
    }
  }
  const settle = (once) => keep(unanswered().filter((one) => one.once !== once));

  const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

  // Do something once. `waiting` is told while there is no answer; it may stop the waiting.
  async function perform(operation, path, body, waiting) {
    const once = kq.once();
    keep([...unanswered(), { once, operation }]);
    const begun = performance.now();
    for (let tries = 0; ; tries += 1) {
      try {
        const early = performance.now() - begun < SEND_AGAIN_MS;
        const said = early
          ? await call(path, { ...body, once })
          : await call("answer", { once, operation });
        settle(once);
        return said.done;
      } catch (error) {
        if (error instanceof Refusal) {
          // Nobody being logged in any more says nothing of a try before, whose answer was lost.
          if (tries === 0 || !LOST.includes(error.code)) settle(once);
          throw error;
        }
        if (waiting() === false) throw error;
        await pause(PAUSE_MS);
      }
    }
  }

  // What became of the requests whose answers never came, the page's last life included.
  async function answers() {
    const found = [];
    for (const one of unanswered()) {
      const said = await call("answer", one);
      settle(one.once);
      found.push(said.done);
    }
    return found;
  }

  const isLost = (error) => error instanceof Refusal && LOST.includes(error.code);

  kq.calls = { call, state, perform, answers, unanswered, isLost, NoAnswer, Refusal };
})();
