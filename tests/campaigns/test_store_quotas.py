"""A store's quota is what lies with it: set if it still is what was seen, and never below use."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from kaquan.campaigns.limits_left import channel_limits
from kaquan.campaigns.quotas import quotas, set_quota
from kaquan.engine.commands import RequestKey
from kaquan.foundation.errors import KaquanError
from kaquan.ledger.door import Door
from tests.builders.books import faults
from tests.builders.issuer import NOON, SYSTEM, a_number, a_store, staff_of
from tests.fixtures_database import Database
from tests.redemption.counter import CODES, Counter, a_counter


@pytest.fixture
def counter(door: Door) -> Counter:
    """One whose vouchers by code lie with nobody yet."""
    return a_counter(
        limits=[
            {"dimension": "store", "at": "redeem", "period": "day", "unit": "uses", "cap": 3},
            {"dimension": "store", "at": "redeem", "period": "ever", "unit": "fen", "cap": 90_000},
        ]
    )


def put(counter: Counter, expected: int, quantity: int, store_id: int | None = None) -> None:
    set_quota(
        actor=counter.clerk,
        batch_id=counter.by_code.id,
        organisation_id=store_id or counter.store_id,
        expected=expected,
        quantity=quantity,
        at=NOON,
        request_key=RequestKey(0, a_number("quota")),
    )


def held(counter: Counter, *store_ids: int) -> list[int]:
    found = quotas(counter.clerk, counter.by_code, store_ids or [counter.store_id], at=NOON)
    return [one.allotted for one in found]


def refused(act: Callable[[], object]) -> str:
    with pytest.raises(KaquanError) as error:
        act()
    return error.value.code


def test_quotas_are_set_raised_and_lowered_and_the_books_hold(
    counter: Counter, database: Database
) -> None:
    other = a_store(counter.region).pk
    put(counter, 0, 8)
    put(counter, 0, 5, other)
    put(counter, 8, 12)
    assert held(counter, counter.store_id, other) == [12, 5]
    assert refused(lambda: put(counter, 5, CODES, other)) == "quota_beyond_stock"

    put(counter, 12, 2)
    put(counter, 5, 15, other)

    assert held(counter, counter.store_id, other) == [2, 15]
    assert faults(database.connect) == []


def test_a_quota_that_somebody_else_changed_is_left_alone(counter: Counter) -> None:
    put(counter, 0, 4)

    assert refused(lambda: put(counter, 0, 9)) == "quota_moved"
    put(counter, 0, 4)  # the same form again

    assert held(counter) == [4]


def test_vouchers_that_were_used_do_not_go_back(counter: Counter) -> None:
    put(counter, 0, 4)
    assert counter.redeem(3).done  # the last one of those four

    assert refused(lambda: put(counter, 4, 3)) == "quota_in_use"

    assert held(counter) == [4]


def test_a_quota_tells_what_the_limits_of_the_terms_leave(counter: Counter) -> None:
    other = a_store(counter.region).pk
    assert counter.redeem(0).done
    assert counter.redeem(1).done

    here, there = quotas(counter.clerk, counter.by_code, [counter.store_id, other], at=NOON)

    assert [(one.is_daily, one.is_money, one.used, one.left) for one in here.limits] == [
        (True, False, 2, 1),
        (False, True, 4_000, 86_000),
    ]
    assert [one.used for one in there.limits] == [0, 0]


def test_each_channel_tells_what_its_limits_leave(door: Door) -> None:
    counter = a_counter(
        limits=[
            {"dimension": "channel", "at": "redeem", "cap": 3, "channels": ["STORE", "app"]},
            {"dimension": "channel", "at": "redeem", "cap": 2, "channels": ["mail"]},
            {"dimension": "channel", "at": "redeem", "period": "day", "unit": "fen", "cap": 90_000},
        ]
    )
    assert counter.redeem(0).done  # in the store
    assert counter.redeem(1).done

    found = channel_limits(counter.clerk, counter.by_code, ["store", "web"], at=NOON)

    assert [(one.channel, one.limit.is_money, one.limit.used, one.limit.left) for one in found] == [
        ("STORE", False, 2, 1),
        ("STORE", True, 4_000, 86_000),
        ("app", False, 0, 3),
        ("app", True, 0, 90_000),
        ("mail", False, 0, 2),
        ("mail", True, 0, 90_000),
        ("web", True, 0, 90_000),
    ]
    assert channel_limits(counter.clerk, a_counter().by_code, ["store"], at=NOON) == []


def test_quotas_are_set_by_those_who_may_in_their_part(counter: Counter) -> None:
    elsewhere = a_counter()

    for act, code in (
        (lambda: put(counter, 0, 1, elsewhere.store_id), "organisation_unknown"),
        (
            lambda: set_quota(
                actor=elsewhere.clerk,
                batch_id=counter.by_code.id,
                organisation_id=elsewhere.store_id,
                expected=0,
                quantity=1,
                at=NOON,
                request_key=RequestKey(0, "x"),
            ),
            "batch_unknown",
        ),
        (
            lambda: set_quota(
                actor=staff_of(counter.region, "campaigns.view"),
                batch_id=counter.by_code.id,
                organisation_id=counter.store_id,
                expected=0,
                quantity=1,
                at=NOON,
                request_key=RequestKey(0, "y"),
            ),
            "permission_denied",
        ),
    ):
        assert refused(act) == code
    assert held(counter) == [0]
    assert quotas(SYSTEM, counter.from_stock, [counter.store_id], at=NOON)[0].allotted == 0
