// Light or dark: what the visitor chose here, else what the system says. Runs before the first paint.
"use strict";
(() => {
  const key = "kaquan-theme";
  const system = window.matchMedia("(prefers-color-scheme: dark)");
  const read = () => {
    try {
      return window.localStorage.getItem(key);
    } catch {
      return null; // a browser that keeps nothing
    }
  };
  const current = () => read() ?? (system.matches ? "dark" : "light");
  const apply = () => {
    document.documentElement.dataset.bsTheme = current();
    const button = document.getElementById("theme");
    button?.setAttribute("aria-pressed", String(current() === "dark"));
  };
  apply();
  system.addEventListener("change", apply);
  document.addEventListener("DOMContentLoaded", () => {
    apply();
    document.getElementById("theme")?.addEventListener("click", () => {
      try {
        window.localStorage.setItem(key, current() === "dark" ? "light" : "dark");
      } catch {
        return;
      }
      apply();
    });
  });
})();
