"""One address for live and test keys: calls with a test key go on to the sandbox's own server.

The way there is a socket that this user alone can open, so what the front says of a caller's
address is believed there, and nothing that a caller says of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, MutableMapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kaquan.access.sources import source_of
from kaquan.foundation.configuration import Configuration
from kaquan.foundation.postgres.sandbox import sandbox_home, sandbox_socket
from kaquan.surfaces.http.language import preferred_language
from kaquan.surfaces.http.problems import call_problem

if TYPE_CHECKING:
    import httpx

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[..., Awaitable[None]]  # of a scope, a receive and a send
Headers = list[tuple[bytes, bytes]]

TEST_KEY = b"bearer kq_test_"
SOURCE = b"kaquan-source"
CONNECT_S = 2.0
BODY_S = 30.0
CONNECTIONS_MAX = 200
#: RFC 9110, 7.6.1: these are about one connection, not about what goes over it.
HOP_BY_HOP = frozenset(
    {
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    }
)


class BodyTooSlowError(Exception):
    """The caller took too long to send a body."""


def with_sandbox(application: Application, configuration: Configuration) -> Application:
    """The application, with calls of test keys going to the sandbox; in a sandbox, the application
    with callers' addresses as the front tells them."""
    if configuration.mode == "test":
        return _behind_front(application)
    forward = (
        Forwarding(sandbox_socket(sandbox_home(configuration))) if configuration.sandbox else None
    )

    async def front(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            for name, value in scope["headers"]:
                if name == b"authorization" and value[:15].lower() == TEST_KEY:
                    if forward is None:
                        await _refuse("sandbox_not_running", scope, send)
                    else:
                        await forward(scope, receive, send)
                    return
        await application(scope, receive, send)

    return front


def _behind_front(application: Application) -> Application:
    async def behind(scope: Scope, receive: Receive, send: Send) -> None:
        # A connection over the socket has no address; over the network nobody is believed.
        if scope["type"] == "http" and scope["client"] and not scope["client"][0]:
            headers = list(scope["headers"])
            told = [value for name, value in headers if name == SOURCE]
            kept = [(name, value) for name, value in headers if name != SOURCE]
            source = told[0].decode("latin-1") if len(told) == 1 else ""
            scope = {**scope, "client": (source, 0), "headers": kept}
        await application(scope, receive, send)

    return behind


class Forwarding:
    """Hands calls to the sandbox's server, bodies streamed both ways."""

    def __init__(self, socket: Path) -> None:
        self._socket = socket
        self._transport: httpx.AsyncHTTPTransport | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as the sandbox does; with a problem document when it cannot be asked."""
        import httpx  # noqa: PLC0415  # most installations have no sandbox

        started = asyncio.Event()
        try:
            await self._forward(scope, receive, send, started)
        except BodyTooSlowError:
            await _refuse("body_too_slow", scope, send)
        except (httpx.HTTPError, OSError):
            if started.is_set():
                raise  # half an answer cannot be taken back; the connection ends
            await _refuse("sandbox_unavailable", scope, send)

    async def _forward(
        self, scope: Scope, receive: Receive, send: Send, started: asyncio.Event
    ) -> None:
        import httpx  # noqa: PLC0415  # see above

        # The transport alone: a client would add headers, keep cookies and follow redirects.
        transport = self._transport or self._open()
        body_read = asyncio.Event()
        request = httpx.Request(
            scope["method"],
            "http://sandbox" + _target(scope),
            headers=_onward(scope),
            content=_body(receive, body_read) if _has_body(scope) else None,
            extensions={"timeout": {"connect": CONNECT_S, "pool": CONNECT_S}},
        )
        if not _has_body(scope):
            body_read.set()
        response = await transport.handle_async_request(request)
        try:
            headers = _without_hops((name.lower(), value) for name, value in response.headers.raw)
            await send(
                {
                    "type": "http.response.start",
                    "status": response.status_code,
                    "headers": headers,
                }
            )
            started.set()
            gone = asyncio.create_task(_gone(receive, body_read))
            try:
                await _pass_on(response.aiter_raw(), gone, send)
            finally:
                gone.cancel()
        finally:
            await response.aclose()

    def _open(self) -> httpx.AsyncHTTPTransport:
        import httpx  # noqa: PLC0415  # see above

        self._transport = httpx.AsyncHTTPTransport(
            uds=str(self._socket),
            limits=httpx.Limits(max_connections=CONNECTIONS_MAX, max_keepalive_connections=20),
            trust_env=False,
        )
        return self._transport


async def _pass_on(parts: AsyncIterator[bytes], gone: asyncio.Task[None], send: Send) -> None:
    """Send the answer as it comes, as long as somebody is there."""
    while True:
        next_part = asyncio.ensure_future(anext(parts, None))
        await asyncio.wait([next_part, gone], return_when=asyncio.FIRST_COMPLETED)
        if not next_part.done():
            next_part.cancel()
            with suppress(asyncio.CancelledError):
                await next_part
            return
        part = next_part.result()
        await send(
            {"type": "http.response.body", "body": part or b"", "more_body": part is not None}
        )
        if part is None:
            return


async def _body(receive: Receive, body_read: asyncio.Event) -> AsyncIterator[bytes]:
    try:
        async with asyncio.timeout(BODY_S):
            while True:
                message = await receive()
                if message["type"] != "http.request":
                    raise ConnectionResetError("the caller went away")
                if part := message.get("body", b""):
                    yield part
                if not message.get("more_body", False):
                    body_read.set()
                    return
    except TimeoutError:
        raise BodyTooSlowError from None


async def _gone(receive: Receive, body_read: asyncio.Event) -> None:
    """Returns when the caller has gone away; never before its body was read."""
    await body_read.wait()
    while (await receive())["type"] != "http.disconnect":
        pass


def _has_body(scope: Scope) -> bool:
    names = {name for name, _ in scope["headers"]}
    return bool(names & {b"content-length", b"transfer-encoding"}) or scope["http_version"] == "2"


def _onward(scope: Scope) -> Headers:
    headers = list(scope["headers"])
    forwarded = b",".join(value for name, value in headers if name == b"x-forwarded-for")
    peer_ip = scope["client"][0] if scope["client"] else ""
    source = source_of(peer_ip, forwarded.decode("latin-1") or None)
    kept = [
        (name, value)
        for name, value in _without_hops(headers)
        if name not in (SOURCE, b"x-forwarded-for")
    ]
    return [*kept, (SOURCE, source.encode("latin-1"))]


def _without_hops(headers: Iterable[tuple[bytes, bytes]]) -> Headers:
    """The headers that go on: not those about the connection, nor those that it names so."""
    pairs = list(headers)
    named = {
        one.strip().lower()
        for name, value in pairs
        if name == b"connection"
        for one in value.split(b",")
    }
    return [(name, value) for name, value in pairs if name not in HOP_BY_HOP | named]


def _target(scope: Scope) -> str:
    path = scope.get("raw_path") or scope["path"].encode()
    query = scope["query_string"]
    return (path + (b"?" + query if query else b"")).decode("latin-1")


async def _refuse(code: str, scope: Scope, send: Send) -> None:
    accepted = b",".join(value for name, value in scope["headers"] if name == b"accept-language")
    problem = call_problem(code, preferred_language(accepted.decode("latin-1")))
    body = problem.encoded()
    headers = [*problem.headers(), ("content-length", str(len(body)))]
    await send(
        {
            "type": "http.response.start",
            "status": problem.status,
            "headers": [(name.encode(), value.encode()) for name, value in headers],
        }
    )
    await send({"type": "http.response.body", "body": body})
