"""Webhooks, for whoever receives them: did Kaquan really send this, now, and unchanged?

Signatures are those of Standard Webhooks, so any library for it does as well. Answer 2xx within ten
seconds, do the work afterwards, and expect a delivery more than once: ``Event.id`` tells.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import time
from collections.abc import Callable, Mapping, Sequence

import msgspec

from kaquan_client.errors import ClientError
from kaquan_client.events import Event

PREFIX = "whsec_"
TOLERANCE_S = 300
_SIGNATURES_MAX = 20


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
        return msgspec.json.decode(body, type=Event)
    except msgspec.MsgspecError:
        raise NotGenuine("the body is no event") from None


def _fits(key: bytes, signed: bytes, given: str) -> bool:
    version, _, text = given.partition(",")
    expected = base64.b64encode(hmac.digest(key, signed, hashlib.sha256))
    return version == "v1" and hmac.compare_digest(expected, text.encode("utf-8", "replace"))


def _key(secret: str) -> bytes:
    try:
        return base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("a webhook's secret is whsec_ and base64") from None
