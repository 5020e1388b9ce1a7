"""Signed requests: ``Kaquan-Signature: t=<unix seconds>,n=<nonce>,v1=<hex>``.

``v1`` is the HMAC-SHA-256, under the key's signing secret, of six lines: the time, the nonce, the
method, the path with its query, the Idempotency-Key (or nothing) and the body's SHA-256 in hex.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import threading
from collections.abc import Callable
from typing import Final

from kaquan.access.errors import (
    BUSY,
    SIGNATURE_INVALID,
    SIGNATURE_REPEATED,
    SIGNATURE_TOO_OLD,
    CallRefusal,
)
from kaquan.foundation import clock

WINDOW_S: Final = 300
NONCES_MAX: Final = 1_000_000
_BUCKET_S: Final = 60
_HEADER = re.compile(r"t=([0-9]{1,12}),n=([A-Za-z0-9_-]{8,64}),v1=([0-9a-f]{64})")


class SeenNonces:
    """The nonces of the window, in this process alone.

    Another process would take a copied request a second time. That does no harm: every request
    that changes something carries an Idempotency-Key, which is signed too, so its copy gets the
    first one's answer and has no effect; and what a copied question is answered went to whoever
    asked it first. A table of nonces would cost each signed request a commit for nothing.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._buckets: dict[int, set[int]] = {}
        self._count = 0

    def add(self, key_id: int, nonce: str, at_s: int, now_s: float) -> CallRefusal | None:
        """Remember a nonce for as long as its time is good; a refusal where it is known."""
        mark = hash((key_id, nonce))  # 64 bits under this process's own random key
        with self._lock:
            self._drop_old(now_s)
            if self._count >= NONCES_MAX:
                return BUSY
            seen = self._buckets.setdefault(at_s // _BUCKET_S, set())
            if mark in seen:
                return SIGNATURE_REPEATED
            seen.add(mark)
            self._count += 1
            return None

    def _drop_old(self, now_s: float) -> None:
        oldest = int(now_s - WINDOW_S) // _BUCKET_S
        for bucket in [bucket for bucket in self._buckets if bucket < oldest]:
            self._count -= len(self._buckets.pop(bucket))


class SignatureCheck:
    """Checks signatures against the clock and the nonces seen."""

    def __init__(self, unix_s: Callable[[], float] = clock.unix_s) -> None:
        self._unix_s = unix_s
        self._seen = SeenNonces()

    def refusal(
        self,
        *,
        secret: bytes | None,
        key_id: int,
        signature: str,
        method: str,
        path: str,
        idempotency_key: str | None,
        body: bytes,
    ) -> CallRefusal | None:
        """Why the signature does not hold, or None."""
        match = _HEADER.fullmatch(signature)
        if match is None or secret is None:
            return SIGNATURE_INVALID
        at_text, nonce, given = match.groups()
        lines = (
            at_text,
            nonce,
            method,
            path,
            idempotency_key or "",
            hashlib.sha256(body).hexdigest(),
        )
        message = "\n".join(lines).encode("utf-8", "surrogatepass")
        if not hmac.compare_digest(hmac.digest(secret, message, "sha256").hex(), given):
            return SIGNATURE_INVALID
        at_s, now_s = int(at_text), self._unix_s()
        if abs(now_s - at_s) > WINDOW_S:
            return SIGNATURE_TOO_OLD
        return self._seen.add(key_id, nonce, at_s, now_s)
