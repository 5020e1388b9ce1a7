"""What callers send: one struct for each request, strict about types and names.

Field docs live in ``description``. Amounts are integer fen. Bounds here are those beyond which a
value cannot mean anything; what a voucher allows is the ledger's to say.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from kaquan.engine.fields import (
    LINES_MAX,
    NAME_MAX,
    QUANTITY_MAX,
    SHORT_ID_MAX,
    TEXT_MAX,
    USES_MAX,
    VOUCHERS_NAMED_MAX,
)
from kaquan.engine.money import MAX_FEN

COMMANDS_MAX = 1_000
HOLD_S_MAX = 604_800
HOLD_S_DEFAULT = 900
LINK_MAX = 1_000_000

Name = Annotated[str, Meta(max_length=NAME_MAX)]
Reason = Annotated[str, Meta(max_length=TEXT_MAX)]
Code = Annotated[str, Meta(min_length=1, max_length=NAME_MAX)]
Receipt = Annotated[str, Meta(min_length=1, max_length=32)]
RequestNo = Annotated[str, Meta(min_length=1, max_length=255)]
Fen = Annotated[int, Meta(ge=0, le=MAX_FEN)]
FenAboveZero = Annotated[int, Meta(ge=1, le=MAX_FEN)]
SignedFen = Annotated[int, Meta(ge=-MAX_FEN, le=MAX_FEN)]
Quantity = Annotated[int, Meta(ge=1, le=QUANTITY_MAX)]
Uses = Annotated[int, Meta(ge=1, le=USES_MAX)]
SignedUses = Annotated[int, Meta(ge=-USES_MAX, le=USES_MAX)]
BatchId = Annotated[int, Meta(ge=1, le=SHORT_ID_MAX)]
HoldSeconds = Annotated[int, Meta(ge=1, le=HOLD_S_MAX)]
Link = Annotated[int, Meta(ge=0, le=LINK_MAX)]
Moment = Annotated[datetime, Meta(tz=True)]
Terminal = Annotated[
    str,
    Meta(
        max_length=NAME_MAX,
        description="已登记终端的编码，须同时给 `store`；停用的、其他门店的会被拒绝，类型以登记为准"
        " · The code of a registered terminal, with its `store`. One that is switched off or of "
        "another store is refused; it is of the kind that it was registered as",
    ),
]

TerminalThere = Annotated[
    str,
    Meta(
        max_length=NAME_MAX,
        description="已登记终端的编码；停用的、与原预占或核销不在同一门店的会被拒绝 · The code of "
        "a registered terminal. One that is switched off, or of another store than the hold or "
        "redemption, is refused",
    ),
]


class Message(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What every request and part of one is: immutable and strict."""


# Parts --------------------------------------------------------------------------------------------


class VoucherIn(Message, frozen=True, kw_only=True):
    """How much of a code's voucher to use."""

    code: Code
    amount_fen: FenAboveZero | None = None
    uses: Uses = 1


class OrderLineIn(Message, frozen=True, kw_only=True):
    """One line of an order; ``amount_fen`` is the line's total before discounts."""

    line_id: Name
    sku: Name
    quantity: Quantity
    amount_fen: Fen
    discount_fen: Fen = 0
    categories: Annotated[tuple[Name, ...], Meta(max_length=100)] = ()


class OrderIn(Message, frozen=True, kw_only=True):
    """An order, by its lines or, where nobody knows them, by its amount."""

    order_no: Name = ""
    lines: Annotated[tuple[OrderLineIn, ...], Meta(max_length=LINES_MAX)] = ()
    amount_fen: Fen | None = None


class ReturnedLineIn(Message, frozen=True, kw_only=True):
    """Units of an order line that come back."""

    line_id: Name
    quantity: Quantity


Vouchers = Annotated[tuple[VoucherIn, ...], Meta(min_length=1, max_length=VOUCHERS_NAMED_MAX)]
ReturnedLines = Annotated[tuple[ReturnedLineIn, ...], Meta(max_length=LINES_MAX)]


class Where(Message, frozen=True, kw_only=True):
    """Where, by what way, for whom and for which order."""

    store: Name = ""
    channel: Name = "store"
    terminal_kind: Name = ""
    terminal: Terminal = ""
    customer: Name = ""
    order: OrderIn | None = None


# Requests -----------------------------------------------------------------------------------------


class ValidationRequest(Where, frozen=True, kw_only=True):
    """What would these vouchers give here and now, or which of the customer's would?"""

    vouchers: Annotated[tuple[VoucherIn, ...], Meta(max_length=VOUCHERS_NAMED_MAX)] = ()
    best: bool = False


class RedemptionRequest(Where, frozen=True, kw_only=True):
    """Use vouchers on one order, all or none."""

    vouchers: Vouchers
    use_request_no: RequestNo | None = None


class HoldRequest(Where, frozen=True, kw_only=True):
    """Reserve vouchers for an order."""

    vouchers: Vouchers
    expires_in_s: HoldSeconds = HOLD_S_DEFAULT


class SettleRequest(Message, frozen=True, kw_only=True):
    """Redeem what a hold reserved, on the hold's own order."""

    terminal: TerminalThere = ""
    use_request_no: RequestNo | None = None


class ReleaseRequest(Message, frozen=True, kw_only=True):
    """Give a hold back."""

    terminal: TerminalThere = ""


class ReversalRequest(Message, frozen=True, kw_only=True):
    """Undo a redemption: whole, an amount, or order lines; of one voucher or of each."""

    code: Code | None = None
    amount_fen: FenAboveZero | None = None
    lines: ReturnedLines = ()
    reason: Reason = ""
    terminal: TerminalThere = ""
    return_request_no: RequestNo | None = None


class ClaimRequest(Message, frozen=True, kw_only=True):
    """A customer takes a voucher: the one behind a code, or the next from stock."""

    batch_id: BatchId
    customer: Annotated[str, Meta(min_length=1, max_length=NAME_MAX)]
    channel: Name = ""
    voucher_code: Code | None = None
    out_request_no: RequestNo | None = None


class LookupRequest(Message, frozen=True, kw_only=True):
    """What is behind this code? Whoever may not trace vouchers names the ``customer`` who holds
    it, if anybody does."""

    code: Code
    customer: Name = ""


class CommandsRequest(Message, frozen=True, kw_only=True):
    """Many commands, each answered by itself; each is read by ``COMMAND_DECODER``."""

    commands: Annotated[list[msgspec.Raw], Meta(min_length=1, max_length=COMMANDS_MAX)]


# Commands -----------------------------------------------------------------------------------------


class WhereCommand(Where, frozen=True, kw_only=True, tag_field="do"):
    """A command that happens somewhere; ``key`` and ``link`` as in ``PlainCommand``."""

    key: RequestNo | None = None
    link: Link = 0


class PlainCommand(Message, frozen=True, kw_only=True, tag_field="do"):
    """A command of a list: its own request key, and a number that it shares with neighbours with
    which it stands or falls."""

    key: RequestNo | None = None
    link: Link = 0


class RedeemCommand(WhereCommand, frozen=True, kw_only=True, tag="redeem"):
    """Use vouchers on one order, all or none."""

    vouchers: Vouchers


class HoldCommand(WhereCommand, frozen=True, kw_only=True, tag="hold"):
    """Reserve vouchers for an order."""

    vouchers: Vouchers
    expires_in_s: HoldSeconds = HOLD_S_DEFAULT


class SettleCommand(PlainCommand, frozen=True, kw_only=True, tag="settle"):
    """Redeem what a hold reserved."""

    hold: Receipt
    terminal: TerminalThere = ""


class ReleaseCommand(PlainCommand, frozen=True, kw_only=True, tag="release"):
    """Give a hold back."""

    hold: Receipt
    terminal: TerminalThere = ""


class ReverseCommand(PlainCommand, frozen=True, kw_only=True, tag="reverse"):
    """Undo a redemption, wholly or in part."""

    redemption: Receipt
    code: Code | None = None
    amount_fen: FenAboveZero | None = None
    lines: ReturnedLines = ()
    reason: Reason = ""
    terminal: TerminalThere = ""


class ClaimCommand(PlainCommand, frozen=True, kw_only=True, tag="claim"):
    """A customer takes a voucher."""

    batch_id: BatchId
    customer: Annotated[str, Meta(min_length=1, max_length=NAME_MAX)]
    channel: Name = ""
    voucher_code: Code | None = None


class AssignCommand(PlainCommand, frozen=True, kw_only=True, tag="assign"):
    """The issuer gives a customer a voucher."""

    batch_id: BatchId
    customer: Annotated[str, Meta(min_length=1, max_length=NAME_MAX)]
    channel: Name = ""
    voucher_code: Code | None = None


class SellCommand(WhereCommand, frozen=True, kw_only=True, tag="sell"):
    """A voucher is paid for, by a customer or by somebody without a name."""

    batch_id: BatchId
    paid_fen: Fen
    payment_no: Name
    voucher_code: Code | None = None
    face_fen: FenAboveZero | None = None


class TopUpCommand(WhereCommand, frozen=True, kw_only=True, tag="top_up"):
    """Put paid money onto a prepaid card."""

    code: Code
    amount_fen: FenAboveZero
    payment_no: Name


class TransferCommand(PlainCommand, frozen=True, kw_only=True, tag="transfer"):
    """Pass a voucher on to another customer; the answer has the code that it is shown by then."""

    code: Code
    from_customer: Name
    to_customer: Name


class ExtendCommand(PlainCommand, frozen=True, kw_only=True, tag="extend"):
    """Let a voucher live longer."""

    code: Code
    valid_until: Moment
    reason: Reason = ""


class FreezeCommand(PlainCommand, frozen=True, kw_only=True, tag="freeze"):
    """Stop a voucher for the time being."""

    code: Code
    reason: Reason


class UnfreezeCommand(PlainCommand, frozen=True, kw_only=True, tag="unfreeze"):
    """Let a frozen voucher go on."""

    code: Code
    reason: Reason = ""


class VoidCommand(PlainCommand, frozen=True, kw_only=True, tag="void"):
    """End a voucher for good."""

    code: Code
    reason: Reason


class ExpireCommand(PlainCommand, frozen=True, kw_only=True, tag="expire"):
    """Book that a voucher's time is over."""

    code: Code


class AdjustCommand(PlainCommand, frozen=True, kw_only=True, tag="adjust"):
    """Correct a balance or the uses left."""

    code: Code
    balance_fen: SignedFen = 0
    uses: SignedUses = 0
    reason: Reason


AnyCommandIn = (
    RedeemCommand
    | HoldCommand
    | SettleCommand
    | ReleaseCommand
    | ReverseCommand
    | ClaimCommand
    | AssignCommand
    | SellCommand
    | TopUpCommand
    | TransferCommand
    | ExtendCommand
    | FreezeCommand
    | UnfreezeCommand
    | VoidCommand
    | ExpireCommand
    | AdjustCommand
)

COMMAND_DECODER: msgspec.json.Decoder[AnyCommandIn] = msgspec.json.Decoder(AnyCommandIn)
