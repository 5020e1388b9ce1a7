"""Past redemptions come in through the door: each once, and what is refused is told."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection

from kaquan.campaigns.actions import add_batch, create_campaign
from kaquan.customers.actions import create_customer
from kaquan.foundation.imports import ImportReport, run_import
from kaquan.ledger.custody import serial_runs
from kaquan.ledger.door import close_door
from kaquan.redemption.codes import code_book, ledger_session
from kaquan.redemption.imports_orders import ORDERS
from kaquan.redemption.imports_redemptions import REDEMPTIONS
from tests.builders.issuer import (
    NOON,
    SYSTEM,
    TERMS,
    a_number,
    a_store,
    a_version,
    an_organisation,
    import_rows,
    staff_of,
    write_csv,
)
from tests.fixtures_database import Database


@pytest.fixture(autouse=True)
def _own_door(database: Database) -> Iterator[None]:
    root = an_organisation("总部", None)
    a_store(root, "S1")
    create_customer(actor=SYSTEM, number="M1")
    yield
    close_door()


def some_serials(quantity: int = 3, **terms: object) -> list[int]:
    """Vouchers of 20 yuan off, to whoever brings the code."""
    campaign = create_campaign(
        actor=SYSTEM,
        code=a_number("c"),
        name="c",
        kind="k",
        starts_at=NOON,
        ends_at=NOON + timedelta(days=1),
    )
    batch = add_batch(
        actor=SYSTEM,
        campaign_id=campaign.id,
        name="b",
        version_id=a_version(TERMS | terms).id,
        quantity=quantity,
        at=NOON,
        by_code=True,
    )
    (run,) = serial_runs(ledger_session(), batch.id)
    return list(run)


def a_use(serial: int, **facts: object) -> dict[str, object]:
    return {
        "serial": serial,
        "order_no": "A1",
        "store_code": "S1",
        "redeemed_at": "2026-06-01 12:00:00",
    } | facts


def an_order(order_no: str = "A1", amount_fen: int = 10_000) -> None:
    line = {
        "order_no": order_no,
        "store_code": "S1",
        "ordered_at": "2026-06-01 12:00:00",
        "line_no": 1,
        "sku": "milk",
        "quantity": 1,
        "amount_fen": amount_fen,
    }
    import_rows(ORDERS, [line])


def books() -> list[object]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT block, index, amount, debit_id, credit_id, at FROM ledger_entry")
        entries = sorted(cursor.fetchall())
        cursor.execute("SELECT block FROM ledger_block")
        blocks = sorted(cursor.fetchall())
        cursor.execute("SELECT serial, state, version FROM ledger_voucher")
        return [entries, blocks, sorted(cursor.fetchall())]


def touched() -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT serial FROM ledger_voucher ORDER BY serial")
        return [serial for (serial,) in cursor.fetchall()]


def numbers(report: ImportReport) -> tuple[int, int, int, int]:
    return report.new, report.changed, report.unchanged, report.broken


def test_uses_come_in_by_code_or_by_serial(tmp_path: Path) -> None:
    an_order()
    one, two, _ = some_serials()
    rows = [
        ("券码", "序号", "订单号", "门店编码", "会员号", "核销时间"),
        (code_book().encode(one), "", "A1", "S1", "", "2026-06-01 12:00:00"),
        ("", two, "A1", "S1", "M1", "2026/6/1 12:00"),
    ]
    file = write_csv(tmp_path / "redemptions.csv", rows)
    before = books()

    dry = run_import(REDEMPTIONS, file, actor=SYSTEM)
    assert books() == before
    done = run_import(REDEMPTIONS, file, actor=SYSTEM, commit=True)

    assert numbers(dry) == numbers(done) == (2, 0, 0, 0), (dry.problems, done.problems)
    assert touched() == [one, two]


def test_the_same_file_again_books_nothing_even_if_a_code_is_written_otherwise() -> None:
    an_order()
    serial, *_ = some_serials()
    code = code_book().encode(serial)
    import_rows(REDEMPTIONS, [a_use(serial)])
    before = books()

    for row in (a_use(serial), a_use(serial) | {"serial": None, "code": code.lower()}):
        for commit in (False, True):
            report = run_import(REDEMPTIONS, [row], actor=SYSTEM, commit=commit)
            assert numbers(report) == (0, 0, 1, 0)

    assert books() == before


def test_an_order_that_comes_in_later_does_not_book_its_uses_again() -> None:
    serial, *_ = some_serials()
    an_order("A9")
    import_rows(REDEMPTIONS, [a_use(serial, order_no="A9")])
    an_order("A9", amount_fen=20_000)
    before = books()

    report = run_import(REDEMPTIONS, [a_use(serial, order_no="A9")], actor=SYSTEM, commit=True)

    assert numbers(report) == (0, 0, 1, 0)
    assert books() == before


def test_what_the_ledger_refuses_is_told_and_the_rest_is_booked() -> None:
    an_order()
    an_order("small", amount_fen=100)
    one, two, three = some_serials(scope={"order_minimum_fen": 5_000, "minimum_basis": "before"})
    rows = [
        a_use(one),
        a_use(one, redeemed_at="2026-06-01 13:00:00"),
        a_use(two, order_no="small"),
        a_use(three, redeemed_at="2027-06-01 12:00:00"),
        a_use(999_999_999),
        a_use(three),
    ]

    report = run_import(REDEMPTIONS, rows, actor=SYSTEM, commit=True)

    assert [(p.row_number, p.reason.code) for p in report.problems] == [
        (2, "voucher_used"),
        (3, "order_below_minimum"),
        (4, "voucher_expired"),
        (5, "voucher_unknown"),
    ]
    assert all(problem.reason.zh and problem.reason.en for problem in report.problems)
    assert numbers(report) == (2, 0, 0, 4)
    assert touched() == [one, three]


def test_what_was_refused_is_booked_once_its_cause_is_mended() -> None:
    serial, *_ = some_serials(scope={"order_minimum_fen": 5_000})
    an_order(amount_fen=100)
    refused = run_import(REDEMPTIONS, [a_use(serial)], actor=SYSTEM, commit=True)
    assert numbers(refused) == (0, 0, 0, 1)

    an_order(amount_fen=10_000)

    assert numbers(import_rows(REDEMPTIONS, [a_use(serial)])) == (1, 0, 0, 0)


def test_rows_that_name_nothing_known_are_told_without_repeating_the_code() -> None:
    an_order()
    one, two, _ = some_serials()
    code = code_book().encode(one)
    wrong = code[:-1] + ("2" if code[-1] != "2" else "3")
    rows = [
        a_use(one, store_code="nowhere"),
        a_use(one, customer_number="nobody"),
        a_use(one) | {"serial": None},
        a_use(one) | {"serial": None, "code": wrong},
        a_use(two, code=code),
        a_use(one, redeemed_at="yesterday"),
        a_use(one),
        a_use(one),
    ]

    report = run_import(REDEMPTIONS, rows, actor=SYSTEM, commit=True)

    assert [(p.row_number, p.column, p.reason.code) for p in report.problems] == [
        (1, "store_code", "store_unknown"),
        (2, "customer_number", "customer_unknown"),
        (3, "code", "required"),
        (4, "code", "code_mistyped"),
        (5, "code", "code_and_serial_differ"),
        (6, "redeemed_at", "not_a_moment"),
        (8, "", "duplicate_row"),
    ]
    assert wrong not in repr(report)
    assert code not in repr(report)
    assert touched() == [one]


def test_more_rows_than_one_call_of_the_door_takes_are_all_booked() -> None:
    an_order()
    serials = some_serials(2_500)

    report = import_rows(REDEMPTIONS, [a_use(serial) for serial in serials])

    assert numbers(report) == (2_500, 0, 0, 0)
    assert touched() == serials


def test_nobody_books_uses_in_the_stores_of_others() -> None:
    serial, *_ = some_serials()
    an_order()
    north = an_organisation("华北", None)

    report = run_import(REDEMPTIONS, [a_use(serial)], actor=staff_of(north), commit=True)

    assert [problem.reason.code for problem in report.problems] == ["store_unknown"]
    assert touched() == []
