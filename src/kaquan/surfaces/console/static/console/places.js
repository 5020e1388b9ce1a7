// Choosing places: names as one types, moving by dragging, lists that depend on each other; and
// copying what is shown once. Every form works without it too.
"use strict";
(() => {
  const WAIT_MS = 200;
  let waiting = 0;

  // Names of organisations, as one types the beginning, the code or the pinyin.
  async function suggest(input) {
    const list = document.getElementById(input.getAttribute("list"));
    const words = input.value.trim();
    if (!list || !words) return;
    const address = `${input.dataset.suggests}?words=${encodeURIComponent(words)}`;
    let answer;
    try {
      answer = await fetch(address, { headers: { accept: "application/json" } });
    } catch {
      return; // what was typed is sent all the same
    }
    if (!answer.ok || input.value.trim() !== words) return;
    const found = await answer.json();
    list.replaceChildren(
      ...found.nodes.map((node) => {
        const option = document.createElement("option");
        option.value = node.value;
        option.label = node.above;
        return option;
      }),
    );
  }

  document.addEventListener("input", (event) => {
    if (!event.target.matches("input[data-suggests]")) return;
    window.clearTimeout(waiting);
    waiting = window.setTimeout(suggest, WAIT_MS, event.target);
  });

  // The districts of a city: the form comes back with other lists, and all that was typed.
  document.addEventListener("change", (event) => {
    if (!event.target.matches("select[data-narrows]")) return;
    event.target.form.querySelector("button[name=narrow]")?.click();
  });

  // A row that is dragged onto another one asks whether it is to be moved there.
  let dragged = null;
  const target = (event) => {
    const there = event.target.closest?.("[data-node]");
    if (!dragged || !there || there === dragged || there.dataset.leaf) return null;
    return there.dataset.node === dragged.dataset.node ? null : there;
  };
  document.addEventListener("dragstart", (event) => {
    const row = event.target.closest?.("tr[data-move]");
    if (!row) return;
    dragged = row;
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", row.dataset.node);
  });
  document.addEventListener("dragover", (event) => {
    const there = target(event);
    for (const one of document.querySelectorAll(".drop-here")) one.classList.remove("drop-here");
    if (!there) return;
    event.preventDefault();
    there.classList.add("drop-here");
  });
  document.addEventListener("drop", (event) => {
    const there = target(event);
    if (!there) return;
    event.preventDefault();
    const link = document.createElement("a");
    link.href = `${dragged.dataset.move}?to=${there.dataset.node}`;
    link.dataset.question = "";
    link.hidden = true;
    document.body.append(link);
    link.click();
    link.remove();
  });
  document.addEventListener("dragend", () => {
    dragged = null;
    for (const one of document.querySelectorAll(".drop-here")) one.classList.remove("drop-here");
  });

  // What is shown once is copied with one click, where the browser allows it.
  if (navigator.clipboard) {
    for (const button of document.querySelectorAll("button[data-copies]")) {
      button.hidden = false;
      button.addEventListener("click", async () => {
        await navigator.clipboard.writeText(
          document.getElementById(button.dataset.copies).textContent,
        );
        button.textContent = button.dataset.done;
      });
    }
  }
})();
