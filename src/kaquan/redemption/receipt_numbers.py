"""The short numbers by which people name a redemption, hold, reversal or claim: its place in the
ledger.

``R``, ``H``, ``V`` or ``C``, then ``sequence ‖ lane (16 bits) ‖ index (10 bits)`` in Crockford's
symbols without leading zeros, then a check symbol, so that a slip of the finger names nothing
rather than something else. O, I and L are read as 0 and 1; case, spaces and dashes do not count.
"""

from __future__ import annotations

from enum import Enum
from typing import Final

from kaquan.engine.crockford import check_symbol, fold, is_checked, number_of, symbols_of
from kaquan.engine.places import SEQUENCE_BITS, Place, block_number, lane_of, sequence_of

LANE_BITS: Final = 16
INDEX_BITS: Final = 10
_SYMBOL_BITS = 5
_SYMBOLS_MAX = -(-(SEQUENCE_BITS + LANE_BITS + INDEX_BITS) // _SYMBOL_BITS)


class ReceiptKind(Enum):
    """What a number names; its value is the number's first letter."""

    REDEMPTION = "R"
    HOLD = "H"
    REVERSAL = "V"
    CLAIM = "C"


def format_receipt(kind: ReceiptKind, place: Place) -> str:
    """The number of what stands at ``place``, such as ``R80004T``."""
    lane, sequence = lane_of(place.block), sequence_of(place.block)
    assert lane < 1 << LANE_BITS, lane
    assert 0 <= place.index < 1 << INDEX_BITS, place
    number = (sequence << LANE_BITS | lane) << INDEX_BITS | place.index
    symbols = symbols_of(number, -(-number.bit_length() // _SYMBOL_BITS))
    return kind.value + symbols + check_symbol(kind.value + symbols)


def parse_receipt(kind: ReceiptKind, text: str) -> Place | None:
    """The place that a typed number names; None for anything that is no number of this kind."""
    symbols = fold(text)
    if symbols is None or not 3 <= len(symbols) <= _SYMBOLS_MAX + 2:
        return None
    if symbols[0] != kind.value or not is_checked(symbols):
        return None
    rest, index = divmod(number_of(symbols[1:-1]), 1 << INDEX_BITS)
    sequence, lane = divmod(rest, 1 << LANE_BITS)
    if not lane or not 0 < sequence < 1 << SEQUENCE_BITS:
        return None
    return Place(block_number(lane, sequence), index)
