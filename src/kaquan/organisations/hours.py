"""When a store is open: spans for each weekday, as people write them, and in one line of words."""

from __future__ import annotations

import re
from collections.abc import Mapping

from kaquan.foundation.errors import KaquanError
from kaquan.foundation.imports_cells import FULL_WIDTH
from kaquan.organisations.errors import value_invalid

WEEKDAYS_ZH = ("周一", "周二", "周三", "周四", "周五", "周六", "周日")
SPANS_MAX = 4
WORDS_CHARACTERS_MAX = 100
CLOSED = "休息"
_SPAN = re.compile(r"(\d{1,2}):(\d{2})\s*[-–—~至到]\s*(\d{1,2}):(\d{2})", re.ASCII)
_BETWEEN = re.compile(r"[,，、;；\s]+")

WeeklyHours = dict[str, list[list[str]]]
"""For each weekday, "1" to "7", its spans: ``{"1": [["09:00", "21:00"]], …}``; none: closed."""


def read_week(typed: Mapping[int, str]) -> WeeklyHours:
    """The week that somebody wrote, 1 being Monday; a day left out is closed. Raises
    `value_invalid`."""
    return {str(day): _read_day(day, typed.get(day, "")) for day in range(1, 8)}


def written_day(hours: WeeklyHours | None, day: int) -> str:
    """A day as `read_week` reads it."""
    spans = (hours or {}).get(str(day), [])
    return "，".join(f"{first}–{last}" for first, last in spans)


def week_in_words(hours: WeeklyHours) -> str:
    """``周一至周五 09:00–21:00；周六、周日 休息``: days with the same hours together."""
    parts: list[tuple[int, int, str]] = []
    for day in range(1, 8):
        written = written_day(hours, day) or CLOSED
        if parts and parts[-1][2] == written:
            parts[-1] = (parts[-1][0], day, written)
        else:
            parts.append((day, day, written))
    words = "；".join(f"{_days(first, last)} {written}" for first, last, written in parts)
    return words if len(words) <= WORDS_CHARACTERS_MAX else "每日营业时间不同"


def _days(first: int, last: int) -> str:
    if (first, last) == (1, 7):
        return "每日"
    if first == last:
        return WEEKDAYS_ZH[first - 1]
    between = "、" if last == first + 1 else "至"
    return f"{WEEKDAYS_ZH[first - 1]}{between}{WEEKDAYS_ZH[last - 1]}"


def _read_day(day: int, typed: str) -> list[list[str]]:
    text = typed.translate(FULL_WIDTH).replace("：", ":").strip()
    text = re.sub(r"\s*([-–—~至到])\s*", r"\1", text)
    spans: list[list[str]] = []
    for part in filter(None, _BETWEEN.split(text)):
        found = _SPAN.fullmatch(part)
        if found is None:
            raise _day_invalid(day)
        first, last = _moment(day, found[1], found[2]), _moment(day, found[3], found[4])
        if first >= last or (spans and first < spans[-1][1]):
            raise _day_invalid(day)
        spans.append([first, last])
    if len(spans) > SPANS_MAX:
        raise _day_invalid(day)
    return spans


def _moment(day: int, hour: str, minute: str) -> str:
    if int(minute) > 59 or int(hour) * 60 + int(minute) > 24 * 60:
        raise _day_invalid(day)
    return f"{int(hour):02}:{minute}"


def _day_invalid(day: int) -> KaquanError:
    name = WEEKDAYS_ZH[day - 1]
    english = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
    return value_invalid(
        f"{name}的营业时间应如 09:00–21:00 或 09:00–12:00，14:00–21:00，先后不重叠；休息则留空。",
        f"The hours of {english[day - 1]} must be such as 09:00–21:00 or 09:00–12:00, "
        "14:00–21:00, one after the other; empty when closed.",
    )
