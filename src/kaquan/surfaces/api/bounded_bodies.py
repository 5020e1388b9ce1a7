"""No body is too long or too slow: what Django would collect first is bounded before it begins.

Django reads a whole body, however long, before any of our code sees the request, and waits for it
as long as the caller likes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from kaquan.surfaces.api.operations import UPLOAD_BYTES_MAX
from kaquan.surfaces.http.language import preferred_language
from kaquan.surfaces.http.problems import call_problem

BODY_S_MAX = 20.0

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]


class _BodyTooLargeError(Exception):
    pass


def with_bounded_bodies(application: Application, *, body_s_max: float = BODY_S_MAX) -> Application:
    """The application, called only once a body of bounded length has come in bounded time."""

    async def bounded(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await application(scope, receive, send)
            return
        try:
            if _length_told(scope) > UPLOAD_BYTES_MAX:
                raise _BodyTooLargeError
            async with asyncio.timeout(body_s_max):
                messages = await _collected(receive)
        except _BodyTooLargeError:
            await _refuse(scope, send, "body_too_large")
            return
        except TimeoutError:
            await _refuse(scope, send, "body_too_slow")
            return

        async def receive_again() -> Message:
            return messages.pop(0) if messages else await receive()

        await application(scope, receive_again, send)

    return bounded


def _length_told(scope: Scope) -> int:
    told: bytes = dict(scope["headers"]).get(b"content-length", b"")
    return int(told[:20]) if told.isdigit() else 0


async def _collected(receive: Receive) -> list[Message]:
    """The body in one message, or word that the caller has left."""
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return [message]
        body += message.get("body", b"")
        if len(body) > UPLOAD_BYTES_MAX:
            raise _BodyTooLargeError
        if not message.get("more_body", False):
            return [{"type": "http.request", "body": bytes(body), "more_body": False}]


async def _refuse(scope: Scope, send: Send, code: str) -> None:
    accepted = dict(scope["headers"]).get(b"accept-language", b"").decode("latin-1")
    problem = call_problem(code, preferred_language(accepted))
    headers = [(name.encode(), value.encode()) for name, value in problem.headers()]
    # The rest of the body is not read, so the connection cannot serve another request.
    headers.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": problem.status, "headers": headers})
    await send({"type": "http.response.body", "body": problem.encoded()})
