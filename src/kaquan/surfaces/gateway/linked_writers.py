"""The event loop's end of the writers' process."""

from __future__ import annotations

import asyncio
import logging
import os
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import count
from typing import Final

from kaquan.engine.commands import AnyCommand
from kaquan.engine.outcomes import Outcome
from kaquan.ledger.batcher import QUEUE_COMMANDS_MAX, UNAVAILABLE, QueueFullError
from kaquan.surfaces.gateway.loop_threads import Writers
from kaquan.surfaces.gateway.writer_process import (
    RECEIVED_BYTES_MAX,
    Frames,
    Requests,
    WriterProcess,
    answers_in,
    frame,
)

#: A block costs as much as some fifty commands in it, so what comes close together goes in one
#: message: until so many rounds of the loop asked for nothing more, or there are so many commands.
QUIET_ROUNDS: Final = 2
GATHERED_COMMANDS: Final = 48
#: For so long the end waits for the loop to send what it has; a loop that has ended sends nothing.
LAST_WORD_S: Final = 1.0

log = logging.getLogger(__name__)


class LinkedWriters:
    """Books through the writers' process; through threads of this one, should that one die."""

    def __init__(
        self,
        process: WriterProcess,
        loop: asyncio.AbstractEventLoop,
        instead: Callable[[], Writers],
    ) -> None:
        self._link, self._pid = process
        self._loop = loop
        self._make_instead = instead
        self._instead: Writers | None = None
        self._numbers = count()
        self._waiting: dict[int, tuple[asyncio.Future[list[Outcome]], int]] = {}
        self._queued_commands = 0
        self._asked: Requests = []
        self._asked_commands = 0
        self._unsent = bytearray()
        self._frames = Frames()
        self._is_closing = False
        self._has_said_all = threading.Event()
        self._link.setblocking(False)
        loop.add_reader(self._link, self._receive)

    async def book(self, commands: Sequence[AnyCommand]) -> list[Outcome]:
        """Book commands; one outcome each. Raises ``QueueFullError``.

        Whoever stops waiting changes nothing: what was queued is booked all the same.
        """
        if self._instead is not None:
            return await self._instead.book(commands)
        size = len(commands)
        if self._is_closing or self._queued_commands + size > QUEUE_COMMANDS_MAX:
            raise QueueFullError
        self._queued_commands += size
        number = next(self._numbers)
        future: asyncio.Future[list[Outcome]] = self._loop.create_future()
        self._waiting[number] = future, size
        self._asked.append((number, commands))
        self._asked_commands += size
        if len(self._asked) == 1:
            self._loop.call_soon(self._gather, 0, 0)
        return await future

    def close(self) -> None:
        """Book what is queued and end the writers; for another thread."""
        self._is_closing = True
        with suppress(RuntimeError):  # the loop has ended
            self._loop.call_soon_threadsafe(self._say_all)
            self._has_said_all.wait(LAST_WORD_S)
        self._shut()
        with suppress(ChildProcessError):
            os.waitpid(self._pid, 0)
        if self._instead is not None:
            self._instead.close()

    def _say_all(self) -> None:
        self._send_asked()
        if not self._unsent:
            self._shut()
            self._has_said_all.set()

    def _shut(self) -> None:
        with suppress(OSError):
            self._link.shutdown(1)  # SHUT_WR: answers still come

    def _gather(self, asked_before: int, quiet_rounds: int) -> None:
        """Send what is asked, or look again after another round of the loop."""
        asked = len(self._asked)
        quiet_rounds = quiet_rounds + 1 if asked == asked_before else 0
        if quiet_rounds >= QUIET_ROUNDS or self._asked_commands >= GATHERED_COMMANDS:
            self._send_asked()
        else:
            self._loop.call_soon(self._gather, asked, quiet_rounds)

    def _send_asked(self) -> None:
        if self._asked and self._instead is None:
            self._unsent += frame(self._asked)
            self._asked = []
            self._asked_commands = 0
            self._send()

    def _send(self) -> None:
        try:
            sent = self._link.send(self._unsent)
        except BlockingIOError:
            sent = 0
        except OSError:
            return  # the other end has gone, and reading says so
        del self._unsent[:sent]
        if self._unsent:
            self._loop.add_writer(self._link, self._send)
            return
        self._loop.remove_writer(self._link)
        if self._is_closing:
            self._shut()
            self._has_said_all.set()

    def _receive(self) -> None:
        try:
            data = self._link.recv(RECEIVED_BYTES_MAX)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._end()
            return
        for message in self._frames.add(data):
            for number, outcomes in answers_in(message):
                future, size = self._waiting.pop(number)
                self._queued_commands -= size
                if future.done():
                    continue  # its caller has gone
                if outcomes is None:
                    future.set_exception(RuntimeError("a command failed inside the door"))
                else:
                    future.set_result(outcomes)

    def _end(self) -> None:
        self._loop.remove_reader(self._link)
        self._loop.remove_writer(self._link)
        waiting, self._waiting = self._waiting, {}
        if not self._is_closing:
            log.error("the writers' process ended; threads write from now on")
            self._instead = self._make_instead()
        for future, size in waiting.values():
            if not future.done():
                future.set_result([UNAVAILABLE] * size)
