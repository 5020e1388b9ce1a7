"""What people do with codes at a till: facts are gathered, refusals are answers, scopes hold."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import psycopg
import pytest
from django.db import connection as django_connection

from kaquan.engine.codes import format_code
from kaquan.engine.commands import LineReturn, RequestKey
from kaquan.engine.facts import OrderLine
from kaquan.engine.lifecycle import State
from kaquan.engine.outcomes import Outcome, OutcomeCode
from kaquan.foundation.errors import KaquanError
from kaquan.ledger.door import Door
from kaquan.redemption import actions
from kaquan.redemption.actions import CodeUse, PastUse
from kaquan.redemption.codes import code_book
from kaquan.redemption.queries import VoucherTrace, voucher_trace
from kaquan.redemption.visits import Visit, gather
from tests.builders.books import books
from tests.builders.issuer import NOON, SYSTEM, staff_of
from tests.redemption.till import a_till

Connection = psycopg.Connection[Any]


def test_a_code_is_redeemed_once_and_then_refused_without_moving_anything(
    door: Door, connection: Connection
) -> None:
    till = a_till(door)

    first = till.redeem()
    before = books(connection)
    second = till.redeem()

    assert first.done
    assert first.vouchers[0].discount_fen == 2_000
    assert second.code is OutcomeCode.VOUCHER_USED
    assert books(connection) == before


def test_the_same_request_again_is_answered_the_same_and_booked_once(
    door: Door, connection: Connection
) -> None:
    till = a_till(door)
    asked: dict[str, Any] = {
        "actor": SYSTEM,
        "uses": [CodeUse(till.code())],
        "visit": till.visit(),
        "request_key": RequestKey(7, "till-1:4711"),
    }

    first = actions.redeem_codes(**asked, at=NOON)
    before = books(connection)
    again = actions.redeem_codes(**asked, at=NOON + timedelta(days=1))

    assert again.done
    assert again.place == first.place
    assert books(connection) == before


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (lambda code: code[:-1], OutcomeCode.CODE_MALFORMED),
        (lambda code: code[1] + code[0] + code[2:], OutcomeCode.CODE_MISTYPED),
        (lambda _: "0" * 20, OutcomeCode.CODE_FORGED),
        (lambda _: "", OutcomeCode.CODE_MALFORMED),
        (lambda _: "\udcff\x00", OutcomeCode.CODE_MALFORMED),
    ],
)
def test_what_is_no_code_is_told_apart_without_asking_the_database(
    door: Door, spoil: Any, code: OutcomeCode
) -> None:
    till = a_till(door)
    text = spoil(next(c for c in map(till.code, range(9)) if c[0] != c[1]))
    till.redeem(1)  # so that "are there foreign codes at all" is known

    with django_connection.execute_wrapper(_no_query):
        outcome = actions.redeem_codes(
            actor=SYSTEM, uses=[CodeUse(text)], visit=till.visit(), at=NOON
        )

    assert outcome.code is code


def _no_query(*_arguments: Any) -> None:
    raise AssertionError("the database was asked")


def test_codes_are_read_as_people_type_them(door: Door) -> None:
    till = a_till(door)
    typed = format_code(till.code()).lower().replace("1", "l").replace("0", "o")

    outcome = actions.redeem_code(
        actor=SYSTEM, code=f" {typed} ", store_code=till.store_code, amount_fen=10_000, at=NOON
    )

    assert outcome.done


def test_one_bad_code_among_several_leaves_the_good_ones_alone(
    door: Door, connection: Connection
) -> None:
    till = a_till(door, stack={"policy": "always"})
    good, used = till.code(0), till.code(1)
    assert till.redeem(1).done
    before = books(connection)

    outcome = actions.redeem_codes(
        actor=SYSTEM, uses=[CodeUse(good), CodeUse(used)], visit=till.visit(), at=NOON
    )

    assert outcome.code is OutcomeCode.VOUCHER_USED
    assert outcome.data["serial"] == till.batch.serial(1)
    assert books(connection) == before


def test_a_trial_run_says_what_would_happen_and_books_nothing(
    door: Door, connection: Connection
) -> None:
    till = a_till(door)
    assert till.redeem(1).done  # the writer has its lane now
    before = books(connection)

    outcome = actions.validate(
        actor=SYSTEM, uses=[CodeUse(till.code())], visit=till.visit(), at=NOON
    )

    assert outcome.done
    assert outcome.vouchers[0].discount_fen == 2_000
    assert books(connection) == before


def test_a_visit_becomes_facts_about_store_customer_and_order(door: Door) -> None:
    till = a_till(door)
    line = OrderLine("1", "latte", 2, 6_000, 500)

    facts = gather(till.clerk, till.visit(lines=[line], customer_number=till.customer_number), NOON)

    assert facts.store_path[-1] == facts.store_id > 0
    assert len(facts.store_path) == 3
    assert facts.customer_id > 0
    assert facts.person_id > 0
    assert facts.first_order is True
    assert facts.order is not None
    assert facts.order.lines == (line,)


@pytest.mark.parametrize(
    "fields",
    [
        {"store_code": "nowhere"},
        {"customer_number": "nobody"},
        {"order_no": "A\udcff"},
        {"order_no": "A\x00"},
        {"order_no": "9" * 300},
    ],
)
def test_a_visit_that_cannot_be_is_an_error_and_moves_nothing(
    door: Door, connection: Connection, fields: dict[str, str]
) -> None:
    till = a_till(door)
    before = books(connection)

    with pytest.raises(KaquanError):
        till.redeem(**fields)

    assert books(connection) == before


def test_a_clerk_of_another_region_can_neither_redeem_nor_reverse_here(
    door: Door, connection: Connection
) -> None:
    till = a_till(door)
    done = till.redeem(actor=till.clerk)
    assert done.place is not None
    before = books(connection)

    with pytest.raises(KaquanError, match="organisation"):
        till.redeem(1, actor=till.stranger)
    outcome = actions.reverse(actor=till.stranger, redemption=done.place, at=NOON)

    assert outcome.code is OutcomeCode.REDEMPTION_UNKNOWN
    assert books(connection) == before


@pytest.mark.parametrize("permission", ["redemption.redeem", "redemption.reverse", "voucher.trace"])
def test_without_the_permission_nothing_happens(
    door: Door, connection: Connection, permission: str
) -> None:
    till = a_till(door)
    place = till.redeem().place
    assert place is not None
    nobody = staff_of(None, "something.else")
    before = books(connection)

    asked = {
        "redemption.redeem": lambda: till.redeem(1, actor=nobody),
        "redemption.reverse": lambda: actions.reverse(actor=nobody, redemption=place, at=NOON),
        "voucher.trace": lambda: voucher_trace(actor=nobody, code=till.code()),
    }[permission]

    with pytest.raises(KaquanError) as refused:
        asked()

    assert refused.value.code == "permission_denied"
    assert books(connection) == before


def test_a_redemption_is_reversed_by_its_code_and_order(door: Door) -> None:
    till = a_till(door)
    assert till.redeem(order_no="A-77").done

    outcome = actions.reverse_code(actor=SYSTEM, code=till.code(), order_no="A-77", at=NOON)
    wrong = actions.reverse_code(actor=SYSTEM, code=till.code(), order_no="A-78", at=NOON)

    assert outcome.done
    assert outcome.vouchers[0].state is State.LIVE
    assert wrong.code is OutcomeCode.REDEMPTION_UNKNOWN


def test_some_lines_of_an_order_come_back(door: Door) -> None:
    till = a_till(door)
    lines = [OrderLine("1", "latte", 2, 6_000), OrderLine("2", "cake", 1, 4_000)]
    done = till.redeem(lines=lines)
    assert done.place is not None

    outcome = actions.reverse(
        actor=SYSTEM, redemption=done.place, lines=[LineReturn("2", 1)], at=NOON
    )

    assert outcome.done
    assert outcome.vouchers[0].discount_fen == -800


def test_a_hold_is_settled_or_released_by_its_place(door: Door) -> None:
    till = a_till(door)
    later = NOON + timedelta(minutes=15)

    held = actions.hold_codes(
        actor=SYSTEM,
        uses=[
            CodeUse(till.code()),
        ],
        visit=till.visit(),
        expires_at=later,
        at=NOON,
    )
    assert held.place is not None
    taken = till.redeem()
    settled = actions.settle(actor=till.clerk, hold=held.place, at=NOON)
    released = actions.release(actor=till.clerk, hold=held.place, at=NOON)
    foreign = actions.release(actor=till.stranger, hold=held.place, at=NOON)

    assert taken.code is OutcomeCode.VOUCHER_HELD
    assert settled.done
    assert released.code is OutcomeCode.HOLD_SETTLED
    assert foreign.code is OutcomeCode.HOLD_UNKNOWN


def test_a_voucher_is_claimed_from_stock_and_used_by_its_code(door: Door) -> None:
    till = a_till(door, by_code=False)
    visit = Visit(customer_number=till.customer_number, channel="app")

    claimed = actions.claim(actor=SYSTEM, batch_id=till.batch.batch_id, visit=visit, at=NOON)
    code = code_book().encode(claimed.vouchers[0].serial)
    used = actions.redeem_codes(actor=SYSTEM, uses=[CodeUse(code)], visit=till.visit(), at=NOON)

    assert claimed.done
    assert claimed.vouchers[0].customer_id > 0
    assert used.done


def test_a_card_is_sold_used_in_part_and_topped_up(door: Door) -> None:
    till = a_till(door, kind="prepaid", budget_id=0)
    nobody = Visit(store_code=till.store_code)

    sold = actions.sell(
        actor=SYSTEM,
        batch_id=till.batch.batch_id,
        visit=nobody,
        paid_fen=20_000,
        payment_no="P-1",
        code=till.code(),
        at=NOON,
    )
    used = actions.redeem_codes(
        actor=SYSTEM, uses=[CodeUse(till.code(), 3_000)], visit=till.visit(), at=NOON
    )
    topped = actions.top_up(
        actor=SYSTEM, code=till.code(), amount_fen=500, payment_no="P-2", visit=nobody, at=NOON
    )

    assert [one.vouchers[0].balance_fen for one in (sold, used, topped)] == [20_000, 17_000, 17_500]


def test_past_uses_stand_or_fall_one_by_one_and_are_told_once(
    door: Door, connection: Connection
) -> None:
    till = a_till(door)
    past = [
        PastUse(CodeUse(code), till.visit(order_no=f"B-{n}"), NOON, RequestKey(3, f"row-{n}"))
        for n, code in enumerate([till.code(0), "not a code", till.code(1), till.code(0)])
    ]

    dry = actions.redeem_past(actor=SYSTEM, past=past, dry=True)
    outcomes = actions.redeem_past(actor=SYSTEM, past=past)
    before = books(connection)
    again = actions.redeem_past(actor=SYSTEM, past=past)

    told = ["DONE", "CODE_MALFORMED", "DONE", "VOUCHER_USED"]
    assert [one.code.name for one in dry] == told
    assert [one.code.name for one in outcomes] == told
    assert [one.code.name for one in again] == told
    assert books(connection) == before


def test_the_trace_tells_the_whole_life_of_a_voucher(door: Door) -> None:
    till = a_till(door)
    done = till.redeem()
    assert done.place is not None
    actions.reverse(actor=SYSTEM, redemption=done.place, reason="退货", at=NOON)

    trace = voucher_trace(actor=SYSTEM, code=till.code())
    untouched = voucher_trace(actor=SYSTEM, code=till.code(2))
    never_minted = voucher_trace(actor=SYSTEM, code=code_book().encode(2**30))

    assert not isinstance(trace, type(done))
    assert [step.command.operation for step in trace.steps] == ["redeem", "reverse"]
    assert all(step.entries for step in trace.steps)
    assert isinstance(untouched, VoucherTrace)
    assert untouched.steps == []
    assert untouched.standing.by_code
    assert never_minted == Outcome(OutcomeCode.VOUCHER_UNKNOWN)
