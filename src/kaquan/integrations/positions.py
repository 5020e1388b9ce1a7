"""How far someone has read the events: a cursor that others keep and give back.

It holds the last block of each lane, and where a reader stopped inside a block, that event. In text
it is base64url of MessagePack; nobody but us reads it.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping

import msgspec
from msgspec import Struct

from kaquan.engine.places import SEQUENCE_BITS, block_number, lane_of, sequence_of
from kaquan.integrations.errors import cursor_invalid
from kaquan.integrations.events import Event

TEXT_MAX = 8_192
_LANES_MAX = 1 << 22
_SEQUENCES_MAX = 1 << SEQUENCE_BITS

Partial = tuple[int, int, int]


class Position(Struct, frozen=True):
    """Everything up to ``cut`` has been read, and of the block after it in one lane (``partial``:
    lane, index, number) everything up to that event."""

    cut: Mapping[int, int] = {}
    partial: Partial | None = None

    def covers(self, event: Event) -> bool:
        """Whether an event lies behind."""
        lane = lane_of(event.block)
        done = self.cut.get(lane, lane << SEQUENCE_BITS)
        if event.block <= done:
            return True
        if self.partial is None or self.partial[0] != lane or event.block != done + 1:
            return False
        return (event.index, event.number) <= self.partial[1:]

    def after_event(self, event: Event) -> Position:
        """Right behind an event of the block that comes next in its lane."""
        return Position(self.cut, (lane_of(event.block), event.index, event.number))

    def after_block(self, block: int) -> Position:
        """Behind a whole block."""
        return Position({**self.cut, lane_of(block): block})

    def reaches(self, cut: Mapping[int, int]) -> bool:
        """Whether everything up to a cut lies behind, and no block is half read."""
        return self.partial is None and all(
            self.cut.get(lane, 0) >= block for lane, block in cut.items()
        )

    def text(self) -> str:
        """The cursor as others keep it."""
        flat: list[int] = []
        for lane, block in sorted(self.cut.items()):
            flat += (lane, sequence_of(block))
        packed = _encoder.encode(_Packed(flat, self.partial))
        return base64.urlsafe_b64encode(packed).rstrip(b"=").decode()


class _Packed(Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    lanes: list[int]
    partial: Partial | None = None


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(_Packed)


def parse_position(text: str) -> Position:
    """The position that ``text`` says; raises ``cursor_invalid`` for what we never gave out."""
    try:
        if len(text) > TEXT_MAX:
            raise ValueError
        padded = text.encode("ascii") + b"=" * (-len(text) % 4)
        packed = _decoder.decode(base64.b64decode(padded, altchars=b"-_", validate=True))
        cut = {
            lane: lane << SEQUENCE_BITS if sequence == 0 else block_number(lane, sequence)
            for lane, sequence in zip(packed.lanes[::2], packed.lanes[1::2], strict=True)
            if _is_sound(lane, sequence)
        }
    except (ValueError, binascii.Error, msgspec.MsgspecError):
        raise cursor_invalid() from None
    partial = packed.partial
    if partial is not None and not (_is_sound(partial[0], 0) and min(partial[1:]) >= 0):
        raise cursor_invalid()
    return Position(cut, partial)


def _is_sound(lane: int, sequence: int) -> bool:
    if not (0 < lane < _LANES_MAX and 0 <= sequence < _SEQUENCES_MAX):
        raise cursor_invalid()
    return True
