"""One reader per process for all who watch: it reads once a second while anyone does.

Watchers get what is newest, never a queue: one that is slow skips what it missed.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Generic, TypeVar

from kaquan.foundation.shutdown import is_shutting_down

PERIOD_S = 1.0

Reading = TypeVar("Reading")

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Tick(Generic[Reading]):
    """What was read last, or None where it could not be read just now."""

    number: int
    reading: Reading | None


class Hub(Generic[Reading]):
    """Shares one reader among many watchers of one event loop.

    ``rest`` is called, where ``read`` was, after a failure and when nobody watches any more.
    """

    def __init__(
        self,
        read: Callable[[], Reading],
        *,
        rest: Callable[[], None] = lambda: None,
        period_s: float = PERIOD_S,
    ) -> None:
        self._read = read
        self._rest = rest
        self._period_s = period_s
        self._watchers = 0
        self._reader: asyncio.Task[None] | None = None
        self._tick: Tick[Reading] = Tick(0, None)
        self._moved = asyncio.Event()
        # One thread of its own, so one database session, whatever Django's threads are doing.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="kaquan-live")

    @property
    def watchers(self) -> int:
        """How many watch just now."""
        return self._watchers

    async def ticks(self) -> AsyncGenerator[Tick[Reading], None]:
        """Each reading from now on; ends when the watcher goes or the server is about to."""
        self._watchers += 1
        seen = 0
        if self._reader is None:
            seen = self._tick.number  # what was read for earlier watchers may be hours old
            self._reader = asyncio.create_task(self._keep_reading())
        try:
            while not is_shutting_down():
                tick = self._tick
                if tick.number > seen:
                    seen = tick.number
                    yield tick
                else:
                    await self._moved.wait()
        finally:
            self._watchers -= 1
            if self._watchers == 0:
                await self._stop_reading()

    async def _keep_reading(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            reading: Reading | None = None
            try:
                reading = await loop.run_in_executor(self._thread, self._read)
            except Exception:  # whatever ails the database, the page must say so and go on
                log.exception("the figures of the page could not be read")
                await loop.run_in_executor(self._thread, self._rest)
            self._tick = Tick(self._tick.number + 1, reading)
            self._moved.set()
            self._moved = asyncio.Event()
            await asyncio.sleep(self._period_s)

    async def _stop_reading(self) -> None:
        if self._reader is not None:
            reader, self._reader = self._reader, None
            reader.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await reader
            await asyncio.get_running_loop().run_in_executor(self._thread, self._rest)
