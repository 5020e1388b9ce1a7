"""Moves the counters along with the books, and keeps what a proof found."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any
from zoneinfo import ZoneInfo

import psycopg

from kaquan.analytics.counting import amount_of, count
from kaquan.analytics.models import ProofRun
from kaquan.foundation import clock
from kaquan.ledger.prove import Proof
from kaquan.ledger.tail import BlockRecords, CursorMovedError, Tail

CONSUMER = "counters"
EVENTS_KEPT = 1_000
IDLE_S = 0.2

Connect = Callable[[], psycopg.Connection[Any]]


class Counters:
    """The consumer of the blocks behind the first page's numbers."""

    def __init__(self, connect: Connect, zone: ZoneInfo) -> None:
        self._tail = Tail(connect, CONSUMER)
        self._zone = zone

    def catch_up(self) -> int:
        """Count every block that is there; returns how many were."""
        total = 0
        while blocks := self._tail.read():
            try:
                with self._tail.advance(blocks) as connection:
                    self._add(connection, blocks)
            except CursorMovedError:
                continue
            total += len(blocks)
        return total

    def run(self, stop: threading.Event) -> None:
        """Count as blocks come, until told to stop."""
        while not stop.is_set():
            self.catch_up()
            stop.wait(IDLE_S)

    def close(self) -> None:
        """Close the consumer's connection."""
        self._tail.close()

    def _add(self, connection: psycopg.Connection[Any], blocks: Sequence[BlockRecords]) -> None:
        sums = count((record for one in blocks for record in one.records), self._zone)
        rows = [(*key, value) for key, value in sorted(sums.items()) if value]
        with connection.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO analytics_counter (day, batch_id, name, value) VALUES (%s, %s, %s, %s) "
                "ON CONFLICT (day, batch_id, name) "
                "DO UPDATE SET value = analytics_counter.value + excluded.value",
                rows,
            )
            cursor.executemany(
                "INSERT INTO analytics_event (block, index, at, operation, refusal, batch_id, "
                "store_id, amount_fen) VALUES (%s, %s, %s, %s, %s, %s, %s, %s)",
                _events(blocks),
            )
            cursor.execute(
                "DELETE FROM analytics_event WHERE at < "
                "(SELECT at FROM analytics_event ORDER BY at DESC OFFSET %s LIMIT 1)",
                [EVENTS_KEPT],
            )


def _events(blocks: Sequence[BlockRecords]) -> list[tuple[Any, ...]]:
    """The last records of some blocks as rows of the list; older ones would go at once."""
    rows: list[tuple[Any, ...]] = []
    for one in blocks:
        for index, record in enumerate(one.records):
            command, outcome = record.command, record.outcome
            batch_id = getattr(command, "batch_id", None)
            if outcome.vouchers:
                batch_id = outcome.vouchers[0].batch_id
            facts = getattr(command, "facts", None)
            rows.append(
                (
                    one.block,
                    index,
                    command.at,
                    command.operation,
                    "" if outcome.done else outcome.code.name,
                    batch_id,
                    facts.store_id or None if facts is not None else None,
                    amount_of(record),
                )
            )
    rows.sort(key=lambda row: row[2])
    return rows[-EVENTS_KEPT:]


def record_proof(proof: Proof) -> None:
    """Keep what a proof found, for the first page."""
    ProofRun.objects.create(
        ran_at=clock.now(),
        ok=proof.ok,
        blocks=proof.blocks,
        entries=proof.entries,
        vouchers=proof.vouchers,
        seconds=proof.seconds,
        head=next(iter(proof.head_hashes.values()), "") if proof.head_hashes else "",
        fault="" if proof.ok else str(proof.faults[0]),
    )
