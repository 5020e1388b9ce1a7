"""Bookmarks of the books as they stand in addresses."""

from __future__ import annotations

from kaquan.foundation.paging import cursor_invalid, cursor_of, keys_in
from kaquan.ledger.entry_pages import Bookmark


def bookmark_in(cursor: str) -> Bookmark | None:
    """The bookmark that `cursor_after` was given; raises `cursor_invalid` for anything else."""
    if not cursor:
        return None
    position, block, index = keys_in(cursor, 3)
    if not (isinstance(position, str) and isinstance(block, int) and isinstance(index, int)):
        raise cursor_invalid()
    try:
        pairs = [part.split(".") for part in position.split("-") if part]
        lanes = {int(lane, 36): int(last, 36) for lane, last in pairs}
    except ValueError:
        raise cursor_invalid() from None
    if any(not 0 < number < 2**62 for pair in lanes.items() for number in pair):
        raise cursor_invalid()
    return Bookmark(lanes, block, index)


def cursor_after(following: Bookmark | None) -> str:
    """Opaque text for an address; empty at the end."""
    if following is None:
        return ""
    lanes = "-".join(f"{_base36(lane)}.{_base36(last)}" for lane, last in
                     following.position.items())  # fmt: skip
    return cursor_of(lanes, following.block, following.index)


def _base36(number: int) -> str:
    digits = ""
    while number or not digits:
        number, digit = divmod(number, 36)
        digits = "0123456789abcdefghijklmnopqrstuvwxyz"[digit] + digits
    return digits
