"use strict";

// Writes a claim link, or a member's card, onto the NFC tag that is held to the phone (Web NFC).
(() => {
  const told = document.getElementById("tag");
  const button = document.getElementById("write-tag");
  if (!told || !button) return;
  if (!("NDEFReader" in window)) {
    told.textContent = told.dataset.missing;
    button.disabled = true;
    return;
  }

  // A card's bytes are asked for when it is written: a short record whose payload comes last.
  async function card(form) {
    const answer = await fetch(form.action, { method: "POST", body: new FormData(form) });
    if (!answer.ok) throw new Error(String(answer.status));
    const message = new Uint8Array(await answer.arrayBuffer());
    const payload = message.slice(3 + message[1], 3 + message[1] + message[2]);
    return { recordType: told.dataset.kind, data: payload };
  }

  button.addEventListener("click", async () => {
    told.textContent = told.dataset.hold;
    try {
      const form = document.getElementById("card-form");
      const record = form ? await card(form) : { recordType: "url", data: told.dataset.address };
      await new NDEFReader().write({ records: [record] });
      told.textContent = told.dataset.done;
    } catch {
      told.textContent = told.dataset.failed;
    }
  });
})();
