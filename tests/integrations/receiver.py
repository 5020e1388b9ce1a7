"""A receiver of webhooks on this machine: keeps what it is sent, answers what it is told to."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_network
from typing import Any

LOOPBACK = (ip_network("127.0.0.0/8"),)


@dataclass(frozen=True)
class Received:
    """One request as it came."""

    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def document(self) -> dict[str, Any]:
        """The event."""
        found: dict[str, Any] = json.loads(self.body)
        return found

    @property
    def event_id(self) -> str:
        """By which the receiver knows an event that comes again."""
        return self.headers["webhook-id"]


class Receiver:
    """``answers`` says the status for each request; 200 unless told otherwise."""

    def __init__(self, server: ThreadingHTTPServer, scheme: str) -> None:
        self.port = server.server_address[1]
        self.url = f"{scheme}://127.0.0.1:{self.port}/hook"
        self.received: list[Received] = []
        self.answers: Callable[[Received], int] = lambda _: 200
        self.headers: dict[str, str] = {}
        self._lock = threading.Lock()

    def take(self, received: Received) -> int:
        """Keep a request; the status to answer."""
        with self._lock:
            self.received.append(received)
            return self.answers(received)

    @property
    def documents(self) -> list[dict[str, Any]]:
        """All events that came, in order."""
        return [one.document for one in self.received]


@contextmanager
def receiving(context: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    """A receiver that lives as long as the block."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:  # the name that http.server calls
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            status = receiver.take(Received(self.path, headers, body))
            self.send_response(status)
            for name, value in receiver.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    receiver = Receiver(server, "http" if context is None else "https")
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def is_signed(received: Received, secret: str, *, index: int = 0) -> bool:
    """Whether a signature is that of a secret; written from the specification, not from ours."""
    key = base64.b64decode(secret.split("_", 1)[1])
    head = f"{received.headers['webhook-id']}.{received.headers['webhook-timestamp']}."
    digest = hmac.new(key, head.encode() + received.body, hashlib.sha256).digest()
    version, _, given = received.headers["webhook-signature"].split(" ")[index].partition(",")
    return version == "v1" and base64.b64decode(given) == digest
