"""What has failed in the last minute, and how often: counted here, summed with other processes.

Counts stand by minutes of the clock that processes share. "Recent" is this minute's count and the
part of the last minute's that still lies within sixty seconds.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Final, NamedTuple

from kaquan.foundation import clock

SOURCE: Final = "source"
NETWORK: Final = "network"
KEY: Final = "key"
ALL: Final = "all"
BAD_KEY_SOURCE: Final = "bad_key_source"
BAD_KEY_NETWORK: Final = "bad_key_network"
BAD_KEY_ALL: Final = "bad_key_all"
MINUTE_S: Final = 60
SUBJECTS_MAX: Final = 50_000
_ALWAYS_COUNTED: Final = (ALL, BAD_KEY_ALL, KEY)


class Subject(NamedTuple):
    """What failures are counted against: an address, a network, a key, or everybody ("")."""

    scope: str
    name: str


Minute = dict[Subject, int]


class FailureCounts:
    """Failures by minute and subject; safe for threads."""

    def __init__(self, unix_s: Callable[[], float] = clock.unix_s) -> None:
        self._unix_s = unix_s
        self._lock = threading.Lock()
        self._minute = 0
        self._totals: tuple[Minute, Minute] = ({}, {})  # this minute's and the last one's
        self._pending: dict[int, Minute] = {}

    def add(self, subjects: Iterable[Subject], weight: int = 1) -> None:
        """One more failure of each subject."""
        with self._lock:
            totals, _ = self._turned()
            pending = self._pending.setdefault(self._minute, {})
            for subject in subjects:
                # A flood of addresses makes no flood of memory: beyond the bound an address that
                # is new counts for its network and for all.
                if (
                    subject in totals
                    or len(totals) < SUBJECTS_MAX
                    or subject.scope in _ALWAYS_COUNTED
                ):
                    totals[subject] = totals.get(subject, 0) + weight
                    pending[subject] = pending.get(subject, 0) + weight

    def recent(self, subject: Subject) -> int:
        """How often the subject failed in the last sixty seconds, as nearly as minutes tell."""
        with self._lock:
            this, last = self._turned()
            left_s = MINUTE_S - self._unix_s() % MINUTE_S
            return this.get(subject, 0) + int(last.get(subject, 0) * left_s / MINUTE_S)

    def subjects(self, scope: str) -> list[str]:
        """The names of this and the last minute's subjects of one scope."""
        with self._lock:
            this, last = self._turned()
            return [subject.name for subject in {**this, **last} if subject.scope == scope]

    def take_pending(self) -> dict[int, Minute]:
        """What was counted here since the last time, by minute; the caller passes it on."""
        with self._lock:
            pending, self._pending = self._pending, {}
            return pending

    def put_back(self, pending: Mapping[int, Minute]) -> None:
        """Undo `take_pending`, for a caller that could not pass it on."""
        with self._lock:
            for minute, counts in pending.items():
                mine = self._pending.setdefault(minute, {})
                for subject, count in counts.items():
                    mine[subject] = mine.get(subject, 0) + count

    def learn(self, totals: Mapping[int, Minute]) -> None:
        """Take over the sums of all processes; what was counted here meanwhile comes on top."""
        with self._lock:
            self._turned()
            for minute, known in zip((self._minute, self._minute - 1), self._totals, strict=True):
                mine = self._pending.get(minute, {})
                for subject, count in totals.get(minute, {}).items():
                    known[subject] = count + mine.get(subject, 0)

    def _turned(self) -> tuple[Minute, Minute]:
        minute = int(self._unix_s()) // MINUTE_S
        if minute != self._minute:
            this = self._totals[0]
            self._totals = ({}, this if minute == self._minute + 1 else {})
            self._minute = minute
        return self._totals
