"""The counter's one page, kept on the device so that it opens without a network.

It holds nothing of anybody: who works here, and what they do, the page asks for. What the service
worker keeps is listed here and nowhere else.
"""

from __future__ import annotations

import hashlib
import json

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import get_template
from django.templatetags.static import static
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe

VENDORED_READER = "counter/vendor/barcode-detector/ponyfill.js"
READER_WASM = "counter/vendor/zxing-wasm/zxing_reader.wasm"
SCRIPTS: list[str] = [
    "counter/words.js",
    "counter/code.js",
    "counter/calls.js",
    "counter/device.js",
    "counter/signals.js",
    "counter/scanning.js",
    "counter/entering.js",
    "counter/results.js",
    "counter/vouchers.js",
    "counter/book.js",
    "counter/offline-codes.js",
    "counter/offline-journal.js",
    "counter/offline.js",
    "counter/counter.js",
]
"""In the order in which the page loads them; what works offline stands before ``counter.js``."""
OTHERS: list[str] = [
    "counter/counter.css",
    "counter/icon-192.png",
    "counter/icon-512.png",
    "web/icon.svg",
    VENDORED_READER,
    READER_WASM,
]
LANGUAGES = ("zh-hans", "en")


def kept_files() -> list[str]:
    """The addresses of all files that the page needs."""
    return [static(name) for name in [*SCRIPTS, *OTHERS]]


def version() -> str:
    """Another one whenever the page or one of its files is."""
    source = get_template("counter/page.html").template.source  # type: ignore[attr-defined]
    files = "\n".join([*kept_files(), source])
    return hashlib.sha256(files.encode()).hexdigest()[:16]


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """The page itself, the same for everybody."""
    context = {
        "language": _language(request),
        "scripts": SCRIPTS,
        "reader": static(VENDORED_READER),
        "wasm": static(READER_WASM),
        "version": version(),
    }
    response = render(request, "counter/page.html", context)
    response.headers["Cache-Control"] = "no-cache"
    response.runs_wasm = True  # type: ignore[attr-defined]  # it reads barcodes
    patch_vary_headers(response, ["Accept-Language"])
    return response


@require_safe
def worker(request: HttpRequest) -> HttpResponse:
    """The service worker, which is another one whenever a file is."""
    files = [reverse("counter:page"), reverse("counter:manifest"), *kept_files()]
    context = {"version": version(), "files": json.dumps(files)}
    response = render(request, "counter/worker.js", context, content_type="text/javascript")
    response.headers["Cache-Control"] = "no-cache"
    return response


@require_safe
def manifest(request: HttpRequest) -> HttpResponse:
    """What a phone needs to put the counter on its home screen."""
    english = _language(request) == "en"
    icons = [
        {"src": static(f"counter/icon-{size}.png"), "sizes": f"{size}x{size}", "type": "image/png"}
        for size in (192, 512)
    ]
    icons.append({**icons[-1], "purpose": "maskable"})
    content = {
        "name": "Kaquan counter" if english else "卡券收银台",
        "short_name": "Counter" if english else "核销",
        "lang": "en" if english else "zh-Hans",
        "id": reverse("counter:page"),
        "start_url": reverse("counter:page"),
        "scope": reverse("counter:page"),
        "display": "standalone",
        "orientation": "any",
        "background_color": "#f4f5f7",
        "theme_color": "#0b57a4",
        "icons": icons,
    }
    response = HttpResponse(
        json.dumps(content, ensure_ascii=False), content_type="application/manifest+json"
    )
    response.headers["Cache-Control"] = "no-cache"
    return response


def _language(request: HttpRequest) -> str:
    first = request.headers.get("accept-language", "").split(",", maxsplit=1)[0].strip().lower()
    return "en" if first.startswith("en") else "zh-hans"
