"""The trace: the whole life of one voucher, from nothing but the blocks."""

from datetime import timedelta
from typing import Any

import psycopg
import pytest

from kaquan.engine.commands import Freeze, Redeem, Reverse, Unfreeze
from kaquan.engine.entries import Account, Unit
from kaquan.ledger.door import Door
from kaquan.ledger.trace import (
    Standing,
    batches_of,
    find_redemption,
    standing_of,
    trace_voucher,
)
from tests.builders.ledger import (
    NOON,
    STORE,
    a_batch,
    a_claimed_voucher,
    a_sold_card,
    allot,
    at_the_till,
    done,
    hold,
    redeem,
)
from tests.fixtures_ledger import OpenDoor

Connection = psycopg.Connection[Any]


def test_a_life_is_told_oldest_first_across_lanes(
    new_door: OpenDoor, connection: Connection
) -> None:
    one, other = new_door(), new_door()
    serial = a_claimed_voucher(one)
    done(other, Freeze(at=NOON, serial=serial, reason="查"))
    done(one, Unfreeze(at=NOON, serial=serial))
    used = done(other, redeem(serial))
    assert used.place is not None
    done(one, Reverse(at=NOON, redemption=used.place))
    steps = trace_voucher(connection, serial)
    assert [step.command.operation for step in steps] == [
        "claim",
        "freeze",
        "unfreeze",
        "redeem",
        "reverse",
    ]
    assert [step.result.version for step in steps] == [1, 2, 3, 4, 5]
    assert steps[3].outcome == used
    assert steps[3].place == used.place


def test_a_step_has_the_entries_of_its_own_voucher_only(door: Door, connection: Connection) -> None:
    batch = a_batch(door)
    outcomes = door.submit([redeem(serial) for serial in batch.serials[:3]])
    (step,) = trace_voucher(connection, batch.serial(1))
    (entry,) = step.entries
    assert (entry.unit, entry.amount) == (Unit.FEN, 2_000)
    assert (entry.debit, entry.debit_id) == (Account.BUDGET_AVAILABLE, batch.budget_id)
    assert (entry.credit, entry.credit_id) == (Account.STORE, STORE)
    assert (entry.serial, entry.version, entry.reverses) == (batch.serial(1), 1, None)
    assert outcomes[1].place == step.place
    assert outcomes[1].place is not None
    done(door, Reverse(at=NOON, redemption=outcomes[1].place))
    assert trace_voucher(connection, batch.serial(1))[-1].entries[0].reverses == outcomes[1].place


def test_of_a_long_life_the_latest_steps_are_told(door: Door, connection: Connection) -> None:
    serial = a_sold_card(door)
    for amount_fen in (100, 200, 300):
        done(door, redeem(serial, amount_fen=amount_fen))
    steps = trace_voucher(connection, serial, steps_max=2)
    assert [step.result.balance_used_fen for step in steps] == [200, 300]


def test_the_latest_redemption_on_an_order_is_found(door: Door, connection: Connection) -> None:
    serial = a_sold_card(door)
    till = at_the_till(order_no="A-1")
    first = done(door, redeem(serial, amount_fen=100, facts=till))
    second = done(door, redeem(serial, amount_fen=100, facts=till))
    done(door, redeem(serial, amount_fen=100, facts=at_the_till(order_no="A-2")))
    assert find_redemption(connection, serial, "A-1") == second.place != first.place
    assert find_redemption(connection, serial, "A-3") is None


def test_a_redemption_that_settles_a_hold_is_found_by_the_holds_order(
    door: Door, connection: Connection
) -> None:
    serial = a_claimed_voucher(door)
    held = done(door, hold(serial, expires_at=NOON + timedelta(hours=1)))
    settle = Redeem(at=NOON, hold=held.place, facts=at_the_till(amount_fen=1, order_no="other"))
    assert find_redemption(connection, serial, "A-1") is None
    settled = done(door, settle)
    assert find_redemption(connection, serial, "A-1") == settled.place


def test_an_untouched_voucher_has_its_custody_and_no_steps(
    door: Door, connection: Connection
) -> None:
    batch = a_batch(door, quantity=50, active=False)
    done(door, allot(batch, batch.serials[10:20], 21))
    serial = batch.serial(12)
    assert trace_voucher(connection, serial) == []
    assert standing_of(connection, serial) == Standing(batch.batch_id, True, False, 21)
    assert standing_of(connection, batch.serial()) == Standing(batch.batch_id, True, False, 0)
    assert standing_of(connection, batch.serials.stop) is None
    assert standing_of(connection, 3) is None
    asked = [serial, batch.serials.stop, 2**62]
    assert batches_of(connection, asked) == {serial: batch.batch_id}


def test_books_that_do_not_hold_together_are_not_told_as_a_life(
    door: Door, connection: Connection, superuser: Connection
) -> None:
    serial = a_claimed_voucher(door)
    table = "ledger_voucher"
    superuser.execute(f"UPDATE {table} SET last_index = 9 WHERE serial = %s", [serial])  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=f"serial {serial}"):
        trace_voucher(connection, serial)
