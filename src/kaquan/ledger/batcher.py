"""Many callers, few transactions: a queue drained by writer threads, each with its own lane.

A writer takes what has queued up, at most ``BLOCK_COMMANDS_MAX``, and books it as one block: the
more load, the bigger the blocks, and one fsync is shared by hundreds of callers. Answers go back by
a callback, once for each block, because waking another thread for each costs more than booking
does.

One writer has the turn. The others join in only where a block takes long, because somebody else
holds a row or the blocks are big: two who always share what comes make twice as many blocks of
half the size, and a small block costs nearly as much as a big one.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from queue import Empty, SimpleQueue
from typing import Any

import psycopg
from msgspec import structs

from kaquan.engine.commands import AnyCommand
from kaquan.engine.outcomes import Outcome, OutcomeCode
from kaquan.ledger.door import Door, open_door

BLOCK_COMMANDS_MAX = 500
QUEUE_COMMANDS_MAX = 20_000
#: After so long without a new block the next writer joins in.
JOIN_S = 0.02
UNAVAILABLE = Outcome(OutcomeCode.UNAVAILABLE)

log = logging.getLogger(__name__)

Answer = list[Outcome] | Exception
"""One outcome for each command, or the error of our own bug."""

Deliver = Callable[[list[tuple[Any, Answer]]], None]
"""Takes the tokens of the requests that a block answered, each with its answer; called by a writer,
so it must be quick and may not raise."""


class QueueFullError(Exception):
    """More waits than the queue takes; nothing was queued, try again shortly."""


class _Request:
    """Commands that one caller wants booked together in order (not all-or-nothing: see
    ``link``)."""

    __slots__ = ("commands", "deliver", "token")

    def __init__(self, commands: Sequence[AnyCommand], token: Any, deliver: Deliver) -> None:
        self.commands = commands
        self.token = token
        self.deliver = deliver


class Batcher:
    """Books commands for many threads through a few writers."""

    def __init__(self, *, writers: int = 2, opened: Callable[[], Door] = open_door) -> None:
        assert 0 < writers <= 16, writers
        self._opened = opened
        # In C: putting and waking cost a tenth of what a condition variable does.
        self._queue: SimpleQueue[_Request | None] = SimpleQueue()
        self._queued_commands = 0
        self._counting = threading.Lock()
        self._closing = False
        self._turn = threading.Lock()
        self._is_booking = threading.Event()  # whoever has the turn
        self._blocks_begun = 0
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
        future: Future[list[Outcome]] = Future()
        self.post(commands, future, _fulfil)
        return future

    def post(self, commands: Sequence[AnyCommand], token: Any, deliver: Deliver) -> None:
        """Queue commands; ``deliver`` gets ``token`` back with their answer.

        Raises ``QueueFullError`` as ``submit`` does; then ``deliver`` never hears of it.
        """
        count = len(commands)
        assert 0 < count <= BLOCK_COMMANDS_MAX, count
        with self._counting:
            if self._closing or self._queued_commands + count > QUEUE_COMMANDS_MAX:
                raise QueueFullError
            self._queued_commands += count
            self._queue.put(_Request(commands, token, deliver))

    def close(self) -> None:
        """Book what is queued, then end the writers."""
        with self._counting:
            if not self._closing:
                self._closing = True
                for _thread in self._threads:
                    self._queue.put(None)
        for thread in self._threads:
            thread.join()

    def _write(self) -> None:
        intake = _Intake(self._queue)
        door = self._open()
        try:
            while (requests := self._take(intake)) is not None:
                with self._counting:
                    self._queued_commands -= sum([len(one.commands) for one in requests])
                wanted = [one for one in requests if _is_wanted(one)]
                if wanted:
                    door = door or self._open()
                    self._book(door, wanted)
        finally:
            self._give_turn(intake)
            if door is not None:
                door.close()

    def _take(self, intake: _Intake) -> list[_Request] | None:
        """The next block's requests: from whoever comes first while it is this writer's turn, else
        what waits when somebody else's block takes long. None when the queue is closed."""
        self._give_turn(intake)
        while not self._turn.acquire(blocking=False):
            self._is_booking.wait()
            seen = self._blocks_begun
            if self._turn.acquire(timeout=JOIN_S):
                break
            if seen == self._blocks_begun and (waiting := intake.take(wait=False)):
                return waiting
        intake.has_turn = True
        self._is_booking.clear()
        taken = intake.take()
        self._blocks_begun += 1
        self._is_booking.set()
        return taken

    def _give_turn(self, intake: _Intake) -> None:
        if intake.has_turn:
            intake.has_turn = False
            self._turn.release()

    def _open(self) -> Door | None:
        """A writer; None while the database cannot be reached."""
        try:
            return self._opened()
        except psycopg.OperationalError:
            log.exception("a writer cannot reach the database")
            return None

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
            requests[0].deliver([(requests[0].token, error)])
            return
        if len(requests) > 1 and all(one.code is OutcomeCode.BUSY for one in outcomes):
            # One of them waits for something that others do not need.
            for request in requests:
                self._book(door, [request])
            return
        answered: dict[Deliver, list[tuple[Any, Answer]]] = {}
        position = 0
        for request in requests:
            end = position + len(request.commands)
            answer = (request.token, outcomes[position:end])
            answered.setdefault(request.deliver, []).append(answer)
            position = end
        for deliver, answers in answered.items():
            deliver(answers)


class _Intake:
    """One writer's end of the queue."""

    def __init__(self, queue: SimpleQueue[_Request | None]) -> None:
        self._queue = queue
        self._next: _Request | None = None  # taken already, but it did not fit into the last block
        self._ended = False
        self.has_turn = False

    def take(self, *, wait: bool = True) -> list[_Request] | None:
        """Wait for requests and take what has queued up; None when the queue is closed, or empty
        and nobody is to ``wait``."""
        request = self._next
        if request is None and not self._ended:
            try:
                request = self._queue.get(block=wait)
            except Empty:
                return None
            self._ended = request is None
        self._next = None
        if request is None:
            return None
        taken = [request]
        size = len(request.commands)
        while not self._ended and size < BLOCK_COMMANDS_MAX:
            try:
                more = self._queue.get_nowait()
            except Empty:
                break
            if more is None:
                self._ended = True
            elif size + len(more.commands) > BLOCK_COMMANDS_MAX:
                self._next = more
                break
            else:
                taken.append(more)
                size += len(more.commands)
        return taken


def _is_wanted(request: _Request) -> bool:
    """Whether the caller of ``submit`` has not cancelled it; others cannot."""
    return request.deliver is not _fulfil or request.token.set_running_or_notify_cancel()


def _fulfil(answers: list[tuple[Any, Answer]]) -> None:
    for future, answer in answers:
        if isinstance(answer, Exception):
            future.set_exception(answer)
        else:
            future.set_result(answer)


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
