"""Whether somebody who logged in is still here: not logged out, not stopped, not away for long."""

from __future__ import annotations

from importlib import import_module

from django.conf import settings
from django.contrib.auth import get_user
from django.contrib.sessions.backends.base import SessionBase
from django.http import HttpRequest

from kaquan.foundation import clock
from kaquan.organisations.issuer_settings import IDLE_MINUTES, issuer_setting
from kaquan.staff.acting import Standing, standing_of
from kaquan.staff.models import StaffUser

SEEN = "seen_s"
"""The session's key for when somebody did something last, to the minute."""
SEEN_EVERY_S = 60
_STANDING = "staff_standing"


def standing_of_request(request: HttpRequest) -> Standing | None:
    """What the person of a request may do, read once a request; None without one, or for one who
    was stopped."""
    user = getattr(request, "user", None)
    if not isinstance(user, StaffUser) or not user.is_active:
        return None
    whose, standing = getattr(request, _STANDING, (None, None))
    if whose != user.pk:
        standing = standing_of(user, at=clock.now())
        setattr(request, _STANDING, (user.pk, standing))
    return standing


def has_been_away(session: SessionBase, *, idle_minutes: int | None = None) -> bool:
    """Whether somebody did nothing for longer than the issuer allows, or for so many minutes."""
    seen_s = session.get(SEEN)
    if not isinstance(seen_s, int):
        return False
    allowed = issuer_setting(IDLE_MINUTES.name) if idle_minutes is None else idle_minutes
    return _now_s() - seen_s > 60 * int(allowed)


def note_presence(session: SessionBase) -> None:
    """They have just done something."""
    seen_s = session.get(SEEN)
    if not isinstance(seen_s, int) or _now_s() - seen_s >= SEEN_EVERY_S:
        session[SEEN] = _now_s()


def request_again(request: HttpRequest) -> HttpRequest | None:
    """The session and the person of a request that has been open for a while, as they are now; None
    once they have logged out, were stopped, or have been away for too long. The
    request itself knows only what was so when it began."""
    sessions = import_module(settings.SESSION_ENGINE)
    fresh = HttpRequest()
    fresh.session = sessions.SessionStore(request.session.session_key)
    user = get_user(fresh)
    if not isinstance(user, StaffUser) or not user.is_active or has_been_away(fresh.session):
        return None
    fresh.user = user
    return fresh


def _now_s() -> int:
    return int(clock.now().timestamp())
