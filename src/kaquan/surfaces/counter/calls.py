"""What the page asks and is answered: JSON in bodies, who asks in cookies that no script reads."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeVar

import msgspec
from django.conf import settings
from django.db import Error as DatabaseError
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_POST
from msgspec import Struct

from kaquan.access.sources import source_of
from kaquan.engine.outcome_details import sentence
from kaquan.engine.outcomes import OutcomeCode
from kaquan.foundation import clock
from kaquan.foundation.errors import KaquanError
from kaquan.terminals.acting import actor_at, authenticate, supervisor_at
from kaquan.terminals.errors import request_malformed
from kaquan.terminals.models import Device, Shift
from kaquan.terminals.queries import done_of
from kaquan.terminals.registering import device_of
from kaquan.terminals.requests import Answered, Counter
from kaquan.terminals.shifts import shift_of

DEVICE_COOKIE = "kaquan_terminal"
SHIFT_COOKIE = "kaquan_shift"
COOKIE_PATH = "/counter/"
DEVICE_S = 400 * 24 * 3600  # as long as browsers keep any
BODY_BYTES_MAX = 16 * 1024
_STATUS = {
    "terminal_unregistered": 401,
    "shift_needed": 401,
    "counter_tried_too_often": 429,
    "value_invalid": 400,
}

_UNSURE = (OutcomeCode.UNAVAILABLE, OutcomeCode.BUSY)

log = logging.getLogger(__name__)
Body = TypeVar("Body", bound="Asked")


class Asked(Struct, forbid_unknown_fields=True, rename="camel", omit_defaults=True):
    """What a call takes; a field that it does not know is a fault."""


class Supervisor(Asked):
    """A second person who allows it, by their name and password or PIN."""

    username: str
    secret: str

    def __repr__(self) -> str:
        return "<a supervisor>"


class Undoing(Asked):
    """Something that this terminal did, by its number in the list it stands in."""

    once: str
    id: int
    reason: str = ""
    supervisor: Supervisor | None = None


class Caller(NamedTuple):
    """The request, and the terminal and shift that it comes from."""

    request: HttpRequest
    device: Device
    shift: Shift

    @property
    def source(self) -> str:
        """Where it comes from."""
        return source(self.request)

    def counter(self, supervisor: Supervisor | None = None) -> Counter:
        """Who acts, the supervisor's secret checked."""
        at = clock.now()
        store = self.device.terminal.store
        actor = actor_at(self.shift.user, store, at)
        if supervisor is None:
            return Counter(shift=self.shift, actor=actor)
        user = authenticate(
            device=self.device,
            username=supervisor.username,
            secret=supervisor.secret,
            source=self.source,
            at=at,
        )
        return Counter(
            shift=self.shift,
            actor=actor,
            supervisor=user,
            supervising=supervisor_at(user, store, at),
        )


def source(request: HttpRequest) -> str:
    """Where a request comes from."""
    forwarded = request.headers.get("x-forwarded-for")
    return source_of(request.META.get("REMOTE_ADDR", ""), forwarded)


def device_behind(request: HttpRequest, *, may_be_blocked: bool = False) -> Device:
    """The terminal that a request comes from; raises `terminal_unregistered`,
    `terminal_blocked`."""
    token = request.COOKIES.get(DEVICE_COOKIE, "")
    return device_of(token, may_be_blocked=may_be_blocked)


def caller_behind(request: HttpRequest) -> Caller:
    """The terminal and the shift that a request comes from; raises `shift_needed` too."""
    device = device_behind(request)
    return Caller(request, device, shift_of(device, _shift_token(request), clock.now()))


def asked(request: HttpRequest, body: type[Body]) -> Body:
    """What the request asks; raises `value_invalid`."""
    if len(request.body) > BODY_BYTES_MAX:
        raise request_malformed("请求太长。", "The request is too long.")
    try:
        return msgspec.json.decode(request.body, type=body)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise request_malformed("请求格式不对。", "The request makes no sense.") from None


def told(content: Mapping[str, Any], *, status: int = 200) -> HttpResponse:
    """An answer, kept by nobody on its way."""
    response = HttpResponse(
        msgspec.json.encode(content), content_type="application/json", status=status
    )
    response.headers["Cache-Control"] = "no-store"
    return response


def failed(error: KaquanError) -> HttpResponse:
    """An error as an answer."""
    content = {"code": error.code, "zh": error.zh, "en": error.en}
    return told(content, status=_STATUS.get(error.code, 409))


def answered(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Give errors as answers, and say plainly when the database is away."""

    def answer(request: HttpRequest, **key: Any) -> HttpResponse:
        try:
            return view(request, **key)
        except KaquanError as error:
            return failed(error)
        except DatabaseError:
            log.exception("the counter could not read or write")
            return unavailable()

    return answer


def working(body: type[Body]) -> Callable[[Callable[[Caller, Body], HttpResponse]], Any]:
    """For somebody who has logged in at a terminal; ``body`` is what is asked."""

    def decorate(view: Callable[[Caller, Body], HttpResponse]) -> Any:
        def answer(request: HttpRequest) -> HttpResponse:
            return view(caller_behind(request), asked(request, body))

        return require_POST(answered(answer))

    return decorate


def unavailable() -> HttpResponse:
    """Whether it happened is not known: the page asks for the answer again."""
    code = OutcomeCode.UNAVAILABLE
    content = {
        "code": code.name.lower(),
        "zh": sentence(code, {}, "zh"),
        "en": sentence(code, {}, "en"),
    }
    return told(content, status=503)


def answer_of(found: Answered) -> HttpResponse:
    """What became of a request."""
    if found.outcome is not None and found.outcome.code in _UNSURE:
        return unavailable()
    return told({"done": done_of(found)})


def remember(response: HttpResponse, name: str, token: str, age_s: int | None) -> None:
    """Let the browser keep a token, for the counter alone."""
    response.set_cookie(
        name,
        token,
        max_age=age_s,
        path=COOKIE_PATH,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Strict",
    )


def forget(response: HttpResponse, name: str) -> None:
    """Let it forget it."""
    response.delete_cookie(name, path=COOKIE_PATH, samesite="Strict")


def _shift_token(request: HttpRequest) -> str:
    return request.COOKIES.get(SHIFT_COOKIE, "")
