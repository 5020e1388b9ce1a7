"""A slip that is typed in uses its voucher once, at the time that stands on it, or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.db import connections

from kaquan.customers.actions import create_customer
from kaquan.customers.erasing import erase_customer, request_erasure
from kaquan.customers.models import Customer
from kaquan.foundation import clock
from kaquan.foundation.errors import KaquanError
from kaquan.ledger.door import close_door
from kaquan.redemption.actions import assign
from kaquan.redemption.care import transfer
from kaquan.redemption.codes import code_book, new_code
from kaquan.redemption.visits import Visit
from kaquan.registration.actions import register_slip, reverse_slip
from kaquan.registration.bundles import close_bundle
from kaquan.registration.models import Slip, SlipState
from kaquan.registration.queries import slip_by_id, slips_of
from tests.api.world import Side
from tests.builders.books import books, differing, faults
from tests.builders.issuer import SYSTEM, a_number, an_organisation, staff_of
from tests.fixtures_database import Database
from tests.registration.slips import a_bundle, a_side, a_slip, registered, serial_at, typist, use_of

ANSWER_KEPT = {"ledger_block", "ledger_lane", "ledger_request"}
PHONE = "13800138123"


@pytest.fixture
def side(database: Database) -> Side:
    return a_side()


@contextmanager
def nothing_moved(database: Database) -> Iterator[None]:
    before, slips, customers = books(database.connect()), counts(), Customer.objects.count()
    yield
    assert not differing(before, books(database.connect()))
    assert (counts(), Customer.objects.count()) == (slips, customers)


def counts() -> int:
    return Slip.objects.count()


def refusal(side: Side, bundle_id: int, index: int = 0, **typed: Any) -> KaquanError:
    with pytest.raises(KaquanError) as refused:
        register_slip(
            actor=typist(side),
            bundle_id=bundle_id,
            typed=a_slip(side, index, **typed),
            once=a_number("once-"),
        )
    return refused.value


def test_a_slip_uses_its_voucher_at_its_own_time_in_its_store(
    side: Side, database: Database
) -> None:
    bundle = a_bundle(side)
    typed = a_slip(side, used_at=clock.now() - timedelta(days=3))

    slip = register_slip(actor=typist(side), bundle_id=bundle.id, typed=typed, once="a")

    use = use_of(side)
    assert use.at == typed.used_at
    assert use.facts.store_id == side.store.organisation_id
    assert (slip.state, slip.serial, slip.discount_fen) == ("registered", serial_at(side, 0), 2_000)
    assert faults(database.connect) == []


def test_the_same_form_sent_twice_is_one_slip(side: Side, database: Database) -> None:
    bundle, typed = a_bundle(side), a_slip(side)
    first = register_slip(actor=typist(side), bundle_id=bundle.id, typed=typed, once="b")

    with nothing_moved(database):
        again = register_slip(actor=typist(side), bundle_id=bundle.id, typed=typed, once="b")

    assert again.id == first.id


def test_the_same_form_sent_several_times_at_once_is_one_slip(
    side: Side, database: Database
) -> None:
    bundle, typed = a_bundle(side), a_slip(side, holder_phone=PHONE)

    def send(_: int) -> int:
        try:
            return register_slip(
                actor=typist(side), bundle_id=bundle.id, typed=typed, once="at-once"
            ).id
        finally:
            close_door()
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        ids = set(pool.map(send, range(4)))

    assert len(ids) == 1
    assert Slip.objects.get().state == SlipState.REGISTERED
    assert use_of(side).at == typed.used_at
    assert Customer.objects.filter(number__startswith="P").count() == 1
    assert faults(database.connect) == []


def test_a_serial_with_the_end_of_its_code_is_enough_and_another_end_is_refused(
    side: Side, database: Database
) -> None:
    bundle, serial = a_bundle(side), serial_at(side, 0)
    ends = [code_book().encode(serial_at(side, index))[-4:] for index in (0, 1)]

    with nothing_moved(database):
        for end in (ends[1], "", ends[0][1:]):
            wrong = refusal(side, bundle.id, number=str(serial), last_symbols=end)
            assert wrong.code == "slip_number_mistyped"
    full_width = "".join(chr(ord(digit) + 0xFEE0) for digit in str(serial))
    slip = registered(side, bundle, number=full_width, last_symbols=ends[0].lower())

    assert slip.serial == serial


def test_a_slip_with_an_old_code_is_refused_and_one_with_the_new_holders_code_is_registered(
    side: Side, database: Database
) -> None:
    bundle, batch_id, now = a_bundle(side), side.trade.from_stock.id, clock.now()
    giver, friend = a_number("M"), a_number("M")
    for number in (giver, friend):
        create_customer(actor=SYSTEM, number=number)
    visit = Visit(customer_number=giver)
    given = assign(actor=SYSTEM, batch_id=batch_id, visit=visit, at=now).vouchers[0].serial
    numbers = {"from_number": giver, "to_number": friend}
    assert transfer(actor=SYSTEM, voucher=given, **numbers, at=now).done

    with nothing_moved(database):
        wrong = refusal(side, bundle.id, number=new_code(given), used_at=now)
    slip = registered(side, bundle, number=new_code(given, 1), used_at=now)

    assert wrong.code == "code_passed_on"
    assert (slip.serial, slip.hand, slip.state) == (given, 1, "registered")


def test_a_used_voucher_is_refused_with_who_used_it_where_and_when(
    side: Side, database: Database
) -> None:
    bundle = a_bundle(side)
    slip = registered(side, bundle, clerk="王敏")

    with nothing_moved(database):
        told = refusal(side, bundle.id)

    assert told.code == "voucher_used"
    assert "王敏" in told.zh
    assert side.store.organisation.name in told.zh
    assert slip_by_id(typist(side), slip.id).used_at.astimezone().strftime("%Y-") in told.zh


def test_times_outside_the_window_and_before_the_voucher_are_refused(
    side: Side, database: Database
) -> None:
    bundle = a_bundle(side)
    with nothing_moved(database):
        for at in (clock.now() + timedelta(hours=1), clock.now() - timedelta(days=31)):
            assert refusal(side, bundle.id, used_at=at).code == "slip_outside_window"
    campaign = side.trade.campaign
    campaign.starts_at = clock.now() - timedelta(days=2)
    campaign.save()

    with nothing_moved(database):
        early = refusal(side, bundle.id, used_at=clock.now() - timedelta(days=3))
    assert early.code == "slip_before_issue"


def test_what_cannot_be_read_is_refused(side: Side, database: Database) -> None:
    bundle = a_bundle(side)
    for code, wrong in {
        "store_unknown": {"store_code": "none"},
        "code_mistyped": {"number": "N6W5-0000-0000-0000-0000"},
    }.items():
        with nothing_moved(database):
            assert refusal(side, bundle.id, holder_name="新人", **wrong).code == code
    for told, wrong_value in (
        ("手机号", {"holder_phone": "123"}),
        ("订单金额", {"amount_fen": -500}),
    ):
        with nothing_moved(database):
            invalid = refusal(side, bundle.id, holder_name="新人", **wrong_value)
        assert invalid.code == "value_invalid"
        assert told in invalid.zh


def test_a_refused_slip_adds_no_customer(side: Side, database: Database) -> None:
    bundle = a_bundle(side)
    registered(side, bundle)

    with nothing_moved(database):
        assert refusal(side, bundle.id, holder_phone=PHONE).code == "voucher_used"


def test_a_phone_joins_the_customer_who_has_it_and_else_makes_one(side: Side) -> None:
    bundle = a_bundle(side)

    first = registered(side, bundle, 0, holder_name="陈晨", holder_phone=PHONE)
    second = registered(side, bundle, 1, holder_phone="+86 138-0013-8123")

    assert first.customer is not None
    assert first.customer == second.customer
    assert (first.customer.name, first.customer.phone) == ("陈晨", f"+86{PHONE}")
    assert first.customer.consents == []
    (note,) = first.customer.notes.all()
    assert "纸质券联" in note.text
    assert [use_of(side, index).facts.customer_id for index in (0, 1)] == [first.customer.id] * 2


def test_whoever_is_forgotten_is_forgotten_on_their_slips(side: Side) -> None:
    bundle = a_bundle(side)
    slip = registered(side, bundle, holder_name="陈晨", holder_phone=PHONE)
    assert slip.customer is not None
    number = slip.customer.number

    request_erasure(actor=SYSTEM, number=number, at=clock.now())
    erase_customer(actor=SYSTEM, number=number, at=clock.now())

    slip = Slip.objects.get(id=slip.id)
    assert (slip.holder_name, slip.holder_phone, slip.holder_phone_index) == (None, None, None)
    assert slip.state == SlipState.REGISTERED


def test_lists_name_no_holder_in_full(side: Side) -> None:
    bundle = a_bundle(side)
    registered(side, bundle, holder_name="欧阳晓", holder_phone=PHONE)

    (line,) = slips_of(typist(side), bundle.id)

    assert line.holder == "欧* 138****8123"


def test_a_reversed_slip_counts_no_more_and_its_voucher_is_good_again(
    side: Side, database: Database
) -> None:
    bundle = a_bundle(side, slips=1, amount_fen=10_000)
    wrong = registered(side, bundle, amount_fen=9_000)

    slip = reverse_slip(actor=typist(side), slip_id=wrong.id, reason="金额输错", once="r")
    with nothing_moved(database), pytest.raises(KaquanError, match=r"撤销|reversed"):
        reverse_slip(actor=typist(side), slip_id=wrong.id, reason="再次", once="r2")
    registered(side, bundle)

    assert slip.state == SlipState.REVERSED
    assert close_bundle(actor=typist(side), bundle_id=bundle.id).closed_at is not None
    assert faults(database.connect) == []


def test_a_slip_of_a_closed_bundle_is_reversed_only_by_who_may_reverse(
    side: Side, database: Database
) -> None:
    bundle = a_bundle(side, slips=1, amount_fen=10_000)
    slip = registered(side, bundle)
    close_bundle(actor=typist(side), bundle_id=bundle.id)

    with nothing_moved(database), pytest.raises(KaquanError) as refused:
        reverse_slip(actor=typist(side), slip_id=slip.id, reason="错", once="r")
    assert refused.value.code == "permission_denied"

    supervisor = typist(side, "redemption.reverse")
    done = reverse_slip(actor=supervisor, slip_id=slip.id, reason="错", once="r")
    assert done.state == SlipState.REVERSED


def test_a_bundle_closes_only_with_the_slips_and_the_money_that_were_counted(
    side: Side, database: Database
) -> None:
    bundle = a_bundle(side, slips=2, amount_fen=20_000)
    registered(side, bundle, 0, amount_fen=12_000)

    with nothing_moved(database), pytest.raises(KaquanError) as refused:
        close_bundle(actor=typist(side), bundle_id=bundle.id)
    assert refused.value.code == "bundle_differs"
    assert "少 1 张" in refused.value.zh
    assert "少 ¥80.00" in refused.value.zh

    registered(side, bundle, 1, amount_fen=8_000)
    close_bundle(actor=typist(side), bundle_id=bundle.id)
    with nothing_moved(database):
        assert refusal(side, bundle.id, index=2).code == "bundle_closed"


def test_a_slip_that_was_interrupted_is_finished_before_its_bundle_closes(side: Side) -> None:
    bundle = a_bundle(side, slips=1, amount_fen=10_000)
    slip = registered(side, bundle)
    place = slip.redemption_block
    Slip.objects.filter(id=slip.id).update(  # as it was before the ledger had answered
        state=SlipState.PENDING, redemption_block=None, redemption_index=None
    )

    close_bundle(actor=typist(side), bundle_id=bundle.id)

    slip.refresh_from_db()
    assert (slip.state, slip.redemption_block) == ("registered", place)
    assert use_of(side).at == slip.used_at


def test_bundles_and_slips_of_others_are_as_if_there_were_none(
    side: Side, database: Database
) -> None:
    stranger = typist(Side(an_organisation(a_number("总部"), None)))
    bundle = a_bundle(side)
    slip = registered(side, bundle)

    with nothing_moved(database):
        for attempt in (
            lambda: slips_of(stranger, bundle.id),
            lambda: slip_by_id(stranger, slip.id),
            lambda: close_bundle(actor=stranger, bundle_id=bundle.id),
            lambda: reverse_slip(actor=stranger, slip_id=slip.id, reason="x", once="x"),
            lambda: register_slip(
                actor=stranger, bundle_id=bundle.id, typed=a_slip(side, 1), once="y"
            ),
        ):
            with pytest.raises(KaquanError, match=r"没有编号|There is no"):
                attempt()


def test_without_its_permission_nobody_registers(side: Side, database: Database) -> None:
    bundle = a_bundle(side)
    clerk = staff_of(side.organisation, "redemption.redeem", "redemption.reverse")
    with nothing_moved(database), pytest.raises(KaquanError) as refused:
        register_slip(actor=clerk, bundle_id=bundle.id, typed=a_slip(side), once="z")
    assert refused.value.code == "permission_denied"
