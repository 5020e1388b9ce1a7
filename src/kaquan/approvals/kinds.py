"""What can be asked for; each capability registers its own kinds when Django starts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from kaquan.approvals.models import ApprovalRequest


def _nothing(request: ApprovalRequest) -> None:
    del request


@dataclass(frozen=True, slots=True)
class Kind:
    """One sort of request, such as ``campaign.start``.

    ``carry_out`` does what was asked, in the transaction of the last approval: what it raises
    undoes that approval. ``turned_down`` follows a rejection, a wish for changes or a withdrawal,
    in their transaction. ``content_now`` tells what would be carried out as things stand: an
    approval is refused where that is no longer what was asked for.
    """

    name: str
    zh: str
    en: str
    ask_permission: str
    approve_permission: str
    carry_out: Callable[[ApprovalRequest], None]
    turned_down: Callable[[ApprovalRequest], None] = _nothing
    content_now: Callable[[ApprovalRequest], Mapping[str, Any]] | None = None


_kinds: dict[str, Kind] = {}


def register(kind: Kind) -> None:
    """Make a kind known; called by the owning capability's ``AppConfig.ready``."""
    assert kind.name not in _kinds, f"two kinds are named {kind.name}"
    _kinds[kind.name] = kind


def kind_named(name: str) -> Kind:
    """The kind; asking for one that nobody registered is our own mistake."""
    assert name in _kinds, f"nobody registered the kind {name}"
    return _kinds[name]


def kinds() -> tuple[Kind, ...]:
    """All kinds, in the order of their names."""
    return tuple(_kinds[name] for name in sorted(_kinds))
