"""The thread that keeps a process's keys fresh: it survives whatever happens to the database."""

from __future__ import annotations

import threading

import psycopg
import pytest

from kaquan.access import exchange
from kaquan.access.callers import Caller, authentication
from kaquan.access.exchange import keep_exchanging, start_exchange
from tests.builders.access import a_key

pytestmark = pytest.mark.usefixtures("database")


def test_it_goes_on_after_the_database_was_away_and_ends_when_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stop = threading.Event()
    happened: list[str] = []
    connect = exchange.connect_default

    def connect_at_last() -> psycopg.Connection:
        if not happened:
            happened.append("away")
            raise psycopg.OperationalError("the database is away")
        return connect()

    def tick(self: exchange.Exchange, connection: psycopg.Connection) -> None:
        happened.append("tick")
        if happened.count("tick") == 1:
            raise psycopg.OperationalError("the connection was lost")
        happened.append(connection.execute("show synchronous_commit").fetchone()[0])
        stop.set()

    monkeypatch.setattr(exchange, "connect_default", connect_at_last)
    monkeypatch.setattr(exchange.Exchange, "tick", tick)
    monkeypatch.setattr(exchange, "TICK_S", 0)

    keep_exchanging(stop)

    assert happened == ["away", "tick", "tick", "off"]
    assert not authentication.register.kept_fresh


def test_a_process_that_exchanges_lets_callers_in_and_its_thread_ends(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ticked = threading.Event()
    tick = exchange.Exchange.tick

    def noted(self: exchange.Exchange, connection: psycopg.Connection) -> None:
        tick(self, connection)
        ticked.set()

    monkeypatch.setattr(exchange.Exchange, "tick", noted)
    made = a_key("jobs.view")

    end = start_exchange()
    try:
        assert ticked.wait(10)
        assert isinstance(made.caller, Caller)
    finally:
        end()

    assert not any(thread.name == "kaquan-access" for thread in threading.enumerate())
    assert not authentication.register.kept_fresh
