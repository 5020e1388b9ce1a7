"""A row that somebody else holds: who needs it is told to come back, and nobody waits for long."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from kaquan.ledger import connections as ledger_connections
from kaquan.ledger import door as door_module
from kaquan.ledger.door import Door
from tests.builders.books import books, number
from tests.builders.ledger import a_key, a_sold_card, codes, redeem
from tests.fixtures_database import Database
from tests.fixtures_ledger import OpenDoor

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
    with database.connect() as holder, holder.transaction():
        holder.execute("SELECT FROM ledger_voucher WHERE serial = %s FOR UPDATE", [card])
        assert codes(writer.submit([use])) == ["BUSY"]
        assert codes(writer.submit([redeem(other, amount_fen=5)])) == ["DONE"]
        assert number(writer._connection.raw, SETTING) == 10
        monkeypatch.setattr(door_module, "HURRIED_S", 0)
        assert codes(writer.submit([use])) == ["BUSY"]
    assert codes(writer.submit([use])) == ["DONE"]
    assert number(writer._connection.raw, SETTING) == 100
