"""What stands before a page: who has not logged in, whose password is temporary, who lacks a
second factor that their role asks for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode, urlsplit

from allauth.mfa.utils import is_mfa_enabled
from asgiref.sync import iscoroutinefunction, sync_to_async
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.views import redirect_to_login
from django.db import Error as DatabaseError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.urls import reverse
from django.utils import translation
from django.utils.decorators import sync_and_async_middleware
from django.utils.translation import gettext

from kaquan.access.sources import source_of
from kaquan.foundation.changes.origin import coming_from
from kaquan.foundation.configuration import current_configuration
from kaquan.organisations.issuer_settings import (
    IDLE_MINUTES,
    LANGUAGE,
    SettingKind,
    issuer_values,
)
from kaquan.staff.models import StaffUser
from kaquan.staff.presence import has_been_away, note_presence, standing_of_request

#: The first page and its stream: the issuer's totals.
FIRST_PAGE = frozenset({"/", "/live"})
CONSOLE = "/console/"
LIVE = "/console/live/"
_VALUES = "issuer_values"
DEMO = "system:demo"
"""Who made the demo issuer's accounts."""

Handler = Callable[[HttpRequest], Any]  # gives a response, or a coroutine that does


@sync_and_async_middleware
def gate_middleware(get_response: Handler) -> Handler:
    """Send people first to what they must do first, and let changes know where they come from."""
    if iscoroutinefunction(get_response):

        async def handle_async(request: HttpRequest) -> HttpResponse:
            if is_guarded(request):
                stopped, language = await sync_to_async(_prepare)(request)
                if stopped is not None:
                    return stopped
                _speak(request, language)
            with coming_from(_source(request)):
                answer: HttpResponse = await get_response(request)
            return answer

        return handle_async

    def handle(request: HttpRequest) -> HttpResponse:
        if is_guarded(request):
            stopped, language = _prepare(request)
            if stopped is not None:
                return stopped
            _speak(request, language)
        with coming_from(_source(request)):
            answer: HttpResponse = get_response(request)
        return answer

    return handle


def is_guarded(request: HttpRequest) -> bool:
    """Whether the page shows what is not for everybody. The API has its own entrance."""
    return request.path in FIRST_PAGE or request.path.startswith(CONSOLE)


def _prepare(request: HttpRequest) -> tuple[HttpResponse | None, str]:
    """Where to go first, and in which language, "" being that of the request."""
    stopped = stop(request)
    if stopped is not None or not request.path.startswith(CONSOLE):
        return stopped, ""
    if settings.LANGUAGE_COOKIE_NAME in request.COOKIES:
        return None, ""  # somebody's own choice
    try:
        language = _setting(request, LANGUAGE)
    except DatabaseError:
        return None, ""
    return None, "" if language == LANGUAGE.default else str(language)


def _setting(request: HttpRequest, kind: SettingKind) -> Any:
    """One of the settings that stand before every page; a request reads them once."""
    values = getattr(request, _VALUES, None)
    if values is None:
        values = issuer_values(IDLE_MINUTES.name, LANGUAGE.name)
        setattr(request, _VALUES, values)
    return values[kind.name]


def _speak(request: HttpRequest, language: str) -> None:
    if language:
        translation.activate(language)
        request.LANGUAGE_CODE = language


def _has_been_away(request: HttpRequest) -> bool:
    """Whether somebody did nothing for longer than the issuer allows; what a page asks for by
    itself, such as its live figures, is nothing that they do."""
    if has_been_away(request.session, idle_minutes=_setting(request, IDLE_MINUTES)):
        return True
    if "text/event-stream" not in request.headers.get("accept", ""):
        note_presence(request.session)
    return False


def stop(request: HttpRequest) -> HttpResponse | None:
    """Where to go first; None lets the request through."""
    if request.path in FIRST_PAGE and first_page_is_open():
        return None
    user = request.user
    if not isinstance(user, StaffUser):
        return _login_first(request)
    if _has_been_away(request):
        logout(request)
        return _login_first(request)
    if user.must_change_password:
        return _go(request, reverse("account_change_password"))
    standing = standing_of_request(request)
    if standing and standing.must_use_second_factor and not is_mfa_enabled(user):
        if not _wants_part(request):
            messages.warning(
                request,
                gettext("Your role asks for a second factor: set one up here, then go on."),
            )
        return _go(request, reverse("mfa_index"))
    return None


def first_page_is_open() -> bool:
    """On a demo, and as long as nobody has an account: then there is nobody who could log in. The
    demo issuer's own accounts hide nothing: what it shows is made up.

    Where the database does not answer there are no figures to show either.
    """
    if current_configuration().demo:
        return True
    try:
        return not StaffUser.objects.exclude(created_by=DEMO).exists()
    except DatabaseError:
        return True


def _login_first(request: HttpRequest) -> HttpResponse:
    if _is_stream(request):
        return HttpResponse(status=401)
    if _wants_part(request):
        # Back to the page that wanted a part of itself, not to the part.
        return _go(request, f"{reverse('account_login')}?{urlencode({'next': _whole(request)})}")
    return redirect_to_login(request.get_full_path())


def _whole(request: HttpRequest) -> str:
    page = urlsplit(request.headers.get("hx-current-url", ""))
    if not page.path.startswith(CONSOLE):
        return CONSOLE
    return f"{page.path}?{page.query}" if page.query else page.path


def _go(request: HttpRequest, address: str) -> HttpResponse:
    """There, as the whole page: a part of a page cannot be a login page."""
    if _is_stream(request):
        return HttpResponse(status=401)
    if _wants_part(request):
        answer = HttpResponse(status=401)
        answer.headers["HX-Redirect"] = address
        return answer
    if request.headers.get("accept") == "application/json":
        return JsonResponse({"code": "login_needed", "login": address}, status=401)
    return HttpResponseRedirect(address)


def _is_stream(request: HttpRequest) -> bool:
    """A stream cannot show a login page: its page does that."""
    return request.path in ("/live", LIVE)


def _wants_part(request: HttpRequest) -> bool:
    return request.headers.get("hx-request") == "true"


def _source(request: HttpRequest) -> str:
    return source_of(request.META.get("REMOTE_ADDR", ""), request.headers.get("x-forwarded-for"))
