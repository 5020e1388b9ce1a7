"""What follows when somebody logs in, fails to, or changes how they log in: it is written down."""

from __future__ import annotations

from typing import Any

from allauth.account.authentication import get_authentication_records
from allauth.account.signals import password_changed, password_set
from allauth.mfa.models import Authenticator
from allauth.mfa.signals import authentication_failed, authenticator_added, authenticator_removed
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.http import HttpRequest

from kaquan.staff.actions import note_password_changed
from kaquan.staff.logins import note_login, visit_of
from kaquan.staff.models import LoginEvent, StaffUser


def connect() -> None:
    """Begin to listen; a second time changes nothing."""
    for signal in (password_changed, password_set):
        signal.connect(_note_password, dispatch_uid="kaquan-note-password")
    user_logged_in.connect(_note_in, dispatch_uid="kaquan-note-in")
    user_logged_out.connect(_note_out, dispatch_uid="kaquan-note-out")
    authentication_failed.connect(_note_wrong_factor, dispatch_uid="kaquan-note-factor")
    authenticator_added.connect(_note_added, dispatch_uid="kaquan-note-added")
    authenticator_removed.connect(_note_removed, dispatch_uid="kaquan-note-removed")


def _note_password(*, user: StaffUser, request: HttpRequest | None = None, **_others: Any) -> None:
    note_password_changed(user=user)
    note_login(user, LoginEvent.PASSWORD, visit=visit_of(request))


def _note_in(*, user: StaffUser, request: HttpRequest | None, **_others: Any) -> None:
    note_login(user, LoginEvent.IN, about=_way(request, user), visit=visit_of(request))


def _note_out(*, user: StaffUser | None, request: HttpRequest | None, **_others: Any) -> None:
    if user is not None:
        note_login(user, LoginEvent.OUT, visit=visit_of(request))


def _note_wrong_factor(
    *, user: StaffUser, request: HttpRequest, authenticator: Authenticator | None = None,
    **_others: Any,
) -> None:  # fmt: skip
    about = str(authenticator.type) if authenticator else ""
    note_login(user, LoginEvent.WRONG_FACTOR, about=about, visit=visit_of(request))


def _note_added(
    *, user: StaffUser, request: HttpRequest, authenticator: Authenticator, **_others: Any
) -> None:
    about = str(authenticator.type)
    note_login(user, LoginEvent.FACTOR_ADDED, about=about, visit=visit_of(request))


def _note_removed(
    *, user: StaffUser, request: HttpRequest, authenticator: Authenticator, **_others: Any
) -> None:
    about = str(authenticator.type)
    note_login(user, LoginEvent.FACTOR_REMOVED, about=about, visit=visit_of(request))


def _way(request: HttpRequest | None, user: StaffUser) -> str:
    """How somebody logged in: ``password mfa``, ``mfa`` for a passkey alone, a provider's name."""
    if request is None or not hasattr(request, "session"):
        return ""
    records = get_authentication_records(request, user)
    return " ".join(str(one.get("provider") or one.get("type") or one["method"]) for one in records)
