"""Moves the counters along with the books, and keeps what a proof found."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

import psycopg

from kaquan.analytics.accounts import add_accounts
from kaquan.analytics.counting import (
    DayKey,
    Key,
    amount_of,
    batch_id_of,
    count,
    count_by_day,
    count_by_store,
    gather,
    places_elsewhere,
    refused_serials,
    store_id_of,
)
from kaquan.analytics.hours import add_hours
from kaquan.analytics.models import ProofRun
from kaquan.analytics.trade import add_trade
from kaquan.customers.activity import add_uses
from kaquan.engine.facts import Facts
from kaquan.engine.places import Place
from kaquan.foundation import clock
from kaquan.ledger.prove import Proof
from kaquan.ledger.records import Record, unpack_body
from kaquan.ledger.statements import bound
from kaquan.ledger.tail import BLOCKS_MAX, BlockRecords, CursorMovedError, Tail
from kaquan.ledger.trace import batches_of

#: Another number when something more is counted: then everything is counted anew.
CONSUMER = "counters-3"
EVENTS_KEPT = 1_000
IDLE_S = 0.2
#: Where so many records came within a pause, the next is longer: a step costs as much for a few
#: blocks as for many, and the caches of a core that callers want are its own for longer. Pages
#: look every 0.6 s and are to show what happened within a second.
BUSY_RECORDS, BUSY_S = 100, 0.4

Connection = psycopg.Connection[Any]
Connect = Callable[[], Connection]


class Counters:
    """The consumer of the blocks behind the first page's numbers.

    Several processes may run one: each block counts once. Raises what ``Tail`` and the database
    raise; a new one goes on where the last one was.
    """

    def __init__(self, connect: Connect, zone: ZoneInfo) -> None:
        self._tail = Tail(connect, CONSUMER, durable=False)  # what is lost is counted anew
        self._zone = zone

    def catch_up(self, *, limit_blocks: int = BLOCKS_MAX) -> int:
        """Count every block that is there, so many in a transaction; returns how many were."""
        total = 0
        while blocks := self._tail.read(limit_blocks):
            total += self._count(blocks)
        return total

    def run(self, stop: threading.Event) -> None:
        """Count as blocks come, until told to stop.

        A pause follows also where more has come meanwhile: a few blocks cost nearly as much as
        many, and callers wait for the same processor.
        """
        while not stop.is_set():
            blocks = self._tail.read()
            if blocks:
                self._count(blocks)
            if len(blocks) < BLOCKS_MAX // 2:
                is_busy = sum([len(one.records) for one in blocks]) >= BUSY_RECORDS
                stop.wait(BUSY_S if is_busy else IDLE_S)

    def _count(self, blocks: Sequence[BlockRecords]) -> int:
        try:
            with self._tail.advance(blocks) as connection:
                _add(connection, blocks, self._zone)
        except CursorMovedError:
            return 0
        return len(blocks)

    def close(self) -> None:
        """Close the consumer's connection."""
        self._tail.close()


def record_proof(proof: Proof, *, asked_by: str = "") -> None:
    """Keep what a proof found, for the pages; ``asked_by`` is somebody's name, empty for none."""
    ProofRun.objects.create(
        ran_at=clock.now(),
        ok=proof.ok,
        blocks=proof.blocks,
        entries=proof.entries,
        vouchers=proof.vouchers,
        seconds=proof.seconds,
        head=next(iter(proof.head_hashes.values()), ""),
        fault="" if proof.ok else str(proof.faults[0]),
        asked_by=asked_by[:200],
    )


def _add(connection: Connection, blocks: Sequence[BlockRecords], zone: ZoneInfo) -> None:
    batch_of = batches_of(connection, refused_serials(blocks))
    facts_of = _facts_elsewhere(connection, blocks)
    cells = gather(blocks, zone, batch_of, facts_of)
    sums = count(cells)
    _add_sums(connection, "analytics_counter", "batch_id", sums)
    _add_days(connection, count_by_day(sums))
    _add_sums(connection, "analytics_storecounter", "store_id", count_by_store(cells))
    add_hours(connection, cells)
    add_trade(connection, cells)
    add_accounts(connection, blocks)
    add_uses(connection, blocks, facts_of)
    _add_events(connection, _events(blocks, batch_of))
    connection.execute(
        "DELETE FROM analytics_event WHERE (booked_at, block, index) <= "
        "(SELECT booked_at, block, index FROM analytics_event "
        "ORDER BY booked_at DESC, block DESC, index DESC OFFSET %s LIMIT 1)",
        [EVENTS_KEPT],
    )


def _add_sums(connection: Connection, table: str, column: str, sums: Mapping[Key, int]) -> None:
    # Sorted, so that two consumers that meet on two counters meet in one order.
    rows = sorted(sums.items())
    connection.execute(
        f"INSERT INTO {table} AS kept (day, {column}, name, value) "  # noqa: S608  # our own names
        "SELECT * FROM unnest(%(days)s::date[], %(ids)s::bigint[], %(names)s::text[], "
        "%(values)s::bigint[]) "
        f"ON CONFLICT (day, {column}, name) DO UPDATE SET value = kept.value + excluded.value",
        bound(
            {
                "days": [key[0] for key, _ in rows],
                "ids": [key[1] for key, _ in rows],
                "names": [key[2] for key, _ in rows],
                "values": [value for _, value in rows],
            }
        ),
    )


def _add_days(connection: Connection, sums: Mapping[DayKey, int]) -> None:
    rows = sorted(sums.items())
    connection.execute(
        "INSERT INTO analytics_daycounter AS kept (day, name, value)"
        " SELECT * FROM unnest(%(days)s::date[], %(names)s::text[], %(values)s::bigint[])"
        " ON CONFLICT (day, name) DO UPDATE SET value = kept.value + excluded.value",
        bound(
            {
                "days": [day for (day, _), _ in rows],
                "names": [name for (_, name), _ in rows],
                "values": [value for _, value in rows],
            }
        ),
    )


_EVENT_COLUMNS = {
    "booked_at": "timestamptz",
    "block": "bigint",
    "index": "smallint",
    "at": "timestamptz",
    "operation": "text",
    "refusal": "text",
    "batch_id": "int",
    "store_id": "bigint",
    "amount_fen": "bigint",
}
_ADD_EVENTS = (
    f"INSERT INTO analytics_event ({', '.join(_EVENT_COLUMNS)}) SELECT * FROM unnest("  # noqa: S608
    + ", ".join(f"%({name})s::{kind}[]" for name, kind in _EVENT_COLUMNS.items())
    + ")"
)


def _add_events(connection: Connection, rows: Sequence[tuple[Any, ...]]) -> None:
    columns = map(list, zip(*rows, strict=True))
    connection.execute(_ADD_EVENTS, bound(dict(zip(_EVENT_COLUMNS, columns, strict=True))))


def _facts_elsewhere(connection: Connection, blocks: Sequence[BlockRecords]) -> dict[Place, Facts]:
    """The facts of the uses and holds that records of some blocks undo or settle."""
    places = places_elsewhere(record for block in blocks for record in block.records)
    if not places:
        return {}
    known = {
        Place(block.block, index): record
        for block in blocks
        for index, record in enumerate(block.records)
    }
    while missing := sorted(places - known.keys())[:BLOCKS_MAX]:
        rows = connection.execute(
            "SELECT block, body FROM ledger_block WHERE block = any(%s)",
            [sorted({place.block for place in missing})],
        )
        records = {block: unpack_body(bytes(body)) for block, body in rows}
        found = {place: records[place.block][place.index] for place in missing}
        known |= found
        places |= places_elsewhere(found.values())  # a use may itself have settled a hold
    return {place: _facts_at(known, place) for place in places}


def _facts_at(known: Mapping[Place, Record], place: Place) -> Facts:
    record = known[place]
    further = next(iter(places_elsewhere([record])), None)
    if further is not None:
        return _facts_at(known, further)
    facts: Facts = getattr(record.command, "facts", Facts())
    return facts


def _events(blocks: Sequence[BlockRecords], batch_of: Mapping[int, int]) -> list[tuple[Any, ...]]:
    """The last records of some blocks as rows of the list; older ones would go at once."""
    newest = sorted(blocks, key=lambda one: (one.committed_at, one.block), reverse=True)
    rows: list[tuple[Any, ...]] = []
    for one in newest:
        for index, record in reversed(list(enumerate(one.records))):
            if len(rows) == EVENTS_KEPT:
                return rows
            command, outcome = record.command, record.outcome
            rows.append(
                (
                    one.committed_at,
                    one.block,
                    index,
                    command.at,
                    command.operation,
                    '""' if outcome.done else outcome.code.name,
                    batch_id_of(record, batch_of) or None,
                    store_id_of(record) or None,
                    amount_of(record),
                )
            )
    return rows
