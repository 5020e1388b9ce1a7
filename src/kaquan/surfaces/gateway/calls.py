"""One call: its headers, its body within bounds of size and time, and who makes it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from datetime import datetime
from typing import Any, Final

from kaquan.access.callers import Caller
from kaquan.engine.outcome_details import Language
from kaquan.foundation import clock
from kaquan.surfaces.gateway.answers import ProblemAnswer
from kaquan.surfaces.http.problems import call_problem

BODY_BYTES_MAX: Final = 256 * 1024
BODY_BYTES_MAX_BATCH: Final = 4 * 1024 * 1024
BODY_TIME_S: Final = 10.0
SWEEP_S: Final = 1.0
KEY_LENGTH_MAX: Final = 255

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

#: Which headers we read, and where `headers_of` puts them.
(AUTHORIZATION, REQUEST_KEY, CONTENT_TYPE, LANGUAGE, LENGTH, FORWARDED_FOR, SIGNATURE) = range(7)
_PLACES: Final = {
    b"authorization": AUTHORIZATION,
    b"idempotency-key": REQUEST_KEY,
    b"content-type": CONTENT_TYPE,
    b"accept-language": LANGUAGE,
    b"content-length": LENGTH,
    b"x-forwarded-for": FORWARDED_FOR,
    b"kaquan-signature": SIGNATURE,
}
_LISTS: Final = frozenset({LANGUAGE, FORWARDED_FOR})
_PLAIN_JSON: Final = frozenset({"application/json", "application/json; charset=utf-8"})

Headers = list[str | None]


class Call:
    """What a handler knows of a call: who, when, in which language, under which request key."""

    __slots__ = ("at", "caller", "key", "language", "number", "source")

    def __init__(
        self, caller: Caller, at: datetime, language: Language, source: str, number: str = ""
    ) -> None:
        self.caller = caller
        self.at = at
        self.language = language
        self.source = source
        self.key = ""
        self.number = number  # of the redemption or hold in the path


class ClientGoneError(Exception):
    """The caller hung up before its request was complete: nobody is left to answer."""


def headers_of(pairs: Iterable[tuple[bytes, bytes]]) -> tuple[Headers, str | None]:
    """The headers that we read, by place, and the name of one that must not be repeated and is."""
    found: Headers = [None] * len(_PLACES)
    repeated: str | None = None
    for name, value in pairs:
        place = _PLACES.get(name)
        if place is None:
            continue
        text = value.decode("latin-1")
        before = found[place]
        if before is not None:
            if place not in _LISTS:
                repeated = name.decode("ascii")
            text = f"{before},{text}"
        found[place] = text
    return found, repeated


def check_content_type(content_type: str | None, language: Language) -> None:
    """Insist on JSON in UTF-8."""
    if content_type in _PLAIN_JSON:
        return
    media, _, parameters = (content_type or "").lower().partition(";")
    charset = parameters.replace('"', "").replace(" ", "")
    if media.strip() != "application/json" or charset not in ("", "charset=utf-8"):
        raise ProblemAnswer(call_problem("content_type_unsupported", language))


def check_request_key(key: str, language: Language) -> str:
    """Insist on 1 to 255 visible ASCII characters."""
    if not (key.isascii() and key.isprintable() and 0 < len(key) <= KEY_LENGTH_MAX) or " " in key:
        raise ProblemAnswer(call_problem("idempotency_key_invalid", language))
    return key


class BodyReader:
    """Reads bodies within a size and a total time, so that a slow one cannot hold anything up."""

    def __init__(self, *, time_s: float = BODY_TIME_S) -> None:
        self._time_s = time_s
        self._reading: dict[asyncio.Task[Any], float] = {}

    async def read(
        self, receive: Receive, length: str | None, longest: int, language: Language
    ) -> bytes:
        """The whole body; raises `ClientGoneError`, or the problem of a body that is too much."""
        if length is not None and length.isdecimal() and int(length[:20]) > longest:
            raise ProblemAnswer(_too_large(longest, language))
        task = asyncio.current_task()
        assert task is not None
        self._reading[task] = clock.monotonic_s()
        try:
            return await _read_all(receive, longest, language)
        except asyncio.CancelledError as error:
            if error.args != (_TOO_SLOW,):
                raise
            task.uncancel()
            raise ProblemAnswer(call_problem("body_too_slow", language)) from None
        finally:
            del self._reading[task]

    def sweep(self) -> None:
        """End what takes too long; called about once a second.

        One sweep for all costs a call far less than a timer of its own would.
        """
        oldest_s = clock.monotonic_s() - self._time_s
        for task, began_s in list(self._reading.items()):
            if began_s < oldest_s:
                task.cancel(_TOO_SLOW)


_TOO_SLOW: Final = "the body takes too long"


async def _read_all(receive: Receive, longest: int, language: Language) -> bytes:
    message = await receive()
    if message["type"] == "http.disconnect":
        raise ClientGoneError
    body: bytes = message.get("body", b"")
    if not message.get("more_body"):
        if len(body) > longest:
            raise ProblemAnswer(_too_large(longest, language))
        return body
    parts, size = [body], len(body)
    while message.get("more_body"):
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGoneError
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > longest:
            raise ProblemAnswer(_too_large(longest, language))
    return b"".join(parts)


def _too_large(longest: int, language: Language) -> Any:
    return call_problem("body_too_large", language, {"bytes_most": longest})
