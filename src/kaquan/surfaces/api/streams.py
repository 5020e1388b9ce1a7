"""Answers that are too long to be held: files and reports, sent part by part."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import closing
from typing import BinaryIO

from asgiref.sync import sync_to_async
from django.http import HttpRequest, StreamingHttpResponse

PART_BYTES = 64 * 1024


def streamed(
    request: HttpRequest,
    parts: Iterator[bytes],
    *,
    media_type: str,
    headers: Mapping[str, str] | None = None,
) -> StreamingHttpResponse:
    """An answer made of parts, which are asked for as they are sent; nothing is collected.

    The parts are read in the request's own thread, so they may use its database connection.
    """
    is_asynchronous = hasattr(request, "scope")
    return StreamingHttpResponse(
        _read_beside(parts) if is_asynchronous else parts,
        content_type=media_type,
        headers=dict(headers or {}),
    )


def parts_of(file: BinaryIO) -> Iterator[bytes]:
    """A file's content in parts; it is closed at the end."""
    with closing(file):
        while part := file.read(PART_BYTES):
            yield part


async def _read_beside(parts: Iterator[bytes]) -> AsyncIterator[bytes]:
    def following() -> bytes | None:
        return next(parts, None)

    try:
        while (part := await sync_to_async(following)()) is not None:
            yield part
    finally:
        close = getattr(parts, "close", None)
        if close is not None:
            await sync_to_async(close)()
