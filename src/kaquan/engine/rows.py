"""The ledger's rows as the engine sees them.

Plain mutable records: ``decide`` reads and changes them in memory; the door loads them before and
writes the changed ones after. ``stored`` says whether the row exists in the database yet.
"""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from kaquan.engine.custody import Piece
from kaquan.engine.lifecycle import State
from kaquan.engine.outcomes import OutcomeCode
from kaquan.engine.places import Place
from kaquan.engine.rules.check import Rules


class TermsVersion(Struct, frozen=True):
    """A batch's terms from one revision to the next; number 0 is what it was opened with."""

    number: int
    offer_version_id: int
    terms: bytes


class Batch(Struct, frozen=True):
    """What a batch is: its terms as they are now, compiled, and what never changes.

    ``terms_version`` counts revisions of the terms; ``unwritten`` are those of the block at hand.
    """

    batch_id: int
    offer_version_id: int
    rules: Rules
    terms: bytes
    budget_id: int
    by_code: bool
    active: bool
    terms_version: int = 0
    unwritten: tuple[TermsVersion, ...] = ()

    def __deepcopy__(self, _memo: object) -> Batch:
        """Itself: nothing of it changes, and compiled terms are costly to copy."""
        return self


class Slice(Struct, gc=False):
    """What changes about a batch and must stop things at once: state and stock.

    ``cursor`` counts, per bucket 0…63, the serials handed out from stock. ``custody_version`` moves
    with every mint, activation, allotment and revision of the terms, so that what is remembered of
    the batch is known to be stale.
    """

    shard: int
    batch_id: int
    state: str = "running"
    minted: int = 0
    stock_left: int = 0
    custody_version: int = 0
    cursor: list[int] = []
    stored: bool = False


class Custody(Struct, gc=False):
    """A run of minted serials in one place and state; runs never overlap.

    For a by-code batch the run is exactly its vouchers. For a stock batch it is the room of serials
    (a multiple of 64) from which claims draw; ``stock_left`` says how many may still be drawn.
    ``piece`` and ``hand_out_first`` are about paper (``engine.custody``); ``changed``: no longer as
    it is stored.
    """

    shard: int
    batch_id: int
    first_serial: int
    quantity: int
    active: bool
    organisation_id: int = 0
    stored: bool = False
    piece: Piece = Piece.UNTRACKED
    hand_out_first: bool = False
    changed: bool = False


class Voucher(Struct, gc=False):
    """One voucher since something first happened to it. ``version`` counts what happened, ``hand``
    how often it was passed on (``passed_on``: which is not as it is stored)."""

    shard: int
    serial: int
    batch_id: int
    state: State = State.LIVE
    customer_id: int = 0
    balance_fen: int = 0
    uses_left: int = 0
    committed_fen: int = 0
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    holds: int = 0
    version: int = 0
    hand: int = 0
    passed_on: bool = False
    last: Place | None = None
    stored: bool = False
    #: Of an untouched, inactive one: why its paper keeps it from use.
    withheld: OutcomeCode | None = None


class Budget(Struct, gc=False):
    """Money to give away; ``total = available + committed + spent + released``, none below zero."""

    shard: int
    budget_id: int
    total_fen: int = 0
    available_fen: int = 0
    committed_fen: int = 0
    spent_fen: int = 0
    released_fen: int = 0
    stored: bool = False


class LimitKey(Struct, frozen=True, gc=False, array_like=True, order=True):
    """Whose limit it is.

    ``dimension``: 1 customer, 2 person, 3 store, 4 batch, 5 funder, 6 voucher, 7 channel. ``unit``:
    1 uses, 2 fen. ``moment``: 1 claim, 2 redeem, 3 transfer. ``day``: the day number in the
    issuer's zone, 0 for all time.
    """

    shard: int
    batch_id: int
    dimension: int
    subject_id: int
    day: int
    unit: int
    moment: int


class Limit(Struct, gc=False):
    """How much of a limit is used; never above ``cap``."""

    key: LimitKey
    used: int = 0
    cap: int = 0
    stored: bool = False


class HeldVoucher(Struct, gc=False):
    """One voucher's part of a hold. ``state``: active, redeemed, released or expired."""

    shard: int
    hold: Place
    serial: int
    expires_at: datetime
    state: str = "active"
    stored: bool = False


class Reversed(Struct, gc=False):
    """How much of one voucher's redemption has come back so far; ``by_line`` in units per order
    line."""

    shard: int
    redemption: Place
    serial: int
    amount_fen: int = 0
    uses: int = 0
    by_line: list[int] = []
    stored: bool = False
