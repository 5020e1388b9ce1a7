"""What both clients are told: where the server is, who calls, and how an attempt goes out."""

from __future__ import annotations

import ipaddress
import random
import secrets
import ssl
import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, TypedDict, TypeVar

import httpx

from kaquan_client import signing
from kaquan_client.events import PATH
from kaquan_client.requests import Call, Parameter, request
from kaquan_client.retrying import Answer, Failure, Patience, Step, conversation
from kaquan_client.watching import SILENCE_S, Watching

BASE = "/api/v1"
AGENT = "kaquan-client/1"
ANSWER_BYTES_MAX = 64 << 20

T = TypeVar("T")

#: The server cannot have got anything when these are raised.
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long each part of an attempt may take, in seconds."""

    connect_s: float = 3.0
    send_s: float = 10.0
    answer_s: float = 10.0
    pool_s: float = 5.0

    def within(self, left_s: float) -> httpx.Timeout:
        """The same, none longer than what is left of the whole call's time."""
        return httpx.Timeout(
            connect=min(self.connect_s, left_s),
            write=min(self.send_s, left_s),
            read=min(self.answer_s, left_s),
            pool=min(self.pool_s, left_s),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Connecting:
    """The settings of a client. ``signing_secret``: sign every request (tills). ``language`` of
    texts for people: ``zh`` or ``en``. The last three are for tests."""

    url: str
    api_key: str = field(repr=False)
    signing_secret: str | None = field(default=None, repr=False)
    language: str = "zh"
    patience: Patience = field(default_factory=Patience)
    timeouts: Timeouts = field(default_factory=Timeouts)
    allow_http: bool = False
    monotonic_s: Callable[[], float] = time.monotonic
    now_s: Callable[[], float] = time.time
    chance: Callable[[], float] = random.random

    def __post_init__(self) -> None:
        """Refuse what would send the key in the clear, or nowhere."""
        url = httpx.URL(self.url)
        if url.scheme not in ("http", "https") or not url.host or url.query or url.fragment:
            raise ValueError(f"expected a URL such as https://kaquan.example, not {self.url!r}")
        if url.userinfo:
            raise ValueError("no name or password in the URL: the key goes into api_key")
        if url.scheme == "http" and not (self.allow_http or _is_loopback(url.host)):
            raise ValueError(
                f"{url.host} by http would show the API key to everybody on the way; use https "
                "(or allow_http=True in a network of your own)"
            )
        if not self.api_key or not all("!" <= character <= "~" for character in self.api_key):
            raise ValueError("an API key consists of visible ASCII characters")

    @property
    def base_url(self) -> str:
        """Where every path begins."""
        return self.url.rstrip("/") + BASE

    def common_headers(self) -> dict[str, str]:
        """What every request says."""
        return {
            "Authorization": f"Bearer {self.api_key}",
            "Accept-Language": "en" if self.language == "en" else "zh-CN",
            "User-Agent": AGENT,
        }

    def arguments(self, call: Call[Any], step: Step) -> dict[str, Any]:
        """How one attempt at a call goes out, for `httpx`."""
        url = httpx.URL(self.base_url + call.path)
        headers = {"Accept": "application/json"}
        if call.body:
            headers["Content-Type"] = "application/json"
        if call.key is not None:
            headers["Idempotency-Key"] = call.key
        headers |= self.signature(call.method, url, call.key, call.body)
        return {
            "method": call.method,
            "url": url,
            "content": call.body,
            "headers": headers,
            "timeout": self.timeouts.within(step.left_s),
        }

    def stream_arguments(
        self, parameters: Mapping[str, Parameter], watching: Watching
    ) -> dict[str, Any]:
        """How the event feed is asked for, for `httpx`."""
        path = request("GET", PATH, answer=Any, parameters=parameters).path
        url = httpx.URL(self.base_url + path)
        times = self.timeouts
        return {
            "method": "GET",
            "url": url,
            "headers": watching.headers() | self.signature("GET", url, None, b""),
            "timeout": httpx.Timeout(
                connect=times.connect_s, write=times.send_s, read=SILENCE_S, pool=times.pool_s
            ),
        }

    def watching(self, after: str) -> Watching:
        """The state of somebody who watches the feed."""
        return Watching(after, self.patience, self.chance)

    def signature(
        self, method: str, url: httpx.URL, key: str | None, body: bytes
    ) -> dict[str, str]:
        """The header that signs a request; none without a secret."""
        if self.signing_secret is None:
            return {}
        value = signing.sign(
            self.signing_secret,
            at_s=int(self.now_s()),
            nonce=secrets.token_hex(16),
            method=method,
            path=url.raw_path.decode("ascii"),
            key=key,
            body=body,
        )
        return {signing.HEADER: value}

    def conversation(self, call: Call[T]) -> Generator[Step, Answer | Failure, T]:
        """How a call goes on until its end."""
        return conversation(call, self.patience, monotonic_s=self.monotonic_s, chance=self.chance)


class Settings(TypedDict, total=False):
    """What a client may be told besides the address and the key; see `Connecting`."""

    signing_secret: str | None
    language: str
    patience: Patience
    timeouts: Timeouts
    allow_http: bool
    monotonic_s: Callable[[], float]
    now_s: Callable[[], float]
    chance: Callable[[], float]


class Intake:
    """A body on its way in: neither longer than we can hold, nor slower than the call's time."""

    def __init__(self, connecting: Connecting, step: Step) -> None:
        self._monotonic_s = connecting.monotonic_s
        self._deadline_s = connecting.monotonic_s() + step.left_s
        self._parts: list[bytes] = []
        self._bytes = 0

    def take(self, part: bytes) -> None:
        """Keep a part; raises an error of `httpx` where it is enough."""
        self._parts.append(part)
        self._bytes += len(part)
        if self._bytes > ANSWER_BYTES_MAX:
            raise httpx.DecodingError("the answer is too long")
        if self._monotonic_s() > self._deadline_s:
            raise httpx.ReadTimeout("the answer takes too long")

    def answer(self, response: httpx.Response) -> Answer:
        """What came back."""
        headers = {name.lower(): value for name, value in response.headers.items()}
        return Answer(response.status_code, b"".join(self._parts), headers)


@cache
def tls() -> ssl.SSLContext:
    """The certificates that are trusted: made once, it takes longer than a call."""
    return httpx.create_ssl_context()


def failure_of(error: httpx.TransportError | httpx.DecodingError) -> Failure:
    """What an attempt without an answer means."""
    return Failure(type(error).__name__, arrived=not isinstance(error, _NOT_SENT))


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"
