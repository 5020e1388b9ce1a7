"""The issuer's calendar of days off and days of work at weekends."""

from __future__ import annotations

import calendar
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from django.contrib import messages
from django.http import HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from kaquan.foundation import clock
from kaquan.foundation.actor import Actor
from kaquan.foundation.configuration import current_configuration
from kaquan.foundation.errors import KaquanError
from kaquan.organisations import holidays
from kaquan.organisations.issuer_settings import PERMISSION
from kaquan.organisations.models import Holiday, HolidayKind
from kaquan.organisations.queries import VIEW
from kaquan.surfaces.console.kit.actions import Doing
from kaquan.surfaces.console.kit.cells import Text
from kaquan.surfaces.console.kit.fields import Field
from kaquan.surfaces.console.kit.forms import FormScreen
from kaquan.surfaces.console.kit.menu import holds
from kaquan.surfaces.console.kit.screens import Call, Screen, in_words

FIRST_YEAR, LAST_YEAR = 2000, 2199
WEEKDAYS = (_("Mon"), _("Tue"), _("Wed"), _("Thu"), _("Fri"), _("Sat"), _("Sun"))
DAYS = (
    *(_("Monday"), _("Tuesday"), _("Wednesday"), _("Thursday"), _("Friday")),
    *(_("Saturday"), _("Sunday")),
)
KINDS: dict[str, Text] = {HolidayKind.OFF: _("Day off"), HolidayKind.WORK: _("Day of work")}
MARKS: dict[str, Text] = {HolidayKind.OFF: _("off"), HolidayKind.WORK: _("work")}
PLAIN = "plain"


class Day(NamedTuple):
    """A day of a month, as the calendar shows it; ``number`` 0 is none of the month's."""

    number: int
    iso: str
    kind: str
    mark: Text
    name: str
    is_weekend: bool


def _today() -> date:
    return clock.now().astimezone(current_configuration().time_zone).date()


def _months(year: int, known: Mapping[date, Holiday]) -> list[tuple[int, list[list[Day]]]]:
    return [
        (month, [[_day(year, month, number, known, place) for place, number in enumerate(week)]
                 for week in calendar.monthcalendar(year, month)])
        for month in range(1, 13)
    ]  # fmt: skip


def _day(year: int, month: int, number: int, known: Mapping[date, Holiday], weekday: int) -> Day:
    if not number:
        return Day(0, "", "", "", "", is_weekend=False)
    day = date(year, month, number)
    holiday = known.get(day)
    kind = str(holiday.kind) if holiday else ""
    return Day(
        number=number,
        iso=day.isoformat(),
        kind=kind,
        mark=MARKS.get(kind, ""),
        name=holiday.name if holiday else "",
        is_weekend=weekday >= 5,
    )


class Holidays(Screen):
    """A year, month by month; for POST, the decreed days of a year."""

    name = "holidays"
    path = "holidays"
    title = _("Holidays")
    permission = VIEW

    def respond(self, call: Call, **key: Any) -> HttpResponseBase:
        """The year that was asked for."""
        del key
        year = _year(call.request.GET.get("year", ""))
        if call.request.method == "POST":
            return self._bring_in(call, _year(call.request.POST.get("year", "")))
        found = holidays.holidays(call.actor, year=year)
        may_edit = holds(call.actor, PERMISSION) and not call.actor.organisation_path
        missing = [
            one for one in (_today().year, _today().year + 1)
            if not holidays.holidays(call.actor, year=one)
        ]  # fmt: skip
        context = {
            "year": year,
            "before": year - 1 if year > FIRST_YEAR else 0,
            "later": year + 1 if year < LAST_YEAR else 0,
            "weekdays": WEEKDAYS,
            "months": _months(year, {one.day: one for one in found}),
            "may_edit": may_edit,
            "may_bring_in": may_edit and not found and year in holidays.years_known(),
            "missing": missing,
            "form": EDIT_DAY.address(),
        }
        return self.page(call, "console/holidays.html", context)

    def _bring_in(self, call: Call, year: int) -> HttpResponseBase:
        try:
            number = holidays.bring_in_year(actor=call.actor, year=year)
        except KaquanError as error:
            messages.error(call.request, in_words(error))
        else:
            words = gettext("%(number)s days of %(year)s were brought in.")
            messages.success(call.request, words % {"number": number, "year": year})
        return HttpResponseRedirect(f"{self.address()}?year={year}")


def _year(typed: str) -> int:
    if typed.isascii() and typed.isdigit() and FIRST_YEAR <= int(typed[:6]) <= LAST_YEAR:
        return int(typed[:6])
    return _today().year


class EditDay(FormScreen):
    """What one day is; the day stands in the query of the address."""

    name = "holiday"
    path = "holidays/day"
    title = _("Special day")
    permission = PERMISSION
    parent = "holidays"
    fields = (
        Field("day", _("Day"), "day", required=True),
        Field("kind", _("Kind"), "choice", required=True,
              options=[*KINDS.items(), (PLAIN, _("As its weekday says"))]),
        Field("label", _("Name"), characters_max=50, hint=_("Such as: National Day")),
    )  # fmt: skip

    def respond(self, call: Call, **key: Any) -> HttpResponseBase:
        """With the day that was asked for."""
        del key
        return super().respond(call, key=call.request.GET.get("day", ""))

    def initial(self, actor: Actor, key: str) -> dict[str, Any]:
        """As the day is."""
        try:
            day = date.fromisoformat(key)
        except ValueError:
            return {}
        known: Sequence[Holiday] = holidays.holidays(actor, year=day.year)
        kept = next((one for one in known if one.day == day), None)
        if kept is None:
            return {"day": day, "kind": str(HolidayKind.OFF)}
        return {"day": day, "kind": kept.kind, "label": kept.name}

    def save(self, doing: Doing, key: str) -> tuple[Text, str]:
        """Say it."""
        del key
        day, kind = doing.values["day"], doing.values["kind"]
        if kind == PLAIN:
            holidays.clear_holiday(actor=doing.actor, day=day)
        else:
            holidays.set_holiday(
                actor=doing.actor,
                day=day,
                kind=HolidayKind(kind),
                name=doing.values["label"] or day.isoformat(),
            )
        return _("The calendar was changed."), f"{HOLIDAYS.address()}?year={day.year}"

    def home(self, key: str) -> str:
        """The calendar."""
        del key
        return HOLIDAYS.address()


HOLIDAYS = Holidays()
EDIT_DAY = EditDay()
