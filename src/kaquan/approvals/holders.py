"""Who holds which role, and where; whoever keeps the roles lays the book of them open here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol


class HeldRole(NamedTuple):
    """A role at a node and everywhere below it; the path of the whole tree is empty."""

    code: str
    path: str


class RoleBook(Protocol):
    """What approvals need to know of roles."""

    def held_by(self, actor_id: str, at: datetime) -> Sequence[HeldRole]:
        """The roles that someone holds now."""

    def names(self) -> Mapping[str, tuple[str, str]]:
        """Every role's Chinese and English name, by its code."""


_books: list[RoleBook] = []


def lay_open(book: RoleBook) -> None:
    """Make the book of roles known."""
    _books[:] = [book]


def held_by(actor_id: str, at: datetime) -> Sequence[HeldRole]:
    """The roles that someone holds now; none where nobody keeps roles."""
    return _books[0].held_by(actor_id, at) if _books else ()


def role_names() -> Mapping[str, tuple[str, str]]:
    """Every role's Chinese and English name, by its code."""
    return _books[0].names() if _books else {}
