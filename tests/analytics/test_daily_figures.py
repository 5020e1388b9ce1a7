"""Daily figures by batch and by store are the books' (I9), and each sees those of his part."""

from collections import Counter as Sums
from collections.abc import Iterator
from datetime import date, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import pytest

from kaquan.analytics.actions import Counters
from kaquan.analytics.models import StoreCounter
from kaquan.analytics.queries import Daily, Days, daily_by_batch, daily_by_store
from kaquan.engine.entries import Account
from kaquan.foundation.errors import KaquanError
from kaquan.ledger.door import Door
from kaquan.redemption import actions
from tests.builders.issuer import NOON, SYSTEM, staff_of
from tests.fixtures_database import Database
from tests.fixtures_ledger import OpenDoor
from tests.ledger.random_traffic import RandomTraffic
from tests.ledger.traffic import every_operation
from tests.redemption.counter import Counter, a_counter

Connection = psycopg.Connection[Any]
SHANGHAI = ZoneInfo("Asia/Shanghai")
TODAY = date(2026, 6, 1)
DAYS = Days(TODAY, TODAY + timedelta(days=30))
CARDS = (Account.CARD, Account.CARD_HELD)


@pytest.fixture
def counters(database: Database) -> Iterator[Counters]:
    """One consumer."""
    counters = Counters(database.connect, SHANGHAI)
    yield counters
    counters.close()


def booked_by_store(connection: Connection) -> Sums[tuple[date, int, str]]:
    """What the entries of the stores' accounts say, by business day."""
    sums: Sums[tuple[date, int, str]] = Sums()
    for at, debit, debit_id, credit, credit_id, amount in connection.execute(
        "SELECT at, debit, debit_id, credit, credit_id, amount FROM ledger_entry WHERE unit = 1"
    ):
        day = at.astimezone(SHANGHAI).date()
        if debit == Account.OFFLINE_LOSS:
            sums[day, credit_id, "offline_loss_fen"] += amount
        elif credit == Account.STORE:
            sums[day, credit_id, "card_paid_fen" if debit in CARDS else "cost_fen"] += amount
        if debit == Account.STORE:
            name = "card_returned_fen" if credit in CARDS else "cost_returned_fen"
            sums[day, debit_id, name] += amount
    return sums


@pytest.mark.parametrize("seed", [1, 2])
def test_counters_of_a_store_equal_the_entries_of_its_account(
    new_door: OpenDoor, counters: Counters, connection: Connection, seed: int
) -> None:
    traffic = RandomTraffic([new_door(), new_door()], Random(seed))
    traffic.open()
    traffic.run(300)
    every_operation(traffic.doors)

    counters.catch_up(limit_blocks=7)  # so that uses and what undoes them fall apart

    booked = booked_by_store(connection)
    names = {name for _, _, name in booked}
    assert names == {
        "cost_fen", "card_paid_fen", "cost_returned_fen", "card_returned_fen", "offline_loss_fen",
    }  # fmt: skip
    rows = StoreCounter.objects.filter(name__in=names)
    counted = {tuple(key): value for *key, value in rows.values_list(
        "day", "store_id", "name", "value"
    )}  # fmt: skip
    assert counted == {key: value for key, value in booked.items() if key[1]}


@pytest.fixture
def two(door: Door, counters: Counters) -> tuple[Counter, Counter]:
    """Two regions that trade, one of them with a voucher of the other."""
    here, there = a_counter(), a_counter()
    for own, other in ((here, there), (there, here)):
        assert own.redeem(0).done
        uses = [actions.CodeUse(other.codes[5])]
        used = actions.redeem_codes(actor=SYSTEM, uses=uses, visit=own.visit(), at=NOON)
        assert used.place is not None
        assert actions.reverse(
            actor=SYSTEM, redemption=used.place, at=NOON + timedelta(days=1)
        ).done
    counters.catch_up()
    return here, there


def test_a_region_gets_the_days_of_its_own_stores_and_batches(two: tuple[Counter, Counter]) -> None:
    here, _ = two

    by_store = daily_by_store(here.clerk, DAYS, limit=10)
    by_batch = daily_by_batch(here.clerk, DAYS, limit=10)

    assert [(one.day, one.subject_id) for one in by_store] == [
        (TODAY, here.store_id),
        (TODAY + timedelta(days=1), here.store_id),
    ]
    assert by_store[0].figures["redeemed"] == 2
    assert by_store[0].figures["cost_fen"] == 4_000
    assert by_store[1].figures["cost_returned_fen"] == 2_000
    assert {one.subject_id for one in by_batch} <= {here.by_code.id, here.from_stock.id}
    assert sum(one.figures.get("redeemed", 0) for one in by_batch) == 2
    assert daily_by_store(here.stranger, DAYS, limit=10) == []
    assert daily_by_batch(here.stranger, DAYS, limit=10) == []


def test_pages_of_days_give_everything_once(two: tuple[Counter, Counter]) -> None:
    whole = daily_by_batch(SYSTEM, DAYS, limit=100)
    paged: list[Daily] = []
    after = None
    while some := daily_by_batch(SYSTEM, DAYS, after=after, limit=2):
        paged += some
        after = (some[-1].day, some[-1].subject_id)

    assert paged == whole
    assert len(whole) >= 4


def test_one_store_or_batch_alone_and_only_the_days_asked_for(
    two: tuple[Counter, Counter],
) -> None:
    here, there = two
    tomorrow = TODAY + timedelta(days=1)

    one_store = daily_by_store(SYSTEM, DAYS, store_id=there.store_id, limit=10)
    one_day = daily_by_store(SYSTEM, Days(tomorrow, tomorrow), limit=10)
    foreign = daily_by_batch(here.clerk, DAYS, batch_id=there.by_code.id, limit=10)

    assert {one.subject_id for one in one_store} == {there.store_id}
    assert {one.day for one in one_day} == {tomorrow}
    assert foreign == []


def test_reports_are_for_those_who_may_see_them(two: tuple[Counter, Counter]) -> None:
    nobody = staff_of(two[0].region, "ledger.view")

    for report in (daily_by_batch, daily_by_store):
        with pytest.raises(KaquanError) as refused:
            report(nobody, DAYS, limit=1)
        assert refused.value.code == "permission_denied"
