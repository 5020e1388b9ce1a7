// The search in the top bar: results below it while one types, reached with the arrow keys. What is
// looked for is sent in the body, as the form itself would send it.
"use strict";
(() => {
  const form = document.getElementById("find");
  const input = document.getElementById("find-words");
  const box = document.getElementById("found");
  const said = document.getElementById("found-said");
  if (!form || !input || !box) return;
  const PAUSE_MS = 200;
  let timer = 0;
  let asked = 0;

  function show(open) {
    box.hidden = !open;
  }

  async function find() {
    const words = input.value.trim();
    const number = ++asked;
    if (!words) {
      show(false);
      return;
    }
    form.setAttribute("aria-busy", "true");
    let groups = null;
    try {
      const answer = await fetch(form.action, {
        method: "POST",
        body: new FormData(form),
        credentials: "same-origin",
      });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      if (answer.ok) groups = page.getElementById("found-groups");
    } catch {
      groups = null; // Enter asks as a page, which says what is wrong
    }
    if (number !== asked) return;
    form.removeAttribute("aria-busy");
    if (!groups) {
      show(false);
      return;
    }
    const found = document.importNode(groups, true);
    found.removeAttribute("id");
    box.replaceChildren(found);
    said.textContent = `${found.dataset.number ?? 0} ${said.dataset.words}`;
    show(true);
  }

  const links = () => [...box.querySelectorAll("a")];

  function step(event, by) {
    const all = links();
    if (box.hidden || !all.length) return;
    event.preventDefault();
    const place = all.indexOf(document.activeElement) + by;
    if (place < 0) input.focus();
    else all[Math.min(place, all.length - 1)].focus();
  }

  input.addEventListener("input", () => {
    window.clearTimeout(timer);
    timer = window.setTimeout(find, PAUSE_MS);
  });
  input.addEventListener("focus", () => {
    if (box.childElementCount && input.value.trim()) show(true);
  });
  form.addEventListener("keydown", (event) => {
    if (event.isComposing) return; // the keys are the input method's
    if (event.key === "ArrowDown") step(event, 1);
    else if (event.key === "ArrowUp") step(event, -1);
    else if (event.key === "Escape" && !box.hidden) {
      event.stopPropagation();
      show(false);
      input.focus();
    }
  });
  document.addEventListener("click", (event) => {
    if (!event.target.closest("#find")) show(false);
  });
  form.addEventListener("focusout", (event) => {
    if (event.relatedTarget && !form.contains(event.relatedTarget)) show(false);
  });
})();
