"use strict";

// One's own vouchers without a network. FILES and VERSION stand above, written by the server.
// What is kept belongs to one holder: as soon as the server names another, or none, it is dropped.

const OWN = "kaquan-wallet-own";
const STATIC = `kaquan-wallet-files-${VERSION}`;
const HOLDER = "/w/holder";
const OFFLINE = "/w/offline";
const OWN_MAX = 40;
const SLOW_MS = 4_000;

self.addEventListener("install", (event) => {
  event.waitUntil(
    (async () => {
      const files = await caches.open(STATIC);
      await files.addAll([...FILES, OFFLINE]);
      await self.skipWaiting();
    })(),
  );
});

self.addEventListener("activate", (event) => {
  event.waitUntil(
    (async () => {
      for (const name of await caches.keys()) {
        if (name.startsWith("kaquan-wallet-files-") && name !== STATIC) await caches.delete(name);
      }
      await self.clients.claim();
    })(),
  );
});

async function holder() {
  const kept = await (await caches.open(OWN)).match(HOLDER);
  return kept ? kept.text() : "";
}

// Keep a page of the holder's, or drop what is no longer theirs; gives the answer back.
async function note(address, answer) {
  const named = answer.headers.get("x-wallet-holder");
  if (named === null) return answer;
  if (named !== (await holder())) {
    await caches.delete(OWN);
    if (named !== "none") await (await caches.open(OWN)).put(HOLDER, new Response(named));
  }
  if (named === "none") return answer;
  const own = await caches.open(OWN);
  if (answer.ok && !answer.redirected && answer.headers.get("x-wallet-keep") === "yes") {
    await own.put(address, answer.clone());
    const pages = (await own.keys()).filter((one) => new URL(one.url).pathname !== HOLDER);
    for (const old of pages.slice(0, Math.max(pages.length - OWN_MAX, 0))) await own.delete(old);
  } else {
    await own.delete(address);
  }
  return answer;
}

// What was shown while the network was slow is shown anew where it is another by now: used, or given.
async function renew(fresh, kept, clientId) {
  const plain = async (answer) => (await answer.text()).replace(/"csrfmiddlewaretoken" value="\w+"/g, "");
  try {
    const answer = (await fresh).clone();
    if (answer.ok && !answer.redirected && (await plain(answer)) === (await plain(kept))) return;
    (await self.clients.get(clientId))?.postMessage("changed");
  } catch {
    // No network: what is kept stays shown.
  }
}

async function page(event) {
  const { request } = event;
  const { pathname, search } = new URL(request.url);
  const address = pathname + search;
  const kept = await (await caches.open(OWN)).match(address);
  const fresh = fetch(request).then((answer) => note(address, answer));
  if (!kept) {
    try {
      return await fresh;
    } catch {
      return (await caches.match(OFFLINE)) || Response.error();
    }
  }
  const copy = kept.clone();
  const slow = new Promise((resolve) => setTimeout(resolve, SLOW_MS, kept));
  const shown = await Promise.race([fresh.catch(() => kept), slow]);
  if (shown === kept) event.waitUntil(renew(fresh, copy, event.resultingClientId));
  return shown;
}

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const address = new URL(request.url);
  if (address.origin !== self.location.origin) return;
  if (request.method === "POST" && address.pathname === "/w/leave") {
    event.respondWith(caches.delete(OWN).then(() => fetch(request)));
  } else if (request.method !== "GET") {
    return;
  } else if (request.mode === "navigate" && address.pathname.startsWith("/w/")) {
    event.respondWith(page(event));
  } else if (FILES.includes(address.pathname)) {
    event.respondWith(caches.match(request.url).then((found) => found || fetch(request)));
  }
});

// A page says which vouchers to keep for later: those that are not kept yet are fetched.
self.addEventListener("message", (event) => {
  event.waitUntil(
    (async () => {
      for (const address of event.data.keep.slice(0, 10)) {
        const own = await caches.open(OWN);
        if (!/^\/w\/(code|v\/\d+)?$/.test(address) || (await own.match(address))) continue;
        try {
          await note(address, await fetch(address, { headers: { accept: "text/html" } }));
        } catch {
          return;
        }
      }
      event.source.postMessage("kept");
    })(),
  );
});
