"""Where a change comes from: a network address, or the program that runs here."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_origin: ContextVar[str] = ContextVar("kaquan_change_origin", default="")


def current_origin() -> str:
    """Where what is done now comes from; empty where nobody said."""
    return _origin.get()


@contextmanager
def coming_from(origin: str) -> Iterator[None]:
    """Inside the block, what is done comes from there."""
    token = _origin.set(origin)
    try:
        yield
    finally:
        _origin.reset(token)
