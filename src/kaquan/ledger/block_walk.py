"""Blocks from the newest back, all lanes merged by time, to be gone on with where one stopped.

Where a walk stands is a position: for each lane the newest block not yet passed. So nothing is
shown twice or left out, whatever is booked meanwhile and whatever the clock did.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import psycopg
from msgspec import Struct

from kaquan.engine.places import block_number, lane_of, sequence_of

Connection = psycopg.Connection[Any]
Position = dict[int, int]
"""The newest block not yet passed, by lane; a lane that is done is not there."""

_HEADS_AT_ONCE = 64
_HEADS_AT_ONCE_MAX = 1_024
"""Most pages need few; one that looks far back reads more and more at once."""


class BlockHead(Struct, frozen=True):
    """A block without what it holds."""

    block: int
    committed_at: datetime
    entry_count: int
    record_count: int


def newest_position(connection: Connection, until: datetime | None = None) -> Position:
    """Where a walk begins: at the last block of each lane, or the last one booked before a moment.

    The latter is found by halving, because blocks of a lane are booked one after another.
    """
    heads = connection.execute(
        "SELECT lane, last_block FROM ledger_lane WHERE last_block > lane::bigint << 40"
    ).fetchall()
    if until is None:
        return dict(heads)
    found = connection.execute(_HALVING, {"until": until}).fetchall()
    assert len(found) >= len(heads), (heads, found)  # a new writer may have come meanwhile
    return {lane: last for lane, last in found if sequence_of(last)}


def blocks_back(
    connection: Connection, position: Position, since: datetime | None = None
) -> Iterator[BlockHead]:
    """Blocks from a position back, the latest first; those booked before a moment are left out."""
    lanes = [_Lane(connection, last, since) for last in position.values()]
    waiting = [(lane.order(), number) for number, lane in enumerate(lanes) if lane.head]
    heapq.heapify(waiting)
    while waiting:
        _, number = heapq.heappop(waiting)
        lane = lanes[number]
        yield lane.take()
        if lane.head:
            heapq.heappush(waiting, (lane.order(), number))


def passed(position: Position, block: int) -> Position:
    """The position behind a block that was the next of its lane."""
    lane = lane_of(block)
    rest = {one: last for one, last in position.items() if one != lane}
    return rest if sequence_of(block) == 1 else rest | {lane: block - 1}


class _Lane:
    """One lane's blocks, read a few at a time."""

    def __init__(self, connection: Connection, last: int, since: datetime | None) -> None:
        self._connection = connection
        self._next = last
        self._since = since
        self._read: deque[BlockHead] = deque()
        self._at_once = _HEADS_AT_ONCE
        self._fill()

    @property
    def head(self) -> BlockHead | None:
        return self._read[0] if self._read else None

    def order(self) -> tuple[float, int]:
        head = self._read[0]
        return -head.committed_at.timestamp(), -head.block

    def take(self) -> BlockHead:
        head = self._read.popleft()
        if not self._read:
            self._fill()
        return head

    def _fill(self) -> None:
        if self._next < 0:
            return
        first = block_number(lane_of(self._next), 1)
        rows = self._connection.execute(
            "SELECT block, committed_at, entry_count, record_count FROM ledger_block"
            " WHERE block BETWEEN %s AND %s ORDER BY block DESC LIMIT %s",
            [first, self._next, self._at_once],
        ).fetchall()
        heads = [BlockHead(*row) for row in rows]
        recent = [one for one in heads if self._since is None or one.committed_at >= self._since]
        self._read.extend(recent)
        more = len(heads) == self._at_once == len(recent) and heads[-1].block > first
        self._next = heads[-1].block - 1 if more else -1
        self._at_once = min(4 * self._at_once, _HEADS_AT_ONCE_MAX)


# The last block of each lane that was booked before a moment; the lane's number 0 if none.
_HALVING = """
WITH RECURSIVE halving (lane, low, high) AS (
    SELECT lane, lane::bigint << 40, last_block FROM ledger_lane
     WHERE last_block > lane::bigint << 40
    UNION ALL
    SELECT h.lane, CASE WHEN b.committed_at < %(until)s THEN b.block ELSE h.low END,
        CASE WHEN b.committed_at < %(until)s THEN h.high ELSE b.block - 1 END
      FROM halving h JOIN ledger_block b ON b.block = h.low + (h.high - h.low + 1) / 2
     WHERE h.low < h.high
)
SELECT lane, low FROM halving WHERE low = high
"""
