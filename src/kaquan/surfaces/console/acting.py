"""Who uses the console: the one place that knows how a request tells its actor.

Someone with roles in several parts of the organisation acts in one of them at a time: the one that
they chose in the top bar, else the widest.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.http import HttpRequest
from django.urls import reverse

from kaquan.foundation.actor import Actor
from kaquan.staff.acting import Seat, acting_in
from kaquan.staff.models import StaffUser
from kaquan.staff.presence import request_again, standing_of_request

CHOSEN = "console_acting_in"
"""The session's key for the chosen node's id; 0 is the whole tree."""


def actor_of_request(request: HttpRequest) -> Actor | None:
    """The actor of a request; None for somebody who has not logged in or holds no role."""
    user, standing = _user(request), standing_of_request(request)
    if user is None or standing is None:
        return None
    return acting_in(user, standing, request.session.get(CHOSEN) or None)


def actor_again(request: HttpRequest) -> Actor | None:
    """The actor of a request that has been open for a while, as they are now; None for somebody
    who has logged out meanwhile, was away for too long, was stopped, or holds no role any more."""
    fresh = request_again(request)
    return None if fresh is None else actor_of_request(fresh)


def is_logged_in(request: HttpRequest) -> bool:
    """Whether we know who it is, with or without a role."""
    return _user(request) is not None


def seats_of_request(request: HttpRequest) -> Sequence[Seat]:
    """The parts of the organisation that someone may act in."""
    standing = standing_of_request(request)
    return [] if standing is None else standing.seats()


def choose(request: HttpRequest, organisation_id: int | None) -> None:
    """Act in this node from now on, if a seat of theirs is there; else nothing changes."""
    if any(seat.organisation_id == organisation_id for seat in seats_of_request(request)):
        request.session[CHOSEN] = organisation_id or 0


def login_address() -> str:
    """The page where people log in."""
    return reverse("account_login")


def _user(request: HttpRequest) -> StaffUser | None:
    user = getattr(request, "user", None)
    return user if isinstance(user, StaffUser) and user.is_active else None
