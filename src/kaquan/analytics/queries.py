"""The figures behind pages and reports, all bounded; what the tail has counted, never the live
tables. Those without an actor are of the whole issuer: the first page is the head office's.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import date, timedelta
from typing import NamedTuple

from django.db.models import Model, Q, QuerySet, Sum

from kaquan.analytics.models import Counter, DayCounter, Event, ProofRun, StoreCounter
from kaquan.foundation.actor import Actor, require
from kaquan.redemption.scopes import books_scope

EVENTS_MAX = 100
DAYS_MAX = 366
BATCHES_MAX = 1_000
LIST_MAX = 201
REPORTS = "reports.view"

Figures = Mapping[str, int]


def totals_by_day(last: date, days: int) -> dict[date, Figures]:
    """Each counter's total on each of the ``days`` days that end with ``last``.

    A counter that has counted nothing is not there.
    """
    assert 0 < days <= DAYS_MAX, days
    first = last - timedelta(days=days - 1)
    figures: dict[date, dict[str, int]] = {first + timedelta(days=n): {} for n in range(days)}
    rows = DayCounter.objects.filter(day__range=(first, last))
    for day, name, value in rows.values_list("day", "name", "value"):
        figures[day][name] = value
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


class Daily(NamedTuple):
    """What happened on one day in one batch (0: none), or in one store."""

    day: date
    subject_id: int
    figures: Figures


class Days(NamedTuple):
    """Days from the first to the last, both included, at most `DAYS_MAX`."""

    first: date
    last: date


def daily_by_batch(
    actor: Actor,
    days: Days,
    *,
    batch_id: int | None = None,
    after: tuple[date, int] | None = None,
    limit: int,
) -> Sequence[Daily]:
    """The figures of each day and batch of the actor's part, in that order; the next page begins
    after the last one's day and batch."""
    require(actor, REPORTS)
    rows = Counter.objects.all()
    scope = books_scope(actor)
    if scope is not None:
        rows = rows.filter(batch_id__in=scope.batch_ids)
    if batch_id is not None:
        rows = rows.filter(batch_id=batch_id)
    return _daily(rows, "batch_id", days, after, limit)


def daily_by_store(
    actor: Actor,
    days: Days,
    *,
    store_id: int | None = None,
    after: tuple[date, int] | None = None,
    limit: int,
) -> Sequence[Daily]:
    """The same for each store of the actor's part."""
    require(actor, REPORTS)
    rows = StoreCounter.objects.all()
    scope = books_scope(actor)
    if scope is not None:
        rows = rows.filter(store_id__in=scope.store_ids)
    if store_id is not None:
        rows = rows.filter(store_id=store_id)
    return _daily(rows, "store_id", days, after, limit)


def _daily(
    rows: QuerySet[Model],
    subject: str,
    days: Days,
    after: tuple[date, int] | None,
    limit: int,
) -> Sequence[Daily]:
    assert 0 <= (days.last - days.first).days < DAYS_MAX, days
    rows = rows.filter(day__range=days)
    if after is not None:
        day, subject_id = after
        rows = rows.filter(Q(day__gt=day) | Q(**{"day": day, f"{subject}__gt": subject_id}))
    keys = rows.values_list("day", subject).distinct().order_by("day", subject)
    page: dict[tuple[date, int], dict[str, int]] = {key: {} for key in keys[: min(limit, LIST_MAX)]}
    if not page:
        return []
    (first, _), (last, _) = min(page), max(page)
    within = rows.filter(
        **{"day__range": (first, last), f"{subject}__in": {key[1] for key in page}}
    )
    for day, subject_id, name, value in within.values_list("day", subject, "name", "value"):
        if (day, subject_id) in page:
            page[day, subject_id][name] = value
    return [Daily(*key, figures) for key, figures in page.items()]


def last_events(limit: int) -> list[Event]:
    """What was booked last, newest first."""
    assert 0 < limit <= EVENTS_MAX, limit
    return list(Event.objects.order_by("-booked_at", "-block", "-index")[:limit])


def last_proof() -> ProofRun | None:
    """What the last proof found; None where none was run."""
    return ProofRun.objects.order_by("-ran_at").first()
