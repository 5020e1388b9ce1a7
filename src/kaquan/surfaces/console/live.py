"""The stream that keeps a page of the console moving, as server-sent events.

``parts`` brings the parts that differ from what the page has, ``now`` that nothing has moved,
``trouble`` that nothing can be read just now, ``gone`` that there is nothing to look at any more.
No thread waits for a watcher; who may see what is asked again while the stream is open.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import NamedTuple

from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import connections
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils import translation

from kaquan.analytics.today import Cut, counted_cut, counters_wait_since, touched_between
from kaquan.foundation import clock
from kaquan.foundation.actor import Actor, require
from kaquan.foundation.errors import KaquanError
from kaquan.surfaces.console.acting import actor_again, actor_of_request
from kaquan.surfaces.console.kit.cells import local_text
from kaquan.surfaces.console.kit.live import LiveHub, News, Reading, Told
from kaquan.surfaces.console.kit.screens import Call, Screen
from kaquan.surfaces.console.screens import SCREENS

RETRY_MS = 2_000
CHECK_S = 5.0
BEHIND_S = 5
"""Counters that are so far behind the books make a page say so."""
STREAMS_MAX = 300
STREAMS_MAX_PER_PERSON = 12

_streams: Counter[str] = Counter()
_LIVE: dict[str, Screen] = {one.name: one for one in SCREENS if one.moves()}


class Watch(NamedTuple):
    """What somebody looks at: watches of one topic share a reading."""

    topic: object
    read: Callable[[], Reading]
    let_in: Callable[[], bool]
    person: str


def read_news(after: Cut | None) -> News[Cut]:
    """What was counted since."""
    cut = counted_cut()
    happened = None
    if after is not None and cut == after:
        happened = (frozenset[int](), frozenset[int]())
    elif after is not None:
        happened = touched_between(after, cut)
    return News(cut, happened, counters_wait_since())


hub: LiveHub[Cut] = LiveHub(read_news, rest=connections.close_all)


async def live(request: HttpRequest) -> HttpResponseBase:
    """The stream for one page."""
    if request.method != "GET" or not hasattr(request, "scope"):
        return HttpResponse(status=204)  # a server that gives each request a thread has no streams
    watch = await sync_to_async(_opened)(request)
    if watch is None:
        return HttpResponse(status=404)
    if _streams[watch.person] >= STREAMS_MAX_PER_PERSON or _streams.total() >= STREAMS_MAX:
        return HttpResponse(status=429, headers={"Retry-After": "10"})
    # A browser sends the header when it comes back by itself, our script the name in the address.
    seen = request.headers.get("last-event-id") or request.GET.get("last", "")
    response = StreamingHttpResponse(
        _counted(watch.person, stream(hub, watch, seen)),
        content_type="text/event-stream; charset=utf-8",
    )
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Accel-Buffering"] = "no"  # a proxy must not collect events first
    return response


def _opened(request: HttpRequest) -> Watch | None:
    """What is watched, if anything. The request's database session is given back at once: it would
    be kept as long as the stream is open."""
    try:
        return open_watch(request)
    except KaquanError:
        return None
    finally:
        connections.close_all()


def open_watch(request: HttpRequest) -> Watch | None:
    """What a request wants to watch; None where there is no such page. Raises what the page does
    to somebody who may not see it."""
    actor = actor_of_request(request)
    asked = request.GET
    screen = _LIVE.get(asked.get("screen", ""))
    if actor is None or screen is None:
        return None
    if screen.permission:
        require(actor, screen.permission)
    key = screen.live_key(asked.get("key", ""))
    if key is None:
        return None
    call, tab = Call(request, actor), asked.get("tab", "")
    language = translation.get_language() or settings.LANGUAGE_CODE

    def read() -> Reading:
        with translation.override(language):
            return screen.live_reading(call, tab=tab, **key)

    read()  # who may not see it learns so at once
    person = actor.id if screen.is_personal else ""
    topic = (
        screen.name, str(key), tab, language, actor.organisation_path, actor.permissions, person
    )  # fmt: skip
    return Watch(topic, read, _still(request, actor), actor.id)


def _still(request: HttpRequest, actor: Actor) -> Callable[[], bool]:
    """Whether somebody is still logged in and may do what they might."""

    def ask() -> bool:
        now = actor_again(request)
        return now is not None and (now.permissions, now.organisation_path) == (
            actor.permissions, actor.organisation_path
        )  # fmt: skip

    return ask


async def stream(
    watched: LiveHub[Cut], watch: Watch, seen: str, *, check_s: float = CHECK_S
) -> AsyncGenerator[bytes, None]:
    """What one watcher is sent; ``seen`` is the id of what they got last, before they lost us."""
    yield f"retry: {RETRY_MS}\n\n".encode()
    shown: dict[str, str] = {}
    checked_s = clock.monotonic_s()
    # Closed with us: else the hub would go on reading for a watcher who has left.
    async with aclosing(watched.watch(watch.topic, watch.read)) as tellings:
        async for told in tellings:
            now_s = clock.monotonic_s()
            if now_s - checked_s >= check_s:
                checked_s = now_s
                if not await watched.ask(watch.let_in):
                    yield _event("gone", {"login": True})
                    return
            if told.gone:
                yield _event("gone", {"login": False})
            elif told.reading is None:
                yield _event("trouble", {})
            else:
                yield _told(told, told.reading, shown, seen)
                shown = {one.name: one.mark for one in told.reading.parts}
                seen = ""


def _told(told: Told, reading: Reading, shown: dict[str, str], seen: str) -> bytes:
    state = {
        "at": local_text(told.at)[-8:],
        "behind_s": told.behind_s if told.behind_s >= BEHIND_S else 0,
    }
    has_all = seen == reading.mark
    parts = {
        one.name: {"mark": one.mark, "html": one.html}
        for one in reading.parts
        if not has_all and shown.get(one.name) != one.mark
    }
    name = "parts" if parts else "now"
    return _event(name, {**state, "parts": parts} if parts else state, reading.mark)


def _event(name: str, data: dict[str, object], mark: str = "") -> bytes:
    id_line = f"id: {mark}\n" if mark else ""
    return f"{id_line}event: {name}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n".encode()


async def _counted(person: str, events: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    _streams[person] += 1
    try:
        async with aclosing(events) as parts:
            async for one in parts:
                yield one
    finally:
        _streams[person] -= 1
        if not _streams[person]:
            del _streams[person]
