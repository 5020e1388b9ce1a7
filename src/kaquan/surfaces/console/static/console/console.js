// What makes the console quick for those who work in it all day. Everything works without it too.
"use strict";
(() => {
  const byId = (id) => document.getElementById(id);
  const isTyping = (element) =>
    element.matches?.("input:not([type=checkbox]), textarea, select") ?? false;

  // The drawer on a phone.
  function showMenu(open) {
    const side = byId("side");
    if (!side) return;
    side.classList.toggle("open", open);
    byId("veil").hidden = !open;
    byId("menu-button").setAttribute("aria-expanded", String(open));
    if (open) side.querySelector("a")?.focus();
  }

  // A question opens over the page it came from; where that fails, it is a page of its own.
  async function ask(href) {
    let answer;
    try {
      answer = await fetch(href, { credentials: "same-origin" });
    } catch {
      window.location.assign(href);
      return;
    }
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const form = page.getElementById("question");
    if (!answer.ok || !form) {
      window.location.assign(href);
      return;
    }
    form.setAttribute("action", href);
    const dialog = document.createElement("dialog");
    dialog.className = "question-box";
    dialog.setAttribute("aria-labelledby", "question-title");
    dialog.append(document.importNode(form, true));
    dialog.addEventListener("close", () => dialog.remove());
    document.body.append(dialog);
    dialog.showModal();
    dialog.querySelector("input:not([type=hidden]), textarea, [data-cancel]")?.focus();
  }

  function countChosen() {
    const line = byId("chosen-count");
    if (!line) return;
    const number = document.querySelectorAll("input[name=chosen]:checked").length;
    line.textContent = number ? `✓ ${number}` : "";
  }

  let current = -1;
  function move(step) {
    const rows = [...document.querySelectorAll("tr[data-row]")];
    if (!rows.length) return;
    rows[current]?.classList.remove("current");
    current = Math.max(0, Math.min(rows.length - 1, current + step));
    rows[current].classList.add("current");
    rows[current].scrollIntoView({ block: "nearest" });
    rows[current].querySelector("a")?.focus({ preventScroll: true });
  }

  document.addEventListener("click", (event) => {
    const target = event.target;
    if (target.closest("#menu-button")) showMenu(!byId("side").classList.contains("open"));
    else if (target.closest("#veil")) showMenu(false);
    else if (target.closest("#keys-button")) byId("keys").showModal();
    else if (target.closest("[data-close]")) target.closest(".toast-note").remove();
    else if (target.closest("dialog [data-cancel]")) {
      event.preventDefault();
      target.closest("dialog").close();
    } else if (target.closest("a[data-question]")) {
      if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
      event.preventDefault();
      ask(target.closest("a").href);
    }
  });

  document.addEventListener("change", (event) => {
    const target = event.target;
    if (target.id === "choose-all") {
      for (const box of document.querySelectorAll("input[name=chosen]")) {
        box.checked = target.checked;
      }
    }
    if (target.matches("[data-submits]")) target.form.requestSubmit();
    countChosen();
  });

  // Good news goes away by itself, unless somebody is just reading it; the rest stays.
  const READ_MS = 8000;
  function forget(note) {
    if (note.matches(":hover, :focus-within")) window.setTimeout(forget, READ_MS, note);
    else note.remove();
  }
  for (const note of document.querySelectorAll(".toast-success")) {
    window.setTimeout(forget, READ_MS, note);
  }

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

  // What was sent is kept until it has arrived: a session that ended meanwhile loses nothing.
  const DRAFT = "kaquan-draft";
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
  const guarded = document.querySelector("form[data-guarded]");
  const fields = guarded ? [...guarded.elements].filter((one) => one.id.startsWith("f-") && one.type !== "file") : [];
  const path = window.location.pathname;
  const draft = notes.read();
  if (draft && document.querySelector(".toast-success")) notes.write(null);
  else if (draft?.path === path && guarded && !document.querySelector("[role=alert]")) {
    for (const field of fields) {
      if (field.type === "checkbox") field.checked = draft.values[field.id] === "on";
      else field.value = draft.values[field.id] ?? field.value;
    }
    notes.write(null);
    changed = true;
  }
  guarded?.addEventListener("submit", () => {
    const values = {};
    for (const field of fields) {
      values[field.id] = field.type !== "checkbox" ? field.value : field.checked ? "on" : "";
    }
    notes.write({ path, values });
  });

  let afterG = false;
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") showMenu(false);
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
    if (document.querySelector("dialog[open]")) return;
    const key = event.key;
    const press = {
      "/": () => document.querySelector(".query input, .query select, #f-code")?.focus(),
      j: () => move(1),
      k: () => move(-1),
      "]": () => document.querySelector("a[rel=next]")?.click(),
      "[": () => document.querySelector("a[rel=prev]")?.click(),
      "?": () => byId("keys")?.showModal(),
    }[key];
    if (afterG && key === "m") byId("side")?.querySelector("a[aria-current], nav a")?.focus();
    afterG = key === "g";
    if (press) {
      event.preventDefault();
      press();
    }
  });

  document.addEventListener("htmx:after:swap", () => {
    current = -1;
    countChosen();
  });
  countChosen();
})();
