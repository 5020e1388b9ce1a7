"""Of a bundle that is keyed twice only what two clerks agree on, or somebody settled, is booked."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from kaquan.foundation import clock
from kaquan.foundation.actor import Actor
from kaquan.foundation.errors import KaquanError
from kaquan.registration import keyings
from kaquan.registration.actions import register_slip
from kaquan.registration.bundles import close_bundle
from kaquan.registration.keying import Keyed, as_typed, key_slip, settle_pair, withdraw_keying
from kaquan.registration.keyings import FIELDS, accuracy_by_day, accuracy_of_clerks, waiting_of
from kaquan.registration.models import Bundle, Keying, Slip
from tests.api.world import Side
from tests.builders.books import books, differing, faults
from tests.builders.issuer import a_number, an_organisation
from tests.fixtures_database import Database
from tests.registration.slips import a_bundle, a_side, a_slip, serial_at, typist, use_of

PHONE = "13800138123"


@pytest.fixture
def side(database: Database) -> Side:
    return a_side()


@pytest.fixture
def bundle(side: Side) -> Bundle:
    return a_bundle(side, slips=1, amount_fen=10_000, double_key=True)


def clerk(side: Side, number: int, *permissions: str) -> Actor:
    return replace(typist(side, *permissions), id=f"staff:{9000 + number}", name=f"录入员{number}")


def keyed(side: Side, bundle: Bundle, number: int, index: int = 0, **typed: Any) -> Keyed:
    typed.setdefault("used_at", clock.now().replace(second=0, microsecond=0) - timedelta(hours=2))
    return key_slip(
        actor=clerk(side, number),
        bundle_id=bundle.id,
        typed=a_slip(side, index, **typed),
        once=a_number("once-"),
    )


def days(by: timedelta = timedelta()) -> tuple[date, date]:
    today = (clock.now() + by).astimezone().date()
    return today - timedelta(days=1), today + timedelta(days=1)


@contextmanager
def nothing_moved(database: Database) -> Iterator[None]:
    def counts() -> tuple[int, int]:
        return Slip.objects.count(), Keying.objects.count()

    before, rows = books(database.connect()), counts()
    yield
    assert not differing(before, books(database.connect()))
    assert counts() == rows


def test_two_keyings_that_agree_are_one_slip(
    side: Side, bundle: Bundle, database: Database
) -> None:
    before = books(database.connect())
    first = keyed(side, bundle, 1, holder_phone=PHONE)
    assert (first.slip, first.differing) == (None, ())
    assert not differing(before, books(database.connect()))

    second = keyed(side, bundle, 2, holder_phone=f"+86 {PHONE}")

    assert second.slip is not None
    assert use_of(side).at == second.slip.used_at
    assert second.slip.customer is not None
    rows = Keying.objects.all()
    assert [(one.slip_id, one.wrong_fields, one.holder_phone) for one in rows] == [
        (second.slip.id, [], None)
    ] * 2
    close_bundle(actor=typist(side), bundle_id=bundle.id)
    assert faults(database.connect) == []


def test_nobody_keys_the_same_slip_twice_and_nobody_a_third_time(
    side: Side, bundle: Bundle, database: Database
) -> None:
    keyed(side, bundle, 1)
    with nothing_moved(database), pytest.raises(KaquanError) as own:
        keyed(side, bundle, 1)
    keyed(side, bundle, 2, amount_fen=9_000)
    with nothing_moved(database), pytest.raises(KaquanError) as third:
        keyed(side, bundle, 3)

    assert (own.value.code, third.value.code) == ("slip_keyed_by_you", "slip_keyed_twice")


def test_what_differs_is_told_by_field_and_settled_by_a_third(
    side: Side, bundle: Bundle, database: Database
) -> None:
    keyed(side, bundle, 1, holder_name="陈晨", amount_fen=10_000)
    second = keyed(side, bundle, 2, holder_name="陈辰", amount_fen=1_000_0, clerk="李那")
    assert [str(one) for one in second.differing] == ["holder", "clerk"]
    pair = keyings.pair_of(clerk(side, 3), bundle.id, serial_at(side, 0))
    (line,) = waiting_of(clerk(side, 3), bundle.id)
    assert (line.is_twice, list(line.differing)) == (True, list(pair.differing))

    settled = replace(as_typed(pair.first), clerk="李那")
    slip = settle_pair(
        actor=clerk(side, 3), bundle_id=bundle.id, serial=line.serial, settled=settled
    )

    assert (slip.holder_name, slip.clerk, slip.state) == ("陈晨", "李那", "registered")
    figures = {
        one.name: (one.fields, one.wrong) for one in accuracy_of_clerks(typist(side), *days())
    }
    assert figures == {"录入员1": (FIELDS, 1), "录入员2": (FIELDS, 1)}
    by_day = accuracy_by_day(typist(side), *days())
    assert (len(by_day), sum(one.wrong for one in by_day.values())) == (3, 2)
    assert faults(database.connect) == []


def test_a_bundle_does_not_close_while_something_waits(
    side: Side, bundle: Bundle, database: Database
) -> None:
    keyed(side, bundle, 1, 0)
    keyed(side, bundle, 2, 0)
    wrong = keyed(side, bundle, 1, 1).keying
    with nothing_moved(database), pytest.raises(KaquanError) as refused:
        close_bundle(actor=typist(side), bundle_id=bundle.id)
    assert refused.value.code == "bundle_keyings_waiting"

    withdraw_keying(actor=clerk(side, 2), keying_id=wrong.id)
    close_bundle(actor=typist(side), bundle_id=bundle.id)

    first, second = accuracy_of_clerks(typist(side), *days())
    assert (first.name, first.fields, first.wrong) == ("录入员1", 2 * FIELDS, 1)
    assert (second.wrong, second.right_basis_points) == (0, 10_000)
    with nothing_moved(database), pytest.raises(KaquanError):
        withdraw_keying(actor=clerk(side, 2), keying_id=wrong.id)


def test_a_slip_gets_into_it_no_other_way(side: Side, bundle: Bundle, database: Database) -> None:
    with nothing_moved(database), pytest.raises(KaquanError) as refused:
        register_slip(
            actor=clerk(side, 1), bundle_id=bundle.id, typed=a_slip(side), once=a_number("x")
        )
    assert refused.value.code == "bundle_double_key"


def test_a_slip_that_would_be_refused_is_refused_at_the_first_keying(
    side: Side, bundle: Bundle, database: Database
) -> None:
    with nothing_moved(database), pytest.raises(KaquanError) as refused:
        keyed(side, bundle, 1, used_at=clock.now() + timedelta(hours=1))
    assert refused.value.code == "slip_outside_window"


def test_the_same_form_sent_twice_is_one_keying(
    side: Side, bundle: Bundle, database: Database
) -> None:
    typed, actor = a_slip(side), clerk(side, 1)
    first = key_slip(actor=actor, bundle_id=bundle.id, typed=typed, once="k")
    with nothing_moved(database):
        again = key_slip(actor=actor, bundle_id=bundle.id, typed=typed, once="k")
    assert again.keying.id == first.keying.id


def test_a_pair_whose_answer_was_lost_is_settled_when_the_bundle_closes(
    side: Side, bundle: Bundle
) -> None:
    keyed(side, bundle, 1)
    slip = keyed(side, bundle, 2).slip
    Keying.objects.update(slip=None, settled_at=None)

    close_bundle(actor=clerk(side, 3), bundle_id=bundle.id)

    assert set(Keying.objects.values_list("slip_id", flat=True)) == {slip and slip.id}


def test_keyings_of_others_are_as_if_there_were_none(
    side: Side, bundle: Bundle, database: Database
) -> None:
    keying = keyed(side, bundle, 1).keying
    stranger = typist(Side(an_organisation(a_number("总部"), None)))
    with nothing_moved(database):
        for attempt in (
            lambda: keyings.keying_by_id(stranger, keying.id),
            lambda: withdraw_keying(actor=stranger, keying_id=keying.id),
            lambda: waiting_of(stranger, bundle.id),
        ):
            with pytest.raises(KaquanError, match=r"没有|There is no"):
                attempt()
    keyed(side, bundle, 2)
    assert accuracy_of_clerks(stranger, *days()) == []
