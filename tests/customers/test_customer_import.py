"""Customers come in sealed, once, and as the persons that they were."""

from pathlib import Path

import pytest
from django.db import connection

from kaquan.customers.imports import CUSTOMERS
from kaquan.customers.models import Customer
from kaquan.foundation.imports import ImportReport, run_import
from tests.builders.issuer import SYSTEM, a_store, an_organisation, import_rows, staff_of, write_csv

pytestmark = pytest.mark.usefixtures("database")

HEADER = ("会员号", "姓名", "手机号", "标签")
WANG = ("1001", "王小明", "138 0013 8000", "vip;新客")
LI = ("1002", "李四", "13900139000", "")


def everything() -> list[object]:
    return list(Customer.objects.order_by("id").values_list())


def numbers(report: ImportReport) -> tuple[int, int, int, int]:
    return report.new, report.changed, report.unchanged, report.broken


def test_customers_come_in_from_a_file(tmp_path: Path) -> None:
    file = write_csv(tmp_path / "customers.csv", [HEADER, WANG, LI])

    dry = run_import(CUSTOMERS, file, actor=SYSTEM)
    assert everything() == []
    done = run_import(CUSTOMERS, file, actor=SYSTEM, commit=True)

    assert numbers(dry) == numbers(done) == (2, 0, 0, 0)
    wang = Customer.objects.get(number="1001")
    assert (wang.name, wang.phone, wang.tags) == ("王小明", "+8613800138000", ["vip", "新客"])


def test_the_same_file_again_changes_not_a_byte(tmp_path: Path) -> None:
    file = write_csv(tmp_path / "customers.csv", [HEADER, WANG, LI])
    run_import(CUSTOMERS, file, actor=SYSTEM, commit=True)
    before = everything()

    report = run_import(CUSTOMERS, file, actor=SYSTEM, commit=True)

    assert numbers(report) == (0, 0, 2, 0)
    assert everything() == before


def test_nothing_readable_reaches_the_database_while_importing(tmp_path: Path) -> None:
    seen: list[str] = []

    def look(step: object, done: int, total: int | None) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT staged::text FROM staged")
            seen.extend(text for (text,) in cursor.fetchall())

    file = write_csv(tmp_path / "customers.csv", [HEADER, WANG, LI])
    run_import(CUSTOMERS, file, actor=SYSTEM, commit=True, progress=look)

    assert seen
    stolen = " ".join(seen)
    for secret in ("王小明", "13800138000", "王小明".encode().hex(), b"138001".hex()):
        assert secret not in stolen


def test_only_what_differs_is_changed_and_empty_cells_say_nothing() -> None:
    import_rows(CUSTOMERS, [{"number": "1", "name": "王", "phone": "13800138000", "tags": ["vip"]}])

    report = import_rows(
        CUSTOMERS,
        [{"number": "1", "name": "", "phone": "13900139000"}, {"number": "2", "name": "李"}],
    )

    assert numbers(report) == (1, 1, 0, 0)
    customer = Customer.objects.get(number="1")
    assert (customer.name, customer.phone, customer.tags) == ("王", "+8613900139000", ["vip"])


def test_a_new_phone_does_not_make_a_new_person_but_a_document_does() -> None:
    def person() -> int:
        return Customer.objects.get(number="1").person_id

    import_rows(CUSTOMERS, [{"number": "1"}])
    alone = person()
    import_rows(CUSTOMERS, [{"number": "1", "phone": "13800138000"}])
    by_phone = person()
    import_rows(CUSTOMERS, [{"number": "1", "phone": "13900139000"}])
    by_other_phone = person()
    import_rows(CUSTOMERS, [{"number": "1", "id_document": "11010119900101123X"}])
    by_document = person()

    assert alone != by_phone == by_other_phone != by_document


def test_a_document_is_used_and_not_kept() -> None:
    import_rows(CUSTOMERS, [{"number": "1", "id_document": "11010119900101123X"}])

    assert "110101" not in repr(everything())


def test_broken_rows_are_told_without_repeating_personal_data() -> None:
    rows = [
        {"number": "1", "phone": "13800138000"},
        {"number": "2", "phone": "1380013800"},
        {"number": "3", "name": "王\x00小明"},
        {"number": "1", "phone": "13900139000"},
        {"number": "4", "store_code": "nowhere"},
        {"number": "5"},
    ]

    report = run_import(CUSTOMERS, rows, actor=SYSTEM, commit=True)

    assert numbers(report) == (2, 0, 0, 4)
    assert [(p.row_number, p.column, p.value, p.reason.code) for p in report.problems] == [
        (2, "phone", "***", "not_a_phone"),
        (3, "name", "***", "control_character"),
        (4, "number", "1", "duplicate_row"),
        (5, "store_code", "nowhere", "store_unknown"),
    ]
    assert Customer.objects.get(number="1").phone == "+8613800138000"


def test_customers_belong_to_their_store_or_to_whoever_imports_them() -> None:
    root = an_organisation("总部", None)
    north, south = an_organisation("华北", root), an_organisation("华南", root)
    store, foreign = a_store(north, "N1"), a_store(south, "S1")
    import_rows(CUSTOMERS, [{"number": "9", "store_code": "S1"}])
    rows = [
        {"number": "1", "store_code": "N1"},
        {"number": "2"},
        {"number": "3", "store_code": "S1"},
        {"number": "9", "name": "改"},
    ]

    report = run_import(CUSTOMERS, rows, actor=staff_of(north), commit=True)

    assert [problem.reason.code for problem in report.problems] == [
        "store_unknown",
        "customer_not_yours",
    ]
    belonging = dict(Customer.objects.values_list("number", "organisation_id"))
    assert belonging == {
        "1": store.organisation_id,
        "2": north.id,
        "9": foreign.organisation_id,
    }
    assert Customer.objects.get(number="9").name is None
