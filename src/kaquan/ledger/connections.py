"""A writer's connection and the lane it holds."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from django.db import connections
from psycopg import errors

from kaquan.engine.places import block_number
from kaquan.foundation import clock
from kaquan.ledger.catalogue import HOME_SHARD
from kaquan.ledger.records import FIRST_HASH
from kaquan.ledger.statements import statement

LANES_MAX = 1_024
#: Less than callers wait: who is told that the database is away knows when to come back.
RECONNECT_S_MAX = 5
#: How long a lock is waited for, and how long while others are known to wait behind it.
LOCK_WAIT_MS, LOCK_WAIT_MS_SHORT = 5_000, 500
#: A writer that stands still within a transaction, because its machine does, lets go of its rows
#: then. (``idle_in_transaction_session_timeout`` does not begin to count after a pipeline.)
TRANSACTION_MS_MAX = 30_000
_HAS_TRANSACTION_TIMEOUT = 170_000  # the server's version
RETRY_S = 0.05
_LANE_LOCKS = 0x6B61  # the first of the two advisory lock keys: "ka"

Connect = Callable[[], psycopg.Connection[Any]]

#: The connection was lost; the second is how a server says that we stood still for too long. The
#: third comes after a pipeline that broke off while a statement was to be prepared: psycopg takes
#: it for prepared, and only a new connection is rid of that.
LOST = (psycopg.OperationalError, errors.TransactionTimeout, errors.InvalidSqlStatementName)


def connect_default() -> psycopg.Connection[Any]:
    """A new connection to this process's database (Django's default)."""
    default: Any = connections["default"]
    parameters = default.get_connection_params()
    for name in ("cursor_factory", "context", "server_side_binding", "prepare_threshold"):
        parameters.pop(name, None)
    return psycopg.connect(**parameters)


@contextmanager
def pipelined(connection: psycopg.Connection[Any]) -> Iterator[None]:
    """A pipeline that raises what went wrong first: all that follows is only its echo."""
    first: BaseException | None = None
    try:
        with connection.pipeline():
            try:
                yield
            except BaseException as error:  # raised below, when the pipeline has ended
                first = error
    except psycopg.Error as error:
        first = first or error
    while isinstance(first, errors.PipelineAborted) and first.__context__ is not None:
        first = first.__context__
    if first is not None:
        raise first


class LedgerConnection:
    """One connection with a lane of its own while it lasts; opened anew after it was lost.

    Which lane is only a matter of not standing in another writer's way: the lane's row is locked
    while a block is added, so two writers on one lane would wait for each other and stay correct.
    """

    def __init__(self, connect: Connect) -> None:
        self._connect = connect
        self.raw = self._open()
        self.lane = self._take_lane()

    def _open(self) -> psycopg.Connection[Any]:
        connection = self._connect()
        connection.autocommit = True
        connection.prepare_threshold = 2
        connection.execute(
            "SELECT set_config('TimeZone', 'UTC', false), set_config('lock_timeout', %s, false), "
            "set_config('default_transaction_isolation', 'read committed', false)",
            [str(LOCK_WAIT_MS)],
        )
        if connection.info.server_version >= _HAS_TRANSACTION_TIMEOUT:
            connection.execute(
                "SELECT set_config('transaction_timeout', %s, false)", [str(TRANSACTION_MS_MAX)]
            )
        return connection

    def _take_lane(self) -> int:
        for lane in range(1, LANES_MAX + 1):
            row = self.raw.execute(
                "SELECT pg_try_advisory_lock(%s, %s)", [_LANE_LOCKS, lane]
            ).fetchone()
            if row is not None and row[0]:
                break
        self.raw.execute(
            statement("add_lane"),
            {
                "lane": lane,
                "shard": HOME_SHARD,
                "block": block_number(lane, 1) - 1,
                "hash": FIRST_HASH,
            },
        )
        return lane

    def wait_for_locks(self, *, shortly: bool) -> None:
        """From the next transaction on, wait for locks as long as usual or only shortly; a
        connection that is opened anew waits as long as usual."""
        wait_ms = LOCK_WAIT_MS_SHORT if shortly else LOCK_WAIT_MS
        self.raw.execute("SELECT set_config('lock_timeout', %s, false)", [str(wait_ms)])

    def rollback(self) -> None:
        """End the transaction at hand without effect."""
        try:
            if not self.raw.closed:
                self.raw.execute("ROLLBACK")
        except LOST:
            self.raw.close()  # the transaction went with it; the next statement says so

    def reopen(self) -> bool:
        """Connect again for up to ``RECONNECT_S_MAX`` seconds; whether it worked."""
        self.raw.close()
        deadline_s = clock.monotonic_s() + RECONNECT_S_MAX
        while clock.monotonic_s() < deadline_s:
            try:
                self.raw = self._open()
                self.lane = self._take_lane()
            except psycopg.OperationalError:
                time.sleep(RETRY_S)
            else:
                return True
        return False

    def close(self) -> None:
        """Give the lane back."""
        self.raw.close()
