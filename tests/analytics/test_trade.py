"""What stores, channels, clerks and accounts come to is what the books say, each in its part."""

from __future__ import annotations

from collections import Counter as Sums
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import pytest
from django.db.models import Sum

from kaquan.analytics.accounts import TOGETHER, AccountFilter, account_page
from kaquan.analytics.actions import Counters
from kaquan.analytics.models import AccountTotal, ClerkDay, DayCounter, StoreCounter, TradeDay
from kaquan.analytics.models import Counter as Counted
from kaquan.analytics.queries import Days
from kaquan.analytics.trade_queries import (
    ClerkLine,
    TradeFilter,
    actor_names,
    clerk_page,
    period,
    trade_by_channel,
    trade_by_day,
    trade_of_stores,
)
from kaquan.engine.commands import Redeem, RequestKey, Reverse
from kaquan.engine.entries import Account
from kaquan.foundation.errors import KaquanError
from kaquan.foundation.paging import Paging
from kaquan.ledger.door import Door
from kaquan.redemption import actions
from tests.builders.books import records
from tests.builders.issuer import NOON, SYSTEM, a_number, staff_of
from tests.fixtures_database import Database
from tests.fixtures_ledger import OpenDoor
from tests.ledger.random_traffic import RandomTraffic
from tests.ledger.traffic import every_operation
from tests.redemption.counter import Counter, a_counter
from tests.staff.people import acting, somebody

Connection = psycopg.Connection[Any]
SHANGHAI = ZoneInfo("Asia/Shanghai")
TODAY = date(2026, 6, 1)
DAYS = Days(TODAY, TODAY + timedelta(days=6))
ALL = TradeFilter()


@pytest.fixture
def counters(database: Database) -> Iterator[Counters]:
    """One consumer."""
    counters = Counters(database.connect, SHANGHAI)
    yield counters
    counters.close()


@pytest.mark.parametrize("seed", [1])
def test_trade_and_accounts_are_what_the_books_say(
    new_door: OpenDoor, counters: Counters, connection: Connection, seed: int
) -> None:
    traffic = RandomTraffic([new_door(), new_door()], Random(seed))
    traffic.open()
    traffic.run(300)
    every_operation(traffic.doors)

    counters.catch_up(limit_blocks=7)  # so that uses and what undoes them fall apart

    found = records(connection)
    of_batches = Counted.objects.values_list("day", "name").annotate(total=Sum("value"))
    of_days = DayCounter.objects.values_list("day", "name", "value")
    assert set(of_days) == set(of_batches)
    orders = sum(1 for one in found if isinstance(one.command, Redeem) and one.outcome.done)
    assert sum(TradeDay.objects.values_list("orders", flat=True)) == orders > 0
    for name in ("issued", "redeemed", "reversed", "cost_fen", "cost_returned_fen"):
        by_store = StoreCounter.objects.filter(name=name).values_list("value", flat=True)
        rows = TradeDay.objects.exclude(store_id=0).values_list(name, flat=True)
        assert sum(rows) == sum(by_store), name
    refused = sum(
        1
        for one in found
        if not one.outcome.done
        and one.command.operation in ("redeem", "hold")
        and one.command.facts.store_id
        and one.command.actor
    )
    assert sum(ClerkDay.objects.values_list("refused", flat=True)) == refused

    together = set(TOGETHER)
    booked: Sums[tuple[int, int, int]] = Sums()
    for unit, amount, debit, debit_id, credit, credit_id in connection.execute(
        "SELECT unit, amount, debit, debit_id, credit, credit_id FROM ledger_entry"
    ):
        booked[debit, 0 if debit in together else debit_id, unit] -= amount
        booked[credit, 0 if credit in together else credit_id, unit] += amount
    kept = {
        (one.account, one.account_id, one.unit): one.balance for one in AccountTotal.objects.all()
    }
    assert kept == dict(booked)
    assert sum(kept.values()) == 0


@pytest.fixture
def two(door: Door, counters: Counters) -> tuple[Counter, Counter]:
    """Two regions; in each somebody redeems three times in the store, reverses one the day after,
    and is refused once."""
    both = a_counter(), a_counter()
    for number, counter in enumerate(both, 1):
        clerk = replace(SYSTEM, id=f"staff:{number}")
        places = []
        for index in range(3):
            used = actions.redeem_codes(
                actor=clerk,
                uses=[actions.CodeUse(counter.codes[index])],
                visit=counter.visit(channel="store" if index else "app"),
                at=NOON,
            )
            assert used.place is not None
            places.append(used.place)
        again = actions.redeem_codes(
            actor=clerk,
            uses=[actions.CodeUse(counter.codes[0])],
            visit=counter.visit(),
            request_key=RequestKey(7, a_number("again")),  # what has a key is booked, refused too
            at=NOON,
        )
        assert not again.done
        undone = actions.reverse(
            actor=clerk, redemption=places[0], at=NOON + timedelta(days=1, hours=number)
        )
        assert undone.done
    counters.catch_up()
    return both


def test_a_region_sees_its_stores_days_and_channels_and_nobody_elses(
    two: tuple[Counter, Counter],
) -> None:
    here, there = two

    by_day = trade_by_day(here.clerk, DAYS, ALL)
    by_channel = dict(trade_by_channel(here.clerk, DAYS, ALL))

    assert list(by_day) == [TODAY + timedelta(days=n) for n in range(7)]
    today, tomorrow, later = list(by_day.values())[:3]
    assert (today["orders"], today["redeemed"], today["discount_fen"]) == (3, 3, 6_000)
    assert (tomorrow["reversed"], tomorrow["returned_fen"]) == (1, 2_000)
    assert not any(later.values())
    assert (by_channel["app"]["redeemed"], by_channel["app"]["reversed"]) == (1, 1)
    assert by_channel["store"]["redeemed"] == 2
    whole = trade_by_day(SYSTEM, DAYS, ALL)[TODAY]
    assert whole["redeemed"] == 6
    only = trade_by_day(SYSTEM, DAYS, TradeFilter(there.store_id, "app"))[TODAY]
    assert only["redeemed"] == 1
    sums = trade_of_stores([here.store_id, there.store_id], DAYS, "store")
    assert {one["redeemed"] for one in sums.values()} == {2}
    nobody = trade_by_day(here.stranger, DAYS, ALL)
    assert not any(value for one in nobody.values() for value in one.values())


def test_clerks_are_listed_with_what_they_did_page_by_page(two: tuple[Counter, Counter]) -> None:
    here, there = two

    (line,) = clerk_page(here.clerk, DAYS, Paging()).rows
    assert (line.actor, line.store_id) == ("staff:1", here.store_id)
    assert line.sums == {
        "orders": 3,
        "redeemed": 3,
        "reversed": 1,
        "refused": 1,
        "discount_fen": 6_000,
        "returned_fen": 2_000,
    }
    assert line.reversed_basis_points == 3_333
    assert line.last_at == NOON + timedelta(days=1, hours=1)

    for sort in ("", "reversed", "-refused", "-discount_fen"):
        paged: list[ClerkLine] = []
        after = ""
        for _ in range(2):
            page = clerk_page(SYSTEM, DAYS, Paging(sort=sort, after=after, limit=1))
            paged += page.rows
            after = page.after
        assert {one.store_id for one in paged} == {here.store_id, there.store_id}
        assert after == ""
    assert clerk_page(here.stranger, DAYS, Paging()).rows == []
    assert clerk_page(SYSTEM, DAYS, Paging(), store_id=there.store_id).rows[0].actor == "staff:2"
    with pytest.raises(KaquanError) as error:
        clerk_page(SYSTEM, DAYS, Paging(after="nothing"))
    assert error.value.code == "cursor_invalid"


def test_a_region_sees_the_accounts_of_its_budgets_stores_and_batches(
    two: tuple[Counter, Counter],
) -> None:
    here, there = two

    own = account_page(here.clerk, AccountFilter(), Paging(limit=100)).rows
    everything = account_page(SYSTEM, AccountFilter(), Paging(limit=100)).rows

    stores = {one.account_id for one in own if one.account == Account.STORE}
    assert stores == {here.store_id}
    owed = next(one for one in own if one.account == Account.STORE)
    assert (owed.balance, owed.credited, owed.debited) == (4_000, 6_000, 2_000)
    assert {one.account for one in own}.isdisjoint({Account.OUTSIDE, *TOGETHER})
    assert {one.id for one in own} < {one.id for one in everything}
    wanted = AccountFilter(Account.STORE, there.store_id)
    assert account_page(here.clerk, wanted, Paging()).rows == []
    assert len(account_page(SYSTEM, wanted, Paging()).rows) == 1


def test_figures_are_for_those_who_may_see_reports(two: tuple[Counter, Counter]) -> None:
    nobody = staff_of(two[0].region, "campaigns.view")

    for ask in (
        lambda: trade_by_day(nobody, DAYS, ALL),
        lambda: trade_by_channel(nobody, DAYS, ALL),
        lambda: clerk_page(nobody, DAYS, Paging()),
        lambda: account_page(nobody, AccountFilter(), Paging()),
    ):
        with pytest.raises(KaquanError) as refused:
            ask()
        assert refused.value.code == "permission_denied"


def test_people_are_named_and_what_nobody_knows_stands_for_itself(database: Database) -> None:
    user = somebody(None, "finance")

    names = actor_names([acting(user).id, "staff:999999", "system:demo", "key:x", "staff:"])

    assert names == {f"staff:{user.pk}": user.name}


def test_days_go_from_earlier_to_later_and_not_too_far() -> None:
    assert period(None, None, today=TODAY, days=7, most=31) == Days(
        TODAY - timedelta(days=6), TODAY
    )
    for first, last in ((TODAY, TODAY - timedelta(days=1)), (TODAY - timedelta(days=31), TODAY)):
        with pytest.raises(KaquanError) as refused:
            period(first, last, today=TODAY, days=7, most=31)
        assert refused.value.code == "value_invalid"


def test_what_was_reversed_is_a_reversal_of_the_clerk_who_did_it(
    two: tuple[Counter, Counter], connection: Connection
) -> None:
    found = records(connection)
    reversals = [one for one in found if isinstance(one.command, Reverse) and one.outcome.done]

    rows = ClerkDay.objects.filter(reversed__gt=0).values_list("actor", flat=True)
    assert sorted(rows) == sorted(one.command.actor for one in reversals)
