"""Who logged in and who failed to: written down as it happens, and looked at by those who may.

A record is one INSERT. Who is told "too many attempts" is written down too, which the limits of
attempts bound; nothing that was typed is kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from django.http import HttpRequest

from kaquan.access.sources import source_of
from kaquan.foundation import clock
from kaquan.foundation.actor import Actor, require
from kaquan.foundation.paging import Page, Paging, page_of
from kaquan.organisations.queries import within
from kaquan.staff.models import LoginEvent, LoginRecord, StaffUser
from kaquan.staff.permissions import LOGINS
from kaquan.staff.queries import staff_by_id

ORDERS = {"newest": "-id"}
SHOWN_OF_ONE = 100


class Visit(NamedTuple):
    """Where a request came from."""

    ip: str = ""
    user_agent: str = ""


def visit_of(request: HttpRequest | None) -> Visit:
    """Where a request came from, a proxy's word counting only if the proxy is ours."""
    if request is None:
        return Visit()
    peer = request.META.get("REMOTE_ADDR", "")
    source = source_of(peer, request.headers.get("x-forwarded-for")) if peer else ""
    return Visit(source or "", request.headers.get("user-agent", ""))


class LoginFilter(NamedTuple):
    """Which records; None does not restrict."""

    words: str | None = None
    event: str | None = None
    since: datetime | None = None
    until: datetime | None = None


def note_login(user: StaffUser | None, event: LoginEvent, *, about: str = "", visit: Visit) -> None:
    """Write down what just happened."""
    LoginRecord.objects.create(
        at=clock.now(),
        user=user,
        event=event,
        about=about[:64],
        ip=visit.ip[:64],
        user_agent=visit.user_agent.replace("\0", "")[:200],
    )


def user_called(username: str) -> StaffUser | None:
    """Whose name somebody typed at the login, if anybody's."""
    return StaffUser.objects.filter(username=username.strip().lower()[:64]).first()


def login_page(actor: Actor, wanted: LoginFilter, paging: Paging) -> Page[LoginRecord]:
    """Records of the accounts in the actor's part, the newest first; those of nobody's name are for
    who may see all. Raises `cursor_invalid`, `sort_invalid`."""
    require(actor, LOGINS)
    rows = within(actor, LoginRecord.objects.select_related("user"), "user__organisation")
    if wanted.words is not None:
        rows = rows.filter(user__search_text__contains=wanted.words.strip().lower())
    if wanted.event is not None:
        rows = rows.filter(event=wanted.event)
    if wanted.since is not None:
        rows = rows.filter(at__gte=wanted.since)
    if wanted.until is not None:
        rows = rows.filter(at__lt=wanted.until)
    return page_of(rows, paging, ORDERS)


def logins_of(actor: Actor, user_id: int) -> Sequence[LoginRecord]:
    """The latest records of one account; raises `staff_unknown`."""
    require(actor, LOGINS)
    user = staff_by_id(actor, user_id)
    return list(LoginRecord.objects.filter(user=user).order_by("-id")[:SHOWN_OF_ONE])
