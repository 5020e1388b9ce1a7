"""The figures behind pages, all bounded; they are what the tail has counted, never the live tables."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import date, timedelta

from django.db.models import Sum

from kaquan.analytics.models import Counter, Event, ProofRun

EVENTS_MAX = 100
DAYS_MAX = 366

Figures = Mapping[str, int]


def totals_by_day(last: date, days: int) -> dict[date, Figures]:
    """Each counter's total on each of the ``days`` days that end with ``last``; quiet days are empty."""
    assert 0 < days <= DAYS_MAX, days
    first = last - timedelta(days=days - 1)
    figures: dict[date, dict[str, int]] = {first + timedelta(days=n): {} for n in range(days)}
    rows = (
        Counter.objects.filter(day__range=(first, last))
        .values_list("day", "name")
        .annotate(total=Sum("value"))
    )
    for day, name, total in rows:
        figures[day][name] = total
    return dict(figures)


def funnels(batch_ids: Collection[int]) -> dict[int, Figures]:
    """Each counter's total over all days, by batch."""
    figures: dict[int, dict[str, int]] = defaultdict(dict)
    rows = (
        Counter.objects.filter(batch_id__in=batch_ids)
        .values_list("batch_id", "name")
        .annotate(total=Sum("value"))
    )
    for batch_id, name, total in rows:
        figures[batch_id][name] = total
    return dict(figures)


def last_events(limit: int) -> list[Event]:
    """What happened last, newest first."""
    assert 0 < limit <= EVENTS_MAX, limit
    return list(Event.objects.order_by("-at", "-block", "-index")[:limit])


def last_proof() -> ProofRun | None:
    """What the last proof found; None where none was run."""
    return ProofRun.objects.order_by("-ran_at").first()
