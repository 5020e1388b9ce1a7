// Saves a wizard's form at every change and lets what stands beside it follow. Nothing typed is lost:
// what is not saved yet is kept in this window, over a lost connection and a session that ended.
"use strict";
(() => {
  const form = document.querySelector("form[data-wizard]");
  if (!form) return;
  const WAIT_MS = 500;
  const AGAIN_MS = 5000;
  const KEPT = `kaquan-wizard:${window.location.pathname}`;
  const OURS = new Set(["csrfmiddlewaretoken", "revision", "once", "go", "only"]);
  const words = form.dataset;
  const status = document.getElementById("wizard-status");
  const aside = document.getElementById("wizard-aside");
  const notice = document.getElementById("wizard-alert");

  const changed = new Map(); // field → a number that tells one change from the next
  let changes = 0;
  let timer = 0;
  let chain = Promise.resolve(true);
  let stopped = false; // somebody has to choose first

  const valuesOf = (name) =>
    [...form.elements]
      .filter((one) => one.name === name && (one.type !== "checkbox" || one.checked))
      .map((one) => one.value);

  const kept = {
    read() {
      try {
        return JSON.parse(window.sessionStorage.getItem(KEPT)) ?? {};
      } catch {
        return {}; // a browser that keeps nothing
      }
    },
    write() {
      const values = {};
      for (const name of changed.keys()) values[name] = valuesOf(name);
      try {
        if (changed.size) window.sessionStorage.setItem(KEPT, JSON.stringify(values));
        else window.sessionStorage.removeItem(KEPT);
      } catch {
        // the same
      }
    },
  };

  function showParts() {
    for (const part of form.querySelectorAll("[data-when]")) {
      const now = valuesOf(part.dataset.when)[0] ?? "";
      part.hidden = !part.dataset.whenValues.split(" ").includes(now);
    }
  }

  function showFaults(faults) {
    for (const field of form.querySelectorAll(".field")) {
      const input = field.querySelector("[name]");
      if (!input) continue;
      const text = faults[input.name] ?? "";
      const id = `e-${input.name}`;
      let line = document.getElementById(id);
      field.classList.toggle("field-bad", Boolean(text));
      if (!text) {
        line?.remove();
        input.removeAttribute("aria-invalid");
        input.removeAttribute("aria-describedby");
        continue;
      }
      if (!line) {
        line = document.createElement("p");
        line.className = "field-error";
        line.id = id;
        field.append(line);
      }
      line.textContent = text;
      input.setAttribute("aria-invalid", "true");
      input.setAttribute("aria-describedby", id);
    }
  }

  function tell(text, href, label) {
    notice.replaceChildren();
    if (!text) return;
    const box = document.createElement("div");
    box.className = "form-fault";
    box.setAttribute("role", "alert");
    box.append(text);
    if (href) {
      const link = document.createElement("a");
      link.href = href;
      link.textContent = label;
      box.append(" ", link);
    }
    notice.append(box);
  }

  function wait(ms) {
    window.clearTimeout(timer);
    timer = window.setTimeout(() => save(), ms);
  }

  function note(name) {
    if (!name || OURS.has(name)) return;
    changes += 1;
    changed.set(name, changes);
    kept.write();
    showParts();
    if (!stopped) wait(WAIT_MS);
  }

  function body(names, going) {
    const data = new FormData();
    for (const name of ["csrfmiddlewaretoken", "revision"]) data.set(name, form.elements[name].value);
    data.set("only", names.join("\n"));
    data.set("go", going);
    for (const name of names) for (const value of valuesOf(name)) data.append(name, value);
    return data;
  }

  // One save at a time: each names the revision that the one before it gave.
  function save(going = "") {
    window.clearTimeout(timer);
    chain = chain.then(() => flush(going));
    return chain;
  }

  async function flush(going) {
    let isDue = Boolean(going);
    while (!stopped && (changed.size || isDue)) {
      isDue = false;
      if (!(await send(new Map(changed), going))) return false;
    }
    return !stopped;
  }

  async function send(sent, going) {
    status.textContent = words.saving;
    let answer;
    try {
      answer = await fetch(window.location.pathname, {
        method: "POST",
        body: body([...sent.keys()], going),
        headers: { "X-Wizard": "save", "HX-Request": "true", "HX-Current-URL": window.location.href },
        credentials: "same-origin",
      });
    } catch {
      status.textContent = words.unsaved;
      wait(AGAIN_MS);
      return false;
    }
    const isOurs = answer.headers.get("Content-Type")?.startsWith("application/json");
    if (answer.status === 401 || (answer.status === 403 && !isOurs)) {
      const there = answer.headers.get("HX-Redirect") ?? window.location.pathname;
      stopped = true;
      status.textContent = "";
      tell(words.ended, there, words.login);
      return false;
    }
    if (!isOurs) {
      status.textContent = words.unsaved;
      wait(AGAIN_MS);
      return false;
    }
    const told = await answer.json();
    if (told.moved) {
      stopped = true;
      status.textContent = "";
      notice.innerHTML = told.moved;
      notice.dataset.revision = told.revision;
      notice.querySelector("button")?.focus();
      return false;
    }
    if (told.error) {
      stopped = true;
      status.textContent = "";
      tell(told.error);
      return false;
    }
    for (const [name, change] of sent) if (changed.get(name) === change) changed.delete(name);
    kept.write();
    form.elements.revision.value = told.revision;
    aside.innerHTML = told.aside;
    showFaults(told.faults);
    status.textContent = `${words.saved} ${new Date().toLocaleTimeString("zh-CN", { hour12: false })}`;
    if (notice.firstElementChild && !notice.querySelector("[data-keep]")) tell("");
    return true;
  }

  async function leave(href, going) {
    if (await save(going)) window.location.assign(href);
  }

  form.addEventListener("input", (event) => note(event.target.name));
  form.addEventListener("change", (event) => note(event.target.name));

  // Where a button or a link leads on, what was typed is saved before.
  document.addEventListener(
    "submit",
    async (event) => {
      if (event.target !== form) return;
      const button = event.submitter;
      const keep = button?.dataset.keep;
      if (keep === "mine") {
        event.preventDefault();
        event.stopPropagation();
        form.elements.revision.value = notice.dataset.revision ?? form.elements.revision.value;
        for (const one of form.elements) {
          if (one.name && !OURS.has(one.name) && !("revision" in notice.dataset)) note(one.name);
        }
        stopped = false;
        tell("");
        save();
        return;
      }
      if (button?.dataset.finish !== undefined && !changed.size) return; // it goes as any form does
      event.preventDefault();
      event.stopPropagation();
      const next = button?.dataset.href ?? form.querySelector(`[data-href][value="${button?.value}"]`)?.dataset.href;
      if (next) leave(next, button.value);
      else if (button?.dataset.finish !== undefined) (await save()) && form.requestSubmit(button);
      else if (await save()) status.textContent ||= words.saved;
    },
    true,
  );
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-keep=theirs]")) {
      changed.clear();
      kept.write();
      return; // the link loads what is there
    }
    const link = event.target.closest("a[data-leaves]");
    if (!link || !changed.size || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    leave(link.href, "");
  });
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "hidden" && changed.size && !stopped) save();
  });
  window.addEventListener("online", () => {
    if (changed.size && !stopped) save();
  });
  // What is kept is filled in again when this page is opened the next time in this window.
  window.addEventListener("beforeunload", (event) => {
    if (changed.size && stopped) event.preventDefault();
  });

  function restore() {
    const values = kept.read();
    const names = Object.keys(values);
    for (const name of names) {
      for (const one of form.elements) {
        if (one.name !== name || OURS.has(name)) continue;
        if (one.type === "checkbox") one.checked = values[name].includes(one.value);
        else one.value = values[name][0] ?? "";
      }
      note(name);
    }
    if (names.length) {
      status.textContent = words.restored;
      save();
    }
  }

  // Somebody may have typed before this script came.
  function isTouched(one) {
    if (one.type === "checkbox") return one.checked !== one.defaultChecked;
    if (one.type !== "select-one") return one.value !== one.defaultValue;
    const sent = [...one.options].find((option) => option.defaultSelected) ?? one.options[0];
    return one.selectedOptions[0] !== sent;
  }

  // On a phone the steps are wider than the page.
  const steps = document.querySelector(".wizard-steps ol");
  const current = steps?.querySelector("[aria-current]");
  if (current) steps.scrollLeft = current.offsetLeft - steps.clientWidth / 3;

  showParts();
  restore();
  for (const one of form.elements) if (one.id.startsWith("f-") && isTouched(one)) note(one.name);
})();
