"""Django as an ASGI application that closes what it opened, also where a request is cut off."""

from __future__ import annotations

from contextvars import ContextVar
from typing import IO, Any

from django.core.handlers.asgi import ASGIHandler

_bodies: ContextVar[list[IO[bytes]]] = ContextVar("bodies")


class DjangoApplication(ASGIHandler):
    """Django's own, which leaves the file with a request's body to the garbage collector where the
    server cancels the request: at its end, or when a connection breaks in the wrong moment.

    To be made once Django is set up.
    """

    async def handle(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one request."""
        bodies: list[IO[bytes]] = []
        mark = _bodies.set(bodies)
        try:
            await super().handle(scope, receive, send)
        finally:
            _bodies.reset(mark)
            for body in bodies:
                body.close()

    async def read_body(self, receive: Any) -> IO[bytes]:
        """The body of one request."""
        body = await super().read_body(receive)
        _bodies.get().append(body)
        return body
