"""What a cell may hold, and that anything else is refused with a reason and never a crash."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from kaquan.customers.phones import read_phone
from kaquan.foundation import imports_cells as cells
from kaquan.foundation.imports_cells import BadCellError, Read

READERS: dict[str, Read] = {
    "text": cells.text(20),
    "code": cells.code(20),
    "whole_number": cells.whole_number(-5, 1_000_000),
    "amount": cells.amount,
    "moment": cells.moment,
    "choice": cells.choice({"营业": "open", "open": "open"}),
    "words": cells.words(longest=5, most=3),
    "phone": read_phone,
}


@pytest.mark.parametrize(
    ("reader", "cell", "value"),
    [
        ("text", "  国贸　店\r\n二层 ", "国贸 店 二层"),
        ("text", 12, "12"),
        ("code", "ＡＢ－１２ ", "AB-12"),
        ("code", 1001, "1001"),
        ("code", "1E", "1E"),
        ("whole_number", "1,234", 1_234),
        ("whole_number", "１２", 12),
        ("whole_number", "-5", -5),
        ("whole_number", "3.0", 3),
        ("whole_number", 7, 7),
        ("amount", "12.5", 1_250),
        ("amount", "¥1,234.50", 123_450),
        ("amount", "１２.５０元", 1_250),
        ("amount", Decimal("0.50"), 50),
        ("amount", 50, 50),
        ("choice", " OPEN ", "open"),
        ("choice", "营业", "open"),
        ("words", "b；a、 c", ["b", "a", "c"]),
        ("words", ("x",), ["x"]),
    ],
)
def test_what_can_only_mean_one_thing_is_understood(
    reader: str, cell: object, value: object
) -> None:
    assert READERS[reader](cell) == value


@pytest.mark.parametrize(
    "written",
    [
        "2026-10-01 08:30:00",
        "2026-10-01T08:30",
        "2026/10/1 8:30",
        "2026.10.01 08:30:00",
        "2026年10月1日 8时30分",
        "2026年10月1日 8:30:00",
        "２０２６／１０／１　８：３０",
        "2026-10-01T00:30:00Z",
        "2026-10-01 08:30:00+08:00",
        datetime(2026, 10, 1, 0, 30, tzinfo=UTC),
        datetime(2026, 10, 1, 8, 30),  # noqa: DTZ001
    ],
)
def test_a_moment_without_a_zone_is_in_the_issuers_zone(written: object) -> None:
    assert cells.moment(written) == datetime(2026, 10, 1, 0, 30, tzinfo=UTC)


def test_a_day_alone_means_its_beginning() -> None:
    for written in ("2026-10-01", "2026/10/1", "20261001"):
        assert cells.moment(written) == datetime(2026, 9, 30, 16, tzinfo=UTC)


WRONG: list[tuple[str, object, str]] = [
    ("text", "x" * 21, "too_long"),
    ("text", "x" * 10_000_000, "too_long"),
    ("text", "a\x00b", "control_character"),
    ("text", "a\u200bb", "control_character"),
    ("text", "a\udcffb", "wrong_encoding"),
    ("text", "a\ufffdb", "wrong_encoding"),
    ("text", 1.5, "wrong_type"),
    ("text", 10**9_999, "not_a_number"),
    ("code", "3.11985E+16", "digits_lost"),
    ("code", "1.234567890123457e+19", "digits_lost"),
    ("whole_number", "1e5", "digits_lost"),
    ("whole_number", "12.5", "not_a_number"),
    ("whole_number", "1,23", "not_a_number"),
    ("whole_number", "٣", "not_a_number"),
    ("whole_number", "9" * 10_000_000, "not_a_number"),
    ("whole_number", "9" * 30, "number_out_of_range"),
    ("whole_number", 10**400, "number_out_of_range"),
    ("whole_number", True, "not_a_number"),
    ("amount", "12.345", "too_precise"),
    ("amount", "-1", "negative"),
    ("amount", -1, "negative"),
    ("amount", "9" * 39, "amount_too_large"),
    ("amount", 10**400, "amount_too_large"),
    ("amount", "NaN", "not_an_amount"),
    ("amount", "1e3", "not_an_amount"),
    ("amount", True, "not_an_amount"),
    ("moment", "2026-02-30", "not_a_moment"),
    ("moment", "01/02/2026", "not_a_moment"),
    ("moment", "46027.5", "not_a_moment"),
    ("moment", "0001-01-01", "not_a_moment"),
    ("moment", "9999-12-31T23:59:59-12:00", "not_a_moment"),
    ("moment", "2026/10/1 25:00", "not_a_moment"),
    ("choice", "也许", "not_a_choice"),
    ("words", "a,b,c,d", "too_many"),
    ("words", "abcdef", "too_long"),
]


@pytest.mark.parametrize(
    ("reader", "cell", "reason"),
    WRONG,
    ids=[f"{number} {reader} {reason}" for number, (reader, _, reason) in enumerate(WRONG)],
)
def test_what_is_wrong_is_refused_with_its_reason(reader: str, cell: object, reason: str) -> None:
    with pytest.raises(BadCellError) as refused:
        READERS[reader](cell)

    assert refused.value.reason.code == reason
    assert refused.value.reason.zh
    assert refused.value.reason.en


ANYTHING: some.SearchStrategy[Any] = (
    some.text(some.characters(exclude_categories=()))
    | some.text("0123456789.-/: +年月日时分,eE", max_size=45)
    | some.integers()
    | some.floats()
    | some.booleans()
    | some.binary()
    | some.decimals()
    | some.datetimes()
    | some.lists(some.text())
)


@pytest.mark.parametrize("reader", sorted(READERS))
@given(cell=ANYTHING)
def test_no_cell_whatsoever_is_more_than_a_refusal(reader: str, cell: object) -> None:
    try:
        value = READERS[reader](cell)
    except BadCellError:
        return
    assert value is not None
    if isinstance(value, str):
        assert value.isprintable() or "\u3000" in value or value.strip()
        value.encode()
