"""What people typed into a draft, read field by field; every fault is kept with its field.

A draft holds text as it was typed, also what is wrong or half done: nothing of it is lost, and what
is to be mended is told beside its field.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from kaquan.engine.money import MAX_FEN, format_yuan
from kaquan.engine.rules.terms import AMOUNT_FEN_MAX
from kaquan.foundation import imports_cells as cells

Content = Mapping[str, str]
"""Text for each field; several choices stand one a line."""

TEXT_MAX = 20_000
NAMES_MAX = 2_000
NAME_CHARACTERS_MAX = 64
DAYS_MAX = 400
_BETWEEN_NAMES = re.compile(r"[\n,;|、，；]")
_RANGE = re.compile(r"(\d{4}-\d{2}-\d{2})(?:\s*(?:~|～|至|to)\s*(\d{4}-\d{2}-\d{2}))?", re.ASCII)
_YEAR_OFF = re.compile(r"([12]\d{3})\s*年?\s*(?:法定节假日|节假日|holidays)", re.IGNORECASE)
_CLOCK_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d|24:00", re.ASCII)
_TENTHS = re.compile(r"(\d{1,2})(?:\.(\d{1,3}))?", re.ASCII)
_PERCENT = re.compile(r"(\d{1,3})(?:\.(\d{1,2}))?", re.ASCII)


class FieldFault(NamedTuple):
    """What is to be mended in a field."""

    field: str
    zh: str
    en: str


class Reader:
    """Reads a draft's fields; ``faults`` gathers what cannot be read."""

    def __init__(self, content: Content) -> None:
        self._content = content
        self.faults: list[FieldFault] = []

    def typed(self, name: str) -> str:
        """The text as it was typed, without blanks at its ends."""
        return self._content.get(name, "").strip()

    def fault(self, name: str, zh: str, en: str) -> None:
        """Note what is wrong with a field; the first fault of a field stays."""
        if all(one.field != name for one in self.faults):
            self.faults.append(FieldFault(name, zh, en))

    def words(self, name: str, longest: int, *, required: bool = False) -> str:
        """Words on one line."""
        return str(self._read(name, cells.text(longest), required=required) or "")

    def code(self, name: str, *, required: bool = False) -> str:
        """A code."""
        return str(self._read(name, cells.code(), required=required) or "")

    def amount(
        self, name: str, *, least: int = 0, most: int = AMOUNT_FEN_MAX, required: bool = False
    ) -> int | None:
        """Fen, typed in yuan."""
        amount_fen: int | None = self._read(name, cells.amount, required=required)
        if amount_fen is not None and not least <= amount_fen <= most:
            low, high = format_yuan(least), format_yuan(min(most, MAX_FEN))
            self.fault(name, f"应在 {low} 到 {high} 之间", f"must lie between {low} and {high}")
            return None
        return amount_fen

    def number(self, name: str, least: int, most: int, *, required: bool = False) -> int | None:
        """A whole number within bounds."""
        number: int | None = self._read(name, cells.whole_number(least, most), required=required)
        return number

    def moment(self, name: str, *, required: bool = False) -> datetime | None:
        """An instant, on the issuer's clock unless it says otherwise."""
        at: datetime | None = self._read(name, cells.moment, required=required)
        return at

    def day(self, name: str, *, required: bool = False) -> str | None:
        """A day as ``2026-10-01``."""
        typed = self._needed(name, required=required)
        if not typed:
            return None
        try:
            return date.fromisoformat(typed).isoformat()
        except ValueError:
            self.fault(name, "应为日期，例如 2026-10-01", "expected a date such as 2026-10-01")
            return None

    def days(self, name: str, days_off: Callable[[date, date], Sequence[date]]) -> list[str]:
        """Days, runs of days (``2026-10-01~2026-10-07``) and a year's days off
        (``2026 holidays``), one a line."""
        found: list[str] = []
        for part in _BETWEEN_NAMES.split(self.typed(name)):
            if not part.strip():
                continue
            year = _YEAR_OFF.fullmatch(part.strip())
            if year:
                first, last = (date(int(year[1]), *end) for end in ((1, 1), (12, 31)))
                run: list[str] | None = [day.isoformat() for day in days_off(first, last)]
                if not run:
                    self.fault(
                        name,
                        f"节假日历中没有 {year[1]} 年的放假日；请先在“节假日”中导入",
                        f"no days off of {year[1]} are known; bring them in under holidays",
                    )
                    return []
            else:
                run = _run_of_days(part.strip())
            if run is None or len(found) + len(run) > DAYS_MAX:
                self.fault(
                    name,
                    f"每行一个日期或一段：2026-10-01~2026-10-07，合计不超过 {DAYS_MAX} 天",
                    f"a date or a run such as 2026-10-01~2026-10-07 a line, {DAYS_MAX} days in all",
                )
                return []
            found += run
        return sorted(set(found))

    def clock_time(self, name: str) -> str | None:
        """``HH:MM``."""
        typed = self.typed(name)
        if typed and not _CLOCK_TIME.fullmatch(typed):
            self.fault(name, "应为时间，例如 09:30", "expected a time of day such as 09:30")
            return None
        return typed or None

    def choice(self, name: str, offered: Collection[str], usual: str = "") -> str:
        """One of a few words; ``usual`` where nothing was chosen and that is no fault."""
        typed = self.typed(name)
        if typed in offered:
            return typed
        if typed or not usual:
            self.fault(name, "请选择其中一项", "choose one of the list")
        return usual

    def chosen(self, name: str, offered: Collection[str] | None = None) -> list[str]:
        """The boxes that were ticked; without ``offered`` any name is one."""
        found = self.names(name)
        if offered is not None and not set(found) <= set(offered):
            self.fault(name, "请选择列表中的项", "choose from the list")
            return []
        return found

    def names(self, name: str) -> list[str]:
        """Names, one a line or with commas between them, each once."""
        parts = (part.strip() for part in _BETWEEN_NAMES.split(self.typed(name)))
        found = list(dict.fromkeys(part for part in parts if part))
        read = cells.words(longest=NAME_CHARACTERS_MAX, most=NAMES_MAX)
        try:
            return [str(one) for one in cells_list(read(found))]
        except cells.BadCellError as error:
            self.fault(name, error.reason.zh, error.reason.en)
            return []

    def flag(self, name: str) -> bool:
        """Whether a switch is on."""
        return self.typed(name) == "on"

    def tenths_paid(self, name: str) -> int | None:
        """The share taken off, in basis points, of a discount typed as tenths paid: 8.5 is 1500."""
        typed = self._needed(name, required=True).removesuffix("折").strip()
        if not typed:
            return None
        paid = _scaled(_TENTHS, typed, 3)
        if paid is None or not 0 <= paid < 10_000:
            self.fault(
                name,
                "应为 0 到 9.999 折，例如 8.5；0 折即免单",
                "expected 0 to 9.999 tenths, such as 8.5; 0 is for free",
            )
            return None
        return 10_000 - paid

    def percent(self, name: str) -> int | None:
        """Basis points, typed in percent."""
        typed = self._needed(name, required=True).removesuffix("%").strip()
        if not typed:
            return None
        points = _scaled(_PERCENT, typed, 2)
        if points is None or not 1 <= points <= 10_000:
            self.fault(name, "应为 0.01 到 100 的百分数", "expected a percentage from 0.01 to 100")
            return None
        return points

    def _needed(self, name: str, *, required: bool) -> str:
        typed = self.typed(name)
        if not typed and required:
            self.fault(name, "请填写此项", "please fill this in")
        return typed

    def _read(self, name: str, read: Callable[[object], object], *, required: bool) -> Any:
        typed = self._needed(name, required=required)
        if not typed:
            return None
        try:
            return read(typed)
        except cells.BadCellError as error:
            self.fault(name, error.reason.zh, error.reason.en)
            return None


def cells_list(value: object) -> list[object]:
    """What a reader of lists gives, typed."""
    assert isinstance(value, list), value
    return value


def _scaled(pattern: re.Pattern[str], typed: str, places: int) -> int | None:
    """A decimal number as an integer with so many places moved."""
    match = pattern.fullmatch(typed.translate(cells.FULL_WIDTH))
    if match is None:
        return None
    return int(match[1]) * 10**places + int((match[2] or "").ljust(places, "0"))


def _run_of_days(text: str) -> list[str] | None:
    match = _RANGE.fullmatch(text)
    if match is None:
        return None
    try:
        first = date.fromisoformat(match[1])
        last = date.fromisoformat(match[2] or match[1])
    except ValueError:
        return None
    if not 0 <= (last - first).days <= DAYS_MAX:
        return None
    return [(first + timedelta(days=ahead)).isoformat() for ahead in range((last - first).days + 1)]
