"""Parts of a page that are told again as what they show moves, and who reads them for all.

One reader per process and event loop reads for everybody: what several people look at is read once.
Watchers get what is newest, never a queue, so one that is slow skips what it missed.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import logging
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Generic, NamedTuple, TypeVar

from django.db import Error as DatabaseError
from django.http import Http404
from django.template.loader import render_to_string

from kaquan.foundation import clock
from kaquan.foundation.errors import KaquanError
from kaquan.foundation.shutdown import is_shutting_down
from kaquan.surfaces.console.kit.cells import Text
from kaquan.surfaces.console.kit.panels import Panel

PERIOD_S = 0.6
REFRESH_S = 10.0
"""What is not in the books, such as a new request for approval, shows after this at the latest."""
SILENCE_S = 3.0
_MARK_CHARACTERS = 12

Cut = TypeVar("Cut")
Ids = frozenset[int]

log = logging.getLogger(__name__)


class Part(NamedTuple):
    """A part of a page; its mark tells whether it differs from what somebody has."""

    name: str
    html: str
    mark: str


class Reading(NamedTuple):
    """Parts as they are, and what touches them: batches and stores; None: whatever happens."""

    parts: Sequence[Part]
    batch_ids: Ids | None = None
    store_ids: Ids | None = None

    @property
    def mark(self) -> str:
        """Of all parts together."""
        return _mark("".join(one.mark for one in self.parts))

    def is_touched_by(self, happened: tuple[Ids, Ids] | None) -> bool:
        """Whether these batches and stores (None: nobody knows which) may have moved it."""
        if happened is None:
            return True
        batch_ids, store_ids = happened
        if self.batch_ids is None or self.store_ids is None:
            return bool(batch_ids or store_ids)
        return not (self.batch_ids.isdisjoint(batch_ids) and self.store_ids.isdisjoint(store_ids))


class News(NamedTuple, Generic[Cut]):
    """How far the counters are, what was touched since, and since when they have been behind."""

    cut: Cut
    happened: tuple[Ids, Ids] | None
    waits_since: datetime | None


@dataclass(frozen=True, slots=True)
class Told:
    """What a watcher learns. ``reading`` None: it cannot be read just now. ``gone``: it is no more,
    or no more for this watcher."""

    number: int = 0
    reading: Reading | None = None
    gone: bool = False
    at: datetime | None = None
    behind_s: int = 0


def part(name: str, template: str, context: Mapping[str, object]) -> Part:
    """A part as its template shows it, in the language of this thread."""
    html = render_to_string(template, {"title": "", **context})
    return Part(name, html, _mark(html))


def parts_of(panels: Sequence[Panel], title: Text) -> list[Part]:
    """Each panel that may be drawn anew, as a part; its number on the page is its name."""
    return [
        part(f"part-{number}", panel.template, {"panel": panel, "title": title})
        for number, panel in enumerate(panels)
        if panel.is_live
    ]


def _mark(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:_MARK_CHARACTERS]


class _Topic:
    """What somebody looks at just now."""

    def __init__(self, read: Callable[[], Reading]) -> None:
        self.read = read
        self.watchers = 0
        self.read_s = float("-inf")
        self.told = Told()


class LiveHub(Generic[Cut]):
    """Shares one reader among many watchers of one event loop.

    ``news`` tells what happened after a cut (None: only where things are); ``rest`` is called where
    it was, after a failure and when nobody watches any more.
    """

    def __init__(
        self,
        news: Callable[[Cut | None], News[Cut]],
        *,
        rest: Callable[[], None],
        period_s: float = PERIOD_S,
        refresh_s: float = REFRESH_S,
        silence_s: float = SILENCE_S,
    ) -> None:
        self._news = news
        self._rest = rest
        self._period_s = period_s
        self._refresh_s = refresh_s
        self._silence_s = silence_s
        self._topics: dict[object, _Topic] = {}
        self._cut: Cut | None = None
        self._checked_s = float("-inf")
        self._reader: asyncio.Task[None] | None = None
        self._moved = asyncio.Event()
        self._wanted = asyncio.Event()
        # One thread of its own, so one database session, whatever Django's threads are doing.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="kaquan-console-live")

    @property
    def watchers(self) -> int:
        """How many watch just now."""
        return sum(one.watchers for one in self._topics.values())

    async def watch(self, topic: object, read: Callable[[], Reading]) -> AsyncGenerator[Told, None]:
        """What is there and each time it moves; the same again after some silence.

        Ends when it is gone, when the watcher goes, or when the server is about to. Watchers of
        equal topics share what the first one's ``read`` gives.
        """
        one = self._topics.setdefault(topic, _Topic(read))
        one.watchers += 1
        if self._reader is None:
            self._moved, self._wanted = asyncio.Event(), asyncio.Event()  # of this event loop
            self._checked_s = clock.monotonic_s()
            self._reader = asyncio.create_task(self._keep_reading())
        self._wanted.set()
        seen, said_s = 0, clock.monotonic_s()
        try:
            while not is_shutting_down():
                told, now_s = one.told, clock.monotonic_s()
                if told.number > seen:
                    seen, said_s = told.number, now_s
                    yield told
                    if told.gone:
                        return
                elif now_s - said_s >= self._silence_s and (seen or self._is_stuck()):
                    said_s = now_s
                    yield self._again(one)
                else:
                    await self._moves()
        finally:
            one.watchers -= 1
            if not one.watchers and self._topics.get(topic) is one:
                del self._topics[topic]
            if not self._topics:
                self._wanted.set()  # the reader ends

    async def at_rest(self) -> None:
        """Wait until the reader has ended, which it does once nobody watches."""
        if self._reader is not None:
            await self._reader

    async def ask(self, question: Callable[[], bool]) -> bool:
        """Let the hub's thread answer a question, where it has its database session."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, question)

    async def _moves(self) -> None:
        """Wait until the reader has come round, but not for long."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._silence_s):
                await self._moved.wait()

    def _again(self, one: _Topic) -> Told:
        """The same, as of now; nothing where the reader has not come round for long."""
        if self._is_stuck():
            return replace(one.told, reading=None)
        return replace(one.told, at=clock.now())

    def _is_stuck(self) -> bool:
        return clock.monotonic_s() - self._checked_s > 2 * self._silence_s

    async def _keep_reading(self) -> None:
        """As long as anybody watches."""
        loop = asyncio.get_running_loop()
        while self._topics:
            self._wanted.clear()
            topics = list(self._topics.values())
            try:
                await loop.run_in_executor(self._thread, self._read_all, topics)
                self._checked_s = clock.monotonic_s()
            except Exception:  # whatever ails the database, the pages must say so and go on
                log.exception("what the console's pages follow could not be read")
                self._cut = None
                for one in topics:
                    one.told = Told(one.told.number + 1)
                await loop.run_in_executor(self._thread, self._rest)
            self._moved.set()
            self._moved = asyncio.Event()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._period_s):
                    await self._wanted.wait()
        self._cut = None
        resting = loop.run_in_executor(self._thread, self._rest)
        self._reader = None  # whoever comes now begins anew, after the rest
        await resting

    def _read_all(self, topics: Sequence[_Topic]) -> None:
        """In the thread: each topic that is new, old or touched."""
        news = self._news(self._cut)
        self._cut = news.cut
        now, now_s = clock.now(), clock.monotonic_s()
        behind_s = 0 if news.waits_since is None else int((now - news.waits_since).total_seconds())
        for one in topics:
            before = one.told
            reading, gone = before.reading, before.gone
            is_old = now_s - one.read_s >= self._refresh_s
            if reading is None or is_old or reading.is_touched_by(news.happened):
                one.read_s = now_s
                try:
                    reading = one.read()
                except (KaquanError, Http404):  # it is no more, or no more this watcher's
                    reading, gone = None, True
                except DatabaseError:
                    raise  # it is away for all of them
                except Exception:  # one page's fault must not still the others
                    log.exception("a page that is told live could not be read")
                    reading = None
            is_same = reading is not None and before.reading is not None and (
                reading.mark == before.reading.mark and behind_s == before.behind_s
            )  # fmt: skip
            if not is_same:
                one.told = Told(before.number + 1, reading, gone, now, behind_s)
            elif reading is not before.reading:
                one.told = replace(before, reading=reading, at=now)
