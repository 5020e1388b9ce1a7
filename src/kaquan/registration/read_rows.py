"""From pieces of text on a picture to the rows of a register: lines, columns, fields.

A heading that names the columns says which is which; without one each piece is told by its form.
What comes out is a proposal, and a person confirms each cell of it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from statistics import mean, median
from typing import NamedTuple

from msgspec import Struct

Corner = tuple[int, int]
Box = tuple[int, int, int, int]
"""Left, top, right and bottom."""

NUMBER, LAST, HOLDER, PHONE = "number", "last", "holder", "phone"
AT, AMOUNT, STORE, CLERK = "at", "amount", "store", "clerk"
FIELDS = (NUMBER, LAST, HOLDER, PHONE, AT, AMOUNT, STORE, CLERK)
ROWS_MAX = 100
HEADING_WORDS_MIN = 3

_HEADINGS = {
    LAST: ("后4位", "后四位", "末四位", "last"),
    NUMBER: ("序号", "券号", "券码", "编号", "serial", "code"),
    HOLDER: ("姓名", "持券人", "顾客", "客户", "holder", "name"),
    PHONE: ("手机", "电话", "联系方式", "phone"),
    AT: ("时间", "日期", "time", "date"),
    AMOUNT: ("金额", "消费", "amount"),
    STORE: ("门店", "店铺", "店号", "store"),
    CLERK: ("店员", "经手", "收银", "clerk"),
}
_FORMS = (
    (PHONE, re.compile(r"(\+?86)?[- ]?1[3-9]\d[- ]?\d{4}[- ]?\d{4}")),
    (NUMBER, re.compile(r"([0-9A-Za-z]{4}[- ]?){5}")),
    (AT, re.compile(r"(\d{4}[-/.年])?\d{1,2}[-/.月]\d{1,2}日?\s*\d{1,2}[:：时]\d{2}分?")),
    (AT, re.compile(r"\d{1,2}[:：]\d{2}|\d{4} \d{4}")),
    (AMOUNT, re.compile(r"[¥￥]\s*[\d,]+(\.\d{1,2})?|[\d,]+(\.\d{1,2})?元|[\d,]+\.\d{1,2}")),
    (NUMBER, re.compile(r"\d{5,12}")),
    (AT, re.compile(r"(0[1-9]|1[0-2])[0-3]\d[0-2]\d[0-5]\d")),
    (AMOUNT, re.compile(r"\d{1,4}")),
    (STORE, re.compile(r"[A-Za-z]{1,6}[-_]?\d{2,8}|.*店")),
    (LAST, re.compile(r"(?=.*[A-Za-z])[0-9A-Za-z]{4}")),
    (HOLDER, re.compile(r"[\u3400-\u9fff·]{2,8}")),
    (CLERK, re.compile(r"[\u3400-\u9fff·]{2,8}")),
)  # fmt: skip
_SHORT_DAY = re.compile(r"(\d{1,2})[-/.月](\d{1,2})日?\s*(\d{1,2})[:：时](\d{2})分?")


class Found(NamedTuple):
    """A piece of text: how sure the reader is, in percent, its box, and how it leans (rise of its
    upper edge for its width)."""

    text: str
    percent: int
    box: Box
    rise: int

    @classmethod
    def of(cls, text: str, percent: int, corners: Sequence[Corner]) -> Found:
        """From the corners of its outline, beginning with the upper left and the upper right."""
        across, down = [x for x, _ in corners], [y for _, y in corners]
        box = (min(across), min(down), max(across), max(down))
        return cls(text.strip(), percent, box, corners[1][1] - corners[0][1])

    @property
    def width(self) -> int:
        """From left to right."""
        return self.box[2] - self.box[0]

    @property
    def height(self) -> int:
        """From top to bottom."""
        return self.box[3] - self.box[1]


class CellRead(Struct, frozen=True, array_like=True):
    """What was read for one field, and how sure the reader is, in percent."""

    text: str
    percent: int


class RowRead(Struct, frozen=True, array_like=True):
    """One line of the register: where it stands, and its fields; those without text are left
    out."""

    box: Box
    cells: dict[str, CellRead]


def rows_of(found: Sequence[Found]) -> list[RowRead]:
    """The rows of a page, from top to bottom, without its heading and what stands above it."""
    lines = _lines([one for one in found if one.text and one.width > 0])
    headings: dict[str, Found] = {}
    for number, line in enumerate(lines):
        named = _headings(line)
        if len(named) >= HEADING_WORDS_MIN:
            headings, lines = named, lines[number + 1 :]
            break
    rows = [_row(line, headings) for line in lines]
    return [row for row in rows if len(row.cells) > 1][:ROWS_MAX]


def _lines(found: Sequence[Found]) -> list[list[Found]]:
    """Pieces that stand beside each other, each line from left to right, on a page that may lean a
    little."""
    if not found:
        return []
    wide = [one for one in found if one.width > 2 * one.height] or found
    lean = sum(one.rise for one in wide) * 1_000 // sum(one.width for one in wide)  # thousandths
    apart = 6 * median(one.height for one in found) // 10

    def level(one: Found) -> int:
        left, top, right, bottom = one.box
        return (top + bottom - (left + right) * lean // 1_000) // 2

    lines: list[list[Found]] = []
    for one in sorted(found, key=level):
        if lines and level(one) - mean(map(level, lines[-1])) <= apart:
            lines[-1].append(one)
        else:
            lines.append([one])
    return [sorted(line, key=lambda one: one.box[0]) for line in lines]


def _headings(line: Sequence[Found]) -> dict[str, Found]:
    """The columns that a line names; each once."""
    named: dict[str, Found] = {}
    for one in line:
        words = one.text.lower().replace(" ", "")
        for field, names in _HEADINGS.items():
            if field not in named and any(name in words for name in names):
                named[field] = one
                break
    return named


def _row(line: Sequence[Found], headings: dict[str, Found]) -> RowRead:
    cells: dict[str, CellRead] = {}
    for one in line:
        field = _column(one, headings) if headings else _by_form(one.text, cells)
        if field is None:
            continue
        known = cells.get(field)
        text = f"{known.text} {one.text}" if known else one.text
        cells[field] = CellRead(text, min(one.percent, known.percent if known else 100))
    told = {name: CellRead(_tidied(name, one.text), one.percent) for name, one in cells.items()}
    boxes = [one.box for one in line]
    box = (
        min(one[0] for one in boxes),
        min(one[1] for one in boxes),
        max(one[2] for one in boxes),
        max(one[3] for one in boxes),
    )
    return RowRead(box, told)


def _column(one: Found, headings: dict[str, Found]) -> str:
    """The column whose heading stands nearest above: by its left, its middle or its right."""

    def distance(heading: Found) -> int:
        left, right = one.box[0] - heading.box[0], one.box[2] - heading.box[2]
        return min(abs(left), abs(right), abs(left + right) // 2)

    return min(headings, key=lambda field: distance(headings[field]))


def _by_form(text: str, taken: dict[str, CellRead]) -> str | None:
    """What a piece looks like, as far as that is not there yet."""
    for field, form in _FORMS:
        if field not in taken and form.fullmatch(text):
            return field
    return None


def _tidied(field: str, text: str) -> str:
    """As the desk takes it: money without its sign, a time without a year as month, day, hour and
    minute."""
    if field == AMOUNT:
        return text.strip("¥￥元 ").replace(",", "")
    if field in (LAST, NUMBER, PHONE):
        return text.replace(" ", "").upper()
    if field == AT:
        short = _SHORT_DAY.fullmatch(text)
        if short is not None:
            return "".join(part.zfill(2) for part in short.groups())
        digits = text.replace(" ", "")
        return digits if digits.isdigit() else text
    return text
