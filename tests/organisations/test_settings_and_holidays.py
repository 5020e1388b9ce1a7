"""What the issuer sets while everything runs, and its calendar; both for the whole issuer."""

from __future__ import annotations

from datetime import date

import pytest

from kaquan.foundation.changes.models import Change
from kaquan.foundation.errors import KaquanError
from kaquan.organisations.holidays import (
    bring_in_year,
    clear_holiday,
    days_off,
    holidays,
    set_holiday,
    years_known,
)
from kaquan.organisations.issuer_settings import (
    SETTINGS,
    change_settings,
    issuer_setting,
    issuer_settings,
)
from kaquan.organisations.models import Holiday, HolidayKind, IssuerSetting
from tests.builders.issuer import SYSTEM, an_organisation, staff_of

pytestmark = pytest.mark.usefixtures("database")
NATIONAL_DAY = date(2026, 10, 1)


def test_a_setting_is_at_its_default_until_somebody_changes_it() -> None:
    assert {one.name: issuer_setting(one.name) for one in SETTINGS} == {
        one.name: one.default for one in SETTINGS
    }

    change_settings(actor=SYSTEM, values={"idle_minutes": 30}, expected={"idle_minutes": 120})

    assert issuer_setting("idle_minutes") == 30
    change = Change.objects.get(kind="issuer_setting")
    assert (change.object_id, change.before, change.after) == (
        "idle_minutes", {"value": 120}, {"value": 30},
    )  # fmt: skip


IMPOSSIBLE: tuple[tuple[str, object], ...] = (
    ("idle_minutes", 4),
    ("idle_minutes", "30"),
    ("idle_minutes", True),
    ("language", "fr"),
    ("approvals_required", 1),
    ("export_rows_max", 10**9),
)


def test_a_value_that_cannot_be_is_refused_and_nothing_of_the_form_is_kept() -> None:
    others: dict[str, object] = {"approvals_required": True, "language": "en"}

    for name, value in IMPOSSIBLE:
        with pytest.raises(KaquanError) as error:
            change_settings(actor=SYSTEM, values={**others, name: value}, expected={})
        assert error.value.code == "value_invalid"

    assert not IssuerSetting.objects.exists()


def test_of_two_who_change_a_setting_the_second_is_told() -> None:
    change_settings(actor=SYSTEM, values={"language": "en"}, expected={"language": "browser"})

    with pytest.raises(KaquanError) as error:
        change_settings(
            actor=SYSTEM, values={"language": "zh-hans"}, expected={"language": "browser"}
        )

    assert error.value.code == "setting_changed"
    assert issuer_setting("language") == "en"


def test_only_whose_part_is_the_whole_tree_changes_what_counts_for_all() -> None:
    part = staff_of(an_organisation("华东", None), "settings.edit", "organisations.view")

    assert issuer_settings(part)["idle_minutes"] == 120
    for act in (
        lambda: change_settings(actor=part, values={"language": "en"}, expected={}),
        lambda: set_holiday(actor=part, day=NATIONAL_DAY, kind=HolidayKind.OFF, name="国庆节"),
        lambda: bring_in_year(actor=part, year=2026),
        lambda: clear_holiday(actor=part, day=NATIONAL_DAY),
    ):
        with pytest.raises(KaquanError) as error:
            act()
        assert error.value.code == "permission_denied"
    assert not IssuerSetting.objects.exists()
    assert not Holiday.objects.exists()


def test_a_setting_that_is_not_declared_does_not_exist() -> None:
    with pytest.raises(KaquanError, match="没有设置"):
        issuer_setting("nonsense")


@pytest.mark.parametrize("year", years_known())
def test_a_decreed_year_comes_in_once_and_leaves_what_was_said_before(year: int) -> None:
    own = date(year, 1, 1)
    set_holiday(actor=SYSTEM, day=own, kind=HolidayKind.WORK, name="盘点")

    number = bring_in_year(actor=SYSTEM, year=year)
    assert bring_in_year(actor=SYSTEM, year=year) == 0

    found = holidays(SYSTEM, year=year)
    assert number == len(found) - 1 > 20
    assert {one.day: one.kind for one in found}[own] == HolidayKind.WORK
    for one in found:
        assert one.day == own or one.kind == HolidayKind.OFF or one.day.isoweekday() > 5, one.day


def test_a_year_that_this_version_does_not_know_says_so() -> None:
    with pytest.raises(KaquanError) as error:
        bring_in_year(actor=SYSTEM, year=2199)
    assert error.value.code == "holidays_not_known"


def test_the_days_off_between_two_days_are_those_that_an_offer_excludes() -> None:
    bring_in_year(actor=SYSTEM, year=2026)
    set_holiday(actor=SYSTEM, day=date(2026, 10, 8), kind=HolidayKind.OFF, name="店庆")
    clear_holiday(actor=SYSTEM, day=date(2026, 10, 7))

    found = days_off(date(2026, 9, 30), date(2026, 10, 10))

    assert found == tuple(date(2026, 10, day) for day in (1, 2, 3, 4, 5, 6, 8))
    verbs = Change.objects.filter(kind="holiday", object_id="2026-10-07")
    assert [one.verb for one in verbs.order_by("id")] == ["holidays.set", "holidays.clear"]
