"""Signed requests: what a till sends along so that a copied request is worth nothing.

``Kaquan-Signature: t=<unix seconds>,n=<nonce>,v1=<hex>`` where ``v1`` is the HMAC-SHA-256 under the
key's signing secret of six lines: time, nonce, method, path with query, Idempotency-Key (or
nothing), and the body's SHA-256 in hexadecimal. Each attempt is signed anew.
"""

from __future__ import annotations

import hashlib
import hmac

HEADER = "Kaquan-Signature"


def sign(
    secret: str, *, at_s: int, nonce: str, method: str, path: str, key: str | None, body: bytes
) -> str:
    """The header's value for one request; ``path`` as it goes over the wire, with its query."""
    lines = [str(at_s), nonce, method, path, key or "", hashlib.sha256(body).hexdigest()]
    digest = hmac.new(secret.encode(), "\n".join(lines).encode(), hashlib.sha256)
    return f"t={at_s},n={nonce},v1={digest.hexdigest()}"
