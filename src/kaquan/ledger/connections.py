"""A writer's connection and the lane it holds."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import psycopg
from django.db import connections

from kaquan.engine.places import block_number
from kaquan.foundation import clock
from kaquan.ledger.catalogue import HOME_SHARD
from kaquan.ledger.records import FIRST_HASH
from kaquan.ledger.statements import statement

LANES_MAX = 1_024
RECONNECT_S_MAX = 10
RETRY_S = 0.05
_LANE_LOCKS = 0x6B61  # the first of the two advisory lock keys: "ka"

Connect = Callable[[], psycopg.Connection[Any]]


def connect_default() -> psycopg.Connection[Any]:
    """A new connection to this process's database (Django's default)."""
    default: Any = connections["default"]
    parameters = default.get_connection_params()
    for name in ("cursor_factory", "context", "server_side_binding", "prepare_threshold"):
        parameters.pop(name, None)
    return psycopg.connect(**parameters)


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
            "SELECT set_config('TimeZone', 'UTC', false), set_config('lock_timeout', '5s', false), "
            "set_config('default_transaction_isolation', 'read committed', false)"
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

    def rollback(self) -> None:
        """End the transaction at hand without effect."""
        try:
            if not self.raw.closed:
                self.raw.execute("ROLLBACK")
        except psycopg.OperationalError:
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
