"""What the API is asked to do, as typed values. Amounts are integer fen."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct


class VoucherUse(Struct, frozen=True, omit_defaults=True):
    """A code and how much of its voucher: ``amount_fen`` of a balance (None: what fits), or so many
    uses of a count card."""

    code: str
    amount_fen: int | None = None
    uses: int = 1


class OrderLine(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line of an order; ``amount_fen`` is the whole line's, before ``discount_fen`` of the
    shop's own."""

    line_id: str
    sku: str
    quantity: int
    amount_fen: int
    discount_fen: int = 0
    categories: tuple[str, ...] = ()


class Order(Struct, frozen=True, omit_defaults=True):
    """An order, by its lines or, where nobody knows them, by its amount alone."""

    order_no: str = ""
    lines: tuple[OrderLine, ...] = ()
    amount_fen: int | None = None


class LineReturn(Struct, frozen=True):
    """Units of an order line that come back."""

    line_id: str
    quantity: int


class Command(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="do"):
    """One of many commands of a call. Without ``key`` it goes by the call's key and its place;
    neighbours with the same ``link`` above 0 stand or fall together."""

    key: str = ""
    link: int = 0


class Placed(Command, frozen=True, kw_only=True, omit_defaults=True):
    """A command that happens somewhere: where, by what way, for whom, for which order.

    ``terminal`` is the code of a registered terminal of the store; ``terminal_kind`` is for those
    that are not registered.
    """

    store: str = ""
    order: Order | None = None
    customer: str = ""
    channel: str = ""
    terminal_kind: str = ""
    terminal: str = ""


class Redeem(Placed, frozen=True, kw_only=True, omit_defaults=True, tag="redeem"):
    """Use vouchers on one order, all or none."""

    vouchers: tuple[VoucherUse, ...]


class Hold(Placed, frozen=True, kw_only=True, omit_defaults=True, tag="hold"):
    """Reserve vouchers for one order."""

    vouchers: tuple[VoucherUse, ...]
    expires_in_s: int = 900


class Settle(Command, frozen=True, kw_only=True, omit_defaults=True, tag="settle"):
    """Use what a hold reserves; ``terminal`` is of the hold's store."""

    hold: str
    terminal: str = ""


class Release(Command, frozen=True, kw_only=True, omit_defaults=True, tag="release"):
    """Give a hold back; ``terminal`` is of the hold's store."""

    hold: str
    terminal: str = ""


class Reverse(Command, frozen=True, kw_only=True, omit_defaults=True, tag="reverse"):
    """Undo a redemption: whole, an amount, or units of order lines; ``terminal`` as in `Settle`."""

    redemption: str
    code: str | None = None
    amount_fen: int | None = None
    lines: tuple[LineReturn, ...] = ()
    reason: str = ""
    terminal: str = ""


class Claim(Command, frozen=True, kw_only=True, omit_defaults=True, tag="claim"):
    """A customer takes a voucher of a batch: the one with ``voucher_code``, or the next in
    stock."""

    batch_id: int
    customer: str
    channel: str = ""
    voucher_code: str | None = None


class Assign(Command, frozen=True, kw_only=True, omit_defaults=True, tag="assign"):
    """The issuer gives a customer a voucher."""

    batch_id: int
    customer: str
    channel: str = ""
    voucher_code: str | None = None


class Sell(Placed, frozen=True, kw_only=True, omit_defaults=True, tag="sell"):
    """A voucher is paid for; ``face_fen`` chooses the load of a prepaid card without a fixed
    face."""

    batch_id: int
    paid_fen: int
    payment_no: str
    voucher_code: str | None = None
    face_fen: int | None = None


class TopUp(Placed, frozen=True, kw_only=True, omit_defaults=True, tag="top_up"):
    """Paid money goes onto a prepaid card."""

    code: str
    amount_fen: int
    payment_no: str


class Transfer(Command, frozen=True, kw_only=True, omit_defaults=True, tag="transfer"):
    """Pass a voucher on to another customer."""

    code: str
    from_customer: str
    to_customer: str


class Extend(Command, frozen=True, kw_only=True, omit_defaults=True, tag="extend"):
    """Let a voucher live longer; ``valid_until`` with its offset from UTC."""

    code: str
    valid_until: datetime
    reason: str = ""


class Freeze(Command, frozen=True, kw_only=True, omit_defaults=True, tag="freeze"):
    """Stop a voucher for the time being."""

    code: str
    reason: str


class Unfreeze(Command, frozen=True, kw_only=True, omit_defaults=True, tag="unfreeze"):
    """Let a frozen voucher go on."""

    code: str
    reason: str = ""


class Void(Command, frozen=True, kw_only=True, omit_defaults=True, tag="void"):
    """End a voucher for good."""

    code: str
    reason: str


class Expire(Command, frozen=True, kw_only=True, omit_defaults=True, tag="expire"):
    """Book that a voucher's time is over."""

    code: str


class Adjust(Command, frozen=True, kw_only=True, omit_defaults=True, tag="adjust"):
    """Correct a balance or the uses left, by so much."""

    code: str
    reason: str
    balance_fen: int = 0
    uses: int = 0


AnyCommand = (
    Redeem
    | Hold
    | Settle
    | Release
    | Reverse
    | Claim
    | Assign
    | Sell
    | TopUp
    | Transfer
    | Extend
    | Freeze
    | Unfreeze
    | Void
    | Expire
    | Adjust
)
