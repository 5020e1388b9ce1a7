// The registration desk: Enter goes to the next field, in the last one it saves, and the first one
// has the focus whenever the page comes.
"use strict";
(() => {
  const form = document.getElementById("desk");
  if (!form) return;
  const fields = [...form.querySelectorAll("input[id^='f-'], select[id^='f-']")];
  const plain = (text) =>
    text.trim().replace(/[\uff10-\uff19]/g, (one) => String.fromCharCode(one.charCodeAt(0) - 0xfee0));
  const isSerial = () => /^[0-9]{1,12}$/.test(plain(document.getElementById("f-number").value));

  function next(field) {
    const following = fields[fields.indexOf(field) + 1];
    // The end of a code is asked for only beside a serial.
    return following?.id === "f-last" && !isSerial() ? next(following) : following;
  }

  form.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.isComposing || !fields.includes(event.target)) return;
    const following = event.ctrlKey || event.metaKey ? undefined : next(event.target);
    event.preventDefault();
    if (following) {
      following.focus();
      following.select?.();
    } else {
      form.requestSubmit();
    }
  });

  const first = form.querySelector("[aria-invalid]") ?? fields[0];
  first?.focus();
  first?.select?.();
})();
