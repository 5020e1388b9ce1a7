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

  // The page about a row, beside its list.
  const WIDE = window.matchMedia("(min-width: 62rem)");
  const firstLink = (row) => row?.querySelector("td:not(.row-actions) a[href]");
  let cameFrom = null;

  async function peek(href, keepsFocus) {
    const drawer = byId("drawer");
    if (!href || !drawer) return;
    if (!WIDE.matches) {
      window.location.assign(href);
      return;
    }
    drawer.hidden = false;
    drawer.setAttribute("aria-busy", "true");
    let page;
    try {
      const answer = await fetch(href, { credentials: "same-origin" });
      page = new DOMParser().parseFromString(await answer.text(), "text/html");
      if (!answer.ok || !page.getElementById("screen")) throw new Error("not a page of ours");
    } catch {
      window.location.assign(href); // its own page says what is wrong
      return;
    }
    const screen = document.importNode(page.getElementById("screen"), true);
    // A page holds each name once, and what is asked here comes back to this list.
    for (const one of [screen, ...screen.querySelectorAll("[id]")]) {
      if (!one.matches("script")) one.removeAttribute("id");
    }
    screen.removeAttribute("data-live");
    screen.querySelector(".live-state")?.remove();
    for (const link of screen.querySelectorAll("a[data-question]")) {
      const there = new URL(link.href);
      there.searchParams.set("back", window.location.pathname + window.location.search);
      link.href = there.href;
    }
    byId("drawer-open").href = href;
    byId("drawer-body").replaceChildren(screen);
    drawer.removeAttribute("aria-busy");
    if (!keepsFocus) {
      cameFrom = document.activeElement;
      byId("drawer-close").focus();
    }
    screen.dispatchEvent(new CustomEvent("kaquan:part", { bubbles: true }));
  }

  function closeDrawer() {
    const drawer = byId("drawer");
    if (!drawer || drawer.hidden) return;
    drawer.hidden = true;
    byId("drawer-body").replaceChildren();
    if (cameFrom?.isConnected) cameFrom.focus({ preventScroll: true });
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

  // Boxes that fold out over a list close as menus do; the focus goes back to what opened them.
  function closeChoosers(keep) {
    for (const box of document.querySelectorAll("details.chooser[open]")) {
      if (box === keep) continue;
      if (box.contains(document.activeElement)) box.querySelector("summary").focus();
      box.open = false;
    }
  }

  document.addEventListener("click", (event) => {
    const target = event.target;
    closeChoosers(target.closest("details.chooser"));
    if (target.closest("#menu-button")) showMenu(!byId("side").classList.contains("open"));
    else if (target.closest("#veil")) showMenu(false);
    else if (target.closest("#keys-button")) byId("keys").showModal();
    else if (target.closest("[data-close]")) target.closest(".toast-note").remove();
    else if (target.closest("dialog [data-cancel]")) {
      event.preventDefault();
      target.closest("dialog").close();
    } else if (target.closest("#drawer-close")) closeDrawer();
    else if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    else if (target.closest("a[data-question]")) {
      event.preventDefault();
      ask(target.closest("a").href);
    } else if (target.closest("#drawer .tabs a")) {
      event.preventDefault();
      peek(target.closest("a").href, true);
    } else if (
      target.closest(".list tr[data-row]") &&
      !target.closest("a, button, input, label, select, summary") &&
      WIDE.matches &&
      !String(window.getSelection())
    ) {
      const row = target.closest("tr");
      document.querySelector("tr.current")?.classList.remove("current");
      row.classList.add("current");
      current = [...document.querySelectorAll("tr[data-row]")].indexOf(row);
      peek(firstLink(row)?.href);
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

  let afterG = false;
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      showMenu(false);
      closeChoosers(null);
      if (!document.querySelector("dialog[open]")) closeDrawer();
    }
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
    if (document.querySelector("dialog[open]")) return;
    const key = event.key;
    const press = {
      "/": () => byId("find-words")?.focus(),
      f: () => document.querySelector(".query input:not([type=hidden]), .query select, #f-code")?.focus(),
      v: () => peek(firstLink(document.querySelector("tr.current"))?.href),
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
    closeDrawer();
  });
  countChosen();

  // The menu is long: where one is stands in sight.
  const side = byId("side");
  const here = side?.querySelector("a[aria-current]");
  if (here) side.scrollTop = here.offsetTop - side.clientHeight / 2;
})();
