"""A row that somebody else holds: who needs it is told to come back, and nobody waits for long."""

import threading
from collections.abc import Iterator
from itertools import count
from typing import Any

import psycopg
import pytest

from kaquan.engine.outcomes import Outcome
from kaquan.ledger import connections as ledger_connections
from kaquan.ledger import door as door_module
from kaquan.ledger.catalogue import Catalogue
from kaquan.ledger.connections import LedgerConnection
from kaquan.ledger.door import Door
from tests.builders.books import books, number
from tests.builders.ledger import a_key, a_sold_card, codes, redeem
from tests.fixtures_database import Database
from tests.fixtures_ledger import OpenDoor
from tests.waiting import soon

Connection = psycopg.Connection[Any]
SETTING = "SELECT setting::int FROM pg_settings WHERE name = 'lock_timeout'"


@pytest.fixture
def card(door: Door) -> int:
    """A card that everybody wants."""
    return a_sold_card(door)


@pytest.fixture
def writer(new_door: OpenDoor, monkeypatch: pytest.MonkeyPatch) -> Door:
    """A writer that waits for a lock a tenth of a second at first, and then hardly."""
    monkeypatch.setattr(ledger_connections, "LOCK_WAIT_MS", 100)
    monkeypatch.setattr(ledger_connections, "LOCK_WAIT_MS_SHORT", 10)
    return new_door()


@pytest.fixture
def held(database: Database, card: int) -> Iterator[None]:
    """Somebody holds the card's row."""
    with database.connect() as holder, holder.transaction():
        holder.execute("SELECT FROM ledger_voucher WHERE serial = %s FOR UPDATE", [card])
        yield


@pytest.mark.usefixtures("held")
def test_who_needs_a_held_row_is_told_busy_and_nothing_moves(
    writer: Door, card: int, connection: Connection
) -> None:
    before = books(connection)
    use = redeem(card, amount_fen=5, key=a_key())
    assert codes(writer.submit([use, redeem(card, amount_fen=6)])) == ["BUSY", "BUSY"]
    assert number(writer._connection.raw, SETTING) == 10
    assert codes(writer.submit([use])) == ["BUSY"]
    assert books(connection) == before


def test_a_writer_in_a_hurry_books_on_and_takes_its_time_again_after_a_while(
    writer: Door, card: int, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = a_sold_card(writer)
    use = redeem(card, amount_fen=5, key=a_key())
    monkeypatch.setattr(door_module, "HURRIED_S", 1e9)
    with database.connect() as holder, holder.transaction():
        holder.execute("SELECT FROM ledger_voucher WHERE serial = %s FOR UPDATE", [card])
        assert codes(writer.submit([use])) == ["BUSY"]
        assert codes(writer.submit([redeem(other, amount_fen=5)])) == ["DONE"]
        assert number(writer._connection.raw, SETTING) == 10
        writer._hurried_until_s = 0.0
        assert codes(writer.submit([use])) == ["BUSY"]
        assert number(writer._connection.raw, SETTING) == 100
    assert codes(writer.submit([use])) == ["DONE"]


def test_a_patient_writer_waits_until_the_row_is_let_go_of(
    card: int, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger_connections, "LOCK_WAIT_MS", 200)
    attempt, attempts = Door._attempt, count(1)
    begun: list[int] = []

    def noted(self: Door, *arguments: Any, **named: Any) -> list[Outcome]:
        begun.append(next(attempts))
        return attempt(self, *arguments, **named)

    monkeypatch.setattr(Door, "_attempt", noted)
    connection = LedgerConnection(lambda: psycopg.connect(database.app_url))
    patient = Door(connection, Catalogue(), patient=True)
    outcomes: list[Outcome] = []
    use = redeem(card, amount_fen=5, key=a_key())
    waiting = threading.Thread(target=lambda: outcomes.extend(patient.submit([use])))
    with database.connect() as holder, holder.transaction():
        holder.execute("SELECT FROM ledger_voucher WHERE serial = %s FOR UPDATE", [card])
        waiting.start()
        assert soon(lambda: len(begun) > 2)
    waiting.join()
    patient.close()
    assert codes(outcomes) == ["DONE"]
