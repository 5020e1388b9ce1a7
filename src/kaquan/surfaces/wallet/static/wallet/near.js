"use strict";

// Stores, found on the phone: the nearest, or by words; its position goes nowhere.
(() => {
  const list = document.getElementById("stores");
  if (!list) return;
  const button = document.querySelector("[data-nearest]");
  const told = document.getElementById("near-told");
  const field = document.getElementById("near");
  const counted = document.getElementById("found-told");
  const fold = document.getElementById("stores-fold");
  const listed = [...list.children];
  const said = counted.textContent;
  const SHOWN = 30;
  let isCut = false;
  const EARTH_M = 6_371_000;
  const radians = (degrees) => (degrees * Math.PI) / 180;

  // Stores are kept in GCJ-02, the datum of maps published in China; a phone tells WGS-84.
  function asOnMaps(latitude, longitude) {
    const isChina = longitude > 73.66 && longitude < 135.05 && latitude > 3.86 && latitude < 53.55;
    if (!isChina) return [latitude, longitude];
    const x = longitude - 105;
    const y = latitude - 35;
    const wave = (value, one, two) =>
      ((one * Math.sin(value * Math.PI) + two * Math.sin((value * Math.PI) / 3)) * 2) / 3;
    const both = ((20 * Math.sin(6 * x * Math.PI) + 20 * Math.sin(2 * x * Math.PI)) * 2) / 3;
    const root = Math.sqrt(Math.abs(x));
    let north = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root + both;
    north += wave(y, 20, 40);
    north += ((160 * Math.sin((y / 12) * Math.PI) + 320 * Math.sin((y * Math.PI) / 30)) * 2) / 3;
    let east = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root + both;
    east += wave(x, 20, 40);
    east += ((150 * Math.sin((x / 12) * Math.PI) + 300 * Math.sin((x / 30) * Math.PI)) * 2) / 3;
    const axis = 6_378_245;
    const eccentricity = 0.00669342162296594323;
    const sine = Math.sin(radians(latitude));
    const magic = 1 - eccentricity * sine * sine;
    const meridian = (axis * (1 - eccentricity)) / (magic * Math.sqrt(magic));
    const parallel = (axis / Math.sqrt(magic)) * Math.cos(radians(latitude));
    return [
      latitude + (north * 180) / (meridian * Math.PI),
      longitude + (east * 180) / (parallel * Math.PI),
    ];
  }

  function metres(one, other) {
    const half = (from, to) => Math.sin(radians(to - from) / 2) ** 2;
    const across = Math.cos(radians(one[0])) * Math.cos(radians(other[0]));
    const chord = half(one[0], other[0]) + across * half(one[1], other[1]);
    return 2 * EARTH_M * Math.asin(Math.sqrt(Math.min(chord, 1)));
  }

  function written(distance) {
    return distance < 1000 ? `${Math.round(distance / 10) * 10} m` : `${(distance / 1000).toFixed(1)} km`;
  }

  function line(store) {
    const row = document.createElement("li");
    const parts = [["strong", store.name], ["span", store.distance === undefined ? "" : written(store.distance)], ["span", store.place], ["span", store.hours]];
    for (const [tag, text] of parts) {
      if (!text) continue;
      const part = document.createElement(tag);
      part.textContent = text;
      row.append(part);
    }
    return row;
  }

  function place() {
    return new Promise((resolve, reject) => {
      const options = { timeout: 15_000, maximumAge: 60_000 };
      navigator.geolocation.getCurrentPosition(resolve, reject, options);
    });
  }

  let known = null;
  async function all() {
    if (known) return known;
    const answer = await fetch(list.dataset.all);
    if (!answer.ok) throw new Error(String(answer.status));
    const { stores, cut } = await answer.json();
    isCut = cut;
    known = stores.map(([name, where, hours, latitude, longitude]) => ({
      name,
      place: where,
      hours,
      at: latitude === null ? null : [latitude / 1e6, longitude / 1e6],
    }));
    return known;
  }

  function show(rows) {
    list.replaceChildren(...rows);
    fold.open = true;
  }

  async function nearest() {
    button.disabled = true;
    told.textContent = button.dataset.asks;
    try {
      const [found, stores] = await Promise.all([place(), all()]);
      const here = asOnMaps(found.coords.latitude, found.coords.longitude);
      const placed = stores.filter((store) => store.at);
      const far = placed.map((store) => ({ ...store, distance: metres(here, store.at) }));
      far.sort((one, other) => one.distance - other.distance);
      show(far.slice(0, SHOWN).map(line));
      told.textContent = button.dataset.done;
    } catch (error) {
      told.textContent = error.code === 1 ? button.dataset.refused : button.dataset.failed;
    }
    button.disabled = false;
  }

  if (button && "geolocation" in navigator) {
    button.hidden = false;
    button.addEventListener("click", nearest);
  }

  // A city, a district or a name, among all stores; without a network among those on the page.
  async function search() {
    const wanted = field.value.trim().toLowerCase();
    if (!wanted) {
      list.replaceChildren(...listed);
      counted.textContent = said;
      return;
    }
    const fits = (text) => text.toLowerCase().includes(wanted);
    let rows;
    try {
      rows = (await all()).filter((one) => fits(`${one.name} ${one.place}`)).map(line);
    } catch {
      rows = listed.filter((row) => fits(row.textContent));
    }
    if (wanted !== field.value.trim().toLowerCase()) return;
    show(rows.slice(0, SHOWN));
    const { none, more, cut } = counted.dataset;
    const words = [rows.length ? "" : none, rows.length > SHOWN ? more : "", isCut ? cut : ""];
    counted.textContent = words.join(" ").trim();
  }
  field.addEventListener("input", search);
})();
