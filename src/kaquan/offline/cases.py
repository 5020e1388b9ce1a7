"""What a device told, on its way into the books."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from kaquan.engine.commands import RequestKey
from kaquan.engine.outcomes import Outcome
from kaquan.foundation.refusals import INTERNAL_CLIENT
from kaquan.offline.journal import Line
from kaquan.offline.models import FaultKind, Grant


@dataclass(frozen=True, slots=True)
class ToldUndo:
    """A line that takes a use back, as the device signed it."""

    text: str
    signature: bytes


@dataclass(frozen=True, slots=True)
class ToldUse:
    """A line of a device's journal as it signed it, and the code that it is about. ``undo``: the
    line that took it back already, which comes by itself too. A line that takes one back has no
    code."""

    text: str
    signature: bytes
    code: str = ""
    undo: ToldUndo | None = None

    def __repr__(self) -> str:
        return "<a use that was told>"


@dataclass(frozen=True, slots=True)
class Judged:
    """What became of one; ``known``: the server has it and it need not be handed in again."""

    hash: str
    known: bool
    verdict: str
    reason: str = ""


@dataclass(slots=True)
class Case:
    """One use on its way into the books. ``undone_by``: it was taken back on the device."""

    line: Line
    told: ToldUse
    hash: bytes
    at: datetime
    code: str
    value_fen: int
    grant: Grant | None
    uncovered: str
    undone_by: bytes | None = None
    outcome: Outcome | None = None
    loss: Outcome | None = None
    faults: list[FaultKind] = field(default_factory=list)

    @property
    def key(self) -> RequestKey:
        """Its name in the books."""
        return request_key(self.line.device, self.hash)

    @property
    def is_booked(self) -> bool:
        """Whether the books took it as it was."""
        return self.outcome is not None and self.outcome.done

    @property
    def loss_fen(self) -> int:
        """What the store is owed if they did not."""
        return min(self.line.amount_fen, self.value_fen)


def request_key(device_id: int, digest: bytes) -> RequestKey:
    """The name in the books of what a device's line is about."""
    return RequestKey(INTERNAL_CLIENT, f"offline:{device_id}:{digest.hex()}")
