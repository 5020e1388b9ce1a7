"""A run as the history checker sees it: what clients asked and were told, and what the ledger says.

Times are nanoseconds of one clock that all processes share. ``taken`` is in whatever the voucher is
counted in, uses or fen; what comes back onto a voucher is negative.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Answer(StrEnum):
    """What a client was told."""

    DONE = "done"
    EXHAUSTED = "exhausted"  # refused because too little was left
    REFUSED = "refused"  # refused for any other reason
    UNKNOWN = "unknown"  # killed, cut off or told that nobody knows


@dataclass(frozen=True, slots=True)
class Attempt:
    """One call by one client; a retry is another attempt with the same key.

    ``asked`` is what it wanted from each voucher, ``versions`` which change of each it was told it
    was.
    """

    key: str
    process: int
    called_ns: int
    returned_ns: int | None
    answer: Answer
    asked: Mapping[int, int]
    versions: Mapping[int, int] = field(default_factory=dict)
    text: bytes = b""


@dataclass(frozen=True, slots=True)
class Read:
    """One consistent look: version and what was left of some vouchers, and what a pot had lost.

    ``pot`` names those attempts whose money was already gone from a shared budget; None: not looked
    at.
    """

    name: str
    process: int
    called_ns: int
    returned_ns: int
    versions: Mapping[int, int] = field(default_factory=dict)
    left: Mapping[int, int] = field(default_factory=dict)
    pot: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """One change of one voucher as the ledger has it; versions count from 1."""

    voucher: int
    version: int
    taken: int
    left: int
    key: str


@dataclass(frozen=True, slots=True)
class History:
    """A whole run. ``opening`` is what each voucher had before its version 1."""

    opening: Mapping[int, int]
    attempts: tuple[Attempt, ...]
    changes: tuple[Change, ...]
    reads: tuple[Read, ...] = ()


@dataclass(frozen=True, slots=True)
class Violation:
    """A broken promise: its stable name, and where to look."""

    kind: str
    detail: str
