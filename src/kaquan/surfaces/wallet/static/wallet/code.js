"use strict";

// The code that renews: RFC 6238 with SHA-256, made here, so that it works without a network.
(() => {
  const place = document.getElementById("qr");
  const { prefix, secret } = place.dataset;
  const stepS = Number(place.dataset.step);
  const digits = Number(place.dataset.digits);
  const left = document.getElementById("left");
  const svgSpace = "http://www.w3.org/2000/svg";
  let shown = -1;

  // Browsers give ciphers to secure pages alone; a trial in a local network may be none.
  if (!window.isSecureContext) {
    place.className = "error";
    place.textContent = place.dataset.insecure;
    const plain = document.getElementById("plain");
    if (plain) plain.open = true;
    return;
  }

  const bytes = (text) => Uint8Array.from(atob(text), (one) => one.charCodeAt(0));

  async function password(step) {
    const message = new DataView(new ArrayBuffer(8));
    message.setUint32(0, Math.floor(step / 2 ** 32));
    message.setUint32(4, step % 2 ** 32);
    const form = { name: "HMAC", hash: "SHA-256" };
    const key = await crypto.subtle.importKey("raw", bytes(secret), form, false, ["sign"]);
    const digest = new DataView(await crypto.subtle.sign("HMAC", key, message.buffer));
    const offset = digest.getUint8(digest.byteLength - 1) & 15;
    const number = digest.getUint32(offset) & 0x7fffffff;
    return String(number % 10 ** digits).padStart(digits, "0");
  }

  function draw(place, text) {
    const code = qrcode(0, "M");
    code.addData(text, "Alphanumeric");
    code.make();
    const size = code.getModuleCount();
    const svg = document.createElementNS(svgSpace, "svg");
    svg.setAttribute("viewBox", `-4 -4 ${size + 8} ${size + 8}`);
    svg.setAttribute("shape-rendering", "crispEdges");
    const path = document.createElementNS(svgSpace, "path");
    let line = "";
    for (let row = 0; row < size; row += 1) {
      for (let column = 0; column < size; column += 1) {
        if (code.isDark(row, column)) line += `M${column} ${row}h1v1h-1z`;
      }
    }
    path.setAttribute("d", line);
    svg.append(path);
    place.replaceChildren(svg);
    place.dataset.text = text;
  }

  // What a till without a network takes never changes; it is drawn when somebody asks for it.
  const signed = document.getElementById("signed");
  signed?.parentElement.addEventListener("toggle", () => {
    draw(signed, signed.dataset.text);
    signed.scrollIntoView({ block: "center" });
  });

  // A phone whose clock is wrong would show codes that no till takes: how far it is behind the
  // server's is asked for, and believed for a day where there is no network.
  const CLOCK = "kaquan-clock";
  const DAY_MS = 86_400_000;
  const DRIFT_MS = 3_000; // the header counts seconds, and an answer may be late
  let behindMs = 0;

  function recallClock() {
    try {
      const { atMs, byMs } = JSON.parse(localStorage.getItem(CLOCK));
      if (Math.abs(Date.now() - atMs) < DAY_MS) behindMs = byMs;
    } catch {
      // Nothing is kept: the phone's clock is taken as it is.
    }
  }

  async function setClock() {
    try {
      const begunMs = performance.now();
      const asked = { method: "HEAD", cache: "no-store" };
      const answer = await fetch(document.documentElement.dataset.worker, asked);
      if (performance.now() - begunMs > DRIFT_MS) return;
      const byMs = Date.parse(answer.headers.get("date")) + 500 - Date.now();
      behindMs = Math.abs(byMs) > DRIFT_MS ? byMs : 0;
      localStorage.setItem(CLOCK, JSON.stringify({ atMs: Date.now(), byMs: behindMs }));
    } catch {
      // No network, no header, or nothing may be kept.
    }
  }

  async function renew() {
    const nowS = (Date.now() + behindMs) / 1000;
    const step = Math.floor(nowS / stepS);
    left.textContent = String(Math.ceil((step + 1) * stepS - nowS));
    if (step === shown) return;
    shown = step;
    draw(place, prefix + (await password(step)));
  }

  async function stayAwake() {
    try {
      await navigator.wakeLock.request("screen");
    } catch {
      // The phone may say no; the page's words ask for brightness anyway.
    }
  }

  recallClock();
  renew();
  setClock().then(renew);
  setInterval(renew, 1000);
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") {
      setClock().then(renew);
      stayAwake();
    }
  });
  stayAwake();
})();
