"""Many callers, few transactions: a queue drained by writer threads, each with its own lane.

Each writer takes what has queued up, at most ``BLOCK_COMMANDS_MAX``, and books it as one block:
the more load, the bigger the blocks, and one fsync is shared by hundreds of callers.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future

import psycopg
from msgspec import structs

from kaquan.engine.commands import AnyCommand
from kaquan.engine.outcomes import Outcome, OutcomeCode
from kaquan.ledger.door import Door, open_door

BLOCK_COMMANDS_MAX = 500
QUEUE_COMMANDS_MAX = 20_000
UNAVAILABLE = Outcome(OutcomeCode.UNAVAILABLE)

log = logging.getLogger(__name__)


class QueueFullError(Exception):
    """More waits than the queue takes; nothing was queued, try again shortly."""


class _Request:
    """Commands that one caller wants booked together in order (not all-or-nothing: see
    ``link``)."""

    __slots__ = ("commands", "future")

    def __init__(self, commands: Sequence[AnyCommand]) -> None:
        self.commands = commands
        self.future: Future[list[Outcome]] = Future()


class Batcher:
    """Books commands for many threads through a few writers."""

    def __init__(self, *, writers: int = 2, opened: Callable[[], Door] = open_door) -> None:
        assert 0 < writers <= 16, writers
        self._opened = opened
        self._queue: deque[_Request] = deque()
        self._queued_commands = 0
        self._wake = threading.Condition()
        self._closing = False
        self._threads = [
            threading.Thread(target=self._write, name=f"kaquan-writer-{number}", daemon=True)
            for number in range(writers)
        ]
        for thread in self._threads:
            thread.start()

    def submit(self, commands: Sequence[AnyCommand]) -> Future[list[Outcome]]:
        """Queue commands; the future gets one outcome each, or the error of our own bug.

        Raises ``QueueFullError`` when ``QUEUE_COMMANDS_MAX`` commands wait already.
        """
        assert 0 < len(commands) <= BLOCK_COMMANDS_MAX, len(commands)
        request = _Request(commands)
        with self._wake:
            if self._closing or self._queued_commands + len(commands) > QUEUE_COMMANDS_MAX:
                raise QueueFullError
            self._queue.append(request)
            self._queued_commands += len(commands)
            self._wake.notify()
        return request.future

    def close(self) -> None:
        """Book what is queued, then end the writers."""
        with self._wake:
            self._closing = True
            self._wake.notify_all()
        for thread in self._threads:
            thread.join()

    def _write(self) -> None:
        door = self._open()
        try:
            while True:
                requests = self._take()
                if requests:
                    door = door or self._open()
                    self._book(door, requests)
                elif self._closing:
                    return
        finally:
            if door is not None:
                door.close()

    def _open(self) -> Door | None:
        """A writer; None while the database cannot be reached."""
        try:
            return self._opened()
        except psycopg.OperationalError:
            log.exception("a writer cannot reach the database")
            return None

    def _take(self) -> list[_Request]:
        """What has queued up; empty when all of it was cancelled, or when closing."""
        with self._wake:
            while not self._queue and not self._closing:
                self._wake.wait()
            taken: list[_Request] = []
            size = 0
            while self._queue and size + len(self._queue[0].commands) <= BLOCK_COMMANDS_MAX:
                request = self._queue.popleft()
                size += len(request.commands)
                if request.future.set_running_or_notify_cancel():
                    taken.append(request)
            self._queued_commands -= size
            return taken

    def _book(self, door: Door | None, requests: Sequence[_Request]) -> None:
        commands = list(_commands_of(requests))
        try:
            outcomes = [UNAVAILABLE] * len(commands) if door is None else door.submit(commands)
        except Exception as error:  # a bug of ours; the caller gets it
            # Our own bug in one command must not fail its neighbours: each goes alone.
            if len(requests) > 1:
                for request in requests:
                    self._book(door, [request])
                return
            log.exception("a command failed inside the door")
            requests[0].future.set_exception(error)
            return
        position = 0
        for request in requests:
            end = position + len(request.commands)
            request.future.set_result(outcomes[position:end])
            position = end


def _commands_of(requests: Sequence[_Request]) -> Iterator[AnyCommand]:
    """All commands in order, links numbered anew: those of two callers are never one group."""
    number = 0
    for request in requests:
        link = 0
        for command in request.commands:
            if command.link <= 0:
                yield command
            else:
                number += command.link != link
                yield structs.replace(command, link=number)
            link = command.link
