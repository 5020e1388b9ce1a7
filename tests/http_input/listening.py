"""A server that is listened to: what it answers byte for byte, and what it writes into its log."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import pytest

from kaquan.foundation.configuration import Configuration
from tests.api.calling import EVERYTHING
from tests.gateway.site import Caller, Server, Site, a_request_key, start_site

ANSWER_S = 20.0
SLOW_ANSWER_S = 60.0
Header = tuple[str, str | bytes]


@dataclass(frozen=True)
class Heard:
    """What came back: a whole answer, or None for the status where the server hung up."""

    status: int | None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def code(self) -> str:
        """The code of a problem document; it is checked to be one."""
        assert self.headers.get("content-type") == "application/problem+json", self
        document = json.loads(self.body)
        assert document["status"] == self.status, self
        assert document["type"] == f"/api/v1/problems/{document['code']}", self
        assert document["title"], self
        assert document["detail"], self
        return str(document["code"])


@dataclass
class ListeningSite:
    """A running server, a caller who may do everything, and all that was said.

    ``slow_bodies`` are those of which half came before all tests, and the rest never does.
    """

    site: Site
    everyone: Caller
    log: list[str]
    heard: list[Heard] = field(default_factory=list)
    slow_bodies: list[socket.socket] = field(default_factory=list)

    def send(self, payload: bytes, *, parts: Sequence[bytes] = ()) -> Heard:
        """Send these bytes on a connection of their own, and hear the first answer to them."""
        with self.connected() as sender:
            try:
                for part in (payload, *parts):
                    sender.sendall(part)
            except OSError:
                pass  # it need not read on; its answer may have been sent before
            return self.hear(sender)

    def connected(self) -> socket.socket:
        """A connection on which anything can be sent."""
        return socket.create_connection(("127.0.0.1", self.site.port), timeout=ANSWER_S)

    def half_sent(self, path: str) -> socket.socket:
        """A request whose body does not come to its end."""
        sender = self.connected()
        sender.settimeout(SLOW_ANSWER_S)
        sender.sendall(self.head("POST", path, b'{"kind":', Content_Length="100"))
        return sender

    def say(self, payload: bytes) -> Heard:
        """Send these bytes and no more, and hear what the server makes of them."""
        with self.connected() as sender:
            sender.sendall(payload)
            with suppress(OSError):  # it may have hung up
                sender.shutdown(socket.SHUT_WR)
            return self.hear(sender)

    def hear(self, sender: socket.socket) -> Heard:
        """The next answer on a connection."""
        answer = http.client.HTTPResponse(sender, method="POST")
        try:
            answer.begin()
            body = answer.read()
        except (http.client.HTTPException, ConnectionError):
            told = Heard(None)
        else:
            headers = {name.lower(): value for name, value in answer.getheaders()}
            told = Heard(answer.status, headers, body)
        self.heard.append(told)
        return told

    def ask(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        *more: Header,
        without: Sequence[str] = (),
        **headers: str,
    ) -> Heard:
        """A request that is right but for what is said: `headers` replace, `more` are added."""
        return self.send(self.head(method, path, body, *more, without=without, **headers))

    def head(
        self,
        method: str,
        path: str,
        body: bytes | None,
        *more: Header,
        without: Sequence[str] = (),
        **headers: str,
    ) -> bytes:
        """The bytes of such a request, with its body."""
        sent: dict[str, str] = {"Host": "localhost"}
        sent["Authorization"] = f"Bearer {self.everyone.api_key}"
        if body is not None:
            sent["Idempotency-Key"] = a_request_key()
            sent["Content-Type"] = "application/json"
            sent["Content-Length"] = str(len(body))
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        lines = [f"{method} {path} HTTP/1.1".encode()]
        kept = [(name, value) for name, value in sent.items() if name not in without]
        for name, value in (*kept, *more):
            text = value if isinstance(value, bytes) else value.encode("latin-1")
            lines.append(name.encode("latin-1") + b": " + text)
        return b"\r\n".join([*lines, b"", b""]) + (body or b"")


def start_listening(configuration: Configuration, patch: pytest.MonkeyPatch) -> ListeningSite:
    """Start a server with an issuer; nothing that it says from now on is lost."""
    log: list[str] = []

    def keep(server: Server) -> None:
        assert server.stderr is not None
        try:
            log.extend(server.stderr)
        except ValueError:
            return  # closed at the end

    patch.setattr("tests.gateway.site._pass_on", keep)
    site = start_site(configuration, KAQUAN_LOG_LEVEL="debug")
    return ListeningSite(site, site.caller(*EVERYTHING), log)


def json_bytes(value: Any) -> bytes:
    """As a program sends it; lone surrogates go as escapes."""
    return json.dumps(value).encode()
