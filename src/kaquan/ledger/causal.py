"""The blocks of all lanes in one order: no voucher's change comes before the one it built on.

Within a lane blocks commit strictly in order; between lanes clocks prove nothing. But every change
of a voucher names the place of the change before it, so a block may be told as soon as all that its
vouchers had been through is told. What one statement reads of the lanes' heads is a cut that is
complete: whatever a block in it built on is in it too.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

import psycopg

from kaquan.engine.places import Place, lane_of, sequence_of
from kaquan.foundation.errors import KaquanError
from kaquan.ledger.records import Record, unpack_body
from kaquan.ledger.tail import BlockRecords

#: How many blocks of a lane are fetched at once; bodies are unpacked one by one.
BLOCKS_FETCHED = 8

Connection = psycopg.Connection[Any]

Cut = Mapping[int, int]
"""The last block of each lane; a lane that is not there has none."""


def heads(connection: Connection) -> dict[int, int]:
    """The last block of each lane that has one, all as of one moment."""
    rows = connection.execute("SELECT lane, last_block FROM ledger_lane ORDER BY lane").fetchall()
    return {lane: block for lane, block in rows if sequence_of(block)}


def consumer_cut(connection: Connection, consumer: str) -> dict[int, int]:
    """How far a consumer has read each lane."""
    rows = connection.execute(
        "SELECT lane, last_block FROM ledger_cursor WHERE consumer = %s", [consumer]
    ).fetchall()
    return dict(rows)


def blocks_between(connection: Connection, after: Cut, until: Cut) -> Iterator[BlockRecords]:
    """What lies beyond ``after`` and within ``until`` (a past ``heads``), in causal order.

    Where several blocks may come next, the one booked first does. Fetched as it is asked for, in
    constant memory. Raises ``KaquanError`` where a block is missing or unreadable.
    """
    lanes = [
        _Lane(connection, lane, after.get(lane, lane << 40), head)
        for lane, head in sorted(until.items())
        if head > after.get(lane, lane << 40)
    ]
    told = {**after, **{one.lane: one.told for one in lanes}}
    while waiting := [one for one in lanes if one.fill()]:
        ready = [one for one in waiting if _follows(one.first, told)]
        if not ready:  # what they build on is neither told nor waiting
            raise _damaged(waiting[0].first.block, "前序缺失", "what it builds on is missing")
        chosen = min(ready, key=lambda one: (one.first.committed_at, one.first.block))
        block = chosen.take()
        told[block.lane] = block.block
        yield block


def records_at(connection: Connection, places: Iterable[Place]) -> dict[Place, Record]:
    """The commands that stand at some places; those where nothing stands are left out."""
    wanted = set(places)
    if not wanted:
        return {}
    rows = connection.execute(
        "SELECT block, body FROM ledger_block WHERE block = any(%s)",
        [sorted({place.block for place in wanted})],
    ).fetchall()
    bodies = {block: _unpacked(block, body) for block, body in rows}
    return {
        place: bodies[place.block][place.index]
        for place in wanted
        if place.block in bodies and 0 <= place.index < len(bodies[place.block])
    }


class _Lane:
    """The rest of one lane, fetched in pieces; only the block that comes next is unpacked."""

    def __init__(self, connection: Connection, lane: int, after: int, head: int) -> None:
        self._connection = connection
        self.lane = lane
        self.told = after
        self._head = head
        self._fetched: deque[tuple[int, datetime, bytes]] = deque()
        self._first: BlockRecords | None = None

    @property
    def first(self) -> BlockRecords:
        """The block that comes next; only after ``fill`` has said that there is one."""
        assert self._first is not None, self.lane
        return self._first

    def fill(self) -> bool:
        """Have the next block at hand; False at the lane's end."""
        if self._first is not None:
            return True
        if self.told >= self._head:
            return False
        if not self._fetched:
            self._fetched.extend(
                self._connection.execute(
                    "SELECT block, committed_at, body FROM ledger_block "
                    "WHERE block > %s AND block <= %s ORDER BY block LIMIT %s",
                    [self.told, self._head, BLOCKS_FETCHED],
                )
            )
        expected = self.told + 1
        if not self._fetched or self._fetched[0][0] != expected:
            raise _damaged(expected, "不见了", "it is missing")
        block, committed_at, body = self._fetched.popleft()
        self._first = BlockRecords(self.lane, block, committed_at, _unpacked(block, body))
        return True

    def take(self) -> BlockRecords:
        """The next block, which is then told."""
        block, self._first = self.first, None
        self.told = block.block
        return block


def _follows(block: BlockRecords, told: Cut) -> bool:
    """Whether everything that a block's vouchers had been through is told."""
    for record in block.records:
        for result in record.outcome.vouchers:
            before = result.before
            if before is None or before.block == block.block:
                continue
            if before.block > told.get(lane_of(before.block), 0):
                return False
    return True


def _unpacked(block: int, body: bytes) -> list[Record]:
    try:
        return unpack_body(bytes(body))
    except ValueError as error:
        raise _damaged(block, f"内容无法读取（{error}）", f"it cannot be read ({error})") from error


def _damaged(block: int, zh: str, en: str) -> KaquanError:
    lane, sequence = lane_of(block), sequence_of(block)
    return KaquanError(
        "ledger_damaged",
        zh=f"账道 {lane} 的第 {sequence} 块有问题：{zh}。请运行 kaquan prove。",
        en=f"Block {sequence} of lane {lane} is wrong: {en}. Run kaquan prove.",
    )
