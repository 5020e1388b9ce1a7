"""Looking after single vouchers: by code or serial, once a request, and only one's own batches."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from kaquan.customers.actions import create_customer
from kaquan.engine.commands import RequestKey
from kaquan.engine.facts import OrderLine
from kaquan.engine.lifecycle import State
from kaquan.engine.outcomes import Outcome, OutcomeCode
from kaquan.foundation.actor import Actor
from kaquan.foundation.errors import KaquanError
from kaquan.ledger.door import Door
from kaquan.redemption import actions, care
from kaquan.redemption.queries import VoucherTrace, lies_within, voucher_trace
from tests.builders.books import books
from tests.builders.issuer import NOON, SYSTEM, a_number, staff_of
from tests.redemption.counter import Counter, a_counter
from tests.redemption.till import a_till

Connection = psycopg.Connection[Any]
LATER = NOON + timedelta(days=1)


def _verbs(actor: Actor, voucher: care.VoucherName) -> dict[str, Callable[[], Outcome]]:
    about: dict[str, Any] = {"actor": actor, "voucher": voucher, "at": LATER}
    return {
        "freeze": lambda: care.freeze(**about, reason="失窃"),
        "unfreeze": lambda: care.unfreeze(**about),
        "void": lambda: care.void(**about, reason="印错"),
        "extend": lambda: care.extend(**about, valid_until=NOON + timedelta(days=900)),
        "adjust": lambda: care.adjust(**about, uses=1, reason="补偿"),
        "expire": lambda: care.expire(**about),
    }


def state(outcome: Outcome) -> State:
    assert outcome.done, outcome
    return State(outcome.vouchers[0].state)


def test_a_voucher_is_frozen_let_go_extended_and_voided_by_its_code(door: Door) -> None:
    till = a_till(door)
    verbs = _verbs(SYSTEM, till.code())

    assert state(verbs["freeze"]()) is State.FROZEN_LIVE
    assert till.redeem().code is OutcomeCode.VOUCHER_FROZEN
    assert state(verbs["unfreeze"]()) is State.LIVE
    assert verbs["extend"]().vouchers[0].valid_until == NOON + timedelta(days=900)
    assert state(verbs["void"]()) is State.VOID
    assert till.redeem().code is OutcomeCode.VOUCHER_VOID


def test_a_voucher_may_be_named_by_its_serial(door: Door) -> None:
    till = a_till(door)

    assert _verbs(SYSTEM, till.batch.serial())["freeze"]().done
    assert till.redeem().code is OutcomeCode.VOUCHER_FROZEN


def test_a_count_card_is_adjusted_and_an_expired_voucher_is_booked_so(door: Door) -> None:
    cards, old = a_till(door, kind="count"), a_till(door)

    adjusted = _verbs(SYSTEM, cards.code())["adjust"]()
    too_soon = _verbs(SYSTEM, old.code())["expire"]()
    expired = care.expire(actor=SYSTEM, voucher=old.code(), at=NOON + timedelta(days=400))

    assert adjusted.vouchers[0].uses_left == 6
    assert too_soon.code is OutcomeCode.NOT_EXPIRED_YET
    assert state(expired) is State.EXPIRED


def test_a_voucher_passes_from_its_holder_to_another_customer(door: Door) -> None:
    counter = a_counter(transferable=True)
    friend = a_number("M")
    create_customer(actor=SYSTEM, number=friend)
    serial = counter.assign().vouchers[0].serial
    about: dict[str, Any] = {"actor": SYSTEM, "voucher": serial, "at": LATER}

    done = care.transfer(**about, from_number=counter.member, to_number=friend)
    again = care.transfer(**about, from_number=counter.member, to_number=friend)

    assert done.done
    assert again.code is OutcomeCode.VOUCHER_NOT_YOURS
    with pytest.raises(KaquanError) as refused:
        care.transfer(**about, from_number=friend, to_number="nobody")
    assert refused.value.code == "customer_unknown"


def test_the_same_request_again_changes_nothing_more(door: Door, connection: Connection) -> None:
    till = a_till(door, kind="count")
    asked: dict[str, Any] = {
        "actor": SYSTEM,
        "voucher": till.code(),
        "uses": 2,
        "reason": "补偿",
        "request_key": RequestKey(7, "sorry"),
    }

    first = care.adjust(**asked, at=NOON)
    before = books(connection)
    again = care.adjust(**asked, at=LATER)

    assert first == again
    assert books(connection) == before


def test_a_text_that_is_no_code_is_refused_as_such(door: Door) -> None:
    till = a_till(door)

    assert _verbs(SYSTEM, till.code()[:-1])["freeze"]().code is OutcomeCode.CODE_MALFORMED
    assert _verbs(SYSTEM, "0" * 20)["void"]().code is OutcomeCode.CODE_FORGED
    assert _verbs(SYSTEM, 2**37)["void"]().code is OutcomeCode.VOUCHER_UNKNOWN


def test_a_voucher_of_another_part_is_answered_as_if_there_were_none(
    door: Door, connection: Connection
) -> None:
    counter = a_counter()
    voucher = counter.codes[0]
    before = books(connection)

    answers = {name: verb() for name, verb in _verbs(counter.stranger, voucher).items()}
    missing = {name: verb() for name, verb in _verbs(counter.stranger, 2**37).items()}

    assert answers == missing
    assert {answer.code for answer in answers.values()} == {OutcomeCode.VOUCHER_UNKNOWN}
    assert books(connection) == before
    assert _verbs(counter.clerk, voucher)["freeze"]().done


def test_nothing_is_done_without_the_permission(door: Door, connection: Connection) -> None:
    counter = a_counter()
    nobody = staff_of(counter.region, "voucher.trace")
    before = books(connection)

    for verb in _verbs(nobody, counter.codes[0]).values():
        with pytest.raises(KaquanError) as refused:
            verb()
        assert refused.value.code == "permission_denied"

    assert books(connection) == before


def _steps(actor: Actor, code: str) -> list[str] | OutcomeCode:
    trace = voucher_trace(actor=actor, code=code)
    if isinstance(trace, VoucherTrace):
        return [step.command.operation for step in trace.steps]
    return trace.code


def _redeem_and_reverse(counter: Counter, code: str) -> None:
    used = actions.redeem_codes(
        actor=SYSTEM, uses=[actions.CodeUse(code)], visit=counter.visit(), at=NOON
    )
    assert used.place is not None
    assert actions.reverse(actor=SYSTEM, redemption=used.place, at=LATER).done


def test_a_trace_shows_all_of_ones_own_batch_and_elsewhere_what_happened_in_ones_stores(
    door: Door,
) -> None:
    counter, foreign = a_counter(), a_counter()
    mine, theirs = counter.codes[0], foreign.codes[0]
    _redeem_and_reverse(counter, mine)
    _redeem_and_reverse(counter, theirs)
    assert care.freeze(actor=SYSTEM, voucher=theirs, reason="失窃", at=LATER).done

    assert _steps(counter.clerk, mine) == ["redeem", "reverse"]
    assert _steps(counter.clerk, theirs) == ["redeem", "reverse"]
    assert _steps(foreign.clerk, theirs) == ["redeem", "reverse", "freeze"]
    assert _steps(foreign.clerk, mine) is OutcomeCode.VOUCHER_UNKNOWN
    assert _steps(counter.clerk, foreign.codes[1]) is OutcomeCode.VOUCHER_UNKNOWN
    assert _steps(SYSTEM, theirs) == ["redeem", "reverse", "freeze"]


def test_a_use_that_settled_a_hold_lies_where_the_hold_was_made(door: Door) -> None:
    counter = a_counter()
    held = actions.hold_codes(
        actor=SYSTEM,
        uses=[actions.CodeUse(counter.codes[0])],
        visit=counter.visit(lines=[OrderLine("1", "latte", 1, 10_000)]),
        expires_at=NOON + timedelta(minutes=15),
        at=NOON,
    )
    assert held.place is not None
    used = actions.settle(actor=SYSTEM, hold=held.place, at=NOON)
    assert used.place is not None

    assert lies_within(counter.clerk, used.place)
    assert not lies_within(counter.stranger, used.place)
