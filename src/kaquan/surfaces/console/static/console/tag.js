"use strict";

// Writes a claim link onto the NFC tag that is held to the phone (Web NFC).
(() => {
  const told = document.getElementById("tag");
  const button = document.getElementById("write-tag");
  if (!told || !button) return;
  if (!("NDEFReader" in window)) {
    told.textContent = told.dataset.missing;
    button.disabled = true;
    return;
  }
  button.addEventListener("click", async () => {
    told.textContent = told.dataset.hold;
    try {
      const records = [{ recordType: "url", data: told.dataset.address }];
      await new NDEFReader().write({ records });
      told.textContent = told.dataset.done;
    } catch {
      told.textContent = told.dataset.failed;
    }
  });
})();
