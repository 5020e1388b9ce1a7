"""First stage: every block and entry in order, hashes and links recomputed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import psycopg
from msgspec import Struct

from kaquan.engine.places import lane_of, sequence_of
from kaquan.ledger.proof.faults import Faults
from kaquan.ledger.records import (
    ENTRY_COLUMNS,
    FIRST_HASH,
    Record,
    block_hash,
    timestamp_text,
    unpack_body,
)

BLOCKS_PER_FETCH = 50
TAB = b"\t"
_BIGINT_MIN, _BIGINT_MAX = -(1 << 63), (1 << 63) - 1

# One text a block, printed as COPY prints it: a row for each entry would cost several times more.
_ENTRIES = (
    "SELECT block, array_agg(DISTINCT shard), string_agg(concat_ws(E'\\t', "
    + ", ".join(f"coalesce({name}::text, '\\N')" for name in ENTRY_COLUMNS.split(", "))
    + ") || E'\\n', '' ORDER BY index) "
    "FROM ledger_entry WHERE block > %s AND block <= %s GROUP BY block ORDER BY block"
).encode()

Connection = psycopg.Connection[Any]


class Block(Struct):
    """A row of ``ledger_block``. ``committed_at`` is None for what is no moment of our calendar."""

    number: int
    shard: int
    committed_at: datetime | None
    entry_count: int
    record_count: int
    previous_hash: bytes
    hash: bytes
    body: bytes

    @property
    def key(self) -> str:
        """How faults name it."""
        return key_of(self.number)


class Lane(Struct):
    """A row of ``ledger_lane``, and how far its blocks have been followed."""

    shard: int
    head: int
    head_hash: bytes
    at: int
    at_hash: bytes


class Entries(Struct):
    """A block's entries: the shards they are in, and the lines that its hash covers."""

    shards: list[int]
    lines: list[bytes]


NO_ENTRIES = Entries([], [])


class ReadBlock(Struct):
    """A block, its records (none where they cannot be read) and its entries as COPY prints them.

    ``moments`` are the records' business times as entries have them.
    """

    block: Block
    records: list[Record]
    moments: list[str]
    lines: list[bytes]


def key_of(number: int) -> str:
    """A block's number as people read it."""
    return f"block {number} (lane {lane_of(number)}, sequence {sequence_of(number)})"


class BlockReader:
    """Reads the whole chain once; what is wrong goes to ``faults``."""

    def __init__(self, connection: Connection, faults: Faults) -> None:
        self._connection = connection
        self._faults = faults
        self.lanes = self._read_lanes()
        self.blocks = 0
        self.entries = 0

    @property
    def expected_blocks(self) -> int:
        """How many blocks there should be, for the progress."""
        return sum(max(sequence_of(lane.head), 0) for lane in self.lanes.values())

    def _read_lanes(self) -> dict[int, Lane]:
        lanes: dict[int, Lane] = {}
        for lane, shard, head, head_hash in self._connection.execute(
            "SELECT lane, shard, last_block, hash FROM ledger_lane ORDER BY lane, shard"
        ):
            if lane in lanes:
                self._faults.add("ledger_lane", f"lane {lane}", "账道有两个头", "it has two heads")
                continue
            lanes[lane] = Lane(shard, head, bytes(head_hash), lane << 40, FIRST_HASH)
        return lanes

    def read(self) -> Iterator[ReadBlock]:
        """Every block in order, checked."""
        after = _BIGINT_MIN
        with self._connection.cursor("blocks", binary=True) as cursor:
            cursor.execute(
                "SELECT block, shard, CASE WHEN committed_at BETWEEN '0002-01-01' AND '9998-12-31' "
                "THEN committed_at END, entry_count, record_count, previous_hash, hash, body "
                "FROM ledger_block ORDER BY block, shard"
            )
            while rows := cursor.fetchmany(BLOCKS_PER_FETCH):
                blocks = [Block(*row) for row in rows]
                entries = self._read_entries(after, blocks[-1].number)
                for block in blocks:
                    yield self._check(block, entries.pop(block.number, NO_ENTRIES))
                self._tell_orphans(entries)
                after = blocks[-1].number
        self._tell_orphans(self._read_entries(after, _BIGINT_MAX))
        self._check_heads()

    def _read_entries(self, after: int, through: int) -> dict[int, Entries]:
        """The entries that stand after one block and up to another, by block."""
        rows = self._connection.execute(_ENTRIES, [after, through])
        return {
            number: Entries(shards, text.encode().splitlines(keepends=True))
            for number, shards, text in rows
        }

    def _tell_orphans(self, entries: dict[int, Entries]) -> None:
        for number, orphans in entries.items():
            self.entries += len(orphans.lines)
            for line in orphans.lines[: self._faults.room]:
                place = f"{key_of(number)} index {line.split(TAB, 1)[0].decode()}"
                self._faults.add("ledger_entry", place, "没有这个账块", "there is no such block")

    def _check(self, block: Block, entries: Entries) -> ReadBlock:
        self.blocks += 1
        self.entries += len(entries.lines)
        self._follow(block)
        if entries.shards not in ([], [block.shard]):
            self._faults.add(
                "ledger_entry",
                block.key,
                "分片不对",
                "wrong shard",
                expected=block.shard,
                found=entries.shards,
            )
        self._check_entry_count(block, entries.lines)
        self._check_hash(block, entries.lines)
        records, moments = self._unpack(block)
        return ReadBlock(block, records, moments, entries.lines)

    def _follow(self, block: Block) -> None:
        """The step from the lane's last block to this one."""
        faults, number = self._faults, block.number
        lane = self.lanes.get(lane_of(number))
        if lane is None:
            faults.add("ledger_block", block.key, "账道不存在", "there is no such lane")
            lane = self.lanes[lane_of(number)] = Lane(
                block.shard, number, block.hash, number - 1, block.previous_hash
            )
        if number != lane.at + 1:
            missing = f"{key_of(lane.at + 1)} … {number - 1}"
            faults.add("ledger_block", missing, "账块不见了", "blocks are missing", found=block.key)
        elif block.previous_hash != lane.at_hash:
            faults.add(
                "ledger_block",
                block.key,
                "与前一块不相连",
                "does not follow from the block before it",
                expected=lane.at_hash.hex(),
                found=block.previous_hash.hex(),
            )
        if block.shard != lane.shard:
            faults.add(
                "ledger_block",
                block.key,
                "分片不对",
                "wrong shard",
                expected=lane.shard,
                found=block.shard,
            )
        lane.at, lane.at_hash = number, block.hash

    def _check_entry_count(self, block: Block, lines: Sequence[bytes]) -> None:
        for position, line in enumerate(lines):
            index = line.split(TAB, 1)[0]
            if int(index) != position:
                place = f"{block.key} index {position}"
                self._faults.add("ledger_entry", place, "分录不见了", "is missing")
                return
        if block.entry_count != len(lines):
            self._faults.add(
                "ledger_block",
                block.key,
                "分录数不对",
                "wrong number of entries",
                expected=block.entry_count,
                found=len(lines),
            )

    def _check_hash(self, block: Block, lines: Sequence[bytes]) -> None:
        faults, key = self._faults, block.key
        if block.committed_at is None:
            faults.add("ledger_block", key, "入账时间无效", "its time of commit is no moment")
        else:
            digest = block_hash(
                previous_hash=block.previous_hash,
                block=block.number,
                committed_at=block.committed_at,
                record_count=block.record_count,
                body=block.body,
                entry_count=len(lines),
                entries=b"".join(lines),
            )
            if digest != block.hash:
                faults.add(
                    "ledger_block",
                    key,
                    "账块或其分录被改过：摘要不符",
                    "the block or one of its entries was changed: the hash differs",
                    expected=digest.hex(),
                    found=block.hash.hex(),
                )

    def _unpack(self, block: Block) -> tuple[list[Record], list[str]]:
        try:
            records = unpack_body(block.body)
            moments = [timestamp_text(record.command.at) for record in records]
        except (ValueError, OverflowError) as error:
            self._faults.add(
                "ledger_block", block.key, "内容无法读取", "its body cannot be read", found=error
            )
            return [], []
        if len(records) != block.record_count:
            self._faults.add(
                "ledger_block",
                block.key,
                "指令数不对",
                "wrong number of records",
                expected=block.record_count,
                found=len(records),
            )
        return records, moments

    def _check_heads(self) -> None:
        for number, lane in sorted(self.lanes.items()):
            if (lane.head, lane.head_hash) != (lane.at, lane.at_hash):
                self._faults.add(
                    "ledger_lane",
                    f"lane {number}",
                    "账道头与最后一块不符（账块被删，或账道头被改）",
                    "its head is not its last block (blocks were deleted, or the head was changed)",
                    expected=f"{key_of(lane.at)} {lane.at_hash.hex()}",
                    found=f"{key_of(lane.head)} {lane.head_hash.hex()}",
                )
