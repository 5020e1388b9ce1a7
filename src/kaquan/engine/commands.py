"""Everything that can be asked of the ledger, as data.

A command carries its business time ``at`` (aware; passed in, never read from a clock) and, where
the caller wants at-most-once, a request key. Vouchers are named by serial: codes are checked
before. Amounts are integer fen. Commands are kept as evidence for ever, so fields are only ever
added, with a default.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import Any, ClassVar

import msgspec
from msgspec import Struct

from kaquan.engine.facts import Facts
from kaquan.engine.places import Place


class RequestKey(Struct, frozen=True, gc=False, array_like=True):
    """The caller's own name for a request; its scope is client × operation."""

    client_id: int
    key: str


class VoucherUse(Struct, frozen=True, gc=False, array_like=True):
    """How much of one voucher to use: ``amount_fen`` of a balance (None: what fits), or units.
    ``hand``: for which the code was made that named it; None: it was not named by a code."""

    serial: int
    amount_fen: int | None = None
    uses: int = 1
    hand: int | None = None

    def content(self) -> tuple[int | None, ...]:
        """What counts of it for telling a retry. Uses had no hand once, and keep their hash."""
        asked = (self.serial, self.amount_fen, self.uses)
        return (*asked, self.hand) if self.hand else asked


class LineReturn(Struct, frozen=True, gc=False, array_like=True):
    """Units of one order line that come back."""

    line_id: str
    quantity: int


class Command(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, tag_field="do"):
    """What every command carries.

    ``link`` > 0 ties neighbours with the same number: they stand or fall together.
    ``actor`` names who asks (``clerk:17``), for the trace; never a phone number or a name.
    """

    at: datetime
    key: RequestKey | None = None
    link: int = 0
    actor: str = ""

    operation: ClassVar[str] = ""
    not_content: ClassVar[tuple[str, ...]] = ("at", "key", "link", "actor", "facts")

    def content_hash(self) -> bytes:
        """16 bytes over what the caller asked: not when, and not the facts gathered about it.

        A retry may find other facts (a tag, a store's path); it is the same request all the same.
        """
        content = self._content()
        facts: Facts | None = getattr(self, "facts", None)
        if facts is not None:
            content.append((facts.store_id, facts.channel, facts.customer_id, facts.order))
        packed = _pack(content)
        return hashlib.blake2b(packed, digest_size=16, person=self.operation.encode()).digest()

    def _content(self) -> list[Any]:
        return [
            getattr(self, name) for name in self.__struct_fields__ if name not in self.not_content
        ]


_encoder = msgspec.msgpack.Encoder(order="deterministic")


def _pack(content: list[Any]) -> bytes:
    return _encoder.encode(content)


# Supply -------------------------------------------------------------------------------------------


class OpenBudget(Command, frozen=True, kw_only=True, tag="open_budget"):
    """Open a budget with so much money to give away."""

    operation = "open_budget"
    budget_id: int
    total_fen: int


class ChangeBudget(Command, frozen=True, kw_only=True, tag="change_budget"):
    """Compare-and-set of a budget's total; refused if it is no longer ``expected_fen``."""

    operation = "change_budget"
    budget_id: int
    expected_fen: int
    total_fen: int


class DefineBatch(Command, frozen=True, kw_only=True, tag="define_batch"):
    """Open a batch under one frozen version of an offer's terms (JSON bytes of ``rules.Terms``).

    ``by_code``: vouchers are named by printed or imported codes; otherwise serials are handed out
    from stock on claim. ``active``: minted vouchers are live at once, else dead until activated.
    """

    operation = "define_batch"
    batch_id: int
    terms: bytes
    offer_version_id: int = 0
    budget_id: int = 0
    by_code: bool = False
    active: bool = True


class ReviseTerms(Command, frozen=True, kw_only=True, tag="revise_terms"):
    """Put terms in the place of a batch's own, for all of its vouchers; only better ones.

    ``expected_version`` is how often its terms were revised before, as whoever asks saw them.
    """

    operation = "revise_terms"
    batch_id: int
    terms: bytes
    expected_version: int
    offer_version_id: int = 0
    reason: str = ""


class Mint(Command, frozen=True, kw_only=True, tag="mint"):
    """Add ``quantity`` vouchers to a batch."""

    operation = "mint"
    batch_id: int
    quantity: int


class SetBatchState(Command, frozen=True, kw_only=True, tag="set_batch_state"):
    """Pause, resume or stop a batch at once: ``running``, ``paused`` (no new issue or use),
    ``stopped``.

    A stopped batch issues nothing more; what is already issued stays good.
    """

    operation = "set_batch_state"
    batch_id: int
    state: str
    reason: str = ""


class Activate(Command, frozen=True, kw_only=True, tag="activate"):
    """Make a range of minted vouchers live."""

    operation = "activate"
    batch_id: int
    first_serial: int
    quantity: int


class Allot(Command, frozen=True, kw_only=True, tag="allot"):
    """Move a range of vouchers from one organisation's custody (0: the batch's) to another's."""

    operation = "allot"
    batch_id: int
    first_serial: int
    quantity: int
    organisation_id: int
    from_organisation_id: int = 0


class MovePieces(Command, frozen=True, kw_only=True, tag="move_pieces"):
    """Do one of ``custody.ACTS`` with a range of paper vouchers that one organisation has.

    ``organisation_id`` answers for them (of ``print``: is to have them); ``to_organisation_id`` has
    them afterwards, 0: the same. ``hand_out_first``: printed pieces are good for nothing before
    they were handed out. ``witness`` names who saw it, as ``actor`` names who did it.
    """

    operation = "move_pieces"
    batch_id: int
    first_serial: int
    quantity: int
    act: str
    organisation_id: int
    to_organisation_id: int = 0
    hand_out_first: bool = False
    witness: str = ""
    reason: str = ""


# Issue --------------------------------------------------------------------------------------------


class Issue(Command, frozen=True, kw_only=True):
    """What claim, assign and sell share. ``serial`` names a by-code voucher; None takes from
    stock."""

    batch_id: int
    serial: int | None = None
    facts: Facts


class Claim(Issue, frozen=True, kw_only=True, tag="claim"):
    """A customer takes a voucher."""

    operation = "claim"


class Assign(Issue, frozen=True, kw_only=True, tag="assign"):
    """The issuer gives a voucher to a customer."""

    operation = "assign"


class Sell(Issue, frozen=True, kw_only=True, tag="sell"):
    """A voucher is paid for. ``face_fen`` chooses the load of a prepaid card that has no fixed
    face."""

    operation = "sell"
    paid_fen: int
    payment_no: str
    face_fen: int | None = None


class TopUp(Command, frozen=True, kw_only=True, tag="top_up"):
    """Paid money goes onto a prepaid card; ``hand`` as in `VoucherUse`."""

    operation = "top_up"
    not_content = (*Command.not_content, "hand")
    serial: int
    amount_fen: int
    payment_no: str
    facts: Facts
    hand: int | None = None

    def _content(self) -> list[Any]:
        return [*Command._content(self), *([self.hand] if self.hand else [])]


# Use ----------------------------------------------------------------------------------------------


class Redeem(Command, frozen=True, kw_only=True, tag="redeem"):
    """Use one or several vouchers on one order, all or nothing; or settle a hold (``hold`` given).

    When settling, ``vouchers`` may be empty: the hold's own uses are settled.
    """

    operation = "redeem"
    vouchers: tuple[VoucherUse, ...] = ()
    facts: Facts
    hold: Place | None = None

    def _content(self) -> list[Any]:
        return [[use.content() for use in self.vouchers], self.hold]


class Hold(Command, frozen=True, kw_only=True, tag="hold"):
    """Reserve uses until ``expires_at``; validity, limits and budget are judged now."""

    operation = "hold"
    not_content = (*Command.not_content, "expires_at")
    vouchers: tuple[VoucherUse, ...]
    facts: Facts
    expires_at: datetime

    def _content(self) -> list[Any]:
        # A retry is the same request a little later: what was asked for is how long.
        period_us = (self.expires_at - self.at) // timedelta(microseconds=1)
        return [[use.content() for use in self.vouchers], period_us]


class Release(Command, frozen=True, kw_only=True, tag="release"):
    """Give a hold back. ``terminal_id`` as in `Facts`, and no more than there content."""

    operation = "release"
    not_content = (*Command.not_content, "terminal_id")
    hold: Place
    terminal_id: int = 0


class Reverse(Command, frozen=True, kw_only=True, tag="reverse"):
    """Undo a redemption: whole (neither given), an amount, or order lines; of one voucher or of
    all.

    ``serial`` picks one voucher of a redemption that used several; None reverses each of them.
    ``terminal_id`` as in `Release`.
    """

    operation = "reverse"
    not_content = (*Command.not_content, "terminal_id")
    redemption: Place
    serial: int | None = None
    amount_fen: int | None = None
    lines: tuple[LineReturn, ...] = ()
    reason: str = ""
    terminal_id: int = 0


# Care ---------------------------------------------------------------------------------------------


class Transfer(Command, frozen=True, kw_only=True, tag="transfer"):
    """Pass a voucher on to another customer."""

    operation = "transfer"
    serial: int
    from_customer_id: int
    to_customer_id: int
    reason: str = ""


class Extend(Command, frozen=True, kw_only=True, tag="extend"):
    """Let a voucher live longer; never shorter."""

    operation = "extend"
    serial: int
    valid_until: datetime
    reason: str = ""


class Freeze(Command, frozen=True, kw_only=True, tag="freeze"):
    """Stop a voucher for the time being."""

    operation = "freeze"
    serial: int
    reason: str


class Unfreeze(Command, frozen=True, kw_only=True, tag="unfreeze"):
    """Let a frozen voucher go on."""

    operation = "unfreeze"
    serial: int
    reason: str = ""


class Void(Command, frozen=True, kw_only=True, tag="void"):
    """End a voucher for good; what was committed for it is released.

    ``fresh_for``: it must be good, with nothing used, and that customer's or nobody's (0: whoever's
    it is not by name), for another takes its place.
    """

    operation = "void"
    serial: int
    reason: str
    fresh_for: int | None = None

    def _content(self) -> list[Any]:
        # Void commands had no such field once, and keep their hash.
        return [self.serial, self.reason, *([self.fresh_for] if self.fresh_for is not None else [])]


class Expire(Command, frozen=True, kw_only=True, tag="expire"):
    """Book that a voucher's time is over; what was committed for it is released."""

    operation = "expire"
    serial: int


class Adjust(Command, frozen=True, kw_only=True, tag="adjust"):
    """Correct a balance or the uses left, with a reason; never below zero."""

    operation = "adjust"
    serial: int
    balance_fen: int = 0
    uses: int = 0
    reason: str


class BookLoss(Command, frozen=True, kw_only=True, tag="book_loss"):
    """Owe a store what it gave without a network for a voucher that was good no more."""

    operation = "book_loss"
    serial: int
    amount_fen: int
    facts: Facts
    reason: str


SupplyCommand = OpenBudget | ChangeBudget | DefineBatch | ReviseTerms | Mint | SetBatchState
StockCommand = Activate | Allot | MovePieces
IssueCommand = Claim | Assign | Sell | TopUp
UseCommand = Redeem | Hold | Release | Reverse | BookLoss
CareCommand = Transfer | Extend | Freeze | Unfreeze | Void | Expire | Adjust
AnyCommand = SupplyCommand | StockCommand | IssueCommand | UseCommand | CareCommand
