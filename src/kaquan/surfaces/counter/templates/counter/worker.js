"use strict";

// Keeps the counter's page and files on the device, so that it opens without a network. What people
// do never passes through here: those requests go to the server, or to the offline journal.
const KEPT = "kaquan-counter-{{ version }}";
const FILES = {{ files|safe }};
const PAGE = FILES[0];
const PATIENCE_MS = 3000;

self.addEventListener("install", (event) => {
  event.waitUntil(
    caches.open(KEPT).then((kept) => kept.addAll(FILES)).then(() => self.skipWaiting()),
  );
});

self.addEventListener("activate", (event) => {
  event.waitUntil(
    caches
      .keys()
      .then((names) =>
        Promise.all(
          names
            .filter((name) => name.startsWith("kaquan-counter-") && name !== KEPT)
            .map((name) => caches.delete(name)),
        ),
      )
      .then(() => self.clients.claim()),
  );
});

async function page(request) {
  const timer = new AbortController();
  const patience = setTimeout(() => timer.abort(), PATIENCE_MS);
  try {
    const fresh = await fetch(request, { signal: timer.signal });
    if (fresh.ok) return fresh;
  } catch {
    // No network, or too slow a one: what is kept will do.
  } finally {
    clearTimeout(patience);
  }
  return (await caches.match(PAGE)) ?? Response.error();
}

self.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method !== "GET") return;
  const path = new URL(request.url).pathname;
  if (request.mode === "navigate" && path === PAGE) {
    event.respondWith(page(request));
  } else if (FILES.includes(path)) {
    event.respondWith(caches.match(path).then((kept) => kept ?? fetch(request)));
  }
});
