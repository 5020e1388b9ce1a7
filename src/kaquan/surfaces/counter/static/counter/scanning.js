"use strict";

// Codes come by the camera, by a scanner that types, and by NFC; all end in `kaquan-code`.
(() => {
  const kq = window.kaquanCounter;
  const { say, place } = kq;
  const FORMATS = ["qr_code", "code_128", "ean_13", "ean_8", "data_matrix"];
  const WEDGE_GAP_MS = 80;
  const WEDGE_LEAST = 6;
  const WEDGE_LEAST_IN_AMOUNT = 12; // longer than any amount
  const NEEDED = ["qr_code", "code_128", "ean_13"];
  const TYPED_INTO = "input:not([type=checkbox]), textarea, select";
  const LOOK_EVERY_MS = 60;

  let stream = null;
  let detector = null;
  let running = 0;

  const found = (text, way) =>
    window.dispatchEvent(new CustomEvent("kaquan-code", { detail: { text, way } }));

  function loaded(address) {
    return new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.src = address;
      script.onload = resolve;
      script.onerror = () => reject(new Error(address));
      document.head.append(script);
    });
  }

  // What the browser's own reader reads of what we need; null where the other one is better.
  async function ownFormats(own) {
    const known = own ? await own.getSupportedFormats().catch(() => []) : [];
    return NEEDED.every((one) => known.includes(one))
      ? FORMATS.filter((one) => known.includes(one))
      : null;
  }

  // The browser's own reader where it knows all that stands on vouchers, else the one that comes along.
  async function reader() {
    if (detector) return detector;
    const own = window.BarcodeDetector;
    const formats = await ownFormats(own);
    if (formats) {
      detector = new own({ formats });
      return detector;
    }
    const { reader: script, wasm } = place("camera").dataset;
    if (!window.BarcodeDetectionAPI) await loaded(script);
    const api = window.BarcodeDetectionAPI;
    api.prepareZXingModule({
      overrides: { locateFile: (name) => (name.endsWith(".wasm") ? wasm : name) },
    });
    detector = new api.BarcodeDetector({ formats: FORMATS });
    return detector;
  }

  const FAILED = {
    NotAllowedError: [
      "没有摄像头权限。请在浏览器的网站设置里允许摄像头，或直接输入券码。",
      "The camera is not allowed. Allow it in the browser's site settings, or type the code.",
    ],
    NotFoundError: [
      "没有找到摄像头，请用扫码枪或直接输入券码。",
      "There is no camera: use a scanner, or type the code.",
    ],
    NotReadableError: [
      "摄像头正被其他程序使用，请关闭后再试，或直接输入券码。",
      "Another program uses the camera: close it, or type the code.",
    ],
  };

  async function open() {
    const turn = (running += 1);
    const video = place("camera");
    place("frame").hidden = false;
    place("camera-says").textContent = say("正在打开摄像头…", "Opening the camera…");
    try {
      if (!navigator.mediaDevices) throw new DOMException("insecure", "NotFoundError");
      const [one, eye] = await Promise.all([
        navigator.mediaDevices.getUserMedia({
          video: { facingMode: "environment", width: { ideal: 1280 } },
        }),
        reader(),
      ]);
      if (turn !== running) {
        for (const track of one.getTracks()) track.stop();
        return;
      }
      stream = one;
      video.srcObject = one;
      await video.play();
      place("camera-says").textContent = say("把二维码或条形码放进框里", "Hold the code into the frame");
      look(turn, video, eye);
    } catch (error) {
      if (turn !== running) return;
      const words = FAILED[error.name] ?? [
        "摄像头打不开，请用扫码枪或直接输入券码。",
        "The camera cannot be opened: use a scanner, or type the code.",
      ];
      close();
      window.dispatchEvent(new CustomEvent("kaquan-no-camera", { detail: say(...words) }));
    }
  }

  async function look(turn, video, eye) {
    while (turn === running) {
      try {
        const [seen] = await eye.detect(video);
        if (seen && turn === running) {
          close();
          found(seen.rawValue, "camera");
          return;
        }
      } catch {
        // A frame that is not there yet; the next one will be.
      }
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    }
  }

  function close() {
    running += 1;
    for (const track of stream?.getTracks() ?? []) track.stop();
    stream = null;
    place("camera").srcObject = null;
  }

  // A scanner types much faster than a person, and ends with Enter. Where the page waits for an
  // amount, a code is told by its length, and what stood in the field comes back.
  let typed = "";
  let lastMs = 0;
  let before = "";
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || !kq.takesCodes?.()) return;
    const field = event.target.matches?.(TYPED_INTO) ? event.target : null;
    if (field && field.inputMode !== "decimal") return;
    const nowMs = performance.now();
    if (nowMs - lastMs > WEDGE_GAP_MS) {
      typed = "";
      before = field?.value;
    }
    lastMs = nowMs;
    if (event.key === "Enter") {
      if (typed.length >= (field ? WEDGE_LEAST_IN_AMOUNT : WEDGE_LEAST)) {
        event.preventDefault();
        if (field) field.value = before;
        found(typed, "scanner");
      }
      typed = "";
    } else if (event.key.length === 1) {
      typed += event.key;
    }
  });

  // A tag may hold a code as text, or a member's card.
  const CARD = "kaquan.example:card";
  function read(record) {
    const text = new TextDecoder(record.encoding ?? "utf-8").decode(record.data);
    if (record.recordType === "text") found(text, "nfc");
    if (record.recordType === CARD) {
      window.dispatchEvent(new CustomEvent("kaquan-member", { detail: text }));
    }
    return record.recordType === "text" || record.recordType === CARD;
  }

  let listening = false;
  async function listen() {
    if (listening) return;
    const tags = new window.NDEFReader();
    await tags.scan();
    listening = true;
    tags.onreading = ({ message }) => {
      if (!kq.takesCodes?.() && !kq.takesMembers?.()) return;
      if (!message.records.some(read)) {
        kq.tell(say("这张标签里没有券码。", "This tag holds no voucher."));
      }
    };
    tags.onreadingerror = () => kq.tell(say("标签读不出，请再贴一次。", "Hold the tag again."));
  }

  kq.scanning = { open, close, listen, ownFormats, hasNfc: "NDEFReader" in window };
})();
