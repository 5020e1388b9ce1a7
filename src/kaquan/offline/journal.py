"""A device's journal: what one line of it says, who signed it, and how lines hang together.

A line is a use, or takes a use back that was not handed in yet. Each holds the hash of the line
before, so that none can be taken out unseen. The page writes the same lines
(``offline-journal.js``), which ``tests/counter/test_offline.py`` hands in.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

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
UNDO_TITLE: Final = "kaquan offline undo 1"
BEGINNING: Final = "kaquan offline journal\n"
LINES: Final = 14
UNDO_LINES: Final = 11
TEXT_CHARACTERS_MAX: Final = 1_000
_SIGNATURE_BYTES = 64
_HASH = re.compile(r"[0-9a-f]{64}")
_NUMBER = re.compile(r"0|[1-9][0-9]{0,15}")
_ORDER_NO = re.compile(r"[^\x00-\x1f\x7f\ud800-\udfff]{0,64}")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS_MAX = 32_503_680_000_000  # the year 3000


class Signed(Struct, frozen=True, kw_only=True):
    """What every line says.

    ``said_ms`` is when it was, by the server's clock as far as the device can tell; ``wall_ms`` by
    its own; ``elapsed_ms`` since its page began, by a clock that nobody sets.
    """

    device: int
    counter: int
    previous: str
    grant: int
    shift: int
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


class Line(Signed, frozen=True, kw_only=True):
    """What a device says of one use; ``order_fen`` None: nobody asked for the order's amount."""

    code_hash: str
    serial: int
    amount_fen: int
    order_fen: int | None
    order_no: str


class UndoLine(Signed, frozen=True, kw_only=True):
    """What it says of a use that it took back, by that line's number and hash."""

    undone: int
    undone_hash: str


def beginning(device_id: int) -> str:
    """What a journal's first line names as the hash before it."""
    return hashlib.sha256(f"{BEGINNING}{device_id}".encode()).hexdigest()


def line_text(line: Line | UndoLine) -> str:
    """A line as it is hashed and signed."""
    begins = (line.device, line.counter, line.previous, line.grant, line.shift)
    says: tuple[object, ...]
    if isinstance(line, UndoLine):
        title, says = UNDO_TITLE, (line.undone, line.undone_hash)
    else:
        order_fen = "" if line.order_fen is None else line.order_fen
        title = TITLE
        says = (line.code_hash, line.serial, line.amount_fen, order_fen, line.order_no)
    clocks = (line.said_ms, line.wall_ms, line.elapsed_ms)
    return "\n".join(map(str, (title, *begins, *says, *clocks)))


def line_hash(text: str) -> bytes:
    """What the next line names."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


def read_line(text: str) -> Line | UndoLine | None:
    """What a text says; None where it is no line that the page could have written."""
    parts = text.split("\n") if len(text) <= TEXT_CHARACTERS_MAX else []
    if len(parts) == LINES and parts[0] == TITLE:
        return _use_of(parts)
    if len(parts) == UNDO_LINES and parts[0] == UNDO_TITLE:
        return _undo_of(parts)
    return None


def _use_of(parts: list[str]) -> Line | None:
    begun = _begun(parts)
    code_hash, number, amount, order, order_no = parts[6:11]
    if begun is None or not _HASH.fullmatch(code_hash) or not _ORDER_NO.fullmatch(order_no):
        return None
    if not all(map(_NUMBER.fullmatch, (number, amount, order or "0"))):
        return None
    serial, amount_fen, order_fen = int(number), int(amount), int(order) if order else None
    if not (0 <= serial < SERIAL_END and 0 < amount_fen <= MAX_FEN):
        return None
    if not 0 <= (order_fen or 0) <= MAX_FEN:
        return None
    return Line(
        **begun,
        code_hash=code_hash,
        serial=serial,
        amount_fen=amount_fen,
        order_fen=order_fen,
        order_no=order_no,
    )


def _undo_of(parts: list[str]) -> UndoLine | None:
    begun = _begun(parts)
    undone, undone_hash = parts[6:8]
    if begun is None or not _NUMBER.fullmatch(undone) or not _HASH.fullmatch(undone_hash):
        return None
    if not 0 < int(undone) < int(begun["counter"]):
        return None
    return UndoLine(**begun, undone=int(undone), undone_hash=undone_hash)


def _begun(parts: list[str]) -> dict[str, Any] | None:
    """What every line says: its beginning, and the clocks at its end."""
    numbers = [parts[index] for index in (1, 2, 4, 5, -3, -2, -1)]
    if not all(map(_NUMBER.fullmatch, numbers)) or not _HASH.fullmatch(parts[3]):
        return None
    names = ("device", "counter", "grant", "shift", "said_ms", "wall_ms", "elapsed_ms")
    begun: dict[str, Any] = dict(zip(names, map(int, numbers), strict=True))
    if begun["counter"] < 1 or max(begun["said_ms"], begun["wall_ms"]) > _MS_MAX:
        return None
    return begun | {"previous": parts[3]}


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
