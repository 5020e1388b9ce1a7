// What stands beside a form is drawn anew while somebody types; only the last change counts.
"use strict";
(() => {
  const aside = document.querySelector("[data-preview]");
  const form = document.querySelector("form[data-guarded]");
  if (!aside || !form) return;
  const WAIT_MS = 600;
  const says = aside.querySelector("[data-preview-says]");
  const picture = aside.querySelector("img");
  const words = aside.querySelector("[data-preview-words]").dataset;
  let timer = 0;
  let asked = null;

  async function draw() {
    asked?.abort();
    const mine = (asked = new AbortController());
    says.textContent = words.drawing;
    aside.setAttribute("aria-busy", "true");
    try {
      const answer = await fetch(aside.dataset.preview, {
        method: "POST",
        body: new FormData(form),
        headers: { "HX-Request": "true" },
        credentials: "same-origin",
        signal: mine.signal,
      });
      const kind = answer.headers.get("Content-Type") ?? "";
      if (kind.startsWith("image/")) show(await answer.blob(), mine);
      else if (kind.startsWith("application/json")) tell((await answer.json()).fault);
      else tell(words.away);
    } catch {
      if (!mine.signal.aborted) tell(words.away);
    }
    if (asked === mine) aside.removeAttribute("aria-busy");
  }

  function show(blob, mine) {
    const reader = new FileReader();
    reader.addEventListener("load", () => {
      if (asked !== mine) return;
      picture.src = reader.result;
      picture.hidden = false;
      says.textContent = words.drawn;
    });
    reader.readAsDataURL(blob);
  }

  // The last sheet that could be drawn would seem to be what was typed.
  function tell(text) {
    says.textContent = text;
    picture.hidden = true;
  }

  function later() {
    window.clearTimeout(timer);
    timer = window.setTimeout(draw, WAIT_MS);
  }
  form.addEventListener("input", later);
  form.addEventListener("change", later);
  if (form.checkValidity()) draw();
})();
