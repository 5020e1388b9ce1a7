"""What every screen does before it answers: who asks, may they, and what if something is wrong."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal
from urllib.parse import urlencode

from django.db import Error as DatabaseError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from kaquan.foundation.actor import Actor, require
from kaquan.foundation.errors import ExitCode, KaquanError
from kaquan.staff.logins import note_login, visit_of
from kaquan.staff.models import LoginEvent, StaffUser
from kaquan.staff.permissions import PERMISSIONS
from kaquan.surfaces.console.acting import (
    actor_of_request,
    is_logged_in,
    login_address,
    seats_of_request,
)
from kaquan.surfaces.console.kit.cells import Text

if TYPE_CHECKING:
    from kaquan.surfaces.console.kit.live import Reading

log = logging.getLogger(__name__)

_QUOTED_NAME = re.compile(r'(?<=[“"])[a-z_]+\.[a-z_]+(?=[”"])')

Language = Literal["zh", "en"]


@dataclass(frozen=True, slots=True)
class Call:
    """A request, and who asks."""

    request: HttpRequest
    actor: Actor

    @property
    def language(self) -> Language:
        """Of the page."""
        return language_now()


def language_now() -> Language:
    """The language of this thread's page."""
    return "zh" if (get_language() or "").startswith("zh") else "en"


def in_words(error: KaquanError) -> str:
    """An error in the page's language; a permission by its words and not by its name."""
    is_chinese = language_now() == "zh"
    text = error.zh if is_chinese else error.en
    if error.code != "permission_denied":
        return text
    words = {one.name: one.zh if is_chinese else one.en for one in PERMISSIONS}
    return _QUOTED_NAME.sub(lambda found: words.get(found[0], found[0]), text)


class Screen:
    """One address. ``permission`` is that of the capability behind it, which asks for it too."""

    name: ClassVar[str]
    path: ClassVar[str]
    title: ClassVar[Text]
    permission: ClassVar[str]
    parent: ClassVar[str] = ""
    """The list that this screen belongs to, for the menu and the way back."""

    def respond(self, call: Call, **key: Any) -> HttpResponseBase:
        """The answer to someone who may see the screen."""
        raise NotImplementedError

    def view(self, request: HttpRequest, **key: Any) -> HttpResponseBase:
        """The answer, whatever happens; nothing of it is kept by browsers or proxies."""
        actor = actor_of_request(request)
        response: HttpResponseBase
        if actor is None and is_logged_in(request):
            response = render(request, "console/error.html", _NO_ROLE, status=403)
        elif actor is None:
            response = self._to_login(request)
        else:
            call = Call(request, actor)
            try:
                if self.permission:  # the start has none of its own
                    require(actor, self.permission)
                response = self.respond(call, **key)
            except KaquanError as error:
                response = self._error_page(call, error)
            except Http404:
                response = self.page(call, "console/error.html", _NOTHING, status=404)
            except DatabaseError:
                log.exception("the console could not read or write")
                response = self._page_without_data(call)
        response.headers["Cache-Control"] = "no-store"
        return response

    def page(
        self, call: Call, template: str, context: Mapping[str, Any], *, status: int = 200
    ) -> HttpResponse:
        """A page of this screen."""
        shown = {
            "screen": self,
            "title": self.title,
            "actor": call.actor,
            "seats": seats_of_request(call.request),
            "menu_name": self.parent or self.name,
            **context,
        }
        return render(call.request, template, shown, status=status)

    #: What is told live of it is told to one person alone.
    is_personal: ClassVar[bool] = False

    def moves(self) -> bool:
        """Whether parts of it are told live."""
        return False

    def live_key(self, text: str) -> dict[str, Any] | None:
        """What an address of a stream names, as `respond` takes it; None for nonsense."""
        return None if text else {}

    def live_reading(self, call: Call, *, tab: str, **key: Any) -> Reading:
        """The parts that move, as they are now; raises what `respond` does."""
        raise NotImplementedError

    def live_address(self, call: Call, *, key: object = "", tab: str = "") -> str:
        """Where its stream is; empty where the server has none."""
        if not hasattr(call.request, "scope"):
            return ""
        asked = {"screen": self.name, "key": key, "tab": tab}
        return f"{reverse('console:live')}?{urlencode(asked)}"

    def address(self, **key: Any) -> str:
        """Where the screen is."""
        return reverse(f"console:{self.name}", kwargs=key)

    def _to_login(self, request: HttpRequest) -> HttpResponse:
        here = request.get_full_path() if request.method == "GET" else request.path
        there = f"{login_address()}?{urlencode({'next': here})}"
        if "HX-Request" in request.headers:
            response = HttpResponse(status=401)
            response.headers["HX-Redirect"] = there
            return response
        return HttpResponseRedirect(there)

    def _error_page(self, call: Call, error: KaquanError) -> HttpResponse:
        status = status_of(error)
        if status == 403 and isinstance(call.request.user, StaffUser):
            visit = visit_of(call.request)
            note_login(call.request.user, LoginEvent.DENIED, about=self.name, visit=visit)
        context = {"title": _TITLES.get(status, _TITLES[409]), "text": in_words(error)}
        return self.page(call, "console/error.html", context, status=status)

    def _page_without_data(self, call: Call) -> HttpResponse:
        context = {
            "title": _("The data cannot be reached just now"),
            "text": _("Nothing you sent was lost on the way: try again in a moment."),
        }
        return self.page(call, "console/error.html", context, status=503)


_NO_ROLE: dict[str, Text] = {
    "title": _("You hold no role"),
    "text": _("Your account holds no role just now; ask an administrator."),
}
_NOTHING: dict[str, Text] = {
    "title": _("There is nothing here"),
    "text": _("The address is not right, or what stood there is gone."),
}
_TITLES: dict[int, Text] = {
    400: _("This address does not work"),
    403: _("You may not do this"),
    404: _("There is nothing here"),
    409: _("That did not work"),
}


def status_of(error: KaquanError) -> int:
    """The HTTP status of a page that only tells an error."""
    if error.exit_code is ExitCode.PERMISSION_DENIED:
        return 403
    if error.code.endswith(("_unknown", "_gone")):
        return 404
    return 400 if error.code in ("cursor_invalid", "sort_invalid") else 409
