"""What happens today in an actor's part of the organisation, and what the live pages follow.

Whoever sees the whole issuer sees all that was counted; others what happened in their own stores.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple

from django.db.models import Q, QuerySet, Sum

from kaquan.analytics.actions import CONSUMER
from kaquan.analytics.hours import EVERYWHERE
from kaquan.analytics.models import Event, HourCounter, StoreCounter
from kaquan.analytics.queries import DAYS_MAX, EVENTS_MAX, REPORTS, Figures, totals_by_day
from kaquan.foundation.actor import Actor, require
from kaquan.foundation.configuration import current_configuration
from kaquan.ledger.causal import consumer_cut
from kaquan.ledger.lag import waiting_since
from kaquan.ledger.sessions import reading_session
from kaquan.organisations.models import Store
from kaquan.organisations.queries import within
from kaquan.redemption.scopes import books_scope

ENTRIES = "ledger.view"
TOUCHED_MAX = 1_000


class Today(NamedTuple):
    """Today's figures; and, up to the last full hour, those of today and of yesterday."""

    figures: Figures
    until_hour: int
    today_until: Figures
    yesterday_until: Figures


class Touched(NamedTuple):
    """Which batches and stores something was counted for; None: it may be any."""

    batch_ids: frozenset[int]
    store_ids: frozenset[int]


Cut = Mapping[int, int]
"""How far the counters have read each lane."""


def today(actor: Actor, now: datetime) -> Today:
    """The figures of the day, by name; one that has counted nothing is not there."""
    require(actor, REPORTS)
    local = now.astimezone(current_configuration().time_zone)
    day = local.date()
    return Today(
        figures=days_within(actor, day, 1)[day],
        until_hour=local.hour,
        today_until=_until(actor, day, local.hour),
        yesterday_until=_until(actor, day - timedelta(days=1), local.hour),
    )


def days_within(actor: Actor, last: date, days: int) -> dict[date, Figures]:
    """The figures of each of the days that end with ``last``."""
    require(actor, REPORTS)
    if not actor.organisation_path:
        return totals_by_day(last, days)
    assert 0 < days <= DAYS_MAX, days
    first = last - timedelta(days=days - 1)
    figures: dict[date, dict[str, int]] = {first + timedelta(days=n): {} for n in range(days)}
    rows = (
        StoreCounter.objects.filter(day__range=(first, last), store_id__in=_own_stores(actor))
        .values_list("day", "name")
        .annotate(total=Sum("value"))
    )
    for day, name, total in rows:
        figures[day][name] = total
    return dict(figures)


def last_events_within(
    actor: Actor, limit: int, *, batch_ids: Collection[int] | None = None
) -> Sequence[Event]:
    """What was booked last, newest first: of the actor's batches and in the actor's stores; or of
    some batches that were read with a scope before."""
    require(actor, ENTRIES)
    assert 0 < limit <= EVENTS_MAX, limit
    rows = Event.objects.all()
    if batch_ids is not None:
        rows = rows.filter(batch_id__in=batch_ids)
    else:
        scope = books_scope(actor)
        if scope is not None:
            own = Q(batch_id__in=scope.batch_ids) | Q(store_id__in=scope.store_ids)
            rows = rows.filter(own)
    return list(rows.order_by("-booked_at", "-block", "-index")[:limit])


def counted_cut() -> Cut:
    """Where the counters stand; it moves whenever something more was counted. Numbers only."""
    return consumer_cut(reading_session(), CONSUMER)


def touched_between(after: Cut, until: Cut) -> Touched | None:
    """What was counted between two cuts; None where that is more than is kept. Ids only."""
    beyond = Q()
    for lane, block in until.items():
        if block > after.get(lane, lane << 40):
            beyond |= Q(block__gt=after.get(lane, lane << 40), block__lte=block)
    if not beyond:
        return Touched(frozenset(), frozenset())
    rows = Event.objects.filter(beyond).values_list("batch_id", "store_id")
    found = list(rows[: TOUCHED_MAX + 1])
    if not found or len(found) > TOUCHED_MAX // 2:  # as many are kept; older ones may be gone
        return None
    return Touched(
        frozenset(batch_id for batch_id, _ in found if batch_id),
        frozenset(store_id for _, store_id in found if store_id),
    )


def counters_wait_since() -> datetime | None:
    """Since when the counters have not caught up with the books; None where they have."""
    return waiting_since(reading_session(), CONSUMER)


def _until(actor: Actor, day: date, hour: int) -> Figures:
    rows = HourCounter.objects.filter(day=day, hour__lt=hour)
    if actor.organisation_path:
        rows = rows.filter(store_id__in=_own_stores(actor))
    else:
        rows = rows.filter(store_id=EVERYWHERE)
    figures: defaultdict[str, int] = defaultdict(int)
    for name, total in rows.values_list("name").annotate(total=Sum("value")):
        figures[name] = total
    return dict(figures)


def _own_stores(actor: Actor) -> QuerySet[Store]:
    stores = within(actor, Store.objects.all(), "organisation")
    return stores.values("organisation_id")  # type: ignore[return-value]  # a column of them
