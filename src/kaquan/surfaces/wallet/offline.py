"""What makes one's own vouchers open without a network: the service worker and its last page."""

from __future__ import annotations

import hashlib
import json
from functools import cache
from importlib.resources import files

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.templatetags.static import static
from django.views.decorators.http import require_safe

#: What a voucher's page needs; each address holds the file's hash, so none of them is ever stale.
FILES = (
    "web/icon.svg",
    "wallet/wallet.css",
    "wallet/wallet.js",
    "wallet/near.js",
    "wallet/code.js",
    "wallet/vendor/qrcode-generator/qrcode.js",
)


@require_safe
def worker(request: HttpRequest) -> HttpResponse:
    """The service worker of ``/w/``; with other files it is another one."""
    del request
    addresses = json.dumps([static(name) for name in FILES])
    source = _source()
    version = hashlib.sha256(f"{addresses}{source}".encode()).hexdigest()[:16]
    head = f'const FILES = {addresses};\nconst VERSION = "{version}";\n'
    response = HttpResponse(head + source, content_type="text/javascript; charset=utf-8")
    response.headers["Cache-Control"] = "no-cache"
    return response


@require_safe
def without_network(request: HttpRequest) -> HttpResponse:
    """The page for what was not kept; the same for everybody, in all languages."""
    return render(request, "wallet/offline.html")


@cache
def _source() -> str:
    return files("kaquan.surfaces.wallet").joinpath("data", "worker.js").read_text(encoding="utf-8")
