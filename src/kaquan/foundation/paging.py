"""Lists for people: sorted as they ask, paged both ways by key, counted up to a bound.

A page begins after (or ends before) the keys of a row, never after so many rows: the thousandth
page costs what the first one does.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Generic, TypeVar

from django.core.exceptions import ValidationError
from django.db.models import Model, Q, QuerySet

from kaquan.foundation.errors import ExitCode, KaquanError

ROWS = 20
ROWS_MAX = 200
COUNTED_MAX = 10_000
FEW = 500
"""So few rows are named by their keys before they are sorted."""
_CURSOR_CHARACTERS_MAX = 1_000

Row = TypeVar("Row")
Other = TypeVar("Other")
AnyModel = TypeVar("AnyModel", bound=Model)
Keys = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Paging:
    """Which page: sorted by a name of the list's (with "-" downwards), which way from which row."""

    sort: str = ""
    after: str = ""
    before: str = ""
    limit: int = ROWS
    counts: bool = True

    @property
    def rows_max(self) -> int:
        """How many rows a page shows at most."""
        return max(1, min(self.limit, ROWS_MAX))


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """Rows, where the neighbouring pages begin, and how many rows there are in all.

    ``count`` None: nobody counted; ``is_more``: there are more than were counted.
    """

    rows: Sequence[Row] = field(default_factory=list)
    after: str = ""
    before: str = ""
    count: int | None = None
    is_more: bool = False

    def mapped(self, change: Callable[[Sequence[Row]], Sequence[Other]]) -> Page[Other]:
        """The same page with other rows, one for each."""
        return Page(change(self.rows), self.after, self.before, self.count, self.is_more)


def page_of(rows: QuerySet[AnyModel], paging: Paging, orders: Mapping[str, str]) -> Page[AnyModel]:
    """The page of a query; ``orders`` names fields to sort by, none of them nullable, the first
    the usual one ("-" before a field: downwards).

    Raises `cursor_invalid` and `sort_invalid`.
    """
    sorting = _sorting(paging.sort, orders)
    backwards = bool(paging.before)
    limit = paging.rows_max
    cursor = paging.before or paging.after
    order = [_turned(name) if backwards else name for name in sorting]
    keys = keys_in(cursor, len(sorting)) if cursor else ()
    count, is_more = _counted(rows) if paging.counts else (None, False)
    if count is not None and count <= FEW:
        rows = _named(rows)
    try:
        part = rows.filter(_beyond(sorting, keys, backwards=backwards)) if keys else rows
        found = list(part.order_by(*order)[: limit + 1])
    except (ValidationError, ValueError, TypeError):  # keys of another list's sort
        raise cursor_invalid() from None
    more, found = len(found) > limit, found[:limit]
    if backwards:
        found.reverse()
    first, last = (_cursor_of(found[0], sorting), _cursor_of(found[-1], sorting)) if found else (
        "", "")  # fmt: skip
    return Page(
        rows=found,
        after=last if (more or backwards) else "",
        before=first if (more if backwards else cursor) else "",
        count=count,
        is_more=is_more,
    )


def cursor_of(*keys: str | int) -> str:
    """Opaque text for an address; it holds where a page ended, no secret and no right."""
    text = json.dumps(keys, ensure_ascii=False).encode()
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode()


def keys_in(cursor: str, number: int) -> Keys:
    """What `cursor_of` was given; raises `cursor_invalid` for anything else."""
    if len(cursor) > _CURSOR_CHARACTERS_MAX:
        raise cursor_invalid()
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        keys = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (UnicodeError, binascii.Error, ValueError):
        raise cursor_invalid() from None
    if not isinstance(keys, list) or len(keys) != number or not all(map(_is_key, keys)):
        raise cursor_invalid()
    return tuple(keys)


def cursor_invalid() -> KaquanError:
    """The address names a page that is none of this list's."""
    return KaquanError(
        "cursor_invalid",
        zh="翻页位置无效；请回到第一页。",
        en="The page is not one of this list; go back to the first one.",
        exit_code=ExitCode.USAGE,
    )


def _is_key(key: object) -> bool:
    if isinstance(key, bool):
        return False
    return (isinstance(key, int) and abs(key) < 2**63) or (isinstance(key, str) and "\0" not in key)


def _sorting(asked: str, orders: Mapping[str, str]) -> list[str]:
    """The fields to sort by; the primary key makes the order complete."""
    usual = next(iter(orders.values()))
    name = asked.removeprefix("-")
    if asked and name not in orders:
        raise KaquanError(
            "sort_invalid",
            zh=f"不能按“{name[:40]}”排序。",
            en=f'The list cannot be sorted by "{name[:40]}".',
            exit_code=ExitCode.USAGE,
        )
    chosen = usual
    if asked:
        field_name = orders[name].removeprefix("-")
        chosen = f"-{field_name}" if asked.startswith("-") else field_name
    key = "-pk" if chosen.startswith("-") else "pk"
    return [chosen] if chosen.removeprefix("-") in ("id", "pk") else [chosen, key]


def _turned(name: str) -> str:
    return name[1:] if name.startswith("-") else f"-{name}"


def _beyond(sorting: Sequence[str], keys: Keys, *, backwards: bool) -> Q:
    """The rows after the keys in the order of the sorting, or before them."""
    beyond, equal = Q(), Q()
    for name, key in zip(sorting, keys, strict=True):
        field_name = name.removeprefix("-")
        comparison = "lt" if name.startswith("-") != backwards else "gt"
        beyond |= equal & Q(**{f"{field_name}__{comparison}": key})
        equal &= Q(**{field_name: key})
    return beyond


def _cursor_of(row: Model, sorting: Sequence[str]) -> str:
    return cursor_of(*[_key(row, name.removeprefix("-")) for name in sorting])


def _key(row: Model, field_name: str) -> str | int:
    value: Any = row
    for part in field_name.split("__"):
        value = getattr(value, part)
    if isinstance(value, datetime | date):
        return value.isoformat()
    return value if isinstance(value, int) else str(value)


def _counted(rows: QuerySet[AnyModel]) -> tuple[int, bool]:
    number = rows.order_by().values("pk")[: COUNTED_MAX + 1].count()
    return min(number, COUNTED_MAX), number > COUNTED_MAX


def _named(rows: QuerySet[AnyModel]) -> QuerySet[AnyModel]:
    """Few rows by their keys. The database guesses that rows which it knows nothing of are
    everywhere, and would walk through all of a long table in its order to find them."""
    found = rows.order_by().values_list("pk", flat=True)[: COUNTED_MAX + 1]
    return rows.filter(pk__in=list(found))
