"""Every import: header, dry run, error file, and one broken row that stops nobody else."""

import csv
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connections
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from python_calamine import CalamineWorkbook

from kaquan.customers.imports import CUSTOMERS
from kaquan.foundation import imports
from kaquan.foundation.errors import KaquanError
from kaquan.foundation.imports import run_import
from kaquan.offers.imports import PRODUCTS
from kaquan.offers.models import Product
from kaquan.organisations.imports import STORES
from kaquan.redemption.imports_orders import ORDERS
from kaquan.redemption.imports_redemptions import REDEMPTIONS
from tests.builders.issuer import SYSTEM, write_csv

pytestmark = pytest.mark.usefixtures("database")

PLANS = (STORES, CUSTOMERS, PRODUCTS, ORDERS, REDEMPTIONS)


def products() -> dict[str, str]:
    return dict(Product.objects.values_list("sku", "name"))


@pytest.mark.parametrize(
    "header",
    [
        ("商品编码", "商品名称"),
        ("sku", "name"),
        ("SKU", " Name "),
        ("货号*", "商品 名称"),
        ("商品编码 sku", "product_name"),
        ("ｓｋｕ", "PRODUCT NAME"),
    ],
)
def test_titles_are_understood_however_they_are_written(
    tmp_path: Path, header: tuple[str, str]
) -> None:
    file = write_csv(tmp_path / "p.csv", [header, ("1", "茶")])

    run_import(PRODUCTS, file, actor=SYSTEM, commit=True)

    assert products() == {"1": "茶"}


def test_columns_may_come_in_any_order_and_unknown_ones_are_named(tmp_path: Path) -> None:
    file = write_csv(tmp_path / "p.csv", [("备注", "name", "sku"), ("x", "茶", "1")])

    report = run_import(PRODUCTS, file, actor=SYSTEM, commit=True)

    assert products() == {"1": "茶"}
    assert report.ignored_columns == ("备注",)


@pytest.mark.parametrize(
    ("content", "code", "words"),
    [
        ("", "import_empty", "表头"),
        ("\n \n,,\n", "import_empty", "表头"),
        ("name\n茶\n", "import_header_invalid", "商品编码 sku"),
        ("sku,name,货号\n1,茶,1\n", "import_header_invalid", "列重复：商品编码 sku"),
        ('"sku,name\n', "import_empty", "表头"),
    ],
    ids=["empty", "blank", "missing", "twice", "unreadable"],
)
def test_a_file_without_its_header_is_refused_as_a_whole(
    tmp_path: Path, content: str, code: str, words: str
) -> None:
    file = tmp_path / "p.csv"
    file.write_text(content, encoding="utf-8")

    with pytest.raises(KaquanError) as refused:
        run_import(PRODUCTS, file, actor=SYSTEM, commit=True)

    assert refused.value.code == code
    assert words in refused.value.zh
    assert products() == {}


def test_a_header_alone_is_a_table_without_rows(tmp_path: Path) -> None:
    report = run_import(PRODUCTS, write_csv(tmp_path / "p.csv", [("sku", "name")]), actor=SYSTEM)

    assert (report.rows, report.broken) == (0, 0)


def a_damaged_file(folder: Path) -> Path:
    file = folder / "p.csv"
    file.write_bytes(
        b"sku,name\n"
        + "1,好\n".encode()
        + b"2,\xff\xfe\n"  # no text
        + b"3,a\x00b\n"  # NUL
        + b"4,good,but,more\n"
        + b'5,"open\n'
        + b"6," + b"x" * 10_000_000 + b"\n"
        + b"3.1E+15,digits lost\n"
        + "1,重复\n".encode()
        + b",no key\n"
        + b"10\n"  # too short
        + "11,好,,\n".encode()  # empty extra cells say nothing
        + "１２,全角\n".encode()
    )  # fmt: skip
    return file


EXPECTED = [
    (3, "name", "wrong_encoding"),
    (4, "name", "control_character"),
    (5, "", "too_many_cells"),
    (6, "", "unreadable_row"),
    (7, "", "unreadable_row"),
    (8, "sku", "digits_lost"),
    (9, "sku", "duplicate_row"),
    (10, "sku", "required"),
    (11, "name", "required"),
]


def test_broken_rows_are_told_by_row_column_and_reason_and_the_rest_comes_in(
    tmp_path: Path,
) -> None:
    report = run_import(PRODUCTS, a_damaged_file(tmp_path), actor=SYSTEM, commit=True)

    assert [(p.row_number, p.column, p.reason.code) for p in report.problems] == EXPECTED
    assert (report.rows, report.new, report.broken) == (12, 3, 9)
    assert products() == {"1": "好", "11": "好", "12": "全角"}


@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
def test_the_error_file_holds_every_problem_in_the_order_of_the_rows(
    tmp_path: Path, suffix: str
) -> None:
    errors = tmp_path / f"errors{suffix}"

    report = run_import(PRODUCTS, a_damaged_file(tmp_path), actor=SYSTEM, errors_path=errors)

    assert report.errors_path == errors
    header, *rows = read_errors(errors)
    assert header == ["行 row", "列 column", "内容 value", "原因", "reason", "代码 code"]
    assert [(int(float(row[0])), row[5]) for row in rows] == [
        (number, code) for number, _, code in EXPECTED
    ]
    assert rows[0][1:5] == [
        "商品名称 name",
        "\\udcff\\udcfe",
        "含有无法识别的字节；请把文件另存为 UTF-8 编码",
        "holds bytes that are no text; save the file in UTF-8",
    ]
    assert sorted(file.name for file in tmp_path.iterdir()) == [errors.name, "p.csv"]


def read_errors(path: Path) -> list[list[str]]:
    if path.suffix == ".csv":
        with path.open(encoding="utf-8-sig", newline="") as file:
            return list(csv.reader(file))
    rows = CalamineWorkbook.from_path(path).get_sheet_by_index(0).iter_rows()
    return [[str(cell) for cell in row] for row in rows]


@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "＝"])
def test_no_value_in_an_error_file_is_a_formula(tmp_path: Path, start: str, suffix: str) -> None:
    errors = tmp_path / f"errors{suffix}"
    formula = f"{start}cmd|' /C calc'!A0"

    run_import(STORES, [{"code": "1", "name": "x", "status": formula}], actor=SYSTEM,
               errors_path=errors)  # fmt: skip

    value = read_errors(errors)[1][2]
    assert value.startswith(("'", "\\t"))


def test_without_a_problem_there_is_no_error_file(tmp_path: Path) -> None:
    errors = tmp_path / "errors.csv"

    report = run_import(PRODUCTS, [{"sku": "1", "name": "茶"}], actor=SYSTEM, errors_path=errors)

    assert report.errors_path is None
    assert not errors.exists()


@pytest.mark.parametrize("errors", ["no folder/errors.csv", "errors.txt", "errors"])
def test_an_error_file_that_cannot_be_is_told_before_anything_happens(
    tmp_path: Path, errors: str
) -> None:
    with pytest.raises(KaquanError) as refused:
        run_import(PRODUCTS, [{"sku": "1", "name": "茶"}], actor=SYSTEM, commit=True,
                   errors_path=tmp_path / errors)  # fmt: skip

    assert refused.value.code == "error_file_unwritable"
    assert products() == {}


def test_more_problems_than_are_shown_are_all_counted(tmp_path: Path) -> None:
    errors = tmp_path / "errors.csv"
    rows = ({"sku": str(n), "name": "" if n % 2 else "好"} for n in range(20_000))

    report = run_import(PRODUCTS, rows, actor=SYSTEM, commit=True, errors_path=errors)

    assert (report.rows, report.new, report.broken) == (20_000, 10_000, 10_000)
    assert len(report.problems) == imports.PROBLEMS_SHOWN
    assert len(read_errors(errors)) == 10_001
    assert Product.objects.count() == 10_000


def test_a_source_that_fails_half_way_leaves_nothing_behind() -> None:
    def rows() -> Iterator[dict[str, object]]:
        yield from ({"sku": str(n), "name": "好"} for n in range(12_000))
        raise OSError("the cable")

    with pytest.raises(OSError, match="cable"):
        run_import(PRODUCTS, rows(), actor=SYSTEM, commit=True)

    assert products() == {}


def test_two_imports_of_the_same_rows_at_once_leave_them_once() -> None:
    rows = [{"sku": str(n), "name": "好"} for n in range(2_000)]
    start = threading.Barrier(2)
    answers = []

    def import_all() -> None:
        def wait(step: imports.Step, done: int, total: int | None) -> None:
            if step is imports.WRITING:
                start.wait(timeout=30)  # both have seen that the rows are new

        try:
            report = run_import(PRODUCTS, rows, actor=SYSTEM, commit=True, progress=wait)
            answers.append((report.new, ""))
        except KaquanError as error:
            answers.append((0, error.code))
        finally:
            connections.close_all()

    people = [threading.Thread(target=import_all) for _ in range(2)]
    for person in people:
        person.start()
    for person in people:
        person.join()

    assert sorted(answers) == [(0, "import_disturbed"), (2_000, "")]
    assert Product.objects.count() == 2_000


@pytest.mark.parametrize("plan", PLANS, ids=lambda plan: plan.kind)
@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(noise=some.binary(max_size=2_000), with_header=some.booleans())
def test_random_bytes_are_refused_or_reported_and_never_crash(
    plan: imports.ImportPlan, tmp_path: Path, noise: bytes, *, with_header: bool
) -> None:
    file = tmp_path / "noise.csv"
    header = ",".join(column.name for column in plan.columns).encode() + b"\n"
    file.write_bytes(header + noise if with_header else noise)

    refusal = ""
    try:
        report = run_import(plan, file, actor=SYSTEM, commit=True)
    except KaquanError as error:
        refusal = error.code
    else:
        assert report.rows == report.new + report.unchanged + report.changed + report.broken

    refusals = {"", "table_not_a_table"}
    assert refusal in (
        refusals if with_header else refusals | {"import_empty", "import_header_invalid"}
    )
