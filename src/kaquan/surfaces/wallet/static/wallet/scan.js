"use strict";

// A paper voucher's code by the camera: read on the phone, written into the field, sent by nobody
// but the form. The reader comes along with the counter and is fetched when it is wanted.
(() => {
  const button = document.getElementById("scan");
  if (!button || !navigator.mediaDevices) return;
  const { reader, wasm } = button.dataset;
  const video = document.getElementById("camera");
  const told = document.getElementById("scan-told");
  const field = document.getElementById("code");
  const FORMATS = ["qr_code", "code_128"];
  const LOOK_EVERY_MS = 100;
  let stream = null;

  function loaded(address) {
    return new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.src = address;
      script.onload = resolve;
      script.onerror = () => reject(new Error(address));
      document.head.append(script);
    });
  }

  async function eye() {
    const own = window.BarcodeDetector;
    const known = own ? await own.getSupportedFormats().catch(() => []) : [];
    if (FORMATS.every((one) => known.includes(one))) return new own({ formats: FORMATS });
    if (!window.BarcodeDetectionAPI) await loaded(reader);
    const api = window.BarcodeDetectionAPI;
    const locateFile = (name) => (name.endsWith(".wasm") ? wasm : name);
    api.prepareZXingModule({ overrides: { locateFile } });
    return new api.BarcodeDetector({ formats: FORMATS });
  }

  function close() {
    for (const track of stream?.getTracks() ?? []) track.stop();
    stream = null;
    video.srcObject = null;
    video.hidden = true;
    button.disabled = false;
  }

  async function look(detector) {
    while (stream) {
      try {
        const [seen] = await detector.detect(video);
        if (seen && stream) {
          close();
          field.value = seen.rawValue;
          told.textContent = button.dataset.done;
          document.getElementById("go").focus();
          return;
        }
      } catch {
        // A frame that is not there yet; the next one will be.
      }
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    }
  }

  button.hidden = false;
  button.addEventListener("click", async () => {
    button.disabled = true;
    told.textContent = button.dataset.asks;
    try {
      const wanted = { facingMode: "environment", width: { ideal: 1280 } };
      stream = await navigator.mediaDevices.getUserMedia({ video: wanted });
      const detector = await eye();
      video.srcObject = stream;
      video.hidden = false;
      await video.play();
      told.textContent = button.dataset.hold;
      look(detector);
    } catch (error) {
      close();
      told.textContent = error.name === "NotAllowedError" ? button.dataset.refused : button.dataset.failed;
    }
  });
})();
