// Keeps the page moving: each event brings the sections that changed, as the server rendered them.
"use strict";
(() => {
  const SILENCE_MS = 6000; // the server speaks at least every three seconds
  const WAIT_MS_MAX = 15000;
  const page = document.getElementById("live");
  const state = document.getElementById("live-state");
  const time = document.getElementById("live-time");
  let source = null;
  let silence = 0;
  let attempts = 0;

  function show(name) {
    if (page.dataset.state === name) return;
    page.dataset.state = name;
    state.textContent = state.dataset[name];
  }

  function heard() {
    attempts = 0;
    window.clearTimeout(silence);
    silence = window.setTimeout(connect, SILENCE_MS);
  }

  function connect() {
    if (source) {
      source.close();
      show("lost");
    }
    source = new EventSource(page.dataset.url);
    // A connection that neither opens nor fails counts as lost too.
    window.clearTimeout(silence);
    silence = window.setTimeout(connect, SILENCE_MS + WAIT_MS_MAX);
    source.addEventListener("figures", (event) => {
      heard();
      const { at, sections } = JSON.parse(event.data);
      for (const [name, html] of Object.entries(sections)) {
        // Rendered by our own server with every value escaped.
        document.getElementById(name).innerHTML = html;
      }
      time.textContent = at;
      show("now");
    });
    source.addEventListener("trouble", () => {
      heard();
      show("stale");
    });
    source.addEventListener("error", () => {
      source.close();
      source = null;
      show("lost");
      window.clearTimeout(silence);
      attempts += 1;
      silence = window.setTimeout(connect, Math.min(WAIT_MS_MAX, 500 * 2 ** attempts));
    });
  }

  window.addEventListener("pagehide", () => source?.close());
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) connect();
  });
  connect();
})();
