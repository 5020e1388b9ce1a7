"""Orders come in line by line, in sets, and the same lines once."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.db import transaction

from kaquan.customers.actions import create_customer
from kaquan.customers.models import Customer
from kaquan.engine.facts import OrderLine as EngineLine
from kaquan.foundation.imports import ImportReport, run_import
from kaquan.organisations.models import Organisation
from kaquan.redemption.imports_orders import ORDERS
from kaquan.redemption.models import Order, OrderLine
from kaquan.redemption.queries import order_lines
from tests.builders.issuer import SYSTEM, a_store, an_organisation, import_rows, staff_of, write_csv

HEADER = ("订单号", "门店编码", "会员号", "下单时间", "行号", "商品编码", "数量", "金额", "优惠")


@pytest.fixture(autouse=True)
def stores(database: object) -> dict[str, int]:
    """Two stores and two customers."""
    root = an_organisation("总部", None)
    for number in ("M1", "M2"):
        create_customer(actor=SYSTEM, number=number)
    return {code: a_store(root, code).organisation_id for code in ("S1", "S2")}


def a_line(**facts: object) -> dict[str, object]:
    return {
        "order_no": "A1",
        "store_code": "S1",
        "customer_number": "M1",
        "ordered_at": "2026-06-01 12:00:00",
        "line_no": 1,
        "sku": "milk",
        "quantity": 2,
        "amount_fen": 1_000,
        "discount_fen": 0,
    } | facts


def everything() -> list[object]:
    return [
        *Order.objects.order_by("order_no", "store_id").values_list(),
        *OrderLine.objects.order_by("order_no", "store_id", "line_no").values_list(),
        *Customer.objects.order_by("id").values_list("number", "first_order_at"),
    ]


def numbers(report: ImportReport) -> tuple[int, int, int, int]:
    return report.new, report.changed, report.unchanged, report.broken


def test_lines_make_orders_with_totals(tmp_path: Path, stores: dict[str, int]) -> None:
    rows = [
        HEADER,
        ("A1", "S1", "M1", "2026-06-01 12:00:00", 1, "milk", 2, "10.00", "1.50"),
        ("A1", "S1", "M1", "2026-06-01 12:00:00", 2, "bread", 1, "3.50", ""),
        ("A2", "S2", "", "2026/6/2 9:00", 1, "milk", 0, "0", "0"),
    ]
    file = write_csv(tmp_path / "orders.csv", rows)
    before = everything()

    dry = run_import(ORDERS, file, actor=SYSTEM)
    assert everything() == before
    done = run_import(ORDERS, file, actor=SYSTEM, commit=True)

    assert numbers(dry) == numbers(done) == (3, 0, 0, 0)
    noon = datetime(2026, 6, 1, 4, tzinfo=UTC)
    orders = {order.order_no: order for order in Order.objects.all()}
    assert orders["A1"].total_fen == 1_200
    assert orders["A1"].ordered_at == noon
    assert (orders["A2"].customer_id, orders["A2"].total_fen) == (None, 0)
    first_orders = dict(Customer.objects.values_list("number", "first_order_at"))
    assert first_orders == {"M1": noon, "M2": None}


def test_the_same_file_again_changes_nothing(tmp_path: Path) -> None:
    file = write_csv(
        tmp_path / "orders.csv",
        [HEADER, ("A1", "S1", "M1", "2026-06-01 12:00:00", 1, "milk", 2, "10.00", "1.50")],
    )
    run_import(ORDERS, file, actor=SYSTEM, commit=True)
    before = everything()

    report = run_import(ORDERS, file, actor=SYSTEM, commit=True)

    assert numbers(report) == (0, 0, 1, 0)
    assert everything() == before


def test_changed_and_added_lines_correct_the_total() -> None:
    import_rows(ORDERS, [a_line(), a_line(line_no=2, amount_fen=500)])

    report = import_rows(
        ORDERS, [a_line(), a_line(line_no=2, amount_fen=700), a_line(line_no=3, amount_fen=50)]
    )

    assert numbers(report) == (1, 1, 1, 0)
    assert Order.objects.get().total_fen == 1_000 + 700 + 50


def test_a_corrected_customer_or_time_changes_the_order_and_its_first_orders() -> None:
    import_rows(ORDERS, [a_line(), a_line(line_no=2)])

    report = import_rows(
        ORDERS,
        [a_line(line_no=n, customer_number="M2", ordered_at="2026-05-01 08:00:00") for n in (1, 2)],
    )

    assert numbers(report) == (0, 2, 0, 0)
    order = Order.objects.select_related("customer").get()
    assert order.customer is not None
    assert order.customer.number == "M2"
    assert order.customer.first_order_at == order.ordered_at


def test_imports_within_one_transaction_see_each_other() -> None:
    with transaction.atomic():
        import_rows(ORDERS, [a_line()])
        report = import_rows(ORDERS, [a_line(), a_line(line_no=2)])

    assert numbers(report) == (1, 0, 1, 0)


def test_stores_may_use_the_same_order_numbers(stores: dict[str, int]) -> None:
    import_rows(ORDERS, [a_line(), a_line(store_code="S2", amount_fen=9)])

    totals = dict(Order.objects.values_list("store_id", "total_fen"))
    assert totals == {stores["S1"]: 1_000, stores["S2"]: 9}


def test_broken_lines_do_not_take_the_rest_with_them() -> None:
    rows = [
        a_line(),
        a_line(line_no=2, store_code="nowhere"),
        a_line(line_no=3, customer_number="nobody"),
        a_line(line_no=4, discount_fen=1_001),
        a_line(line_no=5, ordered_at="2026-06-01 13:00:00"),
        a_line(line_no=6, customer_number="M2"),
        a_line(line_no=1, sku="other"),
        a_line(line_no=0),
        a_line(line_no=8, quantity=-1),
        a_line(line_no=9, amount_fen="1.234"),
        a_line(line_no=10, quantity=2**40),
        a_line(line_no=11),
    ]

    report = run_import(ORDERS, rows, actor=SYSTEM, commit=True)

    assert [(p.row_number, p.column, p.reason.code) for p in report.problems] == [
        (2, "store_code", "store_unknown"),
        (3, "customer_number", "customer_unknown"),
        (4, "discount_fen", "discount_above_amount"),
        (5, "order_no", "order_lines_disagree"),
        (6, "order_no", "order_lines_disagree"),
        (7, "order_no", "duplicate_row"),
        (8, "line_no", "number_out_of_range"),
        (9, "quantity", "number_out_of_range"),
        (10, "amount_fen", "too_precise"),
        (11, "quantity", "number_out_of_range"),
    ]
    assert numbers(report) == (2, 0, 0, 10)
    assert list(OrderLine.objects.values_list("line_no", flat=True).order_by("line_no")) == [1, 11]
    assert Order.objects.get().total_fen == 2_000


def test_a_mended_error_completes_the_order() -> None:
    run_import(ORDERS, [a_line(), a_line(line_no=2, sku="")], actor=SYSTEM, commit=True)

    report = import_rows(ORDERS, [a_line(), a_line(line_no=2, amount_fen=1)])

    assert numbers(report) == (1, 0, 1, 0)
    assert Order.objects.get().total_fen == 1_001


def test_the_stores_of_others_are_unknown() -> None:
    root = Organisation.objects.get(name="总部")
    north = an_organisation("华北", root)
    a_store(north, "N1")

    report = run_import(
        ORDERS, [a_line(), a_line(store_code="N1")], actor=staff_of(north), commit=True
    )

    assert [problem.reason.code for problem in report.problems] == ["store_unknown"]
    assert Order.objects.count() == 1


def test_commands_get_the_lines_of_known_orders(stores: dict[str, int]) -> None:
    import_rows(ORDERS, [a_line(discount_fen=100), a_line(line_no=2, quantity=0)])

    found = order_lines([("A1", stores["S1"]), ("A1", stores["S2"]), ("A9", stores["S1"])])

    assert found == {
        ("A1", stores["S1"]): (
            EngineLine("1", "milk", 2, 1_000, 100),
            EngineLine("2", "milk", 1, 1_000, 0),
        )
    }
