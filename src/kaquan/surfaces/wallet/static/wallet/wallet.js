"use strict";

// What a form answered is a page like any other: a reload, or the way back, asks for it by its
// address and does not send the form again.
if (!location.hash) history.replaceState(null, "", location.href);

// A gift's token stands behind the #: it is never sent as part of an address. What it stands for
// is shown at once. Who goes to log in by WeChat finds it again when they come back.
const GIFT = "kaquan-gift";
const fromHash = document.querySelector("[data-from-hash]");
const inAddress = () => /^#([\w-]{20,64})$/.exec(location.hash)?.[1];
const token = fromHash && (inAddress() ?? sessionStorage.getItem(GIFT));
if (token) {
  sessionStorage.removeItem(GIFT);
  history.replaceState(null, "", location.pathname);
  if (!fromHash.value) {
    fromHash.value = token;
    fromHash.form.requestSubmit(fromHash.form.elements.look);
  }
}
// Another gift's link, opened where one is shown already.
window.addEventListener("hashchange", () => inAddress() && location.reload());
document.querySelector("form.enter a[href*=wechat]")?.addEventListener("click", () => {
  const gift = document.getElementById("token")?.value;
  if (gift) sessionStorage.setItem(GIFT, gift);
});

// A code was sent: how long until one may ask for another.
for (const button of document.querySelectorAll("[data-wait-s]")) {
  const words = button.textContent;
  const until = Date.now() + Number(button.dataset.waitS) * 1000;
  const tick = () => {
    const leftS = Math.ceil((until - Date.now()) / 1000);
    button.disabled = leftS > 0;
    button.textContent = leftS > 0 ? `${words} (${leftS})` : words;
    if (leftS > 0) setTimeout(tick, 1000);
  };
  tick();
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

for (const button of document.querySelectorAll("[data-shares]")) {
  button.hidden = !navigator.share;
  button.addEventListener("click", () => {
    const url = document.getElementById(button.dataset.shares).value;
    navigator.share({ url }).catch(() => {}); // they thought better of it
  });
}

// A page in the line asks how it stands, and goes where the answer is.
async function ask() {
  const line = document.getElementById("line");
  try {
    const answer = await fetch(location.href, { headers: { accept: "text/html" } });
    if (answer.redirected) return location.replace(answer.url);
    if (answer.status === 409) return location.reload();
    if (answer.ok) {
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = page.getElementById("line");
      if (!fresh) return location.reload();
      if (fresh.textContent !== line.textContent) line.replaceChildren(...fresh.childNodes);
      line.dataset.asksS = fresh.dataset.asksS;
    }
  } catch {
    // No network: the place in the line stays, and the page asks again.
  }
  return setTimeout(ask, Number(line.dataset.asksS) * 1000);
}
const standing = document.getElementById("line");
if (standing) setTimeout(ask, Number(standing.dataset.asksS) * 1000);

// Too many at once: the same form again after a while, not everybody in the same moment.
for (const form of document.querySelectorAll("[data-again-s]")) {
  const waitS = Number(form.dataset.againS) * (1 + Math.random());
  setTimeout(() => (form.method === "post" ? form.requestSubmit() : location.reload()), waitS * 1000);
}

// One's own vouchers are kept on the phone, for when there is no network.
const workerAddress = document.documentElement.dataset.worker;
const networkNote = document.getElementById("no-network");
if (networkNote) {
  const tell = () => {
    networkNote.hidden = navigator.onLine;
  };
  tell();
  window.addEventListener("online", tell);
  window.addEventListener("offline", tell);
}
async function keepOnPhone() {
  try {
    await navigator.serviceWorker.register(workerAddress, { scope: "/w/" });
    const { active } = await navigator.serviceWorker.ready;
    const vouchers = [...document.querySelectorAll("a.voucher")].map((one) => one.pathname);
    active.postMessage({ keep: [location.pathname, "/w/code", ...vouchers.slice(0, 8)] });
  } catch {
    // A browser that keeps nothing shows vouchers with a network all the same.
  }
}
if (workerAddress && "serviceWorker" in navigator) {
  navigator.serviceWorker.addEventListener("message", ({ data }) => {
    if (data === "changed") location.reload();
    else document.documentElement.dataset.kept = "yes";
  });
  window.addEventListener("load", keepOnPhone);
}
