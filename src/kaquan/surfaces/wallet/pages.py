"""What every page of the wallet does: who is there, in which language, and what if it fails."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Mapping
from threading import BoundedSemaphore
from typing import Any, NamedTuple
from urllib.parse import urlencode

from django.conf import settings
from django.db import Error as DatabaseError
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.utils.http import url_has_allowed_host_and_scheme

from kaquan.access.sources import source_of
from kaquan.customers.models import Customer
from kaquan.foundation import clock
from kaquan.foundation.errors import KaquanError
from kaquan.surfaces.wallet.words import LANGUAGES, Look, look_of
from kaquan.wallet.sessions import GOOD_FOR, customer_of

SESSION_COOKIE = "kaquan_wallet"
COOKIE_PATH = "/w/"
#: So many requests of a process are worked on; others are told at once when to come back.
INSIDE_MAX = 128
RETRY_S = 3
#: What a page that tries again sends: the fields of `enter.html` and `gift.html`.
AGAIN = ("once", "phone", "code", "token", "go", "send", "sent", "look")

_inside = BoundedSemaphore(INSIDE_MAX)

log = logging.getLogger(__name__)


class Visitor(NamedTuple):
    """A request, who made it as far as we know, and how they read."""

    request: HttpRequest
    customer: Customer | None
    look: Look

    @property
    def source(self) -> str:
        """Where the request comes from."""
        forwarded = self.request.headers.get("x-forwarded-for")
        return source_of(self.request.META.get("REMOTE_ADDR", ""), forwarded)

    @property
    def in_wechat(self) -> bool:
        """Whether WeChat's own browser asks."""
        return "micromessenger" in self.request.headers.get("user-agent", "").lower()

    def way_on(self, asked: str) -> str:
        """Where somebody wanted to go, if that is in the wallet; else to their vouchers."""
        is_ours = asked.startswith(COOKIE_PATH) and url_has_allowed_host_and_scheme(
            asked, {self.request.get_host()}
        )
        return asked if is_ours else reverse("wallet:home")

    def page(
        self, template: str, context: Mapping[str, Any] | None = None, *, status: int = 200
    ) -> HttpResponse:
        """A page in the visitor's language."""
        shown = {
            "look": self.look,
            "languages": LANGUAGES,
            "customer": self.customer,
            "in_wechat": self.in_wechat,
            **(context or {}),
        }
        return render(self.request, f"wallet/{template}.html", shown, status=status)

    def told(self, error: KaquanError, *, back: str = "") -> HttpResponse:
        """A page that only tells what is wrong; ``back`` leads to what it is about."""
        status = 404 if error.code.endswith("_unknown") else 409
        told = {"error": self.look.error(error), "back": back}
        return self.page("told", told, status=status)

    def busy(self, error: KaquanError | None = None) -> HttpResponse:
        """A page that tries again by itself, with what was filled in; nothing has happened."""
        posted = self.request.POST if self.request.method == "POST" else {}
        shown = {
            "error": self.look.error(error) if error else "",
            "retry_s": RETRY_S,
            "again": [(name, posted[name][:200]) for name in AGAIN if name in posted],
        }
        response = self.page("away", shown, status=503)
        response.headers["Retry-After"] = str(RETRY_S)
        return response


View = Callable[..., HttpResponseBase]


def open_page(view: View) -> View:
    """For everyone; nothing of it is kept by browsers or proxies."""

    def answer(request: HttpRequest, **key: Any) -> HttpResponseBase:
        visitor = Visitor(request, None, look_of(request))
        response: HttpResponseBase
        is_inside = _inside.acquire(blocking=False)
        holder = ""  # not known yet
        try:
            if not is_inside:
                return _uncached(visitor.busy())
            customer = customer_of(request.COOKIES.get(SESSION_COOKIE, ""), clock.now())
            visitor = visitor._replace(customer=customer)
            holder = holder_of(request) if customer else "none"
            response = view(visitor, **key)
        except KaquanError as error:
            response = visitor.told(error)
        except DatabaseError:
            log.exception("the wallet could not read or write")
            response = visitor.busy()
        finally:
            if is_inside:
                _inside.release()
        if holder:
            response.headers["X-Wallet-Holder"] = holder
        return _uncached(response)

    return answer


def _uncached(response: HttpResponseBase) -> HttpResponseBase:
    response.headers["Cache-Control"] = "no-store"
    patch_vary_headers(response, ["Accept-Language", "Cookie"])
    return response


def posted(page: str) -> Callable[[View], View]:
    """For what only a form may ask; who comes by its address (a reload, the way back, another
    language) is sent to the page that has the form."""

    def wrapped(view: View) -> View:
        def answer(request: HttpRequest, **key: Any) -> HttpResponseBase:
            if request.method == "POST":
                return view(request, **key)
            return redirect(page, **key)

        return answer

    return wrapped


def own_page(view: View) -> View:
    """For who has logged in; others are sent to do so, and then come back."""

    def answer(visitor: Visitor, **key: Any) -> HttpResponseBase:
        if visitor.customer is None:
            request = visitor.request
            back = request.path if request.method == "GET" else COOKIE_PATH
            login = reverse("wallet:login")
            return redirect(login if back == COOKIE_PATH else f"{login}?{_next(back)}")
        return view(visitor, **key)

    return open_page(answer)


def _next(path: str) -> str:
    return urlencode({"next": path}, safe="/")


def holder_of(request: HttpRequest) -> str:
    """Names the session to the service worker, so that it keeps no other's pages; tells nothing."""
    token = request.COOKIES.get(SESSION_COOKIE, "")
    return hashlib.sha256(f"holder\0{token}".encode()).hexdigest()[:32]


def keep_on_phone(response: HttpResponseBase) -> HttpResponseBase:
    """Let the service worker keep this page for when there is no network."""
    response.headers["X-Wallet-Keep"] = "yes"
    return response


def remember(response: HttpResponseBase, token: str) -> None:
    """Let the browser keep a session."""
    response.set_cookie(
        SESSION_COOKIE,
        token,
        max_age=GOOD_FOR,
        path=COOKIE_PATH,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def forget(response: HttpResponseBase) -> None:
    """Let the browser forget it."""
    response.delete_cookie(SESSION_COOKIE, path=COOKIE_PATH, samesite="Lax")
