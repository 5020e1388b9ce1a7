"""Where something stands in the ledger.

A block's number packs its lane and its sequence: ``lane << 40 | seq``. A lane belongs to one
writer and has room for 2**40 blocks, so numbers of one lane are in its own order and never collide
with another's.
"""

from __future__ import annotations

from msgspec import Struct

SEQUENCE_BITS = 40
_SEQUENCE_MASK = (1 << SEQUENCE_BITS) - 1


class Place(Struct, frozen=True, gc=False, array_like=True, order=True):
    """Where something stands in the ledger: block number, and command index within the block."""

    block: int
    index: int


def block_number(lane: int, sequence: int) -> int:
    """The packed number of block ``sequence`` (from 1) of ``lane`` (from 1)."""
    assert 0 < lane < 1 << 22, lane
    assert 0 < sequence <= _SEQUENCE_MASK, sequence
    return lane << SEQUENCE_BITS | sequence


def lane_of(block: int) -> int:
    """The lane that a packed block number belongs to."""
    return block >> SEQUENCE_BITS


def sequence_of(block: int) -> int:
    """The place of a block within its lane."""
    return block & _SEQUENCE_MASK
