// A register page by the keyboard: Enter in a cell confirms it and goes to the next one, after the
// last it stands on the button; changing a cell takes its confirmation back.
"use strict";
document.addEventListener("keydown", (event) => {
  const cell = event.target.closest?.(".paper-cell");
  if (!cell || event.key !== "Enter" || event.isComposing || event.target.type !== "text") return;
  event.preventDefault();
  cell.querySelector("[type=checkbox]").checked = event.target.value.trim() !== "";
  const form = event.target.form;
  const fields = [...form.querySelectorAll(".paper-cell input[type=text]")];
  const next = fields[fields.indexOf(event.target) + 1];
  if (next) next.select();
  (next ?? form.querySelector("[value=register]")).focus();
});
document.addEventListener("input", (event) => {
  const cell = event.target.closest?.(".paper-cell");
  if (cell && event.target.type === "text") cell.querySelector("[type=checkbox]").checked = false;
});
