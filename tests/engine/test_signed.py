"""Signed codes: what they say is what was signed, and nothing else is taken."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path

import msgspec
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from kaquan.engine.codes import CodeFault
from kaquan.engine.crockford import number_of, symbols_of
from kaquan.engine.signed import SIGNED_SYMBOLS, SignedVoucher, encode_signed, read_signed

VECTORS = Path(__file__).parent / "vectors" / "signed.json"
KEYS = {number: Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32) for number in (1, 2)}
VOUCHER = SignedVoucher(1, 7, 123_456_789, 42, 5_000, date(2026, 10, 1), date(2026, 12, 31))


def verify(key_id: int, message: bytes, signature: bytes) -> bool:
    """As a device does, with the public keys that it has."""
    if key_id not in KEYS:
        return False
    public: Ed25519PublicKey = KEYS[key_id].public_key()
    try:
        public.verify(signature, message)
    except InvalidSignature:
        return False
    return True


def test_a_signed_code_says_what_was_signed_in_either_case() -> None:
    text = encode_signed(VOUCHER, KEYS[1].sign)
    assert len(text) == SIGNED_SYMBOLS
    assert read_signed(text, verify) == VOUCHER
    assert read_signed(text.lower(), verify) == VOUCHER


def test_the_vectors_read_and_write_the_same() -> None:
    for vector in json.loads(VECTORS.read_text("utf-8")):
        voucher = msgspec.convert(vector["voucher"], SignedVoucher)
        private = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(vector["private_key"]))
        assert private.public_key().public_bytes_raw().hex() == vector["public_key"]
        assert encode_signed(voucher, private.sign) == vector["text"]
        assert read_signed(vector["text"], verify) == voucher


def test_no_flipped_bit_is_accepted() -> None:
    number = number_of(encode_signed(VOUCHER, KEYS[1].sign))
    for bit in range(5 * SIGNED_SYMBOLS):
        answer = read_signed(symbols_of(number ^ 1 << bit, SIGNED_SYMBOLS), verify)
        assert isinstance(answer, CodeFault), bit


def test_another_key_or_an_unknown_one_is_refused() -> None:
    assert read_signed(encode_signed(VOUCHER, KEYS[2].sign), verify) is CodeFault.FORGED
    unknown = msgspec.structs.replace(VOUCHER, key_id=9)
    assert read_signed(encode_signed(unknown, KEYS[1].sign), verify) is CodeFault.FORGED


@pytest.mark.parametrize(
    "spoil",
    [
        lambda t: t[:-1],
        lambda t: t + "0",
        lambda t: "U" + t[1:],
        lambda t: "\uff10" + t[1:],
        lambda _: "",
        lambda t: "-" + t[1:],
    ],
)
def test_any_other_text_is_malformed(spoil: Callable[[str], str]) -> None:
    assert read_signed(spoil(encode_signed(VOUCHER, KEYS[1].sign)), verify) is CodeFault.MALFORMED


@pytest.mark.parametrize(
    "wrong",
    [
        {"key_id": 256},
        {"issuer": 1 << 24},
        {"serial": 1 << 38},
        {"serial": -1},
        {"value_fen": -1},
        {"value_fen": 1 << 32},
        {"offer_version": 1 << 24},
        {"last_day": date(2026, 9, 30)},
        {"first_day": date(1969, 12, 31)},
        {"last_day": date(2200, 1, 1)},
    ],
)
def test_what_does_not_fit_is_not_written(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"serial|last day|does not fit"):
        encode_signed(msgspec.structs.replace(VOUCHER, **wrong), KEYS[1].sign)
