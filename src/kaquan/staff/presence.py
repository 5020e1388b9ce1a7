"""Whether somebody who logged in is still here: not logged out, not stopped, not away for long."""

from __future__ import annotations

from importlib import import_module

from django.conf import settings
from django.contrib.auth import get_user
from django.contrib.sessions.backends.base import SessionBase
from django.http import HttpRequest

from kaquan.foundation import clock
from kaquan.organisations.issuer_settings import IDLE_MINUTES, issuer_setting
from kaquan.staff.models import StaffUser

SEEN = "seen_s"
"""The session's key for when somebody did something last, to the minute."""
SEEN_EVERY_S = 60


def has_been_away(session: SessionBase) -> bool:
    """Whether somebody did nothing for longer than the issuer allows."""
    seen_s = session.get(SEEN)
    if not isinstance(seen_s, int):
        return False
    return _now_s() - seen_s > 60 * int(issuer_setting(IDLE_MINUTES.name))


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
