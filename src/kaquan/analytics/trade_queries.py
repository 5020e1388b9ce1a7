"""How stores, channels and clerks do, within the actor's part of the organisation.

What happened in no store is the whole issuer's. Days are business days in the issuer's zone.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from django.db.models import Max, Q, QuerySet, Sum

from kaquan.access.models import ApiKey
from kaquan.analytics.models import ClerkDay, TradeDay
from kaquan.analytics.queries import DAYS_MAX, REPORTS, Days
from kaquan.analytics.trade import CLERK, TRADE
from kaquan.foundation.actor import Actor, require
from kaquan.foundation.errors import ExitCode, KaquanError
from kaquan.foundation.paging import Page, Paging, cursor_invalid, cursor_of, keys_in
from kaquan.organisations.models import Store
from kaquan.organisations.queries import within
from kaquan.staff.models import StaffUser

STORES_MAX = 200
CHANNELS_MAX = 100
ROWS_MAX = 1_000
CLERK_DAYS_MAX = 31
#: What clerks are sorted by; usually those with the most reversals first.
CLERK_ORDERS = ("reversed", "refused", "redeemed", "discount_fen")

Sums = Mapping[str, int]
NOTHING: Sums = dict.fromkeys(TRADE, 0)


class TradeFilter(NamedTuple):
    """Which trade; None does not restrict. A store was read with a scope before."""

    store_id: int | None = None
    channel: str | None = None


class ClerkLine(NamedTuple):
    """What somebody did in one store in a period."""

    actor: str
    store_id: int
    sums: Sums
    last_at: datetime

    @property
    def reversed_basis_points(self) -> int:
        """How many of 10,000 redeemed vouchers were reversed."""
        redeemed = self.sums["redeemed"]
        return self.sums["reversed"] * 10_000 // redeemed if redeemed else 0


def period(first: date | None, last: date | None, *, today: date, days: int, most: int) -> Days:
    """The days asked for, or the last ``days`` up to today; raises `value_invalid`."""
    until = last or today
    since = first or until - timedelta(days=days - 1)
    if not 0 <= (until - since).days < most:
        raise KaquanError(
            "value_invalid",
            zh=f"日期须从早到晚，最多 {most} 天。",
            en=f"Days go from earlier to later, {most} of them at most.",
            exit_code=ExitCode.USAGE,
        )
    return Days(since, until)


def trade_by_day(actor: Actor, days: Days, wanted: TradeFilter) -> dict[date, Sums]:
    """The sums of each day, also of those without any."""
    assert 0 <= (days.last - days.first).days < DAYS_MAX, days
    number = (days.last - days.first).days + 1
    found: dict[date, Sums] = {days.first + timedelta(days=n): NOTHING for n in range(number)}
    return found | dict(_summed(_trade(actor, days, wanted), "day"))


def trade_by_channel(actor: Actor, days: Days, wanted: TradeFilter) -> list[tuple[str, Sums]]:
    """The sums of each channel, by its name."""
    return _summed(_trade(actor, days, wanted), "channel")[:CHANNELS_MAX]


def trade_of_stores(
    store_ids: Collection[int], days: Days, channel: str | None = None
) -> dict[int, Sums]:
    """The sums of stores that were read with a scope before; a store without any is left out."""
    assert len(store_ids) <= STORES_MAX, len(store_ids)
    rows = TradeDay.objects.filter(store_id__in=store_ids, day__range=days)
    if channel is not None:
        rows = rows.filter(channel=channel)
    return dict(_summed(rows, "store_id"))


def clerk_page(
    actor: Actor,
    days: Days,
    paging: Paging,
    *,
    store_id: int | None = None,
) -> Page[ClerkLine]:
    """What everybody did in each store, sorted by one of `CLERK_ORDERS`.

    Raises `permission_denied`, `cursor_invalid`.
    """
    require(actor, REPORTS)
    assert 0 <= (days.last - days.first).days < CLERK_DAYS_MAX, days
    order = paging.sort.removeprefix("-")
    rises = order in CLERK_ORDERS and not paging.sort.startswith("-")
    order = order if order in CLERK_ORDERS else CLERK_ORDERS[0]
    rows: QuerySet[ClerkDay, Any] = ClerkDay.objects.filter(day__range=days)
    rows = rows.filter(store_id__in=_own_stores(actor)) if actor.organisation_path else rows
    if store_id is not None:
        rows = rows.filter(store_id=store_id)
    ranked: QuerySet[Any, Any] = rows.values("store_id", "actor").annotate(by=Sum(order))
    if paging.after:
        value, after_store, after_actor = _clerk_keys(paging.after)
        ranked = ranked.filter(
            Q(**{f"by__{'gt' if rises else 'lt'}": value})
            | Q(by=value, store_id__gt=after_store)
            | Q(by=value, store_id=after_store, actor__gt=after_actor)
        )
    limit = paging.rows_max
    found = list(ranked.order_by("by" if rises else "-by", "store_id", "actor")[: limit + 1])
    shown = found[:limit]
    last = shown[-1] if len(found) > limit else None
    after = cursor_of(int(last["by"]), last["store_id"], last["actor"]) if last else ""
    return Page(_clerk_lines(rows, shown), after=after)


def _clerk_lines(
    rows: QuerySet[ClerkDay, Any], shown: Sequence[Mapping[str, Any]]
) -> list[ClerkLine]:
    """All sums of those that are shown: for everybody they would cost three times as much."""
    named: dict[str, Any] = {f"sum_{name}": Sum(name) for name in CLERK}
    some = rows.filter(
        store_id__in={one["store_id"] for one in shown}, actor__in={one["actor"] for one in shown}
    )
    each: QuerySet[Any, Any] = some.values("store_id", "actor")
    summed = each.annotate(**named, seen=Max("last_at"))
    lines = {
        (row["store_id"], row["actor"]): ClerkLine(
            row["actor"],
            row["store_id"],
            {name: row[f"sum_{name}"] for name in CLERK},
            row["seen"],
        )
        for row in summed
    }
    return [lines[one["store_id"], one["actor"]] for one in shown]


def actor_names(actors: Collection[str]) -> dict[str, str]:
    """The names behind how commands name people and keys; for lines that were read with a scope."""
    numbers: dict[str, set[int]] = {"staff": set(), "key": set()}
    for one in actors:
        kind, _, number = one.partition(":")
        if kind in numbers and number.isascii() and number.isdigit() and len(number) < 10:
            numbers[kind].add(int(number))
    people = StaffUser.objects.filter(id__in=numbers["staff"]).values_list("id", "name")
    keys = ApiKey.objects.filter(id__in=numbers["key"]).values_list("id", "client__name")
    return {f"staff:{pk}": name for pk, name in people} | {f"key:{pk}": name for pk, name in keys}


def _clerk_keys(cursor: str) -> tuple[int, int, str]:
    value, store_id, name = keys_in(cursor, 3)
    if not (isinstance(value, int) and isinstance(store_id, int) and isinstance(name, str)):
        raise cursor_invalid()
    return value, store_id, name


def _trade(actor: Actor, days: Days, wanted: TradeFilter) -> QuerySet[TradeDay]:
    require(actor, REPORTS)
    rows = TradeDay.objects.filter(day__range=days)
    if actor.organisation_path:
        rows = rows.filter(store_id__in=_own_stores(actor))
    if wanted.store_id is not None:
        rows = rows.filter(store_id=wanted.store_id)
    if wanted.channel is not None:
        rows = rows.filter(channel=wanted.channel)
    return rows


def _summed(rows: QuerySet[TradeDay], by: str) -> list[tuple[Any, Sums]]:
    """The sums for each value of a field, in its order."""
    named = {f"sum_{name}": Sum(name) for name in TRADE}
    found = rows.values(by).annotate(**named).order_by(by)[:ROWS_MAX]
    return [(row[by], {name: row[f"sum_{name}"] for name in TRADE}) for row in found]


def _own_stores(actor: Actor) -> Sequence[int]:
    stores = within(actor, Store.objects.all(), "organisation")
    return stores.values_list("organisation_id", flat=True)  # type: ignore[return-value]  # lazily
