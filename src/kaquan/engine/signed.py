"""A voucher that a device can judge without a network: what it is, signed by the issuer's key.

    version₁ ‖ key₁ ‖ issuer₃ ‖ serial₈ ‖ offer version₃ ‖ value in fen₄ ‖ first day₂ ‖ last day₂
    ‖ Ed25519 signature₆₄ = 88 bytes = 141 symbols

Big-endian integers, their width in bytes as index; days since 1970-01-01, both inclusive. The
signature is over ``SIGNED_CONTEXT`` and the first 24 bytes. The 704 bits are written as one number
in 141 symbols of Crockford's alphabet, so that a QR code of version 6-M holds them. Such a code is
scanned, never typed: nothing is folded but lower case, and each voucher has one text.
``tests/engine/vectors/signed.json`` has examples.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from datetime import date, timedelta
from typing import Final

from msgspec import Struct

from kaquan.engine.codes import CodeFault
from kaquan.engine.crockford import ALPHABET, number_of, symbols_of
from kaquan.engine.shards import SERIAL_END

VERSION: Final = 1
SIGNED_CONTEXT: Final = b"kaquan signed voucher\x00"
SIGNATURE_BYTES: Final = 64
CLAIM_BYTES: Final = 24
SIGNED_SYMBOLS: Final = 141

_CLAIM = struct.Struct(">BB3sQ3sIHH")
_SIGNED_BITS = 8 * (CLAIM_BYTES + SIGNATURE_BYTES)
_SYMBOLS = frozenset(ALPHABET)
_FIRST_DAY = date(1970, 1, 1)
LAST_DAY: Final = _FIRST_DAY + timedelta(days=2**16 - 1)
VALUE_FEN_MAX: Final = 2**32 - 1

Signer = Callable[[bytes], bytes]
"""Signs a message with the key that the voucher names."""
Verifier = Callable[[int, bytes, bytes], bool]
"""Whether the key with this number signed this message so; False for a key that is not known."""


class SignedVoucher(Struct, frozen=True):
    """What a signed code says."""

    key_id: int
    issuer: int
    serial: int
    offer_version: int
    value_fen: int
    first_day: date
    last_day: date


def encode_signed(voucher: SignedVoucher, sign: Signer) -> str:
    """The code's text; ``ValueError`` for numbers or days that do not fit it."""
    claim = _claim_of(voucher)
    signature = sign(SIGNED_CONTEXT + claim)
    if len(signature) != SIGNATURE_BYTES:
        raise ValueError(f"a signature has {SIGNATURE_BYTES} bytes, not {len(signature)}")
    return symbols_of(int.from_bytes(claim + signature, "big"), SIGNED_SYMBOLS)


def is_signed_form(text: str) -> bool:
    """Whether a text has this form; nothing is said about whether it is good."""
    return len(text) == SIGNED_SYMBOLS and text.isascii() and _SYMBOLS.issuperset(text.upper())


def read_signed(text: str, verify: Verifier) -> SignedVoucher | CodeFault:
    """What a code says, if a known key signed it; any string is answered."""
    if not is_signed_form(text):
        return CodeFault.MALFORMED
    number = number_of(text.upper())
    if number >> _SIGNED_BITS:
        return CodeFault.MALFORMED
    whole = number.to_bytes(CLAIM_BYTES + SIGNATURE_BYTES, "big")
    claim, signature = whole[:CLAIM_BYTES], whole[CLAIM_BYTES:]
    if claim[0] != VERSION:
        return CodeFault.MALFORMED
    if not verify(claim[1], SIGNED_CONTEXT + claim, signature):
        return CodeFault.FORGED
    return _voucher_of(claim)


def _claim_of(voucher: SignedVoucher) -> bytes:
    if not 0 <= voucher.serial < SERIAL_END:
        raise ValueError(f"serial {voucher.serial} is not within 0…{SERIAL_END - 1}")
    if voucher.last_day < voucher.first_day:
        raise ValueError("a voucher's last day is not before its first")
    try:
        return _CLAIM.pack(
            VERSION,
            voucher.key_id,
            voucher.issuer.to_bytes(3, "big"),
            voucher.serial,
            voucher.offer_version.to_bytes(3, "big"),
            voucher.value_fen,
            (voucher.first_day - _FIRST_DAY).days,
            (voucher.last_day - _FIRST_DAY).days,
        )
    except (struct.error, OverflowError) as error:
        raise ValueError(f"does not fit a signed code: {error}") from error


def _voucher_of(claim: bytes) -> SignedVoucher:
    _, key_id, issuer, serial, offer_version, value_fen, first_day, last_day = _CLAIM.unpack(claim)
    return SignedVoucher(
        key_id=key_id,
        issuer=int.from_bytes(issuer, "big"),
        serial=serial,
        offer_version=int.from_bytes(offer_version, "big"),
        value_fen=value_fen,
        first_day=_FIRST_DAY + timedelta(days=first_day),
        last_day=_FIRST_DAY + timedelta(days=last_day),
    )
