"""Views that are exported by themselves, each morning or less often, as whoever made them."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from django.db import transaction

from kaquan.foundation.actor import Actor
from kaquan.foundation.configuration import current_configuration
from kaquan.organisations.queries import own_organisation_id
from kaquan.staff.acting import actor_of
from kaquan.staff.models import StaffUser
from kaquan.staff.saved_views.models import Every, SavedView
from kaquan.staff.saved_views.queries import own_view

HOUR = time(6)
"""On the issuer's clock: the night before is booked, and nobody is at work yet."""
AGAIN = timedelta(minutes=10)


def schedule_view(*, actor: Actor, view_id: int, every: Every | None, at: datetime) -> SavedView:
    """Let a view of one's own be exported by itself, in the part of the tree that one acts in now;
    None: no more. Raises `view_unknown`."""
    with transaction.atomic():
        view = own_view(actor, view_id)
        view.every = every or ""
        view.next_export_at = next_time(every, at) if every else None
        view.acting_in = own_organisation_id(actor)
        view.save(update_fields=["every", "next_export_at", "acting_in"])
        return view


def next_time(every: Every, at: datetime) -> datetime:
    """The morning at which it is exported next."""
    zone = current_configuration().time_zone
    day = at.astimezone(zone).date() + timedelta(days=1)
    if every is Every.WEEK:
        day += timedelta(days=-day.weekday() % 7)
    elif every is Every.MONTH and day.day > 1:
        day = (day.replace(day=1) + timedelta(days=32)).replace(day=1)
    return datetime.combine(day, HOUR, zone)


def take_due(at: datetime) -> SavedView | None:
    """A view whose time has come, locked until the transaction ends and put down for its next time;
    one that another server is at is left to it."""
    rows = SavedView.objects.select_for_update(skip_locked=True).filter(next_export_at__lte=at)
    view = rows.order_by("next_export_at").first()
    if view is not None:
        view.next_export_at = next_time(Every(view.every), at)
        view.save(update_fields=["next_export_at"])
    return view


def put_off(view: SavedView, at: datetime) -> None:
    """Try again a little later."""
    view.next_export_at = at + AGAIN
    view.save(update_fields=["next_export_at"])


def owner_of(view: SavedView, at: datetime) -> Actor | None:
    """As whom it is exported, with what they may do now; None for whoever may do nothing."""
    number = view.owner.removeprefix("staff:")
    user = StaffUser.objects.filter(pk=int(number)).first() if number.isdecimal() else None
    return None if user is None else actor_of(user, at=at, organisation_id=view.acting_in)
