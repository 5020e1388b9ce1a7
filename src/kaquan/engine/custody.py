"""Paper in pieces: where a run of vouchers lies, what may be done with it, what that makes of it.

A run whose ``piece`` is UNTRACKED is not on paper, or nobody counts it: everything is as without
custody. From the moment it is printed a piece is in one place and one state, and moves only as
``ACTS`` says.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum

from msgspec import Struct

from kaquan.engine.entries import Account
from kaquan.engine.lifecycle import State
from kaquan.engine.outcomes import OutcomeCode


class Piece(IntEnum):
    """Where a piece of paper is in its life."""

    UNTRACKED = 0
    PRINTED = 1  # at the printer's, for the organisation that ordered it
    RECEIVED = 2  # counted and on hand, dead
    READY = 3  # activated and on hand
    SENT = 4  # on its way from the organisation that sent it
    HANDED_OUT = 5
    SPOILED = 6
    LOST = 7
    DESTROYED = 8
    MISSING = 9  # a count found too few, and two people have not yet said what became of it


ACCOUNTS: dict[Piece, Account] = {
    Piece.UNTRACKED: Account.CUSTODY,
    Piece.PRINTED: Account.PAPER_PRINTED,
    Piece.RECEIVED: Account.PAPER_RECEIVED,
    Piece.READY: Account.PAPER_READY,
    Piece.SENT: Account.PAPER_SENT,
    Piece.HANDED_OUT: Account.PAPER_HANDED_OUT,
    Piece.SPOILED: Account.PAPER_SPOILED,
    Piece.LOST: Account.PAPER_LOST,
    Piece.DESTROYED: Account.PAPER_DESTROYED,
    Piece.MISSING: Account.PAPER_MISSING,
}


class Act(Struct, frozen=True):
    """From which states a piece may come, and to which it goes; None: back on hand, ready or only
    received as it was. ``moves``: it may go to another organisation meanwhile."""

    sources: frozenset[Piece]
    target: Piece | None
    moves: bool = False


def _from(*pieces: Piece) -> frozenset[Piece]:
    return frozenset(pieces)


_ON_HAND = (Piece.RECEIVED, Piece.READY)

#: What may be done with pieces. Names are kept in the books for ever.
ACTS: dict[str, Act] = {
    "print": Act(_from(Piece.UNTRACKED), Piece.PRINTED),
    "receive": Act(_from(Piece.PRINTED), Piece.RECEIVED),
    "activate": Act(_from(Piece.RECEIVED), Piece.READY),
    "send": Act(_from(*_ON_HAND), Piece.SENT),
    "accept": Act(_from(Piece.SENT), None, moves=True),
    "call_back": Act(_from(Piece.SENT), None),
    "miss": Act(_from(Piece.PRINTED, Piece.SENT, *_ON_HAND), Piece.MISSING),
    "find": Act(_from(Piece.MISSING), None, moves=True),
    "hand_out": Act(_from(Piece.READY), Piece.HANDED_OUT),
    "take_back": Act(_from(Piece.HANDED_OUT), Piece.READY, moves=True),
    "spoil": Act(_from(Piece.PRINTED, *_ON_HAND, Piece.HANDED_OUT), Piece.SPOILED),
    "lose": Act(_from(Piece.MISSING, *_ON_HAND), Piece.LOST),
    "destroy": Act(_from(Piece.SPOILED, *_ON_HAND), Piece.DESTROYED),
}

#: What needs somebody who saw it, besides whoever does it.
WITNESSED = frozenset({"destroy"})

_GONE: dict[Piece, OutcomeCode] = {
    Piece.SENT: OutcomeCode.VOUCHER_NOT_HANDED_OUT,
    Piece.SPOILED: OutcomeCode.VOUCHER_SPOILED,
    Piece.LOST: OutcomeCode.VOUCHER_LOST,
    Piece.DESTROYED: OutcomeCode.VOUCHER_DESTROYED,
    Piece.MISSING: OutcomeCode.VOUCHER_LOST,
}


def untouched(
    *, active: bool, piece: Piece, hand_out_first: bool
) -> tuple[State, OutcomeCode | None]:
    """What a voucher is that nothing has happened to but what happened to its paper, and the
    answer where its paper is why it may not be used."""
    gone = _GONE.get(piece)
    if gone is OutcomeCode.VOUCHER_NOT_HANDED_OUT and not active:
        gone = None  # dead is the first reason
    if gone is None and active and hand_out_first and piece is Piece.READY:
        gone = OutcomeCode.VOUCHER_NOT_HANDED_OUT
    if gone is not None:
        return State.INACTIVE, gone
    return (State.LIVE if active else State.INACTIVE), None


class Span(Struct, frozen=True, order=True):
    """Serials from ``first`` up to ``end``, which is not among them."""

    first: int
    end: int

    @property
    def quantity(self) -> int:
        """How many they are."""
        return self.end - self.first


def joined(spans: Iterable[Span]) -> list[Span]:
    """The same serials in as few spans as can be, in order."""
    found: list[Span] = []
    for span in sorted(spans):
        if found and span.first <= found[-1].end:
            found[-1] = Span(found[-1].first, max(found[-1].end, span.end))
        elif span.quantity > 0:
            found.append(span)
    return found


def without(spans: Iterable[Span], taken: Iterable[Span]) -> list[Span]:
    """The serials of ``spans`` that are not in ``taken``."""
    left = joined(spans)
    for hole in joined(taken):
        rest: list[Span] = []
        for span in left:
            before = Span(span.first, min(span.end, hole.first))
            after = Span(max(span.first, hole.end), span.end)
            rest += [part for part in (before, after) if part.quantity > 0]
        left = rest
    return left
