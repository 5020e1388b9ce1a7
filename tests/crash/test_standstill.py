"""A writer whose machine stands still keeps nobody waiting for ever, and books once."""

from typing import Any

import psycopg
import pytest

from kaquan.ledger import connections as ledger_connections
from kaquan.ledger import door as door_module
from kaquan.ledger.door import Door
from tests.builders.books import number
from tests.builders.ledger import a_key, a_sold_card, done, redeem
from tests.fixtures_ledger import OpenDoor
from tests.waiting import soon

Connection = psycopg.Connection[Any]
LEFT = "SELECT balance_fen FROM ledger_voucher"
SESSIONS = "SELECT count(*) FROM pg_stat_activity WHERE pid = %s"


@pytest.mark.parametrize("place", ["ledger.before_write", "ledger.before_commit"])
def test_a_writer_that_stands_still_lets_go_of_its_rows_and_books_once_when_it_goes_on(
    new_door: OpenDoor, connection: Connection, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    other = new_door()
    card = a_sold_card(other)
    monkeypatch.setattr(ledger_connections, "TRANSACTION_MS_MAX", 300)
    sleeper: Door = new_door()
    stood_still: list[int] = []

    def stand_still(name: str) -> None:
        if name == place and not stood_still:
            pid = sleeper._connection.raw.info.backend_pid
            stood_still.append(pid)
            assert soon(lambda: number(connection, SESSIONS, pid) == 0)
            done(other, redeem(card, amount_fen=300, key=a_key()))

    monkeypatch.setattr(door_module, "failpoint", stand_still)
    outcome = done(sleeper, redeem(card, amount_fen=500, key=a_key()))
    assert stood_still
    assert outcome.vouchers[0].version == 3
    assert number(connection, LEFT) == 20_000 - 800
