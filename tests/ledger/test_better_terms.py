"""Better terms through the door: for every server at once, and proven like all else."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from kaquan.engine.commands import DefineBatch, Mint
from kaquan.engine.rules.reading import terms_bytes
from kaquan.ledger.batch_rules import batch_ends, rules_of
from kaquan.ledger.door import Door
from kaquan.ledger.prove import prove
from kaquan.ledger.rehearsal import open_rehearsal
from tests.builders.books import books, number
from tests.builders.ledger import (
    NOON,
    BuiltBatch,
    a_batch,
    a_claimed_voucher,
    a_key,
    at_the_till,
    codes,
    default_terms,
    done,
    redeem,
    revise,
)
from tests.fixtures_database import Database
from tests.fixtures_ledger import OpenDoor

Connection = psycopg.Connection[Any]

ONCE = [{"dimension": "store", "at": "redeem", "cap": 1}]
TWICE = [{"dimension": "store", "at": "redeem", "cap": 2}]
DEAR = {"scope": {"order_minimum_fen": 20_000}}
CHEAP = {"scope": {"order_minimum_fen": 5_000}}


def a_dear_batch(door: Door, **fields: Any) -> BuiltBatch:
    """Vouchers for orders of 200 yuan and more; what tests buy is worth 100."""
    return a_batch(door, **{**DEAR, **fields})


def test_a_server_that_remembers_the_old_terms_judges_its_next_use_by_the_new_ones(
    database: Database, new_door: OpenDoor
) -> None:
    here, there = new_door(), new_door()
    batch = a_dear_batch(here)
    for door in (here, there):
        assert codes(door.submit([redeem(batch.serial())])) == ["ORDER_BELOW_MINIMUM"]

    done(here, revise(batch, **CHEAP))

    assert codes(there.submit([redeem(batch.serial())])) == ["DONE"]
    assert codes(here.submit([redeem(batch.serial(1))])) == ["DONE"]
    assert prove(database.connect, progress=lambda *_: None).faults == []


def test_a_reader_that_remembers_the_old_terms_tells_the_new_ones(new_door: OpenDoor) -> None:
    door = new_door()
    batch = a_dear_batch(door)
    reader = open_rehearsal()
    try:
        use = redeem(batch.serial())
        assert codes([one.outcome for one in reader.rehearse([use])]) == ["ORDER_BELOW_MINIMUM"]
        done(door, revise(batch, **CHEAP))
        (now,) = reader.rehearse([use])
    finally:
        reader.close()

    assert now.outcome.done
    assert now.seen[batch.serial()].batch.terms_version == 1


@pytest.mark.parametrize(
    ("terms", "code"),
    [
        ({"scope": {"order_minimum_fen": 30_000}}, "TERMS_NOT_BETTER"),
        ({**CHEAP, "limits": ONCE}, "TERMS_NOT_BETTER"),
        ({**CHEAP, "expected_version": 1}, "TERMS_CHANGED"),
    ],
)
def test_a_refused_revision_moves_nothing(
    door: Door, connection: Connection, terms: dict[str, Any], code: str
) -> None:
    batch = a_dear_batch(door)
    before = books(connection)

    assert codes(door.submit([revise(batch, **terms)])) == [code]

    assert books(connection) == before
    assert codes(door.submit([redeem(batch.serial())])) == ["ORDER_BELOW_MINIMUM"]


def test_of_two_who_revise_what_they_saw_the_later_is_told_and_a_retry_is_answered(
    new_door: OpenDoor, connection: Connection
) -> None:
    here, there = new_door(), new_door()
    batch = a_dear_batch(here)
    there.submit([redeem(batch.serial())])  # it remembers the terms
    first = revise(batch, key=a_key(), **CHEAP)
    answer = done(here, first)

    lower = revise(batch, scope={"order_minimum_fen": 1_000})
    assert codes(there.submit([lower])) == ["TERMS_CHANGED"]
    assert there.submit([first]) == [answer]
    assert number(connection, "SELECT count(*) FROM ledger_terms") == 1


def test_a_raised_limit_lets_more_uses_through_and_the_books_hold_together(
    database: Database, new_door: OpenDoor, connection: Connection
) -> None:
    here, there = new_door(), new_door()
    batch = a_batch(here, limits=ONCE)
    assert codes(there.submit([redeem(batch.serial(n)) for n in (0, 1)])) == [
        "DONE",
        "LIMIT_PER_STORE",
    ]
    done(here, revise(batch, limits=TWICE))
    other_store = at_the_till(store_id=502)
    done(here, redeem(batch.serial(5), facts=other_store))

    assert codes(there.submit([redeem(batch.serial(n)) for n in (1, 2)])) == [
        "DONE",
        "LIMIT_PER_STORE",
    ]
    caps = connection.execute("SELECT used, cap FROM ledger_limit ORDER BY used").fetchall()
    assert caps == [(1, 2), (2, 2)]
    done(here, revise(batch, expected_version=1))
    done(there, redeem(batch.serial(2)))
    assert prove(database.connect, progress=lambda *_: None).faults == []


def test_a_batch_is_opened_and_revised_and_used_in_one_block(
    database: Database, door: Door, connection: Connection
) -> None:
    batch = BuiltBatch(99, 0, 64, 3)
    opened = DefineBatch(
        at=NOON, batch_id=99, terms=terms_bytes(default_terms(**DEAR)), by_code=True
    )
    minted = Mint(at=NOON, batch_id=99, quantity=3)
    worse = revise(batch, expected_version=2, **DEAR)

    outcomes = door.submit(
        [
            opened,
            revise(batch, scope={"order_minimum_fen": 10_000}),
            minted,
            revise(batch, expected_version=1, offer_version_id=7, **CHEAP),
            worse,
        ]
    )

    assert codes(outcomes) == ["DONE", "DONE", "DONE", "DONE", "TERMS_NOT_BETTER"]
    kept = connection.execute("SELECT number, offer_version_id FROM ledger_terms ORDER BY 1")
    assert kept.fetchall() == [(1, 0), (2, 7)]
    done(door, redeem(batch.serial()))
    assert prove(database.connect, progress=lambda *_: None).faults == []


def test_a_revision_does_not_wait_for_uses_under_way_nor_they_for_it(
    door: Door, connection: Connection
) -> None:
    batch = a_dear_batch(door)
    with connection.transaction():
        connection.execute(
            "SELECT FROM ledger_slice WHERE batch_id = %s FOR KEY SHARE", [batch.batch_id]
        )
        done(door, revise(batch, **CHEAP))


def test_a_later_last_day_is_what_readers_are_told_and_paused_batches_may_get_it(
    door: Door, connection: Connection
) -> None:
    summer, year = (
        {"range": {"kind": "fixed_range", "first_day": "2026-01-01", "last_day": last}}
        for last in ("2026-06-30", "2026-12-31")
    )
    batch = a_batch(door, by_code=False, validity=summer)
    serial = a_claimed_voucher(door, batch)
    done(door, revise(batch, validity=year))
    later = NOON.replace(month=11)

    assert batch_ends(connection, [batch.batch_id])[batch.batch_id].month == 12
    assert rules_of(connection, [batch.batch_id])[batch.batch_id].terms == default_terms()
    done(door, redeem(serial, at=later, facts=at_the_till(customer_id=7)))
