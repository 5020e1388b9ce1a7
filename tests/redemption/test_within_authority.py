"""What people do by hand stays within their role's authority; beyond it somebody else agrees."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from itertools import count
from threading import Barrier
from typing import Any

import psycopg
import pytest
from django.db import connections

from kaquan.approvals.actions import decide
from kaquan.approvals.models import ApprovalRequest
from kaquan.customers.actions import create_customer
from kaquan.engine.commands import LineReturn, RequestKey
from kaquan.engine.facts import OrderLine
from kaquan.engine.lifecycle import State
from kaquan.engine.outcomes import Outcome, OutcomeCode
from kaquan.foundation import clock
from kaquan.foundation.actor import Actor
from kaquan.foundation.changes.models import Change
from kaquan.foundation.errors import KaquanError
from kaquan.ledger.door import Door, close_door
from kaquan.ledger.sessions import reading_session
from kaquan.ledger.trace import trace_voucher
from kaquan.redemption import within_authority
from kaquan.redemption.authority import UNBOUNDED, Authority, authority_of
from kaquan.redemption.care_limits import limit_lines, set_limit
from kaquan.redemption.codes import code_book
from kaquan.redemption.deeds import Deed
from kaquan.redemption.models import CareDay, CareLimit
from tests.builders.books import books
from tests.builders.issuer import NOON, SYSTEM, a_number
from tests.redemption.counter import Counter, a_counter, without_role
from tests.staff.people import acting, somebody

Connection = psycopg.Connection[Any]
LARGE = {
    "benefit": {"kind": "amount_off", "amount_fen": 30_000},
    "validity": {
        "range": {"kind": "fixed_range", "first_day": "2026-01-01", "last_day": "2026-12-31"}
    },
}
_keys = count(1)


def a_key() -> RequestKey:
    return RequestKey(0, f"desk-{next(_keys)}")


def serial_of(counter: Counter, index: int = 0) -> int:
    decoded = code_book().decode(counter.codes[index])
    serial: int = decoded.serial  # type: ignore[union-attr]  # it is one of ours
    return serial


def do(actor: Actor, deed: Deed, *, at: datetime = NOON, key: RequestKey | None = None) -> Outcome:
    return within_authority.perform(actor=actor, deed=deed, at=at, request_key=key or a_key())


def undo(outcome: Outcome, **fields: Any) -> Deed:
    return Deed(operation="reverse", redemption=outcome.place, reason="退货", **fields)


def a_void(counter: Counter, index: int = 0) -> Deed:
    return Deed(operation="void", serial=serial_of(counter, index), reason="印错")


def is_beyond(act: Callable[[], object]) -> bool:
    with pytest.raises(KaquanError) as refused:
        act()
    return refused.value.code == "care_beyond_authority"


def test_what_lies_within_a_roles_authority_is_done_at_once(door: Door) -> None:
    counter = a_counter()
    manager = acting(somebody(counter.region, "store_manager"))
    used = counter.redeem()

    outcome = do(manager, undo(used))

    assert outcome.done
    assert outcome.vouchers[0].discount_fen == -2_000
    steps = trace_voucher(reading_session(), serial_of(counter))
    assert steps[-1].command.actor == manager.id
    assert getattr(steps[-1].command, "reason", "") == "退货"


def test_too_much_money_is_refused_in_words_that_help_and_moves_nothing(
    door: Door, connection: Connection
) -> None:
    counter = a_counter(terms=LARGE)
    clerk = without_role(counter)
    used = counter.redeem(amount_fen=50_000)
    before = books(connection)

    for deed in (undo(used), a_void(counter, 1)):
        with pytest.raises(KaquanError) as refused:
            do(clerk, deed)
        assert refused.value.code == "care_beyond_authority"
        assert "¥200.00" in refused.value.zh
        assert "¥300.00" in refused.value.zh
    assert books(connection) == before

    assert do(clerk, undo(used, amount_fen=20_000)).done


def test_a_use_is_undone_for_so_many_days_only(door: Door, connection: Connection) -> None:
    counter = a_counter()
    used = counter.redeem()
    before = books(connection)
    late = NOON + timedelta(days=8, seconds=1)

    assert is_beyond(lambda: do(without_role(counter), undo(used), at=late))
    assert books(connection) == before
    assert do(acting(somebody(counter.region, "regional_operations")), undo(used), at=late).done


def test_a_day_has_so_many_turns_and_a_refusal_takes_none(
    door: Door, connection: Connection
) -> None:
    counter = a_counter()
    clerk = without_role(counter)
    CareLimit.objects.filter(role_code="").update(number_a_day_max=2)
    key = a_key()

    first = do(clerk, a_void(counter, 0), key=key)
    again = do(clerk, a_void(counter, 0), key=key)
    refused = do(clerk, a_void(counter, 0))
    second = do(clerk, a_void(counter, 1))
    before = books(connection)

    assert first.done
    assert again == first
    assert refused.code is OutcomeCode.VOUCHER_VOID
    assert second.done
    assert is_beyond(lambda: do(clerk, a_void(counter, 2)))
    assert books(connection) == before
    assert do(clerk, a_void(counter, 2), at=NOON + timedelta(days=1)).done


def test_of_two_who_want_the_days_last_turn_one_gets_it(door: Door) -> None:
    counter = a_counter()
    clerk = without_role(counter)
    CareLimit.objects.filter(role_code="").update(number_a_day_max=1)
    barrier = Barrier(2)

    def race(index: int) -> bool:
        try:
            barrier.wait()
            return do(clerk, a_void(counter, index)).done
        except KaquanError:
            return False
        finally:
            close_door()
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(race, (0, 1)))

    assert sorted(done) == [False, True]
    assert CareDay.objects.get().number == 1


def test_nobody_is_held_back_from_freezing(door: Door) -> None:
    counter = a_counter(terms=LARGE)
    clerk = without_role(counter)
    CareLimit.objects.filter(role_code="").update(amount_fen_max=0, number_a_day_max=0)

    outcome = do(clerk, Deed(operation="freeze", serial=serial_of(counter), reason="报失"))

    assert State(outcome.vouchers[0].state) is State.FROZEN_LIVE


def test_who_holds_several_roles_has_the_widest_bounds_and_programs_have_none(
    database: object,
) -> None:
    counter = a_counter()
    manager = somebody(counter.region, "store_manager")
    both = somebody(counter.region, "store_manager", "regional_operations")

    assert authority_of(acting(manager), clock.now()) == Authority(20_000, 7, 30)
    assert authority_of(acting(both), clock.now()) == Authority(100_000, 30, 200)
    assert authority_of(SYSTEM, clock.now()) == UNBOUNDED


def test_what_is_beyond_is_done_once_somebody_else_agrees(
    door: Door, connection: Connection
) -> None:
    counter = a_counter(terms=LARGE)
    maker = acting(somebody(counter.region, "regional_operations"))
    checker = acting(somebody(counter.region, "regional_operations"))
    set_limit(
        actor=SYSTEM, role_code="regional_operations", authority=Authority(10_000, None, None)
    )
    before = books(connection)

    assert is_beyond(lambda: do(maker, a_void(counter)))
    asked = within_authority.ask_for(actor=maker, deed=a_void(counter), title="作废", at=NOON)
    assert books(connection) == before
    assert asked.amount_fen == 30_000
    decide(checker, request_id=asked.pk, verdict="approve", comment="", revision=asked.revision)

    step = trace_voucher(reading_session(), serial_of(counter))[-1]
    assert State(step.result.state) is State.VOID
    assert step.command.actor == maker.id
    assert getattr(step.command, "reason", "") == f"印错（审批 {asked.pk}）"


def test_what_the_ledger_refuses_by_then_is_not_approved_either(
    door: Door, connection: Connection
) -> None:
    counter = a_counter(terms=LARGE)
    maker = acting(somebody(counter.region, "regional_operations"))
    checker = acting(somebody(counter.region, "regional_operations"))
    asked = within_authority.ask_for(actor=maker, deed=a_void(counter), title="作废", at=NOON)
    counter.redeem(amount_fen=50_000)
    before = books(connection)

    with pytest.raises(KaquanError) as refused:
        decide(checker, request_id=asked.pk, verdict="approve", comment="", revision=1)

    assert refused.value.code == "voucher_used"
    assert ApprovalRequest.objects.get().state == "open"
    changed = {table for table in before if before[table] != books(connection)[table]}
    assert changed <= {"ledger_block", "ledger_lane", "ledger_request"}  # the refusal itself


def test_a_voucher_of_another_part_is_nobodys_to_touch(door: Door, connection: Connection) -> None:
    counter = a_counter()
    used = counter.redeem()
    before = books(connection)

    told = do(counter.stranger, a_void(counter, 1))
    undone = do(counter.stranger, undo(used))
    with pytest.raises(KaquanError) as refused:
        within_authority.ask_for(
            actor=counter.stranger, deed=a_void(counter, 1), title="作废", at=NOON
        )

    assert told.code is OutcomeCode.VOUCHER_UNKNOWN
    assert undone.code is OutcomeCode.REDEMPTION_UNKNOWN
    assert refused.value.code == "voucher_unknown"
    assert books(connection) == before


def test_a_voucher_is_passed_on_with_its_reason(door: Door) -> None:
    counter = a_counter(transferable=True)
    friend = a_number("M")
    create_customer(actor=without_role(counter), number=friend)
    serial = counter.assign().vouchers[0].serial
    deed = within_authority.transfer_deed(
        actor=without_role(counter), serial=serial, to_number=friend, reason="本人要求"
    )

    assert do(without_role(counter), deed).done

    steps = trace_voucher(reading_session(), serial)
    assert getattr(steps[-1].command, "reason", "") == "本人要求"
    unheld = within_authority.transfer_deed(
        actor=without_role(counter), serial=serial_of(counter), to_number=friend, reason="x"
    )
    assert do(without_role(counter), unheld).code is OutcomeCode.VOUCHER_NOT_ISSUED


def test_lines_that_come_back_are_reversed_to_the_fen(door: Door) -> None:
    counter = a_counter()
    lines = [OrderLine("1", "latte", 2, 6_000), OrderLine("2", "cake", 1, 4_000)]
    used = counter.redeem(lines=lines, amount_fen=None)

    outcome = do(without_role(counter), undo(used, lines=(LineReturn("1", 1),)))

    assert outcome.vouchers[0].discount_fen == -600


def test_bounds_are_set_for_the_whole_issuer_and_kept_in_the_change_log(database: object) -> None:
    counter = a_counter()

    set_limit(actor=SYSTEM, role_code="store_manager", authority=Authority(1, None, 3))
    with pytest.raises(KaquanError) as denied:
        set_limit(actor=without_role(counter), role_code="store_manager", authority=UNBOUNDED)
    with pytest.raises(KaquanError) as unknown:
        set_limit(actor=SYSTEM, role_code="nobody", authority=UNBOUNDED)
    with pytest.raises(KaquanError) as wrong:
        set_limit(actor=SYSTEM, role_code="store_manager", authority=Authority(-1, None, None))

    lines = {line.role_code: line.authority for line in limit_lines(SYSTEM)}
    assert lines["store_manager"] == Authority(1, None, 3)
    assert denied.value.code == "permission_denied"
    assert unknown.value.code == "role_unknown"
    assert wrong.value.code == "value_invalid"
    change = Change.objects.get(kind="care_limit")
    assert change.before == {
        "amount_fen_max": 20_000, "days_after_use_max": 7, "number_a_day_max": 30
    }  # fmt: skip


def test_a_store_manager_may_ask_for_a_reversal_that_comes_too_late(door: Door) -> None:
    counter = a_counter()
    manager = acting(somebody(counter.region, "store_manager"))
    checker = acting(somebody(counter.region, "regional_operations"))
    used = counter.redeem()
    late = NOON + timedelta(days=40)

    assert is_beyond(lambda: do(manager, undo(used), at=late))
    asked = within_authority.ask_for(actor=manager, deed=undo(used), title="撤销", at=late)
    decide(checker, request_id=asked.pk, verdict="approve", comment="", revision=1)

    step = trace_voucher(reading_session(), serial_of(counter))[-1]
    assert step.result.discount_fen == -2_000
    assert step.command.actor == manager.id
