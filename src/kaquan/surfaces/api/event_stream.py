"""The event feed as server-sent events, for one caller after another of one process."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

from django.db import connections

from kaquan.access.callers import Caller, authenticate
from kaquan.access.errors import SIGNATURE_MISSING
from kaquan.foundation import clock
from kaquan.integrations.event_hub import Batch, EventHub
from kaquan.integrations.feed import VIEW
from kaquan.integrations.positions import Position
from kaquan.integrations.telling import Selection
from kaquan.ledger.sessions import reading_session
from kaquan.surfaces.api.entrance import source
from kaquan.surfaces.api.kit import Request
from kaquan.surfaces.api.refusing import CallRefusedError

PING_S = 15.0
CHECK_S = 1.0
RETRY_MS = 3_000
STREAMS_MAX = 500
STREAMS_MAX_PER_CLIENT = 20

log = logging.getLogger(__name__)

hub = EventHub(reading_session, rest=connections.close_all)
_streams: Counter[int] = Counter()


def event_stream(
    request: Request, selection: Selection, position: Position | None
) -> AsyncGenerator[bytes, None]:
    """The stream of one caller; raises the problem ``rate_limited`` where there are too many."""
    client_id = request.call.caller.client_id
    if _streams[client_id] >= STREAMS_MAX_PER_CLIENT or _streams.total() >= STREAMS_MAX:
        raise CallRefusedError(
            "rate_limited", remedy=f"{STREAMS_MAX_PER_CLIENT} streams / {STREAMS_MAX}"
        )
    return _counted(client_id, stream_text(hub, selection, position, still_let_in(request)))


async def stream_text(
    watched: EventHub,
    selection: Selection,
    position: Position | None,
    let_in: Callable[[], bool],
    *,
    ping_s: float = PING_S,
) -> AsyncGenerator[bytes, None]:
    """What one watcher is sent. It ends when they are let in no more, when the server is about to
    end, or when the books cannot be read; whoever comes back with the last id misses nothing."""
    yield f"retry: {RETRY_MS}\n\n".encode()
    checked_s = clock.monotonic_s()
    said_s = float("-inf")  # where it begins is said at once: so nobody has to guess
    loop = asyncio.get_running_loop()
    silence_s = min(CHECK_S, ping_s)
    try:
        # Closed with us: else the hub would go on reading for a watcher who has left.
        async with aclosing(watched.watch(selection, position, silence_s=silence_s)) as batches:
            async for batch in batches:
                now_s = clock.monotonic_s()
                if now_s - checked_s >= CHECK_S:
                    checked_s = now_s
                    if not await loop.run_in_executor(None, let_in):
                        return
                if batch.events:
                    said_s = now_s
                    yield _told(batch, selection)
                elif now_s - said_s >= ping_s:
                    said_s = now_s
                    # An id alone moves the reader on past what was not for them.
                    yield f": ping\nid: {batch.position.text()}\n\n".encode()
    except Exception:
        log.exception("a stream of events ended early")


def still_let_in(request: Request) -> Callable[[], bool]:
    """Whether the caller's key is good still, and may see what it saw."""
    authorization = request.headers.get("authorization")
    address, path = source(request), request.get_full_path()
    actor = request.call.caller.actor

    def ask() -> bool:
        found = authenticate(
            authorization=authorization,
            source=address,
            method="GET",
            path=path,
            body=b"",
            signature=None,
            idempotency_key=None,
        )
        if not isinstance(found, Caller):
            # A key that must sign was good up to its signature, and that was checked at the start.
            return found is SIGNATURE_MISSING
        same_part = found.actor.organisation_path == actor.organisation_path
        return same_part and VIEW in found.actor.permissions

    return ask


def _told(batch: Batch, selection: Selection) -> bytes:
    return b"".join(
        b"id: %b\nevent: %b\ndata: %b\n\n"
        % (position.text().encode(), told.event.type.encode(), told.body_for(selection))
        for told, position in batch.events
    )


async def _counted(
    client_id: int, stream: AsyncGenerator[bytes, None]
) -> AsyncGenerator[bytes, None]:
    _streams[client_id] += 1
    try:
        async with aclosing(stream) as parts:
            async for part in parts:
                yield part
    finally:
        _streams[client_id] -= 1
        if not _streams[client_id]:
            del _streams[client_id]
