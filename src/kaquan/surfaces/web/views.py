"""The first page, and the stream that keeps it moving."""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from functools import partial

from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import Error as DatabaseError
from django.db import connections
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.safestring import SafeString
from django.views.decorators.http import require_safe
from msgspec import Struct

from kaquan.foundation import clock
from kaquan.staff.models import StaffUser
from kaquan.staff.presence import request_again
from kaquan.surfaces.web.chart import bar_chart
from kaquan.surfaces.web.live import Hub
from kaquan.surfaces.web.overview import Overview, OverviewReader, local_time

SECTIONS = ("figures", "days", "proof", "campaigns", "events")
SILENCE_TICKS_MAX = 3
RETRY_MS = 2000
CHECK_S = 5.0

log = logging.getLogger(__name__)
reader = OverviewReader()

Sections = dict[str, SafeString]


class Rendered(Struct, frozen=True):
    """The sections of the page in each language, as they were at a moment."""

    at: str
    by_language: dict[str, Sections]


@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    """The page, complete; where the database is away it says so and fills itself later."""
    now = clock.now()
    try:
        found = reader.read(now)
    except DatabaseError:
        log.exception("the figures of the page could not be read")
        found = None
    context = {
        "sections": render_sections(found),
        "state": "stale" if found is None else "now",
        "at": local_time(now),
    }
    return render(request, "web/overview.html", context)


def render_sections(found: Overview | None) -> Sections:
    """Each section of the page in the language of this thread."""
    context = {"overview": found, "chart": found and bar_chart(found.days)}
    return {name: render_to_string(f"web/parts/{name}.html", context) for name in SECTIONS}


def _read_rendered() -> Rendered:
    now = clock.now()
    found = reader.read(now)
    by_language = {}
    for language, _ in settings.LANGUAGES:
        with translation.override(language):
            by_language[language] = render_sections(found)
    return Rendered(local_time(now), by_language)


hub: Hub[Rendered] = Hub(_read_rendered, rest=connections.close_all)


async def live(request: HttpRequest) -> StreamingHttpResponse:
    """Server-sent events: ``figures`` with the sections that changed, or ``trouble``. Ends when
    somebody who had to log in for it is not logged in any more."""
    has_user = await sync_to_async(_has_logged_in)(request)
    still = sync_to_async(partial(_is_still_there, request)) if has_user else None
    response = StreamingHttpResponse(
        figures_events(hub, translation.get_language() or settings.LANGUAGE_CODE, still),
        content_type="text/event-stream; charset=utf-8",
    )
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Accel-Buffering"] = "no"  # a proxy must not collect events first
    return response


def _has_logged_in(request: HttpRequest) -> bool:
    try:
        return isinstance(getattr(request, "user", None), StaffUser)
    except DatabaseError:
        return False  # an open page fills itself once the database is back
    finally:
        connections.close_all()


def _is_still_there(request: HttpRequest) -> bool:
    try:
        return request_again(request) is not None
    except DatabaseError:
        return True  # the stream tells of the trouble
    finally:
        connections.close_all()


async def figures_events(
    watched: Hub[Rendered],
    language: str,
    still: Callable[[], Awaitable[bool]] | None = None,
    *,
    check_s: float = CHECK_S,
) -> AsyncGenerator[bytes, None]:
    """The events for one visitor, as bytes of the stream; ``still`` tells whether they may go on
    looking, asked every ``check_s``."""
    yield f"retry: {RETRY_MS}\n\n".encode()
    shown: Sections = {}
    silent_ticks = 0
    checked_s = clock.monotonic_s()
    # Closed with us: else the hub would go on reading for a visitor who has left.
    async with aclosing(watched.ticks()) as ticks:
        async for tick in ticks:
            if still is not None and clock.monotonic_s() - checked_s >= check_s:
                checked_s = clock.monotonic_s()
                if not await still():
                    return
            if tick.reading is None:
                yield _event("trouble", {})
                continue
            sections = tick.reading.by_language[language]
            changed = {name: html for name, html in sections.items() if shown.get(name) != html}
            silent_ticks += 1
            if changed or silent_ticks >= SILENCE_TICKS_MAX:
                yield _event("figures", {"at": tick.reading.at, "sections": changed})
                shown, silent_ticks = sections, 0


def _event(name: str, data: dict[str, object]) -> bytes:
    return f"event: {name}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n".encode()
