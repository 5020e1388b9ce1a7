"""What the API is asked to do, as typed values. Amounts are integer fen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

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


class Redeem(Command, frozen=True, kw_only=True, omit_defaults=True, tag="redeem"):
    """Use vouchers on one order, all or none."""

    vouchers: tuple[VoucherUse, ...]
    store: str = ""
    order: Order | None = None
    customer: str = ""
    channel: str = ""
    terminal_kind: str = ""


class Hold(Redeem, frozen=True, kw_only=True, omit_defaults=True, tag="hold"):
    """Reserve vouchers for one order."""

    expires_in_s: int = 900


class Claim(Command, frozen=True, kw_only=True, omit_defaults=True, tag="claim"):
    """A customer takes a voucher of a batch."""

    batch_id: int
    customer: str
    channel: str = ""
    voucher_code: str = ""


class Settle(Command, frozen=True, kw_only=True, tag="settle"):
    """Use what a hold reserves."""

    hold: str


class Release(Command, frozen=True, kw_only=True, tag="release"):
    """Give a hold back."""

    hold: str


class Reverse(Command, frozen=True, kw_only=True, omit_defaults=True, tag="reverse"):
    """Undo a redemption: whole, an amount, or units of order lines."""

    redemption: str
    code: str = ""
    amount_fen: int | None = None
    lines: tuple[LineReturn, ...] = ()
    reason: str = ""


AnyCommand = Command | Mapping[str, Any]
"""One of the commands above; any other as the mapping that the API's description tells."""
