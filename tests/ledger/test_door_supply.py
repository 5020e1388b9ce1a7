"""Budgets, batches, minting and custody, through the door and as the database has them after."""

from itertools import pairwise
from typing import Any

import psycopg
import pytest

from kaquan.engine.commands import (
    Activate,
    ChangeBudget,
    DefineBatch,
    Mint,
    OpenBudget,
    SetBatchState,
)
from kaquan.engine.outcomes import OutcomeCode
from kaquan.engine.rules.reading import terms_bytes
from kaquan.ledger.door import Door
from tests.builders.books import books, differing, entries, number, row
from tests.builders.ledger import (
    NOON,
    a_batch,
    a_budget,
    allot,
    claim,
    default_terms,
    done,
    redeem,
)
from tests.fixtures_ledger import OpenDoor

Connection = psycopg.Connection[Any]


def test_a_budget_is_opened_with_all_of_it_available(door: Door, connection: Connection) -> None:
    outcome = done(door, OpenBudget(at=NOON, budget_id=77, total_fen=123_456))
    budget = row(connection, "SELECT * FROM ledger_budget WHERE budget_id = 77")
    assert budget["total_fen"] == budget["available_fen"] == 123_456
    assert (budget["committed_fen"], budget["spent_fen"], budget["released_fen"]) == (0, 0, 0)
    assert outcome.place is not None
    assert entries(connection, outcome.place.block) == [
        "FEN 123456 OUTSIDE:0 > BUDGET_AVAILABLE:77"
    ]


def test_the_same_budget_cannot_be_opened_twice(door: Door, connection: Connection) -> None:
    budget_id = a_budget(door, total_fen=100)
    before = books(connection)
    (outcome,) = door.submit([OpenBudget(at=NOON, budget_id=budget_id, total_fen=900)])
    assert outcome.code is OutcomeCode.BUDGET_EXISTS
    assert books(connection) == before


def test_a_budget_grows_and_shrinks_by_compare_and_set(door: Door, connection: Connection) -> None:
    budget_id = a_budget(door, total_fen=100)
    done(door, ChangeBudget(at=NOON, budget_id=budget_id, expected_fen=100, total_fen=250))
    lost = ChangeBudget(at=NOON, budget_id=budget_id, expected_fen=100, total_fen=300)
    (outcome,) = door.submit([lost])
    assert outcome.code is OutcomeCode.BUDGET_CHANGED
    down = done(door, ChangeBudget(at=NOON, budget_id=budget_id, expected_fen=250, total_fen=40))
    assert number(connection, "SELECT available_fen FROM ledger_budget") == 40
    assert down.place is not None
    assert entries(connection, down.place.block) == [
        f"FEN 210 BUDGET_AVAILABLE:{budget_id} > OUTSIDE:0"
    ]


def test_a_budget_cannot_shrink_below_what_is_spent(door: Door, connection: Connection) -> None:
    budget_id = a_budget(door, total_fen=5_000)
    batch = a_batch(door, budget_id=budget_id, quantity=2)
    done(door, redeem(batch.serial()))
    before = books(connection)
    less = ChangeBudget(at=NOON, budget_id=budget_id, expected_fen=5_000, total_fen=1_999)
    (outcome,) = door.submit([less])
    assert outcome.code is OutcomeCode.BUDGET_EXHAUSTED
    assert books(connection) == before


def test_a_batch_keeps_its_terms_and_a_slice(door: Door, connection: Connection) -> None:
    terms = terms_bytes(default_terms("percent_off"))
    budget_id = a_budget(door)
    define = DefineBatch(
        at=NOON, batch_id=9, terms=terms, offer_version_id=4, budget_id=budget_id, by_code=False
    )
    done(door, define)
    batch = row(connection, "SELECT * FROM ledger_batch WHERE batch_id = 9")
    assert (batch["terms"], batch["offer_version_id"]) == (terms, 4)
    assert (batch["budget_id"], batch["by_code"], batch["active"]) == (budget_id, False, True)
    share = row(connection, "SELECT * FROM ledger_slice WHERE batch_id = 9")
    assert (share["state"], share["minted"], share["stock_left"]) == ("running", 0, 0)
    assert share["cursor"] == [0] * 64
    (again,) = door.submit([define])
    assert again.code is OutcomeCode.BATCH_EXISTS


def test_a_batch_on_an_unknown_budget_is_refused(door: Door, connection: Connection) -> None:
    before = books(connection)
    terms = terms_bytes(default_terms())
    (outcome,) = door.submit([DefineBatch(at=NOON, batch_id=9, terms=terms, budget_id=4)])
    assert outcome.code is OutcomeCode.BUDGET_UNKNOWN
    assert books(connection) == before


def test_minting_a_hundred_million_writes_one_run_and_no_voucher(
    door: Door, connection: Connection
) -> None:
    batch = a_batch(door, quantity=100_000_000)
    run = row(connection, "SELECT * FROM ledger_custody")
    assert (run["first_serial"], run["quantity"]) == (batch.first_serial, 100_000_000)
    assert number(connection, "SELECT count(*) FROM ledger_voucher") == 0
    assert row(connection, "SELECT minted, stock_left FROM ledger_slice") == {
        "minted": 100_000_000,
        "stock_left": 0,
    }
    assert number(connection, "SELECT next_serial FROM ledger_serial") >= batch.serials.stop


def test_stock_is_minted_in_rows_of_64_serials(door: Door, connection: Connection) -> None:
    a_batch(door, quantity=65, by_code=False)
    assert row(connection, "SELECT quantity FROM ledger_custody") == {"quantity": 128}
    assert row(connection, "SELECT minted, stock_left FROM ledger_slice") == {
        "minted": 65,
        "stock_left": 65,
    }


def test_runs_of_serials_never_overlap(door: Door, connection: Connection) -> None:
    batches = [a_batch(door, quantity=quantity, by_code=True) for quantity in (1, 64, 65, 130)]
    done(door, Mint(at=NOON, batch_id=batches[0].batch_id, quantity=7))
    runs = connection.execute(
        "SELECT first_serial, quantity FROM ledger_custody ORDER BY first_serial"
    ).fetchall()
    assert len(runs) == 5
    assert all(
        first + quantity <= following for (first, quantity), (following, _) in pairwise(runs)
    )


@pytest.mark.parametrize("by_activating", [True, False])
def test_moving_a_range_hands_out_no_serial_again(
    door: Door, connection: Connection, by_activating: bool
) -> None:
    """Activating and allotting touch custody but not the next serial."""
    batch = a_batch(door, quantity=10, active=False)
    next_serial = number(connection, "SELECT next_serial FROM ledger_serial")
    if by_activating:
        done(
            door,
            Activate(at=NOON, batch_id=batch.batch_id, first_serial=batch.serial(), quantity=4),
        )
    else:
        done(door, allot(batch, batch.serials[:4], 20))
    assert number(connection, "SELECT next_serial FROM ledger_serial") == next_serial
    assert a_batch(door, quantity=5).first_serial >= next_serial


def test_activating_part_of_a_run_splits_it(door: Door, connection: Connection) -> None:
    batch = a_batch(door, quantity=100, active=False)
    (dead,) = door.submit([redeem(batch.serial(50))])
    assert dead.code is OutcomeCode.VOUCHER_NOT_ACTIVATED
    done(
        door, Activate(at=NOON, batch_id=batch.batch_id, first_serial=batch.serial(40), quantity=20)
    )
    runs = connection.execute(
        "SELECT first_serial - %s, quantity, active FROM ledger_custody ORDER BY first_serial",
        [batch.first_serial],
    ).fetchall()
    assert runs == [(0, 40, False), (40, 20, True), (60, 40, False)]
    outcomes = door.submit([redeem(batch.serial(index)) for index in (39, 40, 59, 60)])
    assert [one.done for one in outcomes] == [False, True, True, False]


def test_another_process_sees_an_activation_at_once(new_door: OpenDoor) -> None:
    """Its map of serials is stale, and the slice that it locks says so."""
    one, other = new_door(), new_door()
    batch = a_batch(one, quantity=10, active=False)
    (dead,) = other.submit([redeem(batch.serial(1))])
    assert dead.code is OutcomeCode.VOUCHER_NOT_ACTIVATED
    done(one, Activate(at=NOON, batch_id=batch.batch_id, first_serial=batch.serial(), quantity=10))
    done(other, redeem(batch.serial(1)))


def test_allotting_moves_custody_from_one_organisation_to_another(
    door: Door, connection: Connection
) -> None:
    batch = a_batch(door, quantity=100)
    first = done(door, allot(batch, batch.serials[:50], 20))
    assert first.place is not None
    assert entries(connection, first.place.block) == ["PIECE 50 CUSTODY:0 > CUSTODY:20"]
    before = books(connection)
    (wrong,) = door.submit([allot(batch, batch.serials[40:60], 21, source=20)])
    assert wrong.code is OutcomeCode.RANGE_NOT_AVAILABLE
    assert books(connection) == before
    done(door, allot(batch, batch.serials[10:20], 21, source=20))
    held = connection.execute(
        "SELECT organisation_id, sum(quantity)::int FROM ledger_custody GROUP BY 1 ORDER BY 1"
    ).fetchall()
    assert held == [(0, 50), (20, 40), (21, 10)]


def test_a_paused_batch_stops_issue_and_use_and_goes_on_after(
    door: Door, connection: Connection
) -> None:
    batch = a_batch(door, by_code=False, quantity=10)
    serial = done(door, claim(batch)).vouchers[0].serial
    done(door, SetBatchState(at=NOON, batch_id=batch.batch_id, state="paused", reason="错价"))
    before = books(connection)
    outcomes = door.submit([claim(batch, customer_id=8), redeem(serial)])
    assert {one.code for one in outcomes} == {OutcomeCode.BATCH_PAUSED}
    assert books(connection) == before
    done(door, SetBatchState(at=NOON, batch_id=batch.batch_id, state="running"))
    done(door, claim(batch, customer_id=8), redeem(serial))


def test_a_stopped_batch_issues_no_more_and_what_is_issued_stays_good(door: Door) -> None:
    batch = a_batch(door, by_code=False, quantity=10)
    serial = done(door, claim(batch)).vouchers[0].serial
    done(door, SetBatchState(at=NOON, batch_id=batch.batch_id, state="stopped"))
    outcomes = door.submit(
        [
            claim(batch, customer_id=8),
            Mint(at=NOON, batch_id=batch.batch_id, quantity=1),
            SetBatchState(at=NOON, batch_id=batch.batch_id, state="running"),
        ]
    )
    assert {one.code for one in outcomes} == {OutcomeCode.BATCH_STOPPED}
    done(door, redeem(serial))


def test_an_unknown_batch_is_refused_by_every_supply_command(
    door: Door, connection: Connection
) -> None:
    before = books(connection)
    commands = [
        Mint(at=NOON, batch_id=404, quantity=1),
        SetBatchState(at=NOON, batch_id=404, state="paused"),
        Activate(at=NOON, batch_id=404, first_serial=64, quantity=1),
    ]
    outcomes = door.submit(commands)
    assert {one.code for one in outcomes} == {OutcomeCode.BATCH_UNKNOWN}
    assert not differing(before, books(connection))
