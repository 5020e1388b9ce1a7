"""A device's journal: what one line of it says, who signed it, and how lines hang together.

Each line holds the hash of the line before, so that none can be taken out unseen. The page writes
the same lines (``offline-journal.js``), which ``tests/counter/test_offline.py`` hands in.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    EllipticCurvePublicNumbers,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from msgspec import Struct

from kaquan.engine.money import MAX_FEN
from kaquan.engine.shards import SERIAL_END

TITLE: Final = "kaquan offline use 1"
BEGINNING: Final = "kaquan offline journal\n"
LINES: Final = 14
TEXT_CHARACTERS_MAX: Final = 1_000
_SIGNATURE_BYTES = 64
_HASH = re.compile(r"[0-9a-f]{64}")
_NUMBER = re.compile(r"0|[1-9][0-9]{0,15}")
_ORDER_NO = re.compile(r"[^\x00-\x1f\x7f\ud800-\udfff]{0,64}")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS_MAX = 32_503_680_000_000  # the year 3000


class Line(Struct, frozen=True):
    """What a device says of one use.

    ``said_ms`` is when it was, by the server's clock as far as the device can tell; ``wall_ms`` by
    its own; ``elapsed_ms`` since its page began, by a clock that nobody sets. ``order_fen`` None:
    nobody asked for the order's amount.
    """

    device: int
    counter: int
    previous: str
    grant: int
    shift: int
    code_hash: str
    serial: int
    amount_fen: int
    order_fen: int | None
    order_no: str
    said_ms: int
    wall_ms: int
    elapsed_ms: int

    @property
    def said_at(self) -> datetime:
        """The moment it names."""
        return _EPOCH + timedelta(milliseconds=self.said_ms)

    @property
    def wall_at(self) -> datetime:
        """The moment by the device's clock."""
        return _EPOCH + timedelta(milliseconds=self.wall_ms)


def beginning(device_id: int) -> str:
    """What a journal's first line names as the hash before it."""
    return hashlib.sha256(f"{BEGINNING}{device_id}".encode()).hexdigest()


def line_text(line: Line) -> str:
    """A line as it is hashed and signed."""
    return "\n".join(
        [
            TITLE,
            str(line.device),
            str(line.counter),
            line.previous,
            str(line.grant),
            str(line.shift),
            line.code_hash,
            str(line.serial),
            str(line.amount_fen),
            "" if line.order_fen is None else str(line.order_fen),
            line.order_no,
            str(line.said_ms),
            str(line.wall_ms),
            str(line.elapsed_ms),
        ]
    )


def line_hash(text: str) -> bytes:
    """What the next line names."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


def read_line(text: str) -> Line | None:
    """What a text says; None where it is no line that the page could have written."""
    parts = text.split("\n") if len(text) <= TEXT_CHARACTERS_MAX else []
    if len(parts) != LINES or parts[0] != TITLE or not _ORDER_NO.fullmatch(parts[10]):
        return None
    numbers = [parts[index] for index in (1, 2, 4, 5, 7, 8, 11, 12, 13)]
    hashes = (parts[3], parts[6])
    if not all(map(_NUMBER.fullmatch, numbers)) or not all(map(_HASH.fullmatch, hashes)):
        return None
    if parts[9] and not _NUMBER.fullmatch(parts[9]):
        return None
    device, counter, grant, shift, serial, amount_fen, said, wall, elapsed = map(int, numbers)
    order_fen = int(parts[9]) if parts[9] else None
    if not (counter > 0 and 0 <= serial < SERIAL_END and 0 < amount_fen <= MAX_FEN):
        return None
    if max(said, wall) > _MS_MAX or not 0 <= (order_fen or 0) <= MAX_FEN:
        return None
    return Line(
        *(device, counter, hashes[0], grant, shift, hashes[1], serial, amount_fen),
        *(order_fen, parts[10], said, wall, elapsed),
    )


def is_signed(text: str, signature: bytes, jwk: Mapping[str, str]) -> bool:
    """Whether a device's key signed a line; keys are as ``terminals.registering`` keeps them."""
    if len(signature) != _SIGNATURE_BYTES:
        return False
    message = text.encode("utf-8", "surrogatepass")
    try:
        if jwk["kty"] == "OKP":
            Ed25519PublicKey.from_public_bytes(_bytes_of(jwk["x"])).verify(signature, message)
        else:
            x, y = (int.from_bytes(_bytes_of(jwk[name])) for name in ("x", "y"))
            r, s = (int.from_bytes(half) for half in (signature[:32], signature[32:]))
            key = EllipticCurvePublicNumbers(x, y, SECP256R1()).public_key()
            key.verify(encode_dss_signature(r, s), message, ECDSA(SHA256()))
    except (InvalidSignature, ValueError):
        return False
    return True


def _bytes_of(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
