"""A server on loopback that does what a test says, and tells what it was asked."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast


@dataclass(frozen=True)
class Reply:
    """One answer; ``length`` promises more bytes than come when the connection is to break."""

    status: int = 200
    body: bytes = b"{}"
    headers: tuple[tuple[str, str], ...] = (("content-type", "application/json"),)
    length: int | None = None


class Drop:
    """The connection ends without an answer."""


class Silence:
    """No answer comes while the test runs."""


@dataclass(frozen=True)
class Asked:
    """A request that arrived. Header names are lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body's value."""
        return json.loads(self.body)


@dataclass
class Script:
    """What the server does with one request after the other, and what it was asked."""

    url: str = ""
    replies: list[Reply | Drop | Silence] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    def will(self, *replies: Reply | Drop | Silence) -> None:
        """Do these next."""
        self.replies += replies

    @property
    def keys(self) -> list[str | None]:
        """The Idempotency-Key of each request."""
        return [one.headers.get("idempotency-key") for one in self.asked]


def answer(value: object, status: int = 200, **headers: str) -> Reply:
    """A JSON answer."""
    named = [(name.replace("_", "-"), text) for name, text in headers.items()]
    return Reply(status, json.dumps(value).encode(), (("content-type", "application/json"), *named))


def problem(status: int, code: str, *, retryable: bool = False, **headers: str) -> Reply:
    """A problem document as the server writes it."""
    value = {
        "type": f"/api/v1/problems/{code}",
        "title": "标题",
        "status": status,
        "detail": "整句说明。",
        "code": code,
        "retryable": retryable,
        "remedy": "还差 ¥8.00",
        "data": {"shortfall_fen": 800},
    }
    return answer(value, status, **headers)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def _handle(self) -> None:
        script = cast("_Server", self.server).script
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        script.asked.append(Asked(self.command, self.path, headers, body))
        reply = script.replies.pop(0)
        if isinstance(reply, Silence):
            script.over.wait(30)
        if not isinstance(reply, Reply):
            self.close_connection = True
            return
        self.send_response_only(reply.status)
        for name, value in reply.headers:
            self.send_header(name, value)
        length = len(reply.body) if reply.length is None else reply.length
        self.send_header("content-length", str(length))
        self.end_headers()
        self.wfile.write(reply.body)
        self.close_connection = length != len(reply.body)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _handle  # noqa: N815  # the library's names

    def log_message(self, format: str, *arguments: Any) -> None:
        """Say nothing."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    script: Script


@contextmanager
def scripted_server() -> Iterator[Script]:
    """A running server; it ends with the block."""
    script = Script()
    with _Server(("127.0.0.1", 0), _Handler) as server:
        server.script = script
        script.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield script
        finally:
            script.over.set()
            server.shutdown()
            thread.join()
