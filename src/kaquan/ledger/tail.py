"""The stream of blocks, for those who count, alert or tell others after the fact.

Each consumer keeps one cursor per lane. Within a lane blocks commit strictly in order and without
gaps, so "after my cursor" misses nothing; between lanes there is no order. What a consumer writes
and the move of its cursors are one transaction: each block counts once, whatever dies in between.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import psycopg
from msgspec import Struct

from kaquan.engine.places import block_number, lane_of, sequence_of
from kaquan.foundation.errors import KaquanError
from kaquan.ledger.catalogue import HOME_SHARD
from kaquan.ledger.records import Record, unpack_body

BLOCKS_MAX = 200
RECORDS_MAX = 20_000

Connection = psycopg.Connection[Any]


class BlockRecords(Struct, frozen=True):
    """One block as consumers see it."""

    lane: int
    block: int
    committed_at: datetime
    records: list[Record]


class CursorMovedError(Exception):
    """Another process consumes under the same name and was faster: read again."""


class Tail:
    """One consumer's way through the blocks, on its own connection; not to be shared by threads.

    One that is not ``durable`` may lose its last steps with the server, and takes them again: what
    it wrote and its cursors are lost together. Then nobody waits for the disk for its sake.
    """

    def __init__(
        self, connect: Callable[[], Connection], consumer: str, *, durable: bool = True
    ) -> None:
        self._connection = connect()
        self._connection.autocommit = True
        if not durable:
            self._connection.execute("SET synchronous_commit = off")
        self._consumer = consumer

    def read(self, limit_blocks: int = BLOCKS_MAX) -> list[BlockRecords]:
        """The next blocks, in order within each lane; empty when there is nothing new.

        About ``limit_blocks`` blocks and ``RECORDS_MAX`` records at most, shared among the lanes
        that wait; one block of each always comes, so that all move on. Raises ``KaquanError`` where
        a block is missing or unreadable: ``kaquan prove`` then tells more.
        """
        assert limit_blocks > 0, limit_blocks
        lanes = self._connection.execute(
            "SELECT l.lane, coalesce(c.last_block, l.lane::bigint << 40) "
            "FROM ledger_lane l LEFT JOIN ledger_cursor c "
            "ON c.consumer = %s AND c.lane = l.lane AND c.shard = l.shard "
            "WHERE l.last_block > coalesce(c.last_block, l.lane::bigint << 40) ORDER BY l.lane",
            [self._consumer],
        ).fetchall()
        found: list[BlockRecords] = []
        for lane, cursor in lanes:
            blocks, records = limit_blocks // len(lanes), RECORDS_MAX // len(lanes)
            found += self._read_lane(lane, cursor, max(blocks, 1), records)
        return found

    def _read_lane(
        self, lane: int, cursor: int, limit_blocks: int, records_max: int
    ) -> Iterator[BlockRecords]:
        rows = self._connection.execute(
            "SELECT block, committed_at, body FROM ("
            "  SELECT block, committed_at, body, sum(record_count) OVER (ORDER BY block) AS so_far,"
            "    row_number() OVER (ORDER BY block) AS number"
            "  FROM (SELECT * FROM ledger_block WHERE block > %s AND block < %s"
            "    ORDER BY block LIMIT %s) AS waiting"
            ") AS counted WHERE so_far <= %s OR number = 1 ORDER BY block",
            [cursor, block_number(lane + 1, 1) - 1, limit_blocks, records_max],
        ).fetchall()
        if not rows:  # though the lane's head is beyond the cursor
            raise _damaged(cursor + 1, *_MISSING)
        for expected, (block, committed_at, body) in enumerate(rows, cursor + 1):
            if block != expected:
                raise _damaged(expected, *_MISSING)
            try:
                records = unpack_body(body)
            except ValueError as error:
                zh, en = f"内容无法读取（{error}）", f"it cannot be read ({error})"
                raise _damaged(block, zh, en) from error
            yield BlockRecords(lane, block, committed_at, records)

    @contextmanager
    def advance(self, blocks: Sequence[BlockRecords]) -> Iterator[Connection]:
        """One transaction: what is written on the given connection, and cursors past ``blocks``.

        ``blocks`` is what ``read`` returned. Raises ``CursorMovedError`` before anything is written
        when another process was faster; an error inside undoes both.
        """
        first: dict[int, int] = {}
        last: dict[int, int] = {}
        for one in blocks:
            first.setdefault(one.lane, one.block)
            last[one.lane] = one.block
        with self._connection.transaction():
            for lane in sorted(first):
                self._connection.execute(
                    "INSERT INTO ledger_cursor (consumer, lane, shard, last_block) "
                    "VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING",
                    [self._consumer, lane, HOME_SHARD, lane << 40],
                )
                row = self._connection.execute(
                    "SELECT last_block FROM ledger_cursor "
                    "WHERE consumer = %s AND lane = %s AND shard = %s FOR UPDATE",
                    [self._consumer, lane, HOME_SHARD],
                ).fetchone()
                if row is None or row[0] + 1 != first[lane]:
                    raise CursorMovedError(self._consumer)
            yield self._connection
            for lane, block in last.items():
                self._connection.execute(
                    "UPDATE ledger_cursor SET last_block = %s "
                    "WHERE consumer = %s AND lane = %s AND shard = %s",
                    [block, self._consumer, lane, HOME_SHARD],
                )

    def close(self) -> None:
        """Close the connection; the cursors stay where they are."""
        self._connection.close()


_MISSING = ("这一账块不见了", "it is missing")


def _damaged(block: int, zh: str, en: str) -> KaquanError:
    lane, sequence = lane_of(block), sequence_of(block)
    return KaquanError(
        "ledger_damaged",
        zh=f"账道 {lane} 的第 {sequence} 块有问题：{zh}。请运行 kaquan prove。",
        en=f"Block {sequence} of lane {lane} is wrong: {en}. Run kaquan prove.",
    )
