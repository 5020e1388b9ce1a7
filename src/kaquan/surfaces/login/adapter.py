"""How django-allauth behaves here: no sign-up, sealed secrets, the client's true address."""

from __future__ import annotations

import base64
from typing import Any, ClassVar

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.urls import Resolver404, resolve
from django.utils.translation import gettext_lazy as _

from kaquan.access.sources import source_of
from kaquan.foundation.encrypted_fields import seal, unseal
from kaquan.staff.lockouts import attempts_name
from kaquan.staff.logins import note_login, user_called, visit_of
from kaquan.staff.models import LoginEvent, StaffUser

CONSOLE = "/console/"
FIRST_PAGE = "/"
# Where a second factor's secret belongs; allauth seals it before its row has an id.
_PLACE: dict[str, Any] = {"table": "mfa_authenticator", "column": "data", "row_id": 0}


def shown_name(user: StaffUser) -> str:
    """What pages call somebody."""
    return user.name or user.username


class AccountAdapter(DefaultAccountAdapter):
    """Accounts are made by those who may, never by visitors."""

    error_messages: ClassVar[dict[str, Any]] = {
        **DefaultAccountAdapter.error_messages,
        "too_many_login_attempts": _(
            "Too many wrong passwords: try again in 15 minutes, or ask the security administrator "
            "to unlock the account."
        ),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:  # noqa: ARG002  # allauth's name
        """Nobody makes an account for themselves."""
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        """Where the request comes from, a proxy's word counting only if the proxy is ours."""
        peer = request.META.get("REMOTE_ADDR", "")
        return source_of(peer, request.headers.get("x-forwarded-for")) or "0.0.0.0"  # noqa: S104

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:  # noqa: ARG002
        """By account alone: another host's name is no way to more attempts."""
        return attempts_name(credentials.get("username", ""))

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Refuse who tried too often, and write it down."""
        try:
            super().pre_authenticate(request, **credentials)
        except ValidationError:
            user = user_called(credentials.get("username", ""))
            note_login(user, LoginEvent.LOCKED_OUT, visit=visit_of(request))
            raise

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        """A wrong password, or a name that nobody has."""
        user = user_called(credentials.get("username", ""))
        note_login(user, LoginEvent.WRONG_PASSWORD, visit=visit_of(request))

    def respond_user_inactive(self, request: HttpRequest, user: StaffUser) -> HttpResponse:
        """The right password of an account that was stopped."""
        note_login(user, LoginEvent.STOPPED, visit=visit_of(request))
        answer: HttpResponse = super().respond_user_inactive(request, user)
        return answer

    def get_login_redirect_url(self, request: HttpRequest) -> str:  # noqa: ARG002
        """The console, where there is one."""
        try:
            resolve(CONSOLE)
        except Resolver404:
            return FIRST_PAGE
        return CONSOLE


class OtherLoginAdapter(DefaultSocialAccountAdapter):
    """Whoever provides a login makes no accounts here."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: Any) -> bool:  # noqa: ARG002
        """Nobody makes an account for themselves."""
        return False


class SecondFactorAdapter(DefaultMFAAdapter):
    """A stolen database gives no second factor away."""

    def encrypt(self, text: str) -> str:
        """The secret, sealed."""
        return base64.b64encode(seal(text, **_PLACE)).decode("ascii")

    def decrypt(self, encrypted_text: str) -> str:
        """The secret again."""
        return unseal(base64.b64decode(encrypted_text), **_PLACE)
