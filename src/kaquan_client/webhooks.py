"""Webhooks, for whoever receives them: did Kaquan really send this, now, and unchanged?

Signatures are those of Standard Webhooks, so any library for it does as well. Sealed bodies are
AES-256-GCM under a key derived from the same secret. Answer 2xx within ten seconds, do the work
afterwards, and expect a delivery more than once: ``Event.id`` tells.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import time
from collections.abc import Callable, Mapping, Sequence

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from msgspec import Struct

from kaquan_client.decoding import decode
from kaquan_client.errors import ClientError
from kaquan_client.events import Event

PREFIX = "whsec_"
TOLERANCE_S = 300
ALGORITHM = "AES-256-GCM"
_SIGNATURES_MAX = 20
_BODY_KEY = b"kaquan webhook body v1"
_KEY_NAME = b"kaquan webhook key id"


class _Sealed(Struct, frozen=True):
    """A sealed body; any other has none of these fields."""

    algorithm: str | None = None
    key_id: str = ""
    nonce: bytes = b""  # base64 in JSON
    ciphertext: bytes = b""


class NotGenuine(ClientError):  # noqa: N818  # it reads as what was found
    """The request is not Kaquan's, is old, or was changed on its way. Answer 400 and forget it."""


def verify(
    secret: str | Sequence[str],
    headers: Mapping[str, str],
    body: bytes,
    *,
    now_s: Callable[[], float] = time.time,
) -> Event:
    """The event in a request; ``body`` exactly as it came. Raises `NotGenuine`.

    Several secrets may be given while one replaces the other.
    """
    named = {name.lower(): value for name, value in headers.items()}
    identifier, timestamp = named.get("webhook-id", ""), named.get("webhook-timestamp", "")
    if not identifier or not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) < 13):
        raise NotGenuine("there is no webhook-id or no webhook-timestamp")
    if abs(now_s() - int(timestamp)) > TOLERANCE_S:
        raise NotGenuine("it was sent long ago, or the clocks differ")
    signed = f"{identifier}.{timestamp}.".encode() + body
    given = named.get("webhook-signature", "").split(" ")[:_SIGNATURES_MAX]
    secrets = [secret] if isinstance(secret, str) else secret
    keys = [_key(one) for one in secrets]
    # Every pair is compared, so that the time taken tells nothing about which one fits.
    fits = [_fits(key, signed, one) for key in keys for one in given]
    if not any(fits):
        raise NotGenuine("no signature fits the secret")
    try:
        opened = _opened(body, keys, f"{identifier}.{timestamp}".encode())
        return decode(opened, Event)
    except (msgspec.MsgspecError, ValueError, InvalidTag):
        raise NotGenuine("the body is no event, or sealed with another secret") from None


def _opened(body: bytes, keys: Sequence[bytes], about: bytes) -> bytes:
    """The event's document; a sealed one is opened with the secret that it names."""
    sealed = decode(body, _Sealed)
    if sealed.algorithm is None:
        return body
    if sealed.algorithm != ALGORITHM:
        raise ValueError(sealed.algorithm)
    key = next((key for key in keys if _key_id(key) == sealed.key_id), None)
    if key is None:
        raise ValueError(sealed.key_id)
    cipher = AESGCM(HKDF(algorithm=SHA256(), length=32, salt=None, info=_BODY_KEY).derive(key))
    return cipher.decrypt(sealed.nonce, sealed.ciphertext, about)


def _key_id(key: bytes) -> str:
    return hmac.digest(key, _KEY_NAME, hashlib.sha256)[:8].hex()


def _fits(key: bytes, signed: bytes, given: str) -> bool:
    version, _, text = given.partition(",")
    expected = base64.b64encode(hmac.digest(key, signed, hashlib.sha256))
    return version == "v1" and hmac.compare_digest(expected, text.encode("utf-8", "replace"))


def _key(secret: str) -> bytes:
    try:
        return base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("a webhook's secret is whsec_ and base64") from None
