"""What the event feed tells: what happened to vouchers, batches and budgets, in order."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from msgspec import Struct

PATH = "/events"


class Event(Struct, frozen=True, kw_only=True):
    """Something that happened to a voucher, a batch or a budget. ``id`` is the same for ever, and
    of one voucher ``version`` counts up. ``store`` and ``customer`` are their code and number.

    ``position`` is where the feed goes on after this event: keep it to begin there another time.
    """

    id: str
    type: str
    at: datetime
    booked_at: datetime | None = None
    store: str | None = None
    batch_id: int | None = None
    budget_id: int | None = None
    serial: int | None = None
    version: int | None = None
    customer: str | None = None
    data: dict[str, Any] = {}
    position: str = ""


class EventPage(Struct, frozen=True, kw_only=True):
    """Events in order, and the position behind them; ``next_cursor`` is None where there are no
    more by now."""

    items: tuple[Event, ...]
    position: str
    next_cursor: str | None = None
