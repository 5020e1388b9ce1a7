"""The figures behind pages, all bounded; what the tail has counted, never the live tables.

They are those of the whole issuer: the first page is the head office's.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import date, timedelta

from django.db.models import Sum

from kaquan.analytics.models import Counter, Event, ProofRun

EVENTS_MAX = 100
DAYS_MAX = 366
BATCHES_MAX = 1_000

Figures = Mapping[str, int]


def totals_by_day(last: date, days: int) -> dict[date, Figures]:
    """Each counter's total on each of the ``days`` days that end with ``last``.

    A counter that has counted nothing is not there.
    """
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
    """Each counter's total over all days, by batch; a batch without any is not there.

    ``minted`` → ``issued`` → ``redeemed`` → ``reversed``, and aside ``expired`` and ``void``.
    """
    assert len(batch_ids) <= BATCHES_MAX, len(batch_ids)
    figures: defaultdict[int, dict[str, int]] = defaultdict(dict)
    rows = (
        Counter.objects.filter(batch_id__in=batch_ids)
        .values_list("batch_id", "name")
        .annotate(total=Sum("value"))
    )
    for batch_id, name, total in rows:
        figures[batch_id][name] = total
    return dict(figures)


def last_events(limit: int) -> list[Event]:
    """What was booked last, newest first."""
    assert 0 < limit <= EVENTS_MAX, limit
    return list(Event.objects.order_by("-booked_at", "-block", "-index")[:limit])


def last_proof() -> ProofRun | None:
    """What the last proof found; None where none was run."""
    return ProofRun.objects.order_by("-ran_at").first()
