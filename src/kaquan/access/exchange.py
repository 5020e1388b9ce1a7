"""Keeps a process's keys fresh, sums failures with other processes, and notes storms.

One thread with one connection. It only ever tells what has happened, so a call never waits for it.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import Any, Final

import psycopg

from kaquan.access import storms
from kaquan.access.callers import Authentication, authentication
from kaquan.access.failures import MINUTE_S, FailureCounts, Minute, Subject
from kaquan.foundation import clock
from kaquan.ledger.connections import connect_default

TICK_S: Final = 0.4
EXCHANGE_S: Final = 1.0
USES_S: Final = 60.0
MINUTES_KEPT: Final = 60
LEARNED_MAX: Final = 20_000

Connection = psycopg.Connection[Any]

log = logging.getLogger(__name__)


class Exchange:
    """One process's exchange with the database; `tick` it two or three times a second."""

    def __init__(
        self,
        authentication: Authentication,
        *,
        now: Callable[[], datetime] = clock.now,
        monotonic_s: Callable[[], float] = clock.monotonic_s,
    ) -> None:
        self._authentication = authentication
        self._counts: FailureCounts = authentication.counts
        self._now = now
        self._monotonic_s = monotonic_s
        self._exchanged_s = float("-inf")
        self._uses_told_s = float("-inf")

    def tick(self, connection: Connection) -> None:
        """Do what is due; raises what psycopg raises, and then nothing is lost."""
        self._authentication.register.refresh(connection)
        now_s = self._monotonic_s()
        if now_s - self._exchanged_s >= EXCHANGE_S:
            self._exchanged_s = now_s
            self._exchange(connection)
        if now_s - self._uses_told_s >= USES_S:
            self._uses_told_s = now_s
            self._tell_uses(connection)
            self._clear_old(connection)

    def _exchange(self, connection: Connection) -> None:
        pending = self._counts.take_pending()
        try:
            with connection.transaction():
                if pending:
                    # One process at a time, so that two do not raise one storm twice.
                    storms.take_turn(connection)
                    _write(connection, pending)
                self._counts.learn(_read(connection, int(self._now().timestamp()) // MINUTE_S))
                if pending:
                    storms.note(connection, self._counts, pending, self._now())
        except BaseException:
            self._counts.put_back(pending)
            raise

    def _tell_uses(self, connection: Connection) -> None:
        used = sorted(self._authentication.used_key_ids)
        if used:
            connection.execute(
                "INSERT INTO access_key_use (key_id, last_used_at) "
                "SELECT id, %s FROM access_key WHERE id = any(%s::int[]) ORDER BY id "
                "ON CONFLICT (key_id) DO UPDATE SET last_used_at = excluded.last_used_at",
                [self._now(), used],
            )
            self._authentication.used_key_ids -= set(used)

    def _clear_old(self, connection: Connection) -> None:
        oldest = int(self._now().timestamp()) // MINUTE_S - MINUTES_KEPT
        connection.execute("DELETE FROM access_failure_count WHERE minute < %s", [oldest])


def _write(connection: Connection, pending: dict[int, Minute]) -> None:
    rows = sorted(
        (minute, subject.scope, subject.name, count)
        for minute, counts in pending.items()
        for subject, count in counts.items()
    )
    columns = [[row[place] for row in rows] for place in range(4)]
    connection.execute(
        "INSERT INTO access_failure_count (minute, scope, subject, count) "
        "SELECT * FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::bigint[]) "
        "ON CONFLICT (minute, scope, subject) "
        "DO UPDATE SET count = access_failure_count.count + excluded.count",
        columns,
    )


def _read(connection: Connection, minute: int) -> dict[int, Minute]:
    """What everybody counted in this minute and the last one; the largest counts of it, for the
    small ones stop nobody."""
    rows = connection.execute(
        "SELECT minute, scope, subject, count FROM access_failure_count WHERE minute >= %s "
        "ORDER BY count DESC LIMIT %s",
        [minute - 1, LEARNED_MAX],
    ).fetchall()
    totals: dict[int, Minute] = {}
    for of_minute, scope, name, count in rows:
        totals.setdefault(of_minute, {})[Subject(scope, name)] = count
    return totals


def keep_exchanging(stop: threading.Event) -> None:
    """Exchange until told to stop, whatever happens to the database meanwhile."""
    exchange = Exchange(authentication)
    register = authentication.register
    try:
        while not stop.is_set():
            try:
                with connect_default() as connection:
                    connection.autocommit = True
                    # What is told here is worth no flush to disk: it says nothing about vouchers.
                    connection.execute("SELECT set_config('synchronous_commit', 'off', false)")
                    while not stop.is_set():
                        exchange.tick(connection)
                        # From now on no call waits for the database, not even while it is away.
                        register.kept_fresh = True
                        stop.wait(TICK_S)
            except psycopg.Error as error:
                log.warning("the exchange of access figures failed: %s", type(error).__name__)
                stop.wait(TICK_S)
    finally:
        register.kept_fresh = False


def start_exchange() -> Callable[[], None]:
    """Exchange in a thread of this process; returns what ends it."""
    stop = threading.Event()
    thread = threading.Thread(
        target=keep_exchanging, args=(stop,), name="kaquan-access", daemon=True
    )
    thread.start()

    def end() -> None:
        stop.set()
        with suppress(RuntimeError):  # the thread itself may be asked to end
            thread.join()

    return end
