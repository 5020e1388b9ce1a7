// Says when the connection is lost, and shows that something is on its way.
"use strict";
(() => {
  const notice = document.getElementById("offline");
  const bar = document.getElementById("progress");
  let waiting = 0;

  function lost(isLost) {
    if (notice) notice.hidden = !isLost;
  }

  function busy(step) {
    waiting = Math.max(0, waiting + step);
    if (bar) bar.hidden = waiting === 0;
    document.getElementById("screen")?.setAttribute("aria-busy", String(waiting > 0));
  }

  window.addEventListener("offline", () => lost(true));
  // Sent now, a form would be replaced by the browser's own page, and what was typed with it.
  window.addEventListener(
    "submit",
    (event) => {
      if (window.navigator.onLine) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      lost(true);
    },
    true,
  );
  window.addEventListener("online", () => lost(false));
  document.addEventListener("htmx:before:request", () => busy(1));
  document.addEventListener("htmx:finally:request", () => busy(-1));
  document.addEventListener("htmx:after:request", () => lost(!window.navigator.onLine));
  // A request that never got an answer; one that was answered with a refusal is another thing.
  document.addEventListener("htmx:error", (event) => {
    if (!event.detail?.ctx?.response) lost(true);
  });
  lost(!window.navigator.onLine);
})();
