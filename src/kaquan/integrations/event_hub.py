"""One reader per process for all who watch events: it reads what is new while anyone does.

The last events are kept in memory, bounded; a watcher who is behind them, new or slow, reads pages
from the books until it has caught up. What it has seen is its position and nothing else, so it may
leave and come back, here or in another process, and misses nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import AsyncGenerator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from functools import partial
from typing import TypeVar

from msgspec import Struct

from kaquan.foundation.shutdown import is_shutting_down
from kaquan.integrations.feed import EventPage, newest_position, read_page, told_blocks
from kaquan.integrations.positions import Position
from kaquan.integrations.telling import Selection, Told
from kaquan.ledger.causal import Connection, heads

PERIOD_S = 0.2
AFTER_FAILURE_S = 1.0
EVENTS_KEPT = 5_000
RECORDS_READ_MAX = 2_000
PAGE_EVENTS = 200

Result = TypeVar("Result")

log = logging.getLogger(__name__)


class Batch(Struct, frozen=True):
    """What a watcher gets at once: events with the position behind each, and the one behind all.

    It may be empty: time has passed, or what happened was not for this watcher.
    """

    events: Sequence[tuple[Told, Position]]
    position: Position


class _Arrived(Struct, frozen=True):
    """One block that came in, by its number in the order of this process."""

    number: int
    block: int
    told: Sequence[Told]


class EventHub:
    """Shares one reader among many watchers of one event loop.

    ``session`` gives the calling thread's database session, ``rest`` closes it: after a failure,
    and when nobody watches any more.
    """

    def __init__(
        self,
        session: Callable[[], Connection],
        *,
        rest: Callable[[], None],
        period_s: float = PERIOD_S,
        events_kept: int = EVENTS_KEPT,
        after_failure_s: float = AFTER_FAILURE_S,
    ) -> None:
        self._session = session
        self._rest = rest
        self._period_s = period_s
        self._events_kept = events_kept
        self._after_failure_s = after_failure_s
        self._kept: deque[_Arrived] = deque()
        self._kept_events = 0
        self._number = 0
        self._cut: dict[int, int] | None = None
        self._watchers = 0
        self._reader: asyncio.Task[None] | None = None
        self._moved = asyncio.Event()
        # A thread each, so that one who reads all of history keeps nobody from what is new.
        self._news = ThreadPoolExecutor(1, thread_name_prefix="kaquan-events")
        self._history = ThreadPoolExecutor(1, thread_name_prefix="kaquan-events-past")

    @property
    def watchers(self) -> int:
        """How many watch just now."""
        return self._watchers

    async def watch(
        self, selection: Selection, position: Position | None, *, silence_s: float
    ) -> AsyncGenerator[Batch, None]:
        """Events of a selection from a position on (None: from now on), in order, each once.

        At least one batch comes in ``silence_s``. Ends when the server is about to.
        """
        self._watchers += 1
        if self._reader is None:
            self._reader = asyncio.create_task(self._keep_reading())
        try:
            if position is None:
                position = await self._read_past(self._newest)
                yield Batch((), position)
            while not is_shutting_down():
                if self._cut is None:
                    yield Batch((), position)
                    await self._wait(silence_s)
                    continue
                number, cut = self._number, self._cut
                if position.reaches(cut):
                    followed = self._follow(selection, position, number, silence_s)
                    async with aclosing(followed) as batches:
                        async for batch in batches:
                            yield batch
                            position = batch.position
                else:
                    page = await self._read_past(partial(self._page, selection, position))
                    position = page.position
                    yield Batch(page.events, position)
        finally:
            self._watchers -= 1
            if self._watchers == 0:
                await self._stop_reading()

    async def _follow(
        self, selection: Selection, position: Position, number: int, silence_s: float
    ) -> AsyncGenerator[Batch, None]:
        """What arrives after ``number``; ends when this watcher was too slow for what is kept."""
        while not is_shutting_down():
            first = self._kept[0].number if self._kept else self._number + 1
            if number + 1 < first:
                return
            events: list[tuple[Told, Position]] = []
            for place in range(number + 1 - first, len(self._kept)):
                arrived = self._kept[place]
                number = arrived.number
                for told in arrived.told:
                    if not position.covers(told.event):
                        position = position.after_event(told.event)
                        if selection.takes(told):
                            events.append((told, position))
                if arrived.block > position.cut.get(arrived.block >> 40, 0):
                    position = position.after_block(arrived.block)
            yield Batch(events, position)
            if number == self._number:
                await self._wait(silence_s)

    async def _wait(self, silence_s: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._moved.wait(), silence_s)

    async def _keep_reading(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            more = False
            try:
                read = await loop.run_in_executor(self._news, self._read_new, self._cut)
                more = self._keep(*read)
            except Exception:  # whatever ails the database, watchers wait and it goes on
                log.exception("new events could not be read")
                await loop.run_in_executor(self._news, self._rest)
                await asyncio.sleep(self._after_failure_s)
            if not more:
                await asyncio.sleep(self._period_s)

    def _read_new(
        self, cut: dict[int, int] | None
    ) -> tuple[dict[int, int], list[tuple[int, list[Told]]], bool]:
        """In the thread: the cut that follows ``cut``, the blocks in between, and whether there is
        more. The first time only where things stand."""
        session = self._session()
        until = heads(session)
        if cut is None:
            return until, [], False
        read: list[tuple[int, list[Told]]] = []
        moved, records = dict(cut), 0
        if until != cut:
            for block, told in told_blocks(session, cut, until):
                read.append((block.block, told))
                moved[block.lane] = block.block
                records += len(block.records)
                if records >= RECORDS_READ_MAX:
                    break
        return moved, read, records >= RECORDS_READ_MAX

    def _keep(
        self, cut: dict[int, int], read: Sequence[tuple[int, list[Told]]], more: bool
    ) -> bool:
        was_unknown = self._cut is None
        for block, told in read:
            self._number += 1
            self._kept.append(_Arrived(self._number, block, told))
            self._kept_events += 1 + len(told)
        while self._kept_events > self._events_kept and len(self._kept) > 1:
            self._kept_events -= 1 + len(self._kept.popleft().told)
        self._cut = cut
        if read or was_unknown:
            self._moved.set()
            self._moved = asyncio.Event()
        return more

    def _newest(self) -> Position:
        return newest_position(self._session())

    def _page(self, selection: Selection, position: Position) -> EventPage:
        return read_page(self._session(), selection, position, limit=PAGE_EVENTS)

    async def _read_past(self, read: Callable[[], Result]) -> Result:
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._history, read)
        except Exception:
            await loop.run_in_executor(self._history, self._rest)
            raise

    async def _stop_reading(self) -> None:
        reader, self._reader = self._reader, None
        if reader is not None:
            reader.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await reader
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._news, self._rest)
        await loop.run_in_executor(self._history, self._rest)
        if self._watchers == 0:
            self._kept.clear()
            self._kept_events = 0
            self._cut = None
