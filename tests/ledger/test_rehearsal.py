"""Rehearsals: the door's own answer, each as if it came first, and nothing is kept."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from kaquan.ledger.catalogue import Catalogue
from kaquan.ledger.connections import LedgerConnection
from kaquan.ledger.door import Door
from kaquan.ledger.holdings import held_serials
from kaquan.ledger.rehearsal import Rehearsal
from tests.builders.books import books, differing
from tests.builders.ledger import (
    NOON,
    a_batch,
    a_budget,
    a_claimed_voucher,
    a_key,
    claim,
    codes,
    done,
    redeem,
)
from tests.fixtures_database import Database

Connection = psycopg.Connection[Any]


@pytest.fixture
def rehearsal(database: Database) -> Iterator[Rehearsal]:
    """A reader of the worker's database."""
    opened = Rehearsal(LedgerConnection(lambda: psycopg.connect(database.app_url)), Catalogue())
    yield opened
    opened.close()


def test_each_is_judged_as_if_it_came_first(door: Door, rehearsal: Rehearsal) -> None:
    batch = a_batch(door, budget_id=a_budget(door, total_fen=2_000))
    asked = [redeem(batch.serial(0)), redeem(batch.serial(0)), redeem(batch.serial(1))]

    told = [one.outcome for one in rehearsal.rehearse(asked)]

    assert codes(told) == ["DONE", "DONE", "DONE"]
    assert codes(door.submit(asked)) == ["DONE", "VOUCHER_USED", "BUDGET_EXHAUSTED"]


def test_nothing_is_kept_and_no_key_is_spent(
    door: Door, rehearsal: Rehearsal, connection: Connection
) -> None:
    batch, key = a_batch(door), a_key()
    stock = a_batch(door, by_code=False)
    before = books(connection)

    told = rehearsal.rehearse([redeem(batch.serial(), key=key), claim(stock, customer_id=7)])

    assert codes(one.outcome for one in told) == ["DONE", "DONE"]
    assert differing(before, books(connection)) <= {"ledger_lane"}  # the reader's own
    assert door.submit([redeem(batch.serial(1), key=key)])[0].done


def test_vouchers_are_shown_as_they_are_before_the_command(
    door: Door, rehearsal: Rehearsal
) -> None:
    batch = a_batch(door)
    done(door, redeem(batch.serial(1)))

    new, used, missing = rehearsal.rehearse(
        [redeem(batch.serial(0)), redeem(batch.serial(1)), redeem(60)]
    )

    assert new.seen[batch.serial(0)].voucher.version == 0
    assert used.seen[batch.serial(1)].voucher.uses_left == 0
    assert new.seen[batch.serial(0)].batch_state == "running"
    assert missing.seen == {}
    assert codes([missing.outcome]) == ["VOUCHER_UNKNOWN"]


def test_the_vouchers_of_a_customer_are_those_that_can_be_used(
    door: Door, connection: Connection
) -> None:
    mine = [a_claimed_voucher(door, customer_id=7) for _ in range(3)]
    a_claimed_voucher(door, customer_id=8)
    done(door, redeem(mine[0], at=NOON))

    assert held_serials(connection, 7) == sorted(mine[1:])
    assert held_serials(connection, 7, limit=1) == sorted(mine[1:])[:1]
    assert held_serials(connection, 9) == []
