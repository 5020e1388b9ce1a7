"""From the blocks to deliveries: what each webhook wants of what was booked.

Deliveries are written in one transaction with the move of the cursor, so a crash loses none and
makes none twice. One process at a time does this; of the others, one takes over when it ends.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from datetime import datetime
from itertools import islice
from typing import Any

import psycopg
from django.db import connections
from msgspec import Struct

from kaquan.foundation import clock
from kaquan.foundation.failpoints import failpoint
from kaquan.integrations.models import WebhookEndpoint
from kaquan.integrations.telling import Selection, Told, known_types, told_events
from kaquan.ledger.causal import Cut, blocks_between, consumer_cut, heads
from kaquan.ledger.tail import BlockRecords, CursorMovedError, Tail

CONSUMER = "webhooks"
BLOCKS_MAX = 100
IDLE_S = 0.2
_TURN_LOCK = 5_206_131_414  # a number that no other lock of ours has

Connection = psycopg.Connection[Any]
Connect = Callable[[], Connection]


class Subscriber(Struct, frozen=True):
    """What one webhook wants; nothing that was booked before ``since``."""

    endpoint_id: int
    selection: Selection
    since: datetime

    def wants(self, told: Told) -> bool:
        """Whether an event is for it."""
        return told.event.booked_at >= self.since and self.selection.takes(told)


class Outbox:
    """The consumer of the blocks behind webhooks; not to be shared by threads.

    Raises what ``Tail`` and the database raise; a new one goes on where the last one was.
    """

    def __init__(self, connect: Connect, *, now: Callable[[], datetime] = clock.now) -> None:
        self._tail = Tail(connect, CONSUMER)
        self._reading = connect()
        self._reading.autocommit = True
        self._now = now
        self._has_turn = False

    def catch_up(self, *, limit_blocks: int = BLOCKS_MAX) -> int:
        """Write the deliveries of everything that is booked; returns how many there were."""
        if not self._takes_turn():
            return 0
        total = 0
        while True:
            # Heads first: a webhook that is made after this look gets all that is booked after it.
            until = heads(self._reading)
            after = consumer_cut(self._reading, CONSUMER)
            subscribers = active_subscribers()
            if not subscribers:
                self._skip(after, until)
                return total
            blocks = list(islice(blocks_between(self._reading, after, until), limit_blocks))
            if not blocks:
                return total
            total += self._write(blocks, subscribers)

    def run(self, stop: threading.Event) -> None:
        """Write deliveries as blocks come, until told to stop."""
        while not stop.is_set():
            self.catch_up()
            stop.wait(IDLE_S)

    def close(self) -> None:
        """Close the consumer's connections; the turn goes with them."""
        self._tail.close()
        self._reading.close()
        connections.close_all()

    def _takes_turn(self) -> bool:
        if not self._has_turn:
            row = self._reading.execute("SELECT pg_try_advisory_lock(%s)", [_TURN_LOCK]).fetchone()
            self._has_turn = row is not None and bool(row[0])
        return self._has_turn

    def _skip(self, after: Cut, until: Cut) -> None:
        """Move on past what nobody wants, without reading it."""
        now = self._now()
        passed = [
            BlockRecords(lane, block, now, [])
            for lane, head in until.items()
            for block in sorted({after.get(lane, lane << 40) + 1, head})
            if head > after.get(lane, lane << 40)
        ]
        if passed:
            self._advance(passed, [])

    def _write(self, blocks: Sequence[BlockRecords], subscribers: Sequence[Subscriber]) -> int:
        now = self._now()
        rows = [
            (
                one.endpoint_id,
                told.event.id,
                told.event.type,
                told.event.stream,
                told.body_for(one.selection).decode(),
                now,
                now,
                now,
            )
            for _, some in told_events(self._reading, blocks)
            for told in some
            for one in subscribers
            if one.wants(told)
        ]
        return len(rows) if self._advance(blocks, rows) else 0

    def _advance(self, blocks: Sequence[BlockRecords], rows: Sequence[tuple[Any, ...]]) -> bool:
        try:
            with self._tail.advance(blocks) as connection:
                if rows:
                    _copy(connection, rows)
                failpoint("webhooks.before_commit")
        except CursorMovedError:  # the cursors were moved by hand, or the lock was lost
            return False
        failpoint("webhooks.after_commit")
        return True


def active_subscribers() -> list[Subscriber]:
    """What every active webhook wants."""
    rows = WebhookEndpoint.objects.filter(active=True).values_list(
        "id", "organisation__path", "event_types", "names_customers", "created_at"
    )
    return [
        Subscriber(
            id_, Selection(path or "", known_types(types), names_customers=named), created_at
        )
        for id_, path, types, named, created_at in rows
    ]


def _copy(connection: Connection, rows: Sequence[tuple[Any, ...]]) -> None:
    # In causal order, so that of one voucher's deliveries the earlier has the lower id.
    with (
        connection.cursor() as cursor,
        cursor.copy(
            "COPY integrations_webhookdelivery (endpoint_id, event_id, event_type, stream, body, "
            "created_at, due_since, next_attempt_at, state, attempts, last_error) FROM STDIN"
        ) as copy,
    ):
        for row in rows:
            copy.write_row((*row, "pending", 0, ""))
