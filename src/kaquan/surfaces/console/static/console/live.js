// Keeps a page moving: each event brings the parts that changed, as the server rendered them.
"use strict";
(() => {
  const SILENCE_MS = 8000; // the server speaks at least every three seconds
  const WAIT_MS_MAX = 15000;
  const HIDDEN_MS = 30000; // browsers allow few connections: a tab that nobody sees gives its own up
  let source = null;
  let address = "";
  let last = "";
  let timer = 0;
  let hiding = 0;
  let attempts = 0;
  let waiting = {};

  const screen = () => document.querySelector("#screen[data-live]");

  function show(name, at) {
    const line = document.getElementById("live-state");
    if (!line) return;
    line.dataset.state = name;
    const words = line.querySelector(".live-words");
    // Only what differs is written, so that a screen reader hears of changes alone.
    if (words.textContent !== line.dataset[name]) words.textContent = line.dataset[name] ?? "";
    if (at) line.querySelector(".live-at").textContent = at;
  }

  // Whoever is just typing or choosing in a part keeps it until they have left it.
  const isBusy = (part) =>
    part.contains(document.activeElement) &&
    document.activeElement.matches("input, select, textarea");

  function place(parts) {
    Object.assign(waiting, parts);
    for (const [name, { mark, html }] of Object.entries(waiting)) {
      const part = document.getElementById(name);
      if (part && isBusy(part)) continue;
      delete waiting[name];
      if (!part || part.dataset.mark === mark) continue;
      const focused = part.contains(document.activeElement) ? document.activeElement.href : "";
      const unfolded = [...part.querySelectorAll("details")].map((one) => one.open);
      // Rendered by our own server with every value escaped.
      part.innerHTML = html;
      part.dataset.mark = mark;
      part.querySelectorAll("details").forEach((one, number) => {
        if (number < unfolded.length) one.open = unfolded[number];
      });
      if (focused) [...part.querySelectorAll("a")].find((one) => one.href === focused)?.focus();
      part.classList.remove("moved");
      void part.offsetWidth; // so that the animation begins anew
      part.classList.add("moved");
      window.htmx?.process(part);
      part.dispatchEvent(new CustomEvent("kaquan:part", { bubbles: true }));
    }
  }

  function heard(event) {
    attempts = 0;
    if (event.lastEventId) last = event.lastEventId;
    window.clearTimeout(timer);
    timer = window.setTimeout(connect, SILENCE_MS);
  }

  function told(event) {
    heard(event);
    const { at, behind_s: behind, parts } = JSON.parse(event.data);
    place(parts ?? {});
    show(behind ? "behind" : "now", at);
  }

  function close() {
    source?.close();
    source = null;
    window.clearTimeout(timer);
  }

  function connect() {
    const page = screen();
    if (source) show("lost");
    close();
    if (!page) return;
    if (address !== page.dataset.live) {
      address = page.dataset.live;
      last = "";
    }
    source = new EventSource(last ? `${address}&last=${encodeURIComponent(last)}` : address);
    // A connection that neither opens nor fails counts as lost too.
    timer = window.setTimeout(connect, SILENCE_MS + WAIT_MS_MAX);
    source.addEventListener("parts", told);
    source.addEventListener("now", told);
    source.addEventListener("trouble", (event) => {
      heard(event);
      show("stale");
    });
    source.addEventListener("gone", (event) => {
      close();
      show(JSON.parse(event.data).login ? "login" : "gone");
    });
    source.addEventListener("error", () => {
      close();
      show("lost");
      attempts += 1;
      timer = window.setTimeout(connect, Math.min(WAIT_MS_MAX, 500 * 2 ** attempts));
    });
  }

  document.addEventListener("htmx:after:swap", () => {
    const page = screen();
    if ((page?.dataset.live ?? "") === address && source) return;
    waiting = {};
    connect();
  });
  document.addEventListener("focusout", () => window.setTimeout(place, 0, {}));
  document.addEventListener("visibilitychange", () => {
    window.clearTimeout(hiding);
    if (document.hidden) hiding = window.setTimeout(close, HIDDEN_MS);
    else if (!source) connect();
  });
  window.addEventListener("pagehide", close);
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) connect();
  });
  window.addEventListener("online", connect);
  connect();
})();
