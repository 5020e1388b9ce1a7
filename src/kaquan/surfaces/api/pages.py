"""Lists come in pages; a cursor says where the next one begins."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from functools import cache
from typing import Annotated, Any, TypeVar

import msgspec
from ninja import Schema
from pydantic import Field, create_model

from kaquan.surfaces.api.refusing import CallRefusedError
from kaquan.surfaces.api.schemas import PLAIN_DIGITS, Answer

LIMIT_MAX = 200
LIMIT = 50
CURSOR_CHARACTERS_MAX = 1_000

Row = TypeVar("Row")
Item = TypeVar("Item", bound=Answer)


class PageQuery(Schema):
    """Which page: how many items at most, and the cursor that the page before gave."""

    limit: Annotated[int, Field(ge=1, le=LIMIT_MAX), PLAIN_DIGITS] = LIMIT
    cursor: Annotated[str, Field(max_length=CURSOR_CHARACTERS_MAX)] | None = None

    def after(self, *kinds: type) -> tuple[Any, ...] | None:
        """The keys of the last row of the page before, of these types; None for the first page.

        Raises the problem `cursor_invalid` for a cursor that is none of this list's.
        """
        if self.cursor is None:
            return None
        keys = _decoded(self.cursor)
        if len(keys) != len(kinds) or any(
            type(key) is not kind for key, kind in zip(keys, kinds, strict=True)
        ):
            raise CallRefusedError("cursor_invalid")
        if any(type(key) is int and abs(key) >= 2**63 for key in keys):
            raise CallRefusedError("cursor_invalid")
        if any(type(key) is str and "\0" in key for key in keys):
            raise CallRefusedError("cursor_invalid")
        return tuple(keys)

    @property
    def rows(self) -> int:
        """How many rows to read: one more than is shown, to know whether there is another page."""
        return self.limit + 1


@cache
def page_of(item: type[Item]) -> type[Answer]:
    """The schema of a page of such items."""
    return create_model(
        f"{item.__name__.removesuffix('Answer')}Page",
        __base__=Answer,
        __doc__=f"A page. `next_cursor` is null on the last one. ({item.__name__})",
        items=(list[item], ...),  # type: ignore[valid-type]
        next_cursor=(str | None, ...),
    )


def page(
    rows: Sequence[Row],
    query: PageQuery,
    *,
    key: Callable[[Row], tuple[int | str, ...]],
    show: Callable[[Row], Item],
) -> dict[str, Any]:
    """The page that ``rows`` (``query.rows`` of them at most) begin; ``key`` orders the list."""
    shown = rows[: query.limit]
    # A query that gives no more rows than a page shows at most cannot tell that it was the last.
    more = len(rows) > query.limit or len(rows) == LIMIT_MAX
    return {
        "items": [show(row) for row in shown],
        "next_cursor": encoded_cursor(*key(shown[-1])) if more else None,
    }


def encoded_cursor(*keys: int | str) -> str:
    """Opaque to callers; it holds where a page ended, no secret and no right."""
    return base64.urlsafe_b64encode(msgspec.json.encode(keys)).rstrip(b"=").decode()


def _decoded(cursor: str) -> list[Any]:
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        text = base64.b64decode(padded, altchars=b"-_", validate=True)
        keys = msgspec.json.decode(text, type=list[int | str])
    except (UnicodeEncodeError, binascii.Error, msgspec.MsgspecError, ValueError):
        raise CallRefusedError("cursor_invalid") from None
    return keys
