"use strict";

// A gift's token stands behind the #: it is never sent as part of an address.
const fromHash = document.querySelector("[data-from-hash]");
if (fromHash && location.hash.length > 1) {
  fromHash.value = decodeURIComponent(location.hash.slice(1));
  history.replaceState(null, "", location.pathname);
}

for (const button of document.querySelectorAll("[data-copies]")) {
  button.addEventListener("click", async () => {
    const field = document.getElementById(button.dataset.copies);
    field.select();
    try {
      await navigator.clipboard.writeText(field.value);
    } catch {
      document.execCommand("copy");
    }
    button.textContent = button.dataset.done;
  });
}

for (const field of document.querySelectorAll("[data-filters]")) {
  field.addEventListener("input", () => {
    const wanted = field.value.trim().toLowerCase();
    for (const row of document.getElementById(field.dataset.filters).children) {
      row.hidden = !row.textContent.toLowerCase().includes(wanted);
    }
  });
}
