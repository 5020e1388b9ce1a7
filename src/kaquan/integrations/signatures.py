"""How a receiver knows that a webhook is ours: Standard Webhooks signatures, and sealed bodies.

Signature: ``v1,`` and base64 of HMAC-SHA256 over ``webhook-id.webhook-timestamp.body``, with the
bytes that stand in base64 behind ``whsec_``. While a secret is being replaced there are two
signatures, one with each, separated by a space.

Sealed body, for who asked for it: a JSON object

    {"algorithm": "AES-256-GCM", "key_id": "5f0c…", "nonce": "…", "ciphertext": "…"}

with nonce (12 bytes) and ciphertext (its 16-byte tag at the end) in base64. The key is
HKDF-SHA256 (32 bytes, no salt, info ``kaquan webhook body v1``) of the secret's bytes; the
associated data is ``webhook-id.webhook-timestamp``. ``key_id`` is the first 16 hex digits of
HMAC-SHA256 over ``kaquan webhook key id`` with the secret's bytes. The signature covers the sealed
body as it is sent. While a secret is being replaced, bodies are sealed with the old one until it
ends, so that a receiver has that time to learn the new one.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Sequence

import msgspec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

SECRET_PREFIX = "whsec_"  # noqa: S105  # the public mark of such secrets, not one of them
SECRET_BYTES = 32
NONCE_BYTES = 12
ALGORITHM = "AES-256-GCM"
_BODY_KEY = b"kaquan webhook body v1"
_KEY_NAME = b"kaquan webhook key id"


def new_secret() -> str:
    """A secret that nobody has seen."""
    return SECRET_PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def signature_headers(
    *, event_id: str, timestamp_s: int, body: bytes, secrets_newest_first: Sequence[str]
) -> dict[str, str]:
    """The three headers of a delivery, signed with each secret that is good now."""
    signed = f"{event_id}.{timestamp_s}.".encode() + body
    signatures = [
        base64.b64encode(hmac.digest(_bytes_of(one), signed, hashlib.sha256)).decode()
        for one in secrets_newest_first
    ]
    return {
        "webhook-id": event_id,
        "webhook-timestamp": str(timestamp_s),
        "webhook-signature": " ".join(f"v1,{one}" for one in signatures),
    }


def sealed_body(*, event_id: str, timestamp_s: int, body: bytes, secret: str) -> bytes:
    """The body for the eyes of those who know the secret."""
    key = _bytes_of(secret)
    cipher = AESGCM(HKDF(algorithm=SHA256(), length=32, salt=None, info=_BODY_KEY).derive(key))
    nonce = secrets.token_bytes(NONCE_BYTES)
    sealed = cipher.encrypt(nonce, body, f"{event_id}.{timestamp_s}".encode())
    return msgspec.json.encode(
        {
            "algorithm": ALGORITHM,
            "key_id": key_id(secret),
            "nonce": base64.b64encode(nonce).decode(),
            "ciphertext": base64.b64encode(sealed).decode(),
        }
    )


def key_id(secret: str) -> str:
    """16 hex digits that tell secrets apart and say nothing about them."""
    return hmac.digest(_bytes_of(secret), _KEY_NAME, hashlib.sha256)[:8].hex()


def _bytes_of(secret: str) -> bytes:
    return base64.b64decode(secret.removeprefix(SECRET_PREFIX))
