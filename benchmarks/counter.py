"""How long a clerk waits: from a scan to the green screen, and for a signed code to be proved.

A real server and a real browser on one machine. A scanner that types ends with Enter; the camera's
way begins with the tap on the big button and holds the opening of the camera, the reading and the
answer. Bar: a second (decision 0034). Without a network a code is proved by the browser alone.
"""

from __future__ import annotations

import base64
import tempfile
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from playwright.sync_api import Page

from benchmarks.http_issuer import an_issuer
from benchmarks.report import Report
from benchmarks.served import served
from benchmarks.server import Bench
from kaquan.engine.signed import SignedVoucher, encode_signed
from kaquan.foundation import keys
from tools.screens.camera import arguments, feed
from tools.screens.counter import a_clerk, begin, codes_of_a_batch
from tools.screens.serving import chromium

TYPED, SCANNED, PROVED = 60, 20, 500
BAR_MS = 1_000
_GREEN = """() => new Promise((told, failed) => {
  const dialog = document.getElementById("result");
  const look = () => {
    if (!dialog.open) return requestAnimationFrame(look);
    if (dialog.dataset.look !== "good") return failed(new Error(dialog.textContent));
    told(performance.now());
  };
  look();
})"""
_TYPE = f"""async (code) => {{
  for (const key of [...code, "Enter"]) {{
    document.activeElement.dispatchEvent(
      new KeyboardEvent("keydown", {{ key, bubbles: true, cancelable: true }}));
  }}
  const begun = performance.now();
  const took = await ({_GREEN})() - begun;
  document.getElementById("result-next").click();
  return took;
}}"""
_SCAN = f"""async () => {{
  const begun = performance.now();
  document.getElementById("scan").click();
  const took = await ({_GREEN})() - begun;
  document.getElementById("result-next").click();
  return took;
}}"""
_PROVE = """async ([codes, keys]) => {
  await kaquanCounter.signed.read(codes[0], keys);
  const took = [];
  for (const code of codes) {
    const begun = performance.now();
    const said = await kaquanCounter.signed.read(code, keys);
    if (!said.claim) throw new Error("not proved");
    took.push(performance.now() - begun);
  }
  return took;
}"""


def run(report: Report, bench: Bench) -> None:
    """Measure all three at one terminal."""
    keys.load_or_create(bench.configuration.key_file)
    an_issuer(customers=1)
    exchange = {"kind": "exchange", "goods": {"skus": ["TEA"]}, "value_cap_fen": 1_500}
    card = {"kind": "count_card", "uses": SCANNED + 1, "value_per_use_fen": 1_500}
    codes = codes_of_a_batch("typed", exchange, TYPED)
    (many,) = codes_of_a_batch("scanned", card, 1)
    clerk = a_clerk()  # before the browser: with its loop running Django does not ask the database
    with tempfile.TemporaryDirectory() as folder:
        film = Path(folder) / "camera.y4m"
        feed(film, many)
        with (
            served(bench.configuration, workers=1) as server,
            chromium(*arguments(film)) as browser,
        ):
            context = browser.new_context(locale="zh-CN", permissions=["camera"])
            page = context.new_page()
            begin(page, server.url, clerk)
            _tell(report, "scanner to green", [page.evaluate(_TYPE, one) for one in codes])
            first = page.evaluate(_SCAN)
            report("camera to green, the first time: reader fetched", first, "ms")
            _tell(report, "camera to green", [page.evaluate(_SCAN) for _ in range(SCANNED)])
            _tell(report, "a signed code proved in the browser", _proving_ms(page))
            context.close()


def _proving_ms(page: Page) -> list[float]:
    private = Ed25519PrivateKey.generate()
    raw = private.public_key().public_bytes_raw()
    public = [{"id": 1, "x": base64.urlsafe_b64encode(raw).rstrip(b"=").decode()}]
    days = (date(2026, 1, 1), date(2026, 12, 31))
    codes = [
        encode_signed(SignedVoucher(1, 1, serial, 1, 2_000, *days), private.sign)
        for serial in range(PROVED)
    ]
    took: list[float] = page.evaluate(_PROVE, [codes, public])
    return took


def _tell(report: Report, what: str, took_ms: Sequence[float]) -> None:
    ordered = sorted(took_ms)
    bar = f"≤ {BAR_MS}" if "green" in what else ""
    report(f"{what}: p50", ordered[len(ordered) // 2], "ms", bar)
    report(f"{what}: p95", ordered[len(ordered) * 95 // 100], "ms", bar)
