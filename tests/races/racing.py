"""Real processes that wait for each other and then all act at once on one database."""

import multiprocessing
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.synchronize import Event
from typing import Any, Protocol

import psycopg

from kaquan.engine.commands import AnyCommand
from kaquan.engine.outcomes import Outcome
from kaquan.ledger.catalogue import Catalogue
from kaquan.ledger.connections import LedgerConnection
from kaquan.ledger.door import Door

TIMEOUT_S = 30.0

# Children are forked from a server that has imported everything and opened nothing.
_context = multiprocessing.get_context("forkserver")
# What a child runs must be among it: importing the product anew takes it a second.
PRELOADED = ["tests.crash.clients", "tests.races.controls", "tests.races.pausing"]
_context.set_forkserver_preload(PRELOADED)


class Gate(Protocol):
    """Where processes wait for each other."""

    def wait(self, timeout: float | None = None) -> int:
        """Until all are there."""
        ...


@dataclass(frozen=True, slots=True)
class Racer:
    """One process of a race: ``wait`` returns when all of them have called it."""

    number: int
    url: str
    gate: Gate

    def wait(self) -> None:
        """Wait for the others."""
        self.gate.wait(TIMEOUT_S)

    def open_door(self) -> Door:
        """A door as a new process has it; this process's end closes it."""
        return Door(LedgerConnection(lambda: psycopg.connect(self.url)), Catalogue())


@dataclass(frozen=True, slots=True)
class Call:
    """What a process sent and when, and what it was told; nanoseconds of one clock for all."""

    process: int
    called_ns: int
    returned_ns: int
    commands: Sequence[AnyCommand]
    outcomes: Sequence[Outcome]


Part = Callable[[Racer], Any]


def race(url: str, parts: Sequence[Part], *, timeout_s: float = TIMEOUT_S) -> list[Any]:
    """Run each part in a process of its own; what they return, in order. If one fails, all do."""
    gate = _context.Barrier(len(parts))
    pipes: list[Connection] = []
    processes = []
    for number, part in enumerate(parts):
        receiver, sender = _context.Pipe(duplex=False)
        args = (Racer(number, url, gate), part, sender)
        process = _context.Process(target=_run, args=args, daemon=True)
        process.start()
        sender.close()
        pipes.append(receiver)
        processes.append(process)
    try:
        return _collect(pipes, timeout_s)
    finally:
        for process, pipe in zip(processes, pipes, strict=True):
            process.kill()
            process.join()
            process.close()
            pipe.close()


def _collect(pipes: Sequence[Connection], timeout_s: float) -> list[Any]:
    results: dict[int, Any] = {}
    deadline_s = time.monotonic() + timeout_s
    while len(results) < len(pipes):
        open_pipes = [pipe for number, pipe in enumerate(pipes) if number not in results]
        ready = wait(open_pipes, timeout=deadline_s - time.monotonic())
        assert ready, f"only {len(results)} of {len(pipes)} processes have finished"
        for pipe in ready:
            assert isinstance(pipe, Connection)
            number = pipes.index(pipe)
            try:
                is_well, results[number] = pipe.recv()
            except EOFError:
                raise AssertionError(f"process {number} died") from None
            assert is_well, f"process {number}:\n{results[number]}"
    return [results[number] for number in range(len(pipes))]


def _run(racer: Racer, part: Part, results: Connection) -> None:
    try:
        results.send((True, part(racer)))
    except threading.BrokenBarrierError:
        results.send((False, "the others did not come"))
    except BaseException:
        results.send((False, traceback.format_exc()))


# What a process does


@dataclass(frozen=True, slots=True)
class Send:
    """Sends its calls one after another, all processes beginning at once."""

    calls: Sequence[Sequence[AnyCommand]]
    dry: bool = False

    def __call__(self, racer: Racer) -> list[Call]:
        """The calls with their answers."""
        door = racer.open_door()
        racer.wait()
        made = []
        for commands in self.calls:
            called_ns = time.monotonic_ns()
            outcomes = door.submit(commands, dry=self.dry)
            made.append(Call(racer.number, called_ns, time.monotonic_ns(), commands, outcomes))
        door.close()
        return made


def send_at_once(url: str, scripts: Sequence[Sequence[Sequence[AnyCommand]]]) -> list[Call]:
    """Each script of calls in a process of its own, all beginning at once; every call made."""
    return [call for calls in race(url, [Send(script) for script in scripts]) for call in calls]


def answers(calls: Sequence[Call]) -> list[Outcome]:
    """All outcomes of a race."""
    return [outcome for call in calls for outcome in call.outcomes]


class Runner:
    """A process that runs one part and may be killed, or kill itself, while it does."""

    def __init__(self, url: str, part: Part, number: int = 0) -> None:
        self._results, sender = _context.Pipe(duplex=False)
        self._gate = _context.Barrier(1)  # kept: a child cannot find one that is gone
        racer = Racer(number, url, self._gate)
        args = (racer, part, sender)
        self._process = _context.Process(target=_run, args=args, daemon=True)
        self._process.start()
        sender.close()

    def result(self) -> Any:
        """What the part returned; None where its process did not live to return anything."""
        try:
            assert self._results.poll(TIMEOUT_S), "it does not end"
            is_well, found = self._results.recv()
        except EOFError:
            found = None
        else:
            assert is_well, found
        self._process.join(TIMEOUT_S)
        return found

    def close(self) -> None:
        """End it, if it has not ended."""
        self._process.kill()
        self._process.join()
        self._process.close()
        self._results.close()


def new_event() -> Event:
    """A flag that processes share."""
    return _context.Event()
