"""Between the event loop and the threads that may wait: writers and readers of the books.

Threads give answers back in one piece, for a whole block or a whole reading, because waking the
loop costs more than most answers do.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

import psycopg
from django.db import Error as DatabaseError
from django.db import connections

from kaquan.engine.commands import AnyCommand, Command
from kaquan.engine.outcomes import Outcome, OutcomeCode
from kaquan.ledger.batcher import Answer, Batcher
from kaquan.ledger.rehearsal import COMMANDS_MAX, Rehearsal, Rehearsed, open_rehearsal

READINGS_MAX = 2_000
UNAVAILABLE = Outcome(OutcomeCode.UNAVAILABLE)

Result = TypeVar("Result")
Resolved = list[tuple["asyncio.Future[Any]", Any]]

log = logging.getLogger(__name__)


class TooManyReadingsError(Exception):
    """More callers wait for a reading than make sense."""


class DatabaseAwayError(Exception):
    """The database could not be asked."""


class Writers:
    """The batcher's answers, brought back to the loop."""

    def __init__(self, batcher: Batcher, loop: asyncio.AbstractEventLoop) -> None:
        self._batcher = batcher
        self._loop = loop

    async def book(self, commands: Sequence[AnyCommand]) -> list[Outcome]:
        """Book commands; one outcome each. Raises ``QueueFullError``.

        Whoever stops waiting changes nothing: what was queued is booked all the same.
        """
        future: asyncio.Future[list[Outcome]] = self._loop.create_future()
        self._batcher.post(commands, future, self._deliver)
        return await future

    def close(self) -> None:
        """Book what is queued and end the writers; for another thread."""
        self._batcher.close()

    def _deliver(self, answers: list[tuple[Any, Answer]]) -> None:
        with suppress(RuntimeError):  # the loop has ended, and with it everybody who could listen
            self._loop.call_soon_threadsafe(_resolve, answers)


def _resolve(answers: Resolved) -> None:
    for future, answer in answers:
        if future.done():
            continue  # its caller has gone
        if isinstance(answer, Exception):
            future.set_exception(answer)
        else:
            future.set_result(answer)


class Readers:
    """A few threads that ask the database; rehearsals that wait together share a reading."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        *,
        name: str,
        threads: int = 1,
        opened: Callable[[], Rehearsal] = open_rehearsal,
    ) -> None:
        self._loop = loop
        self._opened = opened
        self._queue: SimpleQueue[tuple[Any, asyncio.Future[Any]] | None] = SimpleQueue()
        self._waiting = 0
        self._threads = [
            threading.Thread(target=self._read, name=f"kaquan-{name}-{number}", daemon=True)
            for number in range(threads)
        ]
        for thread in self._threads:
            thread.start()

    async def call(self, read: Callable[[], Result]) -> Result:
        """What a function gives that asks the database through Django's session of its thread.

        Raises what it raises, and ``DatabaseAwayError``.
        """
        result: Result = await self._ask(read)
        return result

    async def rehearse(self, command: AnyCommand) -> Rehearsed:
        """What a command would be answered now."""
        rehearsed: Rehearsed = await self._ask(command)
        return rehearsed

    async def rehearse_all(self, commands: Sequence[AnyCommand]) -> list[Rehearsed]:
        """What several commands would be answered, each as if it came first."""
        asked = [self._ask(command) for command in commands]
        return [await one for one in asked]

    def close(self) -> None:
        """Answer who waits and end the threads; for another thread."""
        for _thread in self._threads:
            self._queue.put(None)
        for thread in self._threads:
            thread.join()

    def _ask(self, question: Any) -> asyncio.Future[Any]:
        if self._waiting >= READINGS_MAX:
            raise TooManyReadingsError
        self._waiting += 1
        future = self._loop.create_future()
        self._queue.put((question, future))
        return future

    def _read(self) -> None:
        rehearsal: Rehearsal | None = None
        while True:
            asked = self._take()
            if asked is None:
                break
            commands = [one for one in asked if isinstance(one[0], Command)]
            if commands:
                rehearsal = rehearsal or _opened_or_none(self._opened)
                self._deliver(_rehearse(rehearsal, commands))
            others = [one for one in asked if not isinstance(one[0], Command)]
            if others:
                self._deliver([(future, _answer(read)) for read, future in others])
        if rehearsal is not None:
            rehearsal.close()
        connections.close_all()

    def _take(self) -> list[tuple[Any, asyncio.Future[Any]]] | None:
        first = self._queue.get()
        if first is None:
            return None
        taken = [first]
        while len(taken) < COMMANDS_MAX:
            try:
                more = self._queue.get_nowait()
            except Empty:
                break
            if more is None:
                self._queue.put(None)
                break
            taken.append(more)
        return taken

    def _deliver(self, answers: Resolved) -> None:
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._resolve, answers)

    def _resolve(self, answers: Resolved) -> None:
        self._waiting -= len(answers)
        _resolve(answers)


def _opened_or_none(opened: Callable[[], Rehearsal]) -> Rehearsal | None:
    try:
        return opened()
    except psycopg.OperationalError:
        log.exception("a reader cannot reach the database")
        return None


def _rehearse(
    rehearsal: Rehearsal | None, asked: Sequence[tuple[AnyCommand, asyncio.Future[Any]]]
) -> Resolved:
    futures = [future for _, future in asked]
    if rehearsal is None:
        return [(future, Rehearsed(UNAVAILABLE, {})) for future in futures]
    try:
        found = rehearsal.rehearse([command for command, _ in asked])
    except Exception as error:  # a bug of ours; it must not fail the neighbours
        if len(asked) > 1:
            return [one for each in asked for one in _rehearse(rehearsal, [each])]
        log.exception("a rehearsal failed")
        return [(futures[0], error)]
    return list(zip(futures, found, strict=True))


def _answer(read: Callable[[], Any]) -> Any:
    """What it gives, or what it raises; a session that was lost while it rested is opened anew."""
    for is_last in (False, True):
        try:
            return read()
        except (DatabaseError, psycopg.Error) as error:
            connections.close_all()
            if is_last:
                log.warning("the database could not be asked: %s", type(error).__name__)
                return DatabaseAwayError()
        except Exception as error:
            return error
    raise AssertionError
