"""When a call is tried again, and what is said when it is given up; no I/O in here.

`conversation` talks with whoever sends: it says how long to wait and how long an attempt may take,
is told what came of it, and ends with the answer or an error. Only what may be retried is: no
connection, no answer, a server that is busy. A refusal is an answer and is never asked for twice.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import TypeVar

import msgspec

from kaquan_client.answers import Problem
from kaquan_client.decoding import decode
from kaquan_client.errors import Unknown, Unreachable
from kaquan_client.requests import Call

T = TypeVar("T")

_BUSY_STATUSES = frozenset({429, 502, 503, 504})
_BUSY_CODES = frozenset({"request_in_progress"})
#: Said before anybody looks at the request, so they tell nothing about an earlier attempt at it.
_SAYS_NOTHING = frozenset({401, 403, 408, 413, 415, 429})
_NOT_BEGUN_CODES = frozenset({"busy", "rate_limited"})


@dataclass(frozen=True, slots=True)
class Patience:
    """How often and how long a call is tried. Waits double from the first, and vary by chance."""

    tries_max: int = 5
    total_s: float = 30.0
    first_wait_s: float = 0.1
    wait_s_max: float = 5.0

    def wait_s(self, tries: int, chance: float) -> float:
        """How long to wait after so many tries; ``chance`` is from 0 to 1."""
        longest_s = min(self.wait_s_max, self.first_wait_s * 2.0 ** (tries - 1))
        return longest_s * (0.5 + 0.5 * chance)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. Header names are lower case."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Failure:
    """Nothing came back; ``arrived`` unless the request certainly never reached the server."""

    reason: str
    arrived: bool


@dataclass(frozen=True, slots=True)
class Step:
    """What to do next: wait, then send and wait for an answer no longer than ``left_s``."""

    wait_s: float
    left_s: float


def conversation(
    call: Call[T],
    patience: Patience,
    *,
    monotonic_s: Callable[[], float],
    chance: Callable[[], float],
) -> Generator[Step, Answer | Failure, T]:
    """Try a call as often as makes sense; returns its answer.

    Raises `Refused`, `Unknown` where a change may have taken effect, else `Unreachable`.
    """
    started_s = monotonic_s()
    tries, wait_s, arrived = 0, 0.0, False
    while True:
        left_s = max(0.001, patience.total_s - (monotonic_s() - started_s) - wait_s)
        got = yield Step(wait_s, left_s)
        tries += 1
        problem = None
        if isinstance(got, Answer):
            problem = None if got.status < 300 else problem_of(got)
            if problem is None or not is_passing(got, problem):
                return _conclude(call, got, problem, tries=tries, arrived=arrived)
            arrived = arrived or problem.code not in _NOT_BEGUN_CODES
        else:
            arrived = arrived or got.arrived
        asked_s = _asked_s(got)
        wait_s = asked_s + patience.wait_s(tries, chance())
        over_s = monotonic_s() - started_s + wait_s
        if tries >= patience.tries_max or over_s >= patience.total_s:
            raise _given_up(call, got, problem, tries=tries, arrived=arrived)


def problem_of(answer: Answer) -> Problem:
    """The problem document of an answer; one made up from the status where it has none."""
    try:
        problem = decode(answer.body, Problem)
        return msgspec.structs.replace(problem, status=answer.status)
    except msgspec.MsgspecError:
        known = answer.status in set(HTTPStatus)
        phrase = HTTPStatus(answer.status).phrase if known else "not an answer of Kaquan's"
        return Problem(code=f"http_{answer.status}", detail=phrase, status=answer.status)


def is_passing(answer: Answer, problem: Problem) -> bool:
    """Whether the same request may well be answered in a moment."""
    return answer.status in _BUSY_STATUSES or problem.code in _BUSY_CODES


def _conclude(
    call: Call[T], answer: Answer, problem: Problem | None, *, tries: int, arrived: bool
) -> T:
    if problem is None:
        try:
            return call.read(answer.body)
        except msgspec.MsgspecError as error:
            # Somebody else answered, perhaps a proxy's own page: that says nothing about us.
            reason = f"status {answer.status}, but not an answer of Kaquan's: {error}"
            raise _no_answer(call, reason, tries=tries, arrived=True) from None
    says_nothing = answer.status >= 500 or (arrived and answer.status in _SAYS_NOTHING)
    if call.changes and says_nothing:
        raise _no_answer(call, f"{answer.status} {problem.code}", tries=tries, arrived=True)
    raise problem.refused(key=call.key)


def _given_up(
    call: Call[T], got: Answer | Failure, problem: Problem | None, *, tries: int, arrived: bool
) -> Exception:
    if isinstance(got, Failure):
        return _no_answer(call, got.reason, tries=tries, arrived=arrived)
    assert problem is not None
    if call.changes and arrived:
        return _no_answer(call, f"{got.status} {problem.code}", tries=tries, arrived=True)
    return problem.refused(key=call.key, retry_after_s=_asked_s(got) or None)


def _no_answer(call: Call[T], reason: str, *, tries: int, arrived: bool) -> Exception:
    if call.changes and arrived:
        assert call.key is not None
        return Unknown(call.key, reason, tries=tries)
    return Unreachable(reason, tries=tries, key=call.key)


def _asked_s(got: Answer | Failure) -> float:
    """How long the server asks us to wait: seconds, or a moment counted from its own clock."""
    if isinstance(got, Failure):
        return 0.0
    text = got.headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        until, sent = parsedate_to_datetime(text), parsedate_to_datetime(got.headers["date"])
        return max(0.0, (until - sent).total_seconds())
    except (KeyError, TypeError, ValueError):
        return 0.0
