"""Many callers, few transactions: a queue drained by writer threads, each with its own lane.

Each writer takes what has queued up, at most ``BLOCK_COMMANDS_MAX``, and books it as one block:
the more load, the bigger the blocks, and one fsync is shared by hundreds of callers.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future

from kaquan.engine.commands import AnyCommand
from kaquan.engine.outcomes import Outcome
from kaquan.ledger.door import Door, open_door

BLOCK_COMMANDS_MAX = 500
QUEUE_COMMANDS_MAX = 20_000

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
        door = self._opened()
        try:
            while True:
                requests = self._take()
                if requests:
                    self._book(door, requests)
                elif self._closing:
                    return
        finally:
            door.close()

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

    def _book(self, door: Door, requests: Sequence[_Request]) -> None:
        try:
            outcomes = door.submit(
                [command for request in requests for command in request.commands]
            )
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
