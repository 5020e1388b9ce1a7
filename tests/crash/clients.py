"""Clients that write down what they ask before they ask it, so they can be killed at any moment."""

import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.synchronize import Event
from pathlib import Path

import msgspec
from msgspec import Struct

from kaquan.engine.commands import AnyCommand
from kaquan.engine.outcomes import Outcome
from kaquan.foundation.failpoints import enable_failpoints
from tests.history.recording import NOBODY_KNOWS
from tests.races.racing import Call, Racer


class Line(Struct):
    """One line of a journal: a call begun, or (with its answers) returned."""

    process: int
    call: int
    at_ns: int
    outcomes: list[Outcome] | None = None


@dataclass(frozen=True, slots=True)
class Client:
    """Sends its calls one by one, each again until the answer is definite, and keeps a journal.

    ``failpoints`` says where its process is to die. With ``stop`` it begins anew until that is set,
    which only a test whose commands are all keyed may ask for.
    """

    journal: Path
    calls: Sequence[Sequence[AnyCommand]]
    failpoints: str = ""
    stop: Event | None = None

    def __call__(self, racer: Racer) -> int:
        """How many calls were answered."""
        door = racer.open_door()
        enable_failpoints(self.failpoints, debug=True)
        journal = os.open(self.journal, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        parent = os.getppid()
        answered = 0
        for number, commands in enumerate(self.calls):
            if self.stop is not None and self.stop.is_set():
                break
            outcomes = None
            while outcomes is None or any(one.code in NOBODY_KNOWS for one in outcomes):
                _write(journal, Line(racer.number, number, time.monotonic_ns()))
                outcomes = door.submit(commands)
                if os.getppid() != parent:
                    os._exit(1)  # whoever started us was killed and stops nobody
                _write(journal, Line(racer.number, number, time.monotonic_ns(), outcomes))
            answered += 1
        door.close()
        os.close(journal)
        return answered


def _write(journal: int, line: Line) -> None:
    # One write of one line: a killed process leaves whole lines only.
    os.write(journal, msgspec.json.encode(line) + b"\n")


def read_journal(
    path: Path, calls: Sequence[Sequence[AnyCommand]]
) -> tuple[list[Call], list[Call]]:
    """The calls of a client that were answered, and those that were not."""
    answered, unanswered = [], []
    begun: Line | None = None
    for line in _lines(path):
        if line.outcomes is None:
            if begun is not None:
                unanswered.append(_call(begun, begun.at_ns, calls, []))
            begun = line
        else:
            assert begun is not None
            answered.append(_call(begun, line.at_ns, calls, line.outcomes))
            begun = None
    if begun is not None:
        unanswered.append(_call(begun, begun.at_ns, calls, []))
    return answered, unanswered


def _call(
    begun: Line, returned_ns: int, calls: Sequence[Sequence[AnyCommand]], outcomes: list[Outcome]
) -> Call:
    return Call(begun.process, begun.at_ns, returned_ns, calls[begun.call], outcomes)


def _lines(path: Path) -> Iterator[Line]:
    if path.exists():
        for line in path.read_bytes().splitlines():
            yield msgspec.json.decode(line, type=Line)
