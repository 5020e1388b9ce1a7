"""One delivery over HTTP: to an address that was checked, within a deadline, and no further.

The whole exchange has one deadline, however slowly the other side speaks. Redirects are not
followed; of the answer only the status counts, and little of the rest is read.
"""

from __future__ import annotations

import errno
import http.client
import io
import socket
import ssl
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from kaquan.foundation import clock
from kaquan.integrations.targets import Networks, Target, may_be_reached

TIMEOUT_S = 10.0
ERROR_CHARACTERS_MAX = 200
RETRY_AFTER_S_MAX = 3_600
USER_AGENT = "Kaquan-Webhooks/1"


class Reply(Struct, frozen=True):
    """What came back. ``status`` None: nothing did, and ``error`` says why."""

    status: int | None
    error: str = ""
    latency_ms: int = 0
    retry_after_s: int = 0

    @property
    def delivered(self) -> bool:
        """Whether the receiver took it."""
        return self.status is not None and 200 <= self.status < 300


def tls_context() -> ssl.SSLContext:
    """Certificates are checked against the host's name and the system's authorities."""
    return ssl.create_default_context()


def post(
    target: Target,
    addresses: Sequence[str],
    *,
    headers: Mapping[str, str],
    body: bytes,
    private: Networks,
    context: ssl.SSLContext,
    timeout_s: float = TIMEOUT_S,
) -> Reply:
    """Send one delivery to the first of the addresses that takes a connection."""
    began_s = clock.monotonic_s()
    deadline_s = began_s + timeout_s
    try:
        with _connected(target, addresses, private, context, deadline_s) as link:
            status, retry_after_s = _exchange(link, target, headers, body)
    except TimeoutError:
        return Reply(None, f"no answer within {timeout_s:.0f} s", _ms_since(began_s))
    except (OSError, http.client.HTTPException) as error:  # ssl.SSLError is an OSError
        return Reply(None, _told(error), _ms_since(began_s))
    error_text = "" if 200 <= status < 300 else f"HTTP {status}"
    if 300 <= status < 400:
        error_text += " (redirects are not followed)"
    return Reply(status, error_text, _ms_since(began_s), retry_after_s)


class _Link:
    """A socket that never waits beyond the deadline, in the shape that http.client wants."""

    def __init__(self, raw: socket.socket, deadline_s: float) -> None:
        self._raw = raw
        self._deadline_s = deadline_s

    def __enter__(self) -> _Link:
        return self

    def __exit__(self, *_: object) -> None:
        self._raw.close()

    def hurry(self) -> None:
        """Leave the next step no more than the time that is left."""
        left_s = self._deadline_s - clock.monotonic_s()
        if left_s <= 0:
            raise TimeoutError
        self._raw.settimeout(left_s)

    def sendall(self, data: bytes) -> None:
        self.hurry()
        self._raw.sendall(data)

    def receive_into(self, buffer: memoryview) -> int:
        self.hurry()
        return self._raw.recv_into(buffer)

    def makefile(self, *_: Any) -> io.BufferedReader:
        return io.BufferedReader(_Incoming(self))

    def close(self) -> None:
        self._raw.close()


class _Incoming(io.RawIOBase):
    """What comes in over a link, read piece by piece."""

    def __init__(self, link: _Link) -> None:
        self._link = link

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._link.receive_into(memoryview(buffer))


def _connected(
    target: Target,
    addresses: Sequence[str],
    private: Networks,
    context: ssl.SSLContext,
    deadline_s: float,
) -> _Link:
    failure: OSError = ConnectionError(errno.EADDRNOTAVAIL, "no address to connect to")
    for address in addresses:
        left_s = deadline_s - clock.monotonic_s()
        if left_s <= 0:
            raise TimeoutError
        try:
            raw = socket.create_connection((address, target.port), timeout=left_s)
        except OSError as error:
            failure = error
            continue
        try:
            if not may_be_reached(raw.getpeername()[0], private):
                raise ConnectionError(errno.EACCES, "connected to an address that is not allowed")
            if target.scheme == "https":
                raw.settimeout(max(deadline_s - clock.monotonic_s(), 0.001))
                raw = context.wrap_socket(raw, server_hostname=target.host)
        except BaseException:
            raw.close()
            raise
        return _Link(raw, deadline_s)
    raise failure


def _exchange(
    link: _Link, target: Target, headers: Mapping[str, str], body: bytes
) -> tuple[int, int]:
    """Send the request; the answer's status, and the seconds after which to come back."""
    connection = http.client.HTTPConnection(target.host, target.port)
    connection.sock = link
    connection.putrequest("POST", target.request_path, skip_host=True, skip_accept_encoding=True)
    connection.putheader("Host", target.host_header)
    connection.putheader("User-Agent", USER_AGENT)
    connection.putheader("Content-Type", "application/json")
    connection.putheader("Content-Length", str(len(body)))
    connection.putheader("Connection", "close")
    for name, value in headers.items():
        connection.putheader(name, value)
    connection.endheaders(body)
    response = connection.getresponse()
    told = response.getheader("Retry-After") or ""
    asked_s = int(told) if told.isascii() and told.isdigit() and len(told) < 9 else 0
    return response.status, min(asked_s, RETRY_AFTER_S_MAX)


def _ms_since(began_s: float) -> int:
    return round((clock.monotonic_s() - began_s) * 1000)


def _told(error: Exception) -> str:
    """What failed, short; nothing of what was sent or received is in it."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"TLS: {error.verify_message}"[:ERROR_CHARACTERS_MAX]
    if isinstance(error, http.client.HTTPException):
        return f"no HTTP answer: {type(error).__name__}"
    reason = getattr(error, "strerror", None) or type(error).__name__
    return str(reason)[:ERROR_CHARACTERS_MAX]
