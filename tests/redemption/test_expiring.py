"""Vouchers whose time is over are booked as expired: in steps, once, and no other voucher."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from django.db import transaction

from kaquan.engine.commands import Extend
from kaquan.engine.lifecycle import State
from kaquan.ledger.door import close_door, submit
from kaquan.ledger.voucher_pages import voucher_rows
from kaquan.redemption import expiring
from kaquan.redemption.actions import CodeUse, hold_codes
from kaquan.redemption.expiring import GRACE, due, step, step_all
from kaquan.redemption.models import ExpirySweep
from tests.builders.books import books, faults, number
from tests.builders.issuer import NOON, SYSTEM
from tests.fixtures_database import Database
from tests.redemption.counter import Counter, a_counter

Connection = psycopg.Connection[Any]
NEW_YEAR = datetime(2026, 12, 31, 16, tzinfo=UTC)
SWEPT = NEW_YEAR + GRACE + timedelta(minutes=1)


@pytest.fixture(autouse=True)
def _own_door(database: Database) -> Any:
    yield
    close_door()


def given(counter: Counter, count: int) -> list[int]:
    """Vouchers of one member, in the order of their serials."""
    serials = [counter.assign().vouchers[0].serial for _ in range(count)]
    return sorted(serials)


def states_of(connection: Connection, serials: list[int]) -> list[State]:
    rows = voucher_rows(connection, serials)
    return [rows[one].state for one in serials]


def released_fen(connection: Connection) -> int:
    return number(connection, "SELECT sum(released_fen) FROM ledger_budget")


def test_what_is_over_is_booked_in_steps_and_once_and_its_money_is_released(
    connection: Connection, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    counter = a_counter()
    serials = given(counter, 5)
    committed = number(connection, "SELECT sum(committed_fen) FROM ledger_budget")
    batch_id = counter.from_stock.id
    step_all(NOON)
    monkeypatch.setattr(expiring, "COMMANDS_MAX", 2)

    booked = [step(batch_id, SWEPT) for _ in range(4)]
    swept = ExpirySweep.objects.get(pk=batch_id)

    assert booked == [2, 2, 1, 0]
    assert (swept.under_way, swept.booked_count) == (False, 5)
    assert states_of(connection, serials) == [State.EXPIRED] * 5
    assert released_fen(connection) == committed > 0
    assert faults(database.connect) == []


def test_before_the_grace_is_over_nothing_moves_and_a_batch_is_due_again_a_day_later(
    connection: Connection,
) -> None:
    counter = a_counter()
    given(counter, 1)
    step_all(NOON)
    before = books(connection)
    early = NEW_YEAR + GRACE - timedelta(minutes=1)

    assert step_all(early) == 2
    assert books(connection) == before
    assert due(early + expiring.ROUND - timedelta(seconds=1)) == []
    assert step_all(early + expiring.ROUND) == 2
    assert ExpirySweep.objects.get(pk=counter.from_stock.id).booked_count == 1


def test_one_that_was_extended_or_used_is_left_alone_and_an_old_hold_keeps_nothing(
    connection: Connection, database: Database
) -> None:
    counter = a_counter()
    extended, over = given(counter, 2)
    until = NEW_YEAR + timedelta(days=60)
    (done,) = submit(
        [Extend(at=NOON, serial=extended, valid_until=until, reason="疫情")], actor=SYSTEM
    )
    used = counter.redeem(0).vouchers[0].serial
    late = NEW_YEAR - timedelta(minutes=1)
    held = hold_codes(
        actor=SYSTEM,
        uses=[CodeUse(counter.codes[1])],
        visit=counter.visit(),
        at=late,
        expires_at=late + timedelta(minutes=15),
    )
    assert done.place is not None
    assert held.place is not None

    step_all(NOON)
    step_all(SWEPT)

    serials = [extended, over, used, held.vouchers[0].serial]
    assert states_of(connection, serials) == [
        State.ISSUED, State.EXPIRED, State.USED, State.EXPIRED,
    ]  # fmt: skip
    assert faults(database.connect) == []


def test_a_step_cut_short_after_its_booking_is_done_again_without_effect(
    connection: Connection,
) -> None:
    counter = a_counter()
    given(counter, 3)
    step_all(NOON)
    with transaction.atomic():
        assert step(counter.from_stock.id, SWEPT) == 3
        transaction.set_rollback(True)
    assert ExpirySweep.objects.get(pk=counter.from_stock.id).booked_count == 0
    before = books(connection)

    assert step(counter.from_stock.id, SWEPT) == 0
    assert books(connection) == before


def test_a_batch_opened_after_its_end_has_days_to_bring_its_past_in(
    connection: Connection,
) -> None:
    counter = a_counter()
    (serial,) = given(counter, 1)
    opened = NEW_YEAR + timedelta(days=100)
    step_all(opened)
    step_all(opened + GRACE)
    assert states_of(connection, [serial]) == [State.ISSUED]

    step_all(opened + GRACE + expiring.ROUND)
    assert states_of(connection, [serial]) == [State.EXPIRED]
