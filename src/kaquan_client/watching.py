"""Watching the event feed: a stream that is taken up again where it broke; no I/O in here.

A stream ends for many reasons; `Watching` remembers the position after the last event that was
handed out, so that the next connection neither misses nor repeats one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import httpx
import msgspec
from msgspec import Struct, structs

from kaquan_client.decoding import decode
from kaquan_client.errors import Refused, Unreachable
from kaquan_client.events import Event
from kaquan_client.retrying import Answer, Failure, Patience, is_passing, problem_of

SILENCE_S = 45.0  # the server says something every 15 seconds
LAST_EVENT_ID = "Last-Event-ID"
MESSAGE_BYTES_MAX = 1 << 20
_LINE_END = re.compile(rb"\r\n|\n|\r")


class Message(Struct, frozen=True):
    """One message of a stream of server-sent events."""

    id: str
    event: str
    data: str


class MessageReader:
    """Makes messages of a stream's bytes, as the HTML standard says; lines end in LF, CR or both,
    and in nothing else that Unicode calls a line's end."""

    def __init__(self) -> None:
        self.retry_s: float | None = None
        self.is_alive = False  # something came that is sent again and again
        self.last_id = ""
        self._rest = b""
        self._id = ""
        self._event = ""
        self._data: list[str] = []

    def feed(self, part: bytes) -> Iterator[Message]:
        """Take some bytes; the messages that they complete."""
        text = self._rest + part
        end = b""
        if text.endswith(b"\r"):  # perhaps the first half of CR LF
            text, end = text[:-1], b"\r"
        *lines, rest = _LINE_END.split(text)
        self._rest = rest + end
        if len(self._rest) > MESSAGE_BYTES_MAX:
            raise httpx.DecodingError("a line of the stream is too long")
        for line in lines:
            message = self._line(line.decode("utf-8", "replace"))
            if message is not None:
                yield message

    def _line(self, line: str) -> Message | None:
        if not line:
            return self._dispatch()
        if line.startswith(":"):
            self.is_alive = True
            return None
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "data":
            self._data.append(value)
        elif name == "event":
            self._event = value
        elif name == "id" and "\0" not in value:
            self._id = value
        elif name == "retry" and value.isascii() and value.isdigit():
            self.retry_s = int(value[:9]) * 0.001
        return None

    def _dispatch(self) -> Message | None:
        data, event = self._data, self._event
        self._data, self._event, self.last_id = [], "", self._id  # also without an event
        return Message(self._id, event or "message", "\n".join(data)) if data else None


class Watching:
    """A feed being watched: where it stands, and when it is given up."""

    def __init__(self, after: str, patience: Patience, chance: Callable[[], float]) -> None:
        self.position = after
        self._patience = patience
        self._chance = chance
        self._failures = 0
        self._reader = MessageReader()

    def headers(self) -> dict[str, str]:
        """How to ask for what comes after the last event."""
        self._reader = MessageReader()
        headers = {"Accept": "text/event-stream", "Cache-Control": "no-store"}
        return {**headers, LAST_EVENT_ID: self.position} if self.position else headers

    def events(self, part: bytes) -> Iterator[Event]:
        """The events that some bytes of the stream complete."""
        for message in self._reader.feed(part):
            try:
                event = decode(message.data, Event)
            except msgspec.MsgspecError as error:
                raise Unreachable(f"not an event: {error}", tries=1) from None
            self.position = message.id or self.position
            self._failures = 0
            yield structs.replace(event, position=self.position)
        self.position = self._reader.last_id or self.position  # past what was for others

    def refused(self, answer: Answer) -> float:
        """How long to wait after an answer that is no stream; raises what ends the watching."""
        problem = problem_of(answer)
        if not is_passing(answer, problem):
            raise problem.refused()
        return self.broken(
            Failure(f"{answer.status} {problem.code}", arrived=True), problem.refused()
        )

    def broken(self, failure: Failure, refused: Refused | None = None) -> float:
        """How long to wait after the stream broke; raises when that happened too often in a row."""
        self._failures = 1 if self._reader.is_alive else self._failures + 1
        if self._failures >= self._patience.tries_max:
            raise refused or Unreachable(failure.reason, tries=self._failures)
        return (self._reader.retry_s or 0.0) + self._patience.wait_s(self._failures, self._chance())

    def ended(self) -> float:
        """How long to wait after the server ended the stream in order, as when it restarts."""
        return self.broken(Failure("the stream ended", arrived=True))
