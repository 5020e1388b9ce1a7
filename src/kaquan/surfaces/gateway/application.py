"""The gateway: an ASGI application for the hot lane.

A request is answered without SQL on the event loop: it is read, let in, decoded, checked and
prepared from memory, handed to writer threads that book many at once, and encoded when its answer
comes back.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Any, Final, NamedTuple

from kaquan.access.callers import CallRefusal, authenticate
from kaquan.access.limits import GATEWAY, admit, code_attempts_refusal, enter, leave
from kaquan.access.sources import source_of
from kaquan.engine.outcome_details import Language
from kaquan.engine.outcomes import Outcome, OutcomeCode
from kaquan.foundation import clock
from kaquan.foundation.errors import KaquanError
from kaquan.ledger.batcher import QueueFullError
from kaquan.surfaces.gateway import calls
from kaquan.surfaces.gateway.answers import ProblemAnswer
from kaquan.surfaces.gateway.calls import (
    BODY_BYTES_MAX,
    Call,
    ClientGoneError,
    Headers,
    Receive,
    Scope,
    Send,
    check_content_type,
    check_request_key,
    headers_of,
)
from kaquan.surfaces.gateway.catalogue import catalogue_answer
from kaquan.surfaces.gateway.decoding import decoded
from kaquan.surfaces.gateway.loop_threads import DatabaseAwayError, TooManyReadingsError
from kaquan.surfaces.gateway.routes import BASE, PUBLIC, SAFE, Route, find_route, is_hot
from kaquan.surfaces.gateway.runtime import Runtime
from kaquan.surfaces.http.language import preferred_language
from kaquan.surfaces.http.problems import (
    Problem,
    call_problem,
    error_problem,
    outcome_problem,
    refusal_problem,
)

JSON_HEADERS: Final = (
    (b"content-type", b"application/json"),
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
)
#: Pages of any site may ask and read the answer: who calls is told by the key alone, never by what
#: a browser sends along by itself.
TO_ANY_SITE: Final = (
    (b"access-control-allow-origin", b"*"),
    (b"access-control-expose-headers", b"RateLimit, RateLimit-Policy, Retry-After"),
)
PREFLIGHT_HEADERS: Final = (
    (b"access-control-allow-methods", b"POST"),
    (
        b"access-control-allow-headers",
        b"Authorization, Content-Type, Idempotency-Key, Accept-Language",
    ),
    (b"access-control-max-age", b"7200"),
)
BUSY = Outcome(OutcomeCode.BUSY)
UNAVAILABLE = Outcome(OutcomeCode.UNAVAILABLE)
DENIED = Outcome(OutcomeCode.PERMISSION_DENIED)

RawHeaders = list[tuple[bytes, bytes]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

log = logging.getLogger(__name__)


class Asked(NamedTuple):
    """A hot request before anybody knows whose it is; ``more`` are headers for its answer."""

    scope: Scope
    headers: Headers
    language: Language
    route: Route
    number: str
    more: RawHeaders


class Gateway:
    """Answers hot requests; what it needs is opened with the first of them."""

    def __init__(self, opened: Callable[[], Runtime] = Runtime) -> None:
        self._opened = opened
        self._runtime: Runtime | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers, repeated = headers_of(scope["headers"])
        language = preferred_language(headers[calls.LANGUAGE])
        more: RawHeaders = []
        try:
            found = find_route(scope["path"])
            if found is not None and found[0].name in PUBLIC:
                more.extend(TO_ANY_SITE)
                if scope["method"] == "OPTIONS":
                    await _send(send, 204, b"", [*PREFLIGHT_HEADERS, *more])
                    return
            if scope["method"] != "POST" or found is None:
                if scope["method"] not in SAFE:
                    # Unread, it would be in the way of the next request on the connection.
                    await self._read(receive, headers, BODY_BYTES_MAX, language)
                status, body = _answer_rest(scope, language, found)
            else:
                status = 200
                asked = Asked(scope, headers, language, *found, more)
                body = await self._serve(asked, receive, repeated)
        except ProblemAnswer as refused:
            await _send_problem(send, refused.problem, more)
        except ClientGoneError:
            return
        except Exception as error:
            await _send_problem(send, _problem_of(error, language), more)
        else:
            await _send(send, status, body, [*JSON_HEADERS, *more])

    def _open(self) -> Runtime:
        runtime = self._runtime
        if runtime is None:
            runtime = self._runtime = self._opened()
        return runtime

    async def _read(
        self, receive: Receive, headers: Headers, longest: int, language: Language
    ) -> bytes:
        length = headers[calls.LENGTH]
        return await self._open().bodies.read(receive, length, longest, language)

    async def _serve(self, asked: Asked, receive: Receive, repeated: str | None) -> bytes:
        headers, language, route = asked.headers, asked.language, asked.route
        runtime = self._open()
        body = await self._read(receive, headers, route.body_bytes_max, language)
        if repeated is not None:
            raise ProblemAnswer(call_problem("header_repeated", language, {"header": repeated}))
        call = _admitted(asked, body)
        caller = call.caller
        refusal = enter(caller)
        if refusal is not None:
            raise ProblemAnswer(refusal_problem(refusal, language))
        try:
            if caller.actor.permissions.isdisjoint(route.permissions):
                raise ProblemAnswer(outcome_problem(DENIED, language))
            check_content_type(headers[calls.CONTENT_TYPE], language)
            message = decoded(route, body, language)
            if route.keyed:
                call.key = _request_key(route, headers, message, language)
            refusal = code_attempts_refusal(source=call.source, caller=caller)
            if refusal is not None:
                raise ProblemAnswer(refusal_problem(refusal, language))
            return await runtime.handlers[route.name](call, message)
        finally:
            leave(caller)
            runtime.keep_warm()


def _answer_rest(
    scope: Scope, language: Language, found: tuple[Route, str] | None
) -> tuple[int, bytes]:
    """The catalogue of problems, and whatever is none of our requests."""
    method, path = scope["method"], scope["path"]
    if path.startswith(BASE + "problems") and method in ("GET", "HEAD"):
        answer = catalogue_answer(path, language)
        if answer is not None:
            return 200, answer
    elif found is not None or path == BASE + "problems":
        allowed = found[0].methods if found is not None else "GET, HEAD"
        raise ProblemAnswer(call_problem("method_not_allowed", language, {"allowed": allowed}))
    raise ProblemAnswer(call_problem("route_unknown", language))


def _admitted(asked: Asked, body: bytes) -> Call:
    """The call of an authenticated caller who may call now; the limit's headers are noted."""
    scope, headers, language = asked.scope, asked.headers, asked.language
    client = scope.get("client")
    source = source_of(client[0] if client else "", headers[calls.FORWARDED_FOR])
    query: bytes = scope.get("query_string", b"")
    caller = authenticate(
        authorization=headers[calls.AUTHORIZATION],
        source=source,
        method="POST",
        path=f"{scope['path']}?{query.decode('latin-1')}" if query else scope["path"],
        body=body,
        signature=headers[calls.SIGNATURE],
        idempotency_key=headers[calls.REQUEST_KEY],
    )
    if isinstance(caller, CallRefusal):
        raise ProblemAnswer(refusal_problem(caller, language))
    verdict = admit(caller, lane=GATEWAY, source=source)
    asked.more.extend(verdict.headers)
    if verdict.refusal is not None:
        raise ProblemAnswer(refusal_problem(verdict.refusal, language))
    return Call(caller, clock.now(), language, source, asked.number)


def _request_key(route: Route, headers: Headers, message: Any, language: Language) -> str:
    """The caller's name for the request, from the header or by its name in the body."""
    key = headers[calls.REQUEST_KEY]
    inside: str | None = getattr(message, route.request_no) if route.request_no else None
    if inside is not None and key is not None and inside != key:
        data = {"field": route.request_no}
        raise ProblemAnswer(call_problem("idempotency_key_invalid", language, {**data}))
    key = key if inside is None else inside
    if key is None:
        raise ProblemAnswer(call_problem("idempotency_key_missing", language))
    return check_request_key(key, language)


def _problem_of(error: Exception, language: Language) -> Problem:
    if isinstance(error, KaquanError):
        return error_problem(error, language)
    if isinstance(error, QueueFullError | TooManyReadingsError):
        return outcome_problem(BUSY, language)
    if isinstance(error, DatabaseAwayError):
        return outcome_problem(UNAVAILABLE, language)
    log.error("a request failed", exc_info=error)
    return call_problem("internal_error", language)


async def _send_problem(send: Send, problem: Problem, more: RawHeaders) -> None:
    headers = [(name.encode(), value.encode()) for name, value in problem.headers()]
    headers += (JSON_HEADERS[1], JSON_HEADERS[2], *more)
    allowed = problem.data.get("allowed")
    if problem.status == 405 and isinstance(allowed, str):
        headers.append((b"allow", allowed.encode()))
    await _send(send, problem.status, problem.encoded(), headers)


async def _send(send: Send, status: int, body: bytes, headers: RawHeaders) -> None:
    if status != 204:
        headers.append((b"content-length", b"%d" % len(body)))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def beside(gateway: Application, django: Application) -> Application:
    """One application of two: hot requests go to the gateway, all others to Django."""

    async def dispatch(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and is_hot(scope["method"], scope["path"]):
            await gateway(scope, receive, send)
        else:
            await django(scope, receive, send)

    return dispatch
