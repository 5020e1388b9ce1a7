"""What was booked just now, as a part of pages that are told live."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from django.utils.translation import gettext_lazy as _

from kaquan.analytics.models import Event
from kaquan.analytics.today import ENTRIES, last_events_within
from kaquan.campaigns.queries import batches_by_id
from kaquan.foundation import clock
from kaquan.foundation.configuration import current_configuration
from kaquan.organisations.queries import organisation_names
from kaquan.surfaces.console.kit.cells import Cell, money
from kaquan.surfaces.console.kit.menu import holds
from kaquan.surfaces.console.kit.panels import Panel
from kaquan.surfaces.console.kit.screens import Call

EVENTS_SHOWN = 12


class EventLine(NamedTuple):
    """One of them; nobody is named. ``operation`` is the ledger's name of it."""

    when: str
    operation: str
    is_refused: bool
    batch: str
    batch_id: int
    where: str
    amount: Cell


@dataclass(frozen=True, slots=True)
class RecentEvents(Panel):
    """The last of them, newest first."""

    template: ClassVar[str] = "console/parts/events.html"
    is_live: ClassVar[bool] = True
    lines: Sequence[EventLine]


def recent_events(call: Call, batch_ids: Collection[int] | None = None) -> Sequence[Panel]:
    """The panel, for those who may see the books: of their part, or of batches that they were
    shown."""
    if not holds(call.actor, ENTRIES):
        return []
    events = last_events_within(call.actor, EVENTS_SHOWN, batch_ids=batch_ids)
    batches = batches_by_id(call.actor, {one.batch_id for one in events if one.batch_id})
    stores = organisation_names(call.actor, {one.store_id for one in events if one.store_id})
    lines = [
        EventLine(
            when=_when(event),
            operation=event.operation,
            is_refused=bool(event.refusal),
            batch=batches[event.batch_id].name if event.batch_id in batches else "",
            batch_id=event.batch_id if event.batch_id in batches else 0,
            where=stores.get(event.store_id or 0, ""),
            amount=money(event.amount_fen or None),
        )
        for event in events
    ]
    return [RecentEvents(_("Just now"), lines)]


def _when(event: Event) -> str:
    zone = current_configuration().time_zone
    local, today = event.at.astimezone(zone), clock.now().astimezone(zone).date()
    return local.strftime("%H:%M:%S" if local.date() == today else "%m-%d %H:%M")
