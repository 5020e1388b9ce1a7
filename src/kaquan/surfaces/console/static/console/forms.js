// Forms: sent once, not left by mistake, and nothing typed is lost where a session ends meanwhile.
"use strict";
(() => {
  // A second click on a button that is on its way does nothing.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.matches("[data-once]")) return;
    if (form.dataset.sent) {
      event.preventDefault();
      return;
    }
    form.dataset.sent = "yes";
    form.setAttribute("aria-busy", "true");
  });
  window.addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll("form[data-sent]")) {
      delete form.dataset.sent;
      form.removeAttribute("aria-busy");
    }
  });

  // What was typed into a form is not left by mistake.
  let changed = false;
  document.addEventListener("input", (event) => {
    if (event.target.closest("form[data-guarded]")) changed = true;
  });
  document.addEventListener("submit", () => {
    changed = false;
  });
  window.addEventListener("beforeunload", (event) => {
    if (changed) event.preventDefault();
  });

  // What was sent is kept in this tab until it has arrived. Secrets and files are never kept.
  const DRAFT = "kaquan-draft";
  const KEPT = "form[data-guarded], form.question";
  const KEPT_MS = 3600 * 1000;
  const notes = {
    read() {
      try {
        return JSON.parse(window.sessionStorage.getItem(DRAFT));
      } catch {
        return null; // a browser that keeps nothing
      }
    },
    write(draft) {
      try {
        if (draft) window.sessionStorage.setItem(DRAFT, JSON.stringify(draft));
        else window.sessionStorage.removeItem(DRAFT);
      } catch {
        // the same
      }
    },
  };
  const fieldsOf = (form) =>
    [...form.elements].filter(
      (one) =>
        one.id.startsWith("f-") &&
        !["file", "password"].includes(one.type) &&
        !one.closest("[data-secret]"),
    );
  const pathOf = (form) =>
    new URL(form.getAttribute("action") || window.location.href, window.location.href).pathname;

  const form = document.querySelector(`#content :is(${KEPT})`);
  const draft = notes.read();
  const isOurs = draft && form && draft.path === pathOf(form);
  if (draft && document.querySelector(".toast-success")) notes.write(null);
  else if (isOurs && document.querySelector("[role=alert]")) notes.write(null); // it came back
  else if (isOurs && Date.now() - draft.at < KEPT_MS) {
    for (const field of fieldsOf(form)) {
      if (field.type === "checkbox") field.checked = draft.values[field.id] === "on";
      else field.value = draft.values[field.id] ?? field.value;
    }
    notes.write(null);
    changed = form.matches("[data-guarded]");
    const restored = document.getElementById("restored");
    if (restored) restored.hidden = false;
  }
  document.addEventListener("submit", (event) => {
    const sent = event.target;
    if (event.defaultPrevented || !sent.matches(KEPT)) return;
    const values = {};
    for (const field of fieldsOf(sent)) {
      values[field.id] = field.type !== "checkbox" ? field.value : field.checked ? "on" : "";
    }
    notes.write({ path: pathOf(sent), values, at: Date.now() });
  });
})();
