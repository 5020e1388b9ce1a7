"""How tills stand without a network, what may be lost at most, and what was; within one's part."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db.models import Count, F, Max, OuterRef, QuerySet, Subquery, Sum

from kaquan.foundation.actor import Actor, require
from kaquan.foundation.paging import Page, Paging, page_of
from kaquan.offline.granting import LOSSES_COUNT_FOR
from kaquan.offline.models import CONFLICTS, Grant, Journal, JournalFault, OfflineUse
from kaquan.organisations.queries import VIEW, within

DEVICES_SHOWN = 200
STORES_SHOWN = 200
ORDERS = {"number": "-id"}
_STORE = "device__terminal__store__organisation"


class DeviceStanding(NamedTuple):
    """A device that works without a network sometimes: what it was allowed, holds and did.

    `bound_fen` is what the issuer may still lose to it before it asks for more.
    """

    journal: Journal
    ends_at: datetime | None
    bound_fen: int
    lost_fen: int
    faults: int


class TerminalStanding(NamedTuple):
    """A terminal's device, None where it was never allowed anything; and what devices before it
    said that they held when they were last heard of: nobody hands that in any more."""

    device: DeviceStanding | None
    left_behind: int


class StoreBound(NamedTuple):
    """The same for all devices of a store."""

    code: str
    name: str
    devices: int
    bound_fen: int


class Standing(NamedTuple):
    """All of one's part."""

    bound_fen: int
    devices: int
    pending: int
    pending_fen: int
    lost_fen: int
    conflicts: int


def standing(actor: Actor, at: datetime) -> Standing:
    """The bound of now, what devices say that they hold, and the losses of 30 days."""
    require(actor, VIEW)
    grants = _newest_grants(actor)
    bound = grants.aggregate(
        fen=Sum(F("total_fen_max") - F("spent_fen")), devices=Count("device", distinct=True)
    )
    held = _journals(actor).aggregate(uses=Sum("pending"), fen=Sum("pending_fen"))
    uses = _conflicts(actor).filter(received_at__gt=at - timedelta(days=30))
    lost = uses.aggregate(fen=Sum("loss_fen"), number=Count("id"))
    return Standing(
        bound_fen=bound["fen"] or 0,
        devices=bound["devices"] or 0,
        pending=held["uses"] or 0,
        pending_fen=held["fen"] or 0,
        lost_fen=lost["fen"] or 0,
        conflicts=lost["number"] or 0,
    )


def store_bounds(actor: Actor) -> Sequence[StoreBound]:
    """What each store's devices may lose at most, the largest first; at most `STORES_SHOWN`."""
    require(actor, VIEW)
    rows = (
        _newest_grants(actor)
        .values(f"{_STORE}__code", f"{_STORE}__name")
        .annotate(fen=Sum(F("total_fen_max") - F("spent_fen")), devices=Count("device"))
        .order_by("-fen", f"{_STORE}__code")
    )
    return [
        StoreBound(row[f"{_STORE}__code"], row[f"{_STORE}__name"], row["devices"], row["fen"])
        for row in rows[:STORES_SHOWN]
    ]


def device_standings(actor: Actor, at: datetime) -> Sequence[DeviceStanding]:
    """The devices, those that were not heard of for longest first; at most `DEVICES_SHOWN`."""
    require(actor, VIEW)
    rows = _journals(actor).select_related("device__terminal__store__organisation")
    journals = list(rows.order_by("reached_at", "device_id")[:DEVICES_SHOWN])
    return _standings(actor, journals, at)


def terminal_standing(actor: Actor, terminal_id: int, at: datetime) -> TerminalStanding:
    """How a terminal stands without a network, for one whose device may be lost."""
    require(actor, VIEW)
    journals = list(_journals(actor).filter(device__terminal=terminal_id))
    devices = _standings(actor, journals, at)
    before = within(
        actor,
        Journal.objects.filter(device__terminal=terminal_id, device__ended_at__isnull=False),
        _STORE,
    )
    left = before.aggregate(pending=Sum("pending"))["pending"] or 0
    return TerminalStanding(devices[0] if devices else None, left)


def _standings(actor: Actor, journals: Sequence[Journal], at: datetime) -> list[DeviceStanding]:
    ids = [one.device_id for one in journals]
    grants = {one.device_id: one for one in _newest_grants(actor).filter(device__in=ids)}
    since = at - LOSSES_COUNT_FOR
    lost = dict(
        OfflineUse.objects.filter(device__in=ids, loss_fen__gt=0, received_at__gt=since)
        .values_list("device_id")
        .annotate(fen=Sum("loss_fen"))
    )
    faults = dict(
        JournalFault.objects.filter(device__in=ids)
        .values_list("device_id")
        .annotate(number=Count("id"))
    )
    return [
        DeviceStanding(
            journal=one,
            ends_at=grant.ends_at if (grant := grants.get(one.device_id)) else None,
            bound_fen=grant.total_fen_max - grant.spent_fen if grant else 0,
            lost_fen=lost.get(one.device_id, 0),
            faults=faults.get(one.device_id, 0),
        )
        for one in journals
    ]


def fault_rows(actor: Actor) -> Sequence[JournalFault]:
    """What was odd about journals, the latest first; at most `DEVICES_SHOWN`."""
    require(actor, VIEW)
    rows = within(actor, JournalFault.objects.all(), _STORE)
    rows = rows.select_related("device__terminal__store__organisation")
    return list(rows.order_by("-id")[:DEVICES_SHOWN])


def conflict_page(actor: Actor, verdict: str | None, paging: Paging) -> Page[OfflineUse]:
    """Uses that the books did not take as they were, the latest first; raises `cursor_invalid`."""
    require(actor, VIEW)
    rows = _conflicts(actor).select_related("device__terminal__store__organisation", "shift__user")
    if verdict is not None:
        rows = rows.filter(verdict=verdict)
    return page_of(rows, paging, ORDERS)


def _conflicts(actor: Actor) -> QuerySet[OfflineUse]:
    return within(actor, OfflineUse.objects.filter(verdict__in=CONFLICTS), _STORE)


def _journals(actor: Actor) -> QuerySet[Journal]:
    return within(actor, Journal.objects.filter(device__ended_at__isnull=True), _STORE)


def _newest_grants(actor: Actor) -> QuerySet[Grant]:
    """The grant that counts of each device that is a terminal still."""
    newest = (
        Grant.objects.filter(device=OuterRef("device"))
        .values("device")
        .annotate(last=Max("id"))
        .values("last")
    )
    rows = Grant.objects.filter(device__ended_at__isnull=True, id=Subquery(newest))
    return within(actor, rows, _STORE)
