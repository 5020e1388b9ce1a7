"""What a phone shows at a till: a handle for the voucher, and a password that is soon over.

``K1`` + 8 symbols (the serial, permuted by a key) + 8 digits (RFC 6238). A picture of it holds
neither the voucher's code nor its serial, and after a minute nothing that a till would take.
Each hand that a voucher is in has a secret of its own (``codes`` says what a hand is); two bits
that the handle has to spare say the hand modulo 4, so that a reader has few to try.
``K2`` stands for a member instead of a voucher, under keys of its own; its hand is 0.
"""

from __future__ import annotations

import hmac
from datetime import datetime

from kaquan.engine.codes import HAND_MAX, CodeFault, Presented
from kaquan.engine.crockford import fold, number_of, symbols_of
from kaquan.engine.shards import SERIAL_BITS, SERIAL_END
from kaquan.engine.totp import DIGITS, is_current, password, step_of

PROFILE = "K1"
MEMBER_PROFILE = "K2"
HANDLE_SYMBOLS = 8
TEXT_SYMBOLS = len(PROFILE) + HANDLE_SYMBOLS + DIGITS
_HALF_BITS = 19
_HALF_MASK = (1 << _HALF_BITS) - 1
_ROUNDS = 6
_HANDS_TOLD = 4


class DynamicKey:
    """What handles and secrets are made with; ``secret`` is a key of the code ring. What is said
    here of serials counts for members' numbers as well, under a key of their ``profile``."""

    def __init__(self, secret: bytes, profile: str = PROFILE) -> None:
        name = {PROFILE: b"kaquan dynamic code", MEMBER_PROFILE: b"kaquan member code"}[profile]
        self.profile = profile
        self._handle_key = hmac.digest(secret, name + b": handle", "sha256")
        self._secret_key = hmac.digest(secret, name + b": password", "sha256")

    def secret_of(self, serial: int, hand: int = 0) -> bytes:
        """A voucher's own secret in a hand; it tells nothing of any other."""
        of_hand = bytes([hand]) if hand else b""
        return hmac.digest(self._secret_key, serial.to_bytes(8, "big") + of_hand, "sha256")

    def handle_of(self, serial: int, hand: int = 0) -> str:
        """The symbols that stand for a serial in a hand."""
        if not 0 <= serial < SERIAL_END:
            raise ValueError(f"serial {serial} is not within 0…{SERIAL_END - 1}")
        left, right = serial >> _HALF_BITS, serial & _HALF_MASK
        for number in range(_ROUNDS):
            left, right = right, left ^ self._round(number, right)
        hidden = hand % _HANDS_TOLD << SERIAL_BITS | left << _HALF_BITS | right
        return symbols_of(hidden, HANDLE_SYMBOLS)

    def read(self, handle: str) -> tuple[int, range]:
        """The serial again, and the hands that it may be in."""
        told, hidden = divmod(number_of(handle), SERIAL_END)
        left, right = hidden >> _HALF_BITS, hidden & _HALF_MASK
        for number in reversed(range(_ROUNDS)):
            left, right = right ^ self._round(number, left), left
        last = HAND_MAX if self.profile == PROFILE else 0
        return left << _HALF_BITS | right, range(told, last + 1, _HANDS_TOLD)

    def _round(self, number: int, half: int) -> int:
        digest = hmac.digest(self._handle_key, bytes([number]) + half.to_bytes(4, "big"), "sha256")
        return int.from_bytes(digest[:4], "big") & _HALF_MASK


def text_at(key: DynamicKey, serial: int, at: datetime, hand: int = 0) -> str:
    """What a phone shows at a moment."""
    shown = password(key.secret_of(serial, hand), step_of(at))
    return key.profile + key.handle_of(serial, hand) + shown


def is_dynamic(text: str, profile: str = PROFILE) -> bool:
    """Whether a text has this form; nothing is said about whether it is good."""
    symbols = fold(text)
    return symbols is not None and len(symbols) == TEXT_SYMBOLS and symbols.startswith(profile)


def read_dynamic(keys: tuple[DynamicKey, ...], text: str, at: datetime) -> Presented | CodeFault:
    """What stands behind a text of this form that is of now; any string is answered."""
    symbols = fold(text)
    if symbols is None or not keys or not is_dynamic(symbols, keys[0].profile):
        return CodeFault.MALFORMED
    handle = symbols[len(PROFILE) : len(PROFILE) + HANDLE_SYMBOLS]
    presented = symbols[-DIGITS:]
    if not (presented.isascii() and presented.isdigit()):
        return CodeFault.MALFORMED
    for key in keys:
        serial, hands = key.read(handle)
        for hand in hands:
            if is_current(key.secret_of(serial, hand), presented, at):
                return Presented(serial, hand)
    return CodeFault.FORGED
