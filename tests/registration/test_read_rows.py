"""From pieces of text to rows: by the heading's columns, or by what each piece looks like."""

from __future__ import annotations

from kaquan.registration.read_rows import Found, rows_of

HEADING = ("序号", "券码后4位", "姓名", "手机", "时间", "金额", "门店", "店员")
ROWS = (
    ("10482301", "7K3M", "张伟", "138 1234 5678", "10-03 14:25", "¥128.50", "S0012", "李娜"),
    ("10482302", "q9zt", "欧阳晓", "13900139000", "1004 0930", "1,088元", "朝阳店", "王敏"),
)
READ = (
    ("10482301", "7K3M", "张伟", "13812345678", "10031425", "128.50", "S0012", "李娜"),
    ("10482302", "Q9ZT", "欧阳晓", "13900139000", "10040930", "1088", "朝阳店", "王敏"),
)
FIELDS = ("number", "last", "holder", "phone", "at", "amount", "store", "clerk")


def a_page(*lines: tuple[str, ...], lean: int = 0) -> list[Found]:
    """Lines of pieces in columns; the page rises so many thousandths to the right. In no order."""
    found = []
    for row, line in enumerate(lines):
        for column, text in enumerate(line):
            left, width = 40 + 190 * column + 3 * row, 24 * len(text)
            top = 200 + 60 * row - round(left * lean / 1_000)
            rise = -round(width * lean / 1_000)
            corners = [(left, top), (left + width, top + rise)]
            corners += [(left + width, top + 30 + rise), (left, top + 30)]
            found.append(Found.of(text, 97, corners))
    return found[::-1]


def told(found: list[Found]) -> list[tuple[str, ...]]:
    rows = rows_of(found)
    assert all(one.percent == 97 for row in rows for one in row.cells.values())
    return [tuple(row.cells[name].text for name in FIELDS) for row in rows]


def test_columns_are_told_by_their_heading_also_on_a_page_that_leans() -> None:
    title = ("朝阳店手工登记表",)
    for lean in (0, 25, -25):
        assert told(a_page(title, HEADING, *ROWS, lean=lean)) == list(READ)


def test_without_a_heading_each_piece_is_told_by_its_form() -> None:
    assert told(a_page(*ROWS)) == list(READ)


def test_an_empty_cell_stays_empty_and_moves_nothing() -> None:
    (row,) = rows_of(a_page(HEADING, ("10482301", "7K3M")))
    assert {name: one.text for name, one in row.cells.items()} == {
        "number": "10482301",
        "last": "7K3M",
    }
    assert rows_of([]) == []
