"""How much customers do is what the books and the orders say."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from kaquan.analytics.actions import Counters
from kaquan.customers.actions import create_customer
from kaquan.customers.models import BearerUse, Customer, Purchases, Uses
from kaquan.customers.queries import standing_of
from kaquan.ledger.door import Door
from kaquan.organisations.models import Store
from kaquan.redemption.actions import reverse
from kaquan.redemption.customer_habits import habits_of
from kaquan.redemption.customer_life import bearer_serials, orders_of, voucher_steps
from kaquan.redemption.imports_orders import ORDERS
from tests.builders.issuer import (
    NOON,
    SYSTEM,
    a_number,
    a_store,
    an_organisation,
    import_rows,
)
from tests.fixtures_database import Database
from tests.redemption.till import Till, a_till

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def till(door: Door) -> Till:
    return a_till(door)


@pytest.fixture
def counters(database: Database) -> Iterator[Counters]:
    counting = Counters(database.connect, ZoneInfo("Asia/Shanghai"))
    yield counting
    counting.close()


def member(till: Till) -> Customer:
    return Customer.objects.get(number=till.customer_number)


def test_a_bearers_voucher_counts_for_the_customer_whom_the_till_named(
    till: Till, counters: Counters
) -> None:
    used = [till.redeem(index, customer_number=till.customer_number) for index in range(2)]
    till.redeem(2)
    counters.catch_up()
    customer = member(till)

    standing = standing_of(SYSTEM, customer.id)
    expected_fen = sum(one.vouchers[0].discount_fen for one in used)
    assert standing[:3] == (2, expected_fen, NOON)
    assert set(bearer_serials(SYSTEM, customer.id)) == {one.vouchers[0].serial for one in used}
    steps = voucher_steps(SYSTEM, customer.id)
    assert {one.serial for one in steps} == set(bearer_serials(SYSTEM, customer.id))
    assert Uses.objects.count() == 1


def test_a_reversal_takes_the_use_and_its_money_off_again(till: Till, counters: Counters) -> None:
    used = till.redeem(customer_number=till.customer_number)
    assert used.place is not None
    counters.catch_up()
    reverse(actor=SYSTEM, redemption=used.place, at=NOON, reason="退货")
    counters.catch_up()

    assert standing_of(SYSTEM, member(till).id)[:2] == (0, 0)
    assert BearerUse.objects.count() == 1


def test_each_block_counts_once(till: Till, counters: Counters) -> None:
    till.redeem(customer_number=till.customer_number)
    for _ in range(3):
        counters.catch_up()

    assert standing_of(SYSTEM, member(till).id).uses == 1


def a_line(order_no: str, customer: str, amount_fen: int, line_no: int = 1) -> dict[str, object]:
    return {
        "order_no": order_no,
        "store_code": "S1",
        "customer_number": customer,
        "ordered_at": "2026-06-01 12:00:00",
        "line_no": line_no,
        "sku": "milk",
        "quantity": 1,
        "amount_fen": amount_fen,
        "discount_fen": 0,
    }


def purchases() -> dict[str, tuple[int, int]]:
    rows = Purchases.objects.values_list("customer__number", "orders", "spend_fen")
    return {number: (orders, spend_fen) for number, orders, spend_fen in rows}


def test_orders_come_to_what_they_are_after_every_correction() -> None:
    a_store(an_organisation("总部", None), "S1")
    one, _two = (create_customer(actor=SYSTEM, number=number) for number in ("M1", "M2"))

    import_rows(ORDERS, [a_line("A1", "M1", 1_000), a_line("A2", "M1", 500)])
    assert purchases() == {"M1": (2, 1_500)}
    import_rows(ORDERS, [a_line("A1", "M1", 700), a_line("A1", "M1", 50, line_no=2)])
    assert purchases() == {"M1": (2, 1_250)}
    import_rows(ORDERS, [a_line("A2", "M2", 500)])
    assert purchases() == {"M1": (1, 750), "M2": (1, 500)}
    import_rows(ORDERS, [a_line("A1", "M2", 700), a_line("A1", "M2", 50, line_no=2)])
    assert purchases() == {"M2": (2, 1_250)}
    assert orders_of(SYSTEM, one.id) == []


def test_habits_are_told_in_numbers(till: Till) -> None:
    number = till.customer_number
    for code in ("S1", "S2"):
        a_store(an_organisation(a_number("总部"), None), code)
    import_rows(
        ORDERS,
        [
            a_line("H1", number, 1_000) | {"store_code": till.store_code},
            a_line("H2", number, 500) | {"ordered_at": "2026-06-08 12:30:00", "sku": "tea"},
            a_line("H3", number, 503) | {"ordered_at": "2026-06-15 18:00:00", "quantity": 3},
            a_line("H3", "", 99) | {"ordered_at": "2026-06-15 18:00:00", "store_code": "S2"},
        ],
    )
    customer = member(till)
    stores = dict(Store.objects.values_list("organisation__code", "pk"))

    found = habits_of(SYSTEM, customer.id, datetime(2026, 9, 7, tzinfo=ZoneInfo("Asia/Shanghai")))

    assert (found.orders, found.average_fen) == (3, 667)
    assert (found.days_lately, found.days_between) == (1, 7)
    assert list(found.stores) == [(stores["S1"], 2), (stores[till.store_code], 1)]
    assert list(found.goods) == [("milk", 4), ("tea", 1)]
    assert (list(found.weekday), list(found.hour)) == ([(0, 3)], [(12, 2)])
    assert (found.vouchers, found.vouchers_used, list(found.batches_used)) == (0, 0, [])
