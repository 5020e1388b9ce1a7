"""The issuer's calendar: days off that are weekdays, days of work at weekends (调休).

The State Council decrees them each autumn for the year after; those that are known when this
version is made come along in ``data/holidays.csv`` and are brought in a year at a time.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from datetime import date
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from django.db import transaction

from kaquan.foundation import imports_cells as cells
from kaquan.foundation.actor import Actor, require
from kaquan.foundation.changes.actions import record_change
from kaquan.organisations.errors import holidays_not_known, only_the_whole_tree
from kaquan.organisations.issuer_settings import PERMISSION
from kaquan.organisations.models import Holiday, HolidayKind
from kaquan.organisations.queries import VIEW

KIND = "holiday"
DAYS_MAX = 400

read_name = cells.text(50)


class DecreedDay(NamedTuple):
    """A day as the State Council decreed it."""

    day: date
    kind: HolidayKind
    name: str


def holidays(actor: Actor, *, year: int) -> Sequence[Holiday]:
    """The special days of a year, in their order."""
    require(actor, VIEW)
    rows = Holiday.objects.filter(day__gte=date(year, 1, 1), day__lte=date(year, 12, 31))
    return list(rows.order_by("day")[:DAYS_MAX])


def days_off(first: date, last: date) -> tuple[date, ...]:
    """The days off between two days, both of them included, as an offer excludes them; for the
    system and for forms, not scoped: a calendar is no secret."""
    rows = Holiday.objects.filter(day__gte=first, day__lte=last, kind=HolidayKind.OFF)
    return tuple(rows.order_by("day").values_list("day", flat=True)[:DAYS_MAX])


def years_known() -> Sequence[int]:
    """The years that this version knows the decrees of."""
    return sorted({one.day.year for one in _decreed()})


def set_holiday(*, actor: Actor, day: date, kind: HolidayKind, name: str) -> Holiday:
    """Say what a day is. Raises `value_invalid`, `permission_denied`."""
    _require(actor)
    name = cells.accepted(read_name, name, zh="名称", en="name")
    with transaction.atomic():
        return _write(actor, day, HolidayKind(kind), name)


def clear_holiday(*, actor: Actor, day: date) -> None:
    """Let a day be what its weekday says; a second time changes nothing."""
    _require(actor)
    with transaction.atomic():
        kept = Holiday.objects.select_for_update().filter(day=day).first()
        if kept is not None:
            _keep(actor, day, "holidays.clear", _values(kept), None)
            kept.delete()


def bring_in_year(*, actor: Actor, year: int) -> int:
    """Write the decreed days of a year, as far as nobody has said anything of a day; returns how
    many. Raises `holidays_not_known`, `permission_denied`."""
    _require(actor)
    decreed = [one for one in _decreed() if one.day.year == year]
    if not decreed:
        raise holidays_not_known(year)
    with transaction.atomic():
        days = [one.day for one in decreed]
        known = set(Holiday.objects.filter(day__in=days).values_list("day", flat=True))
        new = [one for one in decreed if one.day not in known]
        for one in new:
            _write(actor, one.day, one.kind, one.name)
    return len(new)


def _require(actor: Actor) -> None:
    require(actor, PERMISSION)
    if actor.organisation_path:
        raise only_the_whole_tree()


def _write(actor: Actor, day: date, kind: HolidayKind, name: str) -> Holiday:
    kept = Holiday.objects.select_for_update().filter(day=day).first()
    before = None if kept is None else _values(kept)
    holiday, _ = Holiday.objects.update_or_create(day=day, defaults={"kind": kind, "name": name})
    _keep(actor, day, "holidays.set", before, _values(holiday))
    return holiday


def _values(holiday: Holiday) -> dict[str, str]:
    return {"kind": str(holiday.kind), "name": holiday.name}


def _keep(
    actor: Actor,
    day: date,
    verb: str,
    before: dict[str, str] | None,
    after: dict[str, str] | None,
) -> None:
    record_change(
        actor=actor,
        verb=verb,
        kind=KIND,
        object_id=day.isoformat(),
        object_name=day.isoformat(),
        before=before,
        after=after,
    )


@cache
def _decreed() -> tuple[DecreedDay, ...]:
    text = files("kaquan.organisations").joinpath("data/holidays.csv").read_text(encoding="utf-8")
    return tuple(
        DecreedDay(date.fromisoformat(row["day"]), HolidayKind(row["kind"]), row["name"])
        for row in csv.DictReader(text.splitlines())
    )
