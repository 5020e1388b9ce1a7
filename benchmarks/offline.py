"""How long a browser takes to prove a signed code: ``python -m benchmarks.offline``."""

from __future__ import annotations

import base64
import json
import os
import shutil
import sys
from datetime import date
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from playwright.sync_api import sync_playwright

from kaquan.engine.signed import SignedVoucher, encode_signed

CODES = 500
SCRIPT = Path(__file__).parent.parent / (
    "src/kaquan/surfaces/counter/static/counter/offline-codes.js"
)
MEASURE = """async ([codes, keys]) => {
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


def main() -> int:
    """Prove some codes one after the other and print the times."""
    private = Ed25519PrivateKey.generate()
    raw = private.public_key().public_bytes_raw()
    keys = [{"id": 1, "x": base64.urlsafe_b64encode(raw).rstrip(b"=").decode()}]
    days = (date(2026, 1, 1), date(2026, 12, 31))
    codes = [
        encode_signed(SignedVoucher(1, 1, serial, 1, 2_000, *days), private.sign)
        for serial in range(CODES)
    ]
    with sync_playwright() as playwright:
        path = os.environ.get("CHROMIUM") or shutil.which("chromium")
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        page = browser.new_page()
        # WebCrypto is there for secure origins only; nothing is asked of a network.
        page.route("**/*", lambda route: route.fulfill(body="<p>", content_type="text/html"))
        page.goto("http://localhost/")
        page.evaluate("window.kaquanCounter = {}")
        page.add_script_tag(content=SCRIPT.read_text("utf-8"))
        took = sorted(page.evaluate(MEASURE, [codes, keys]))
        version = browser.version
        browser.close()
    told = {
        "codes": CODES,
        "median_ms": round(took[CODES // 2], 3),
        "p99_ms": round(took[CODES * 99 // 100], 3),
        "browser": f"Chromium {version}",
    }
    sys.stdout.write(json.dumps(told) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
