"""A rule may exclude a year's days off by name: they are the issuer's calendar's."""

from __future__ import annotations

from datetime import date

import pytest

from kaquan.campaigns.draft_reading import Reader
from kaquan.organisations.holidays import bring_in_year, days_off, set_holiday, years_known
from kaquan.organisations.models import HolidayKind
from tests.builders.issuer import SYSTEM

pytestmark = pytest.mark.usefixtures("database")


def read(typed: str) -> tuple[list[str], list[str]]:
    reader = Reader({"excluded_days": typed})
    return reader.days("excluded_days", days_off), [one.field for one in reader.faults]


def test_a_years_days_off_are_excluded_by_name_beside_single_days() -> None:
    year = years_known()[0]
    bring_in_year(actor=SYSTEM, year=year)
    decreed = [one.isoformat() for one in days_off(date(year, 1, 1), date(year, 12, 31))]
    own = date(year, 11, 11)
    set_holiday(actor=SYSTEM, day=own, kind=HolidayKind.OFF, name="司庆")

    for words in (f"{year} 法定节假日", f"{year}年节假日", f"{year} Holidays"):
        found, faults = read(f"{words}\n{year + 3}-05-05")
        assert found == sorted([*decreed, own.isoformat(), f"{year + 3}-05-05"])
        assert faults == []


def test_a_year_that_the_calendar_does_not_know_is_told_beside_the_field() -> None:
    assert read("2050 法定节假日") == ([], ["excluded_days"])
