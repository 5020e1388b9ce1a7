"""Several commands in one call: one transaction, one block, order, links, dry runs, refusals."""

from typing import Any

import psycopg
import pytest

from kaquan.engine.commands import (
    Activate,
    Adjust,
    AnyCommand,
    Freeze,
    OpenBudget,
    SetBatchState,
    Transfer,
    Unfreeze,
)
from kaquan.engine.lifecycle import State
from kaquan.engine.outcomes import OutcomeCode
from kaquan.foundation.actor import system_actor
from kaquan.ledger.door import Door, close_door, submit
from tests.builders.books import books, differing, number, records, row
from tests.builders.ledger import (
    NOON,
    a_batch,
    a_budget,
    a_claimed_voucher,
    a_key,
    a_sold_card,
    at_the_till,
    claim,
    codes,
    done,
    redeem,
)
from tests.fixtures_ledger import OpenDoor

Connection = psycopg.Connection[Any]
BLOCKS = "SELECT count(*) FROM ledger_block"
USED_ONCE = {"limits": [{"dimension": "customer", "at": "redeem", "cap": 1}]}


# One call, one block


def test_a_call_is_one_block_and_its_commands_are_named_by_their_place(
    door: Door, connection: Connection
) -> None:
    batch = a_batch(door)
    blocks = number(connection, BLOCKS)
    outcomes = door.submit([redeem(batch.serial(index)) for index in range(5)])
    places = [one.place for one in outcomes]
    assert number(connection, BLOCKS) == blocks + 1
    assert len({place.block for place in places if place}) == 1
    assert [place.index for place in places if place] == [0, 1, 2, 3, 4]
    block = row(connection, "SELECT * FROM ledger_block ORDER BY block DESC LIMIT 1")
    assert (block["record_count"], block["entry_count"]) == (5, 5)


def test_commands_on_one_voucher_are_decided_in_order(door: Door, connection: Connection) -> None:
    serial = a_sold_card(door)
    commands: list[AnyCommand] = [
        redeem(serial, amount_fen=20_000, facts=at_the_till(amount_fen=20_000)),
        redeem(serial, amount_fen=1),
        Adjust(at=NOON, serial=serial, balance_fen=500, reason="补"),
        Freeze(at=NOON, serial=serial, reason="查"),
        redeem(serial, amount_fen=500),
        Unfreeze(at=NOON, serial=serial),
        redeem(serial, amount_fen=500),
    ]
    outcomes = door.submit(commands)
    assert codes(outcomes) == [
        "DONE",
        "BALANCE_INSUFFICIENT",
        "DONE",
        "DONE",
        "VOUCHER_FROZEN",
        "DONE",
        "DONE",
    ]
    voucher = row(connection, "SELECT version, balance_fen FROM ledger_voucher")
    assert voucher == {"version": 6, "balance_fen": None}
    assert [one.vouchers[0].version for one in outcomes if one.done] == [2, 3, 4, 5, 6]


def test_a_batch_paused_in_the_same_call_stops_what_comes_after_it(door: Door) -> None:
    batch = a_batch(door)
    pause = SetBatchState(at=NOON, batch_id=batch.batch_id, state="paused")
    outcomes = door.submit([redeem(batch.serial(0)), pause, redeem(batch.serial(1))])
    assert codes(outcomes) == ["DONE", "DONE", "BATCH_PAUSED"]


def test_what_is_activated_is_live_from_the_next_call_on(door: Door) -> None:
    batch = a_batch(door, active=False)
    activate = Activate(at=NOON, batch_id=batch.batch_id, first_serial=batch.serial(), quantity=10)
    done(door, activate)
    done(door, redeem(batch.serial(9)))


@pytest.mark.parametrize("way", ["claim", "transfer"])
def test_a_limit_counts_for_whom_the_same_call_has_just_made_the_holder(
    door: Door, connection: Connection, way: str
) -> None:
    """The till sends only the code, so the holder is known from the voucher alone."""
    batch = a_batch(door, **USED_ONCE, transferable=True)
    for index in (0, 1):
        done(door, claim(batch, customer_id=8 - index, serial=batch.serial(index)))
    done(door, redeem(batch.serial(0)))  # the one use of customer 8
    becomes_8: AnyCommand
    if way == "claim":
        becomes_8, serial = claim(batch, customer_id=8, serial=batch.serial(2)), batch.serial(2)
    else:
        serial = batch.serial(1)
        becomes_8 = Transfer(at=NOON, serial=serial, from_customer_id=7, to_customer_id=8)
    outcomes = door.submit([becomes_8, redeem(serial)])
    assert codes(outcomes) == ["DONE", "LIMIT_PER_CUSTOMER"]
    assert number(connection, "SELECT sum(used) FROM ledger_limit WHERE dimension = 1") == 1


def test_the_actor_stands_in_the_record(door: Door, connection: Connection) -> None:
    batch = a_batch(door)
    submit([redeem(batch.serial())], actor=system_actor("demo"))
    close_door()
    assert records(connection)[-1].command.actor == "system:demo"


# Refused


def test_a_refused_call_writes_no_block_and_no_row(door: Door, connection: Connection) -> None:
    batch = a_batch(door, **USED_ONCE)
    done(door, redeem(batch.serial(0), facts=at_the_till(customer_id=7)))
    before = books(connection)
    outcomes = door.submit(
        [
            redeem(batch.serial(0)),
            redeem(batch.serial(1), facts=at_the_till(customer_id=7)),
            redeem(5),
            OpenBudget(at=NOON, budget_id=batch.budget_id, total_fen=1),
        ]
    )
    assert codes(outcomes) == [
        "VOUCHER_USED",
        "LIMIT_PER_CUSTOMER",
        "VOUCHER_UNKNOWN",
        "BUDGET_EXISTS",
    ]
    assert books(connection) == before


def test_a_refusal_with_a_request_key_keeps_its_answer_and_moves_nothing_else(
    door: Door, connection: Connection
) -> None:
    batch = a_batch(door)
    done(door, redeem(batch.serial()))
    before = books(connection)
    (refused,) = door.submit([redeem(batch.serial(), key=a_key())])
    assert refused.code is OutcomeCode.VOUCHER_USED
    assert differing(before, books(connection)) == {"ledger_block", "ledger_request", "ledger_lane"}
    assert (
        number(connection, "SELECT entry_count FROM ledger_block ORDER BY block DESC LIMIT 1") == 0
    )


def test_a_refused_command_does_not_take_its_neighbours_with_it(
    door: Door, connection: Connection
) -> None:
    batch = a_batch(door, budget_id=a_budget(door, total_fen=4_000))
    outcomes = door.submit(
        [redeem(batch.serial(0)), redeem(7), redeem(batch.serial(1)), redeem(batch.serial(2))]
    )
    assert codes(outcomes) == ["DONE", "VOUCHER_UNKNOWN", "DONE", "BUDGET_EXHAUSTED"]
    assert number(connection, "SELECT spent_fen FROM ledger_budget") == 4_000


# Linked


def test_linked_commands_stand_together(door: Door, connection: Connection) -> None:
    batch = a_batch(door)
    outcomes = door.submit([redeem(batch.serial(index), link=4) for index in range(3)])
    assert codes(outcomes) == ["DONE"] * 3
    assert number(connection, "SELECT count(*) FROM ledger_voucher") == 3


def test_linked_commands_fall_together_and_leave_nothing(
    door: Door, connection: Connection
) -> None:
    batch = a_batch(door)
    before = books(connection)
    outcomes = door.submit([redeem(batch.serial(index), link=4) for index in (0, 1, 0)])
    assert codes(outcomes) == ["LINKED_COMMAND_FAILED", "LINKED_COMMAND_FAILED", "VOUCHER_USED"]
    assert books(connection) == before


def test_a_broken_group_leaves_the_groups_and_commands_beside_it_alone(
    door: Door, connection: Connection
) -> None:
    batch = a_batch(door, by_code=False, quantity=5)
    budget = number(connection, "SELECT available_fen FROM ledger_budget")
    outcomes = door.submit(
        [
            claim(batch, customer_id=1, link=1),
            claim(batch, customer_id=0, link=1),
            claim(batch, customer_id=2),
            claim(batch, customer_id=3, link=2),
            claim(batch, customer_id=4, link=2),
            claim(batch, customer_id=0, link=1),
        ]
    )
    assert codes(outcomes) == [
        "LINKED_COMMAND_FAILED",
        "CUSTOMER_REQUIRED",
        "DONE",
        "DONE",
        "DONE",
        "CUSTOMER_REQUIRED",
    ]
    assert number(connection, "SELECT stock_left FROM ledger_slice") == 2
    assert number(connection, "SELECT available_fen FROM ledger_budget") == budget - 6_000
    holders = connection.execute("SELECT customer_id FROM ledger_voucher ORDER BY 1").fetchall()
    assert holders == [(2,), (3,), (4,)]


# Dry


def test_a_dry_run_says_what_would_happen_and_writes_nothing(
    door: Door, connection: Connection
) -> None:
    batch = a_batch(door)
    before = books(connection)
    (dry,) = door.submit([redeem(batch.serial(), key=a_key("dry"))], dry=True)
    assert books(connection) == before
    (real,) = door.submit([redeem(batch.serial(), key=a_key("dry"))])
    assert (dry.code, dry.vouchers) == (real.code, real.vouchers)
    (after,) = door.submit([redeem(batch.serial())], dry=True)
    assert after.code is OutcomeCode.VOUCHER_USED


def test_a_dry_run_does_not_wait_for_locks_of_others(
    new_door: OpenDoor, connection: Connection
) -> None:
    door = new_door()
    batch = a_batch(door)
    serial = a_claimed_voucher(door, batch, index=0)
    with connection.transaction():
        connection.execute("SELECT FROM ledger_voucher WHERE serial = %s FOR UPDATE", [serial])
        connection.execute("SELECT FROM ledger_slice FOR UPDATE")
        connection.execute("SELECT FROM ledger_budget FOR UPDATE")
        (dry,) = door.submit([redeem(serial)], dry=True)
    assert dry.done
    assert dry.vouchers[0].state == State.USED


def test_a_door_knows_its_batches_after_they_grew_elsewhere(new_door: OpenDoor) -> None:
    one, other = new_door(), new_door()
    batch = a_batch(one, quantity=10)
    done(other, redeem(batch.serial(0)))
    more = a_batch(one, quantity=10)
    done(other, redeem(more.serial(9)), redeem(batch.serial(9)))
