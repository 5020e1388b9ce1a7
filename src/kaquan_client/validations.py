"""What the API tells without booking anything."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from kaquan_client.answers import Problem, VoucherAnswer


class Chosen(Struct, frozen=True, kw_only=True):
    """A voucher of the best set, in the order in which they apply."""

    voucher_code: str
    serial: int
    discount_fen: int = 0


class LeftOut(Struct, frozen=True, kw_only=True):
    """A voucher that is not in the best set, and why."""

    serial: int
    code: str = ""
    text: str = ""


class BestSet(Struct, frozen=True, kw_only=True):
    """The vouchers that together save the customer most."""

    vouchers: tuple[Chosen, ...] = ()
    discount_fen: int = 0
    left_out: tuple[LeftOut, ...] = ()


class Offer(Struct, frozen=True, kw_only=True):
    """A voucher of the customer, and what it would give by itself; ``text`` says why not."""

    voucher_code: str
    serial: int
    applies: bool
    batch_id: int = 0
    discount_fen: int = 0
    code: str = ""
    text: str = ""


class Validation(Struct, frozen=True, kw_only=True):
    """What a redemption would do now; ``refusal`` says why it would not. ``best`` where it was
    asked for; ``offers`` are the vouchers of a customer who was named without any."""

    valid: bool
    code: str = ""
    refusal: Problem | None = None
    vouchers: tuple[VoucherAnswer, ...] = ()
    discount_fen: int = 0
    best: BestSet | None = None
    offers: tuple[Offer, ...] = ()


class Lookup(Struct, frozen=True, kw_only=True):
    """What a voucher is and may do now; ``terms`` say it in words. The last fields are for those
    who may trace vouchers."""

    state: str
    usable: bool
    kind: str = ""
    balance_fen: int = 0
    uses_left: int = 0
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    terms: tuple[str, ...] = ()
    serial: int | None = None
    batch_id: int | None = None
    holds: int | None = None
    may: tuple[str, ...] | None = None
    refusal: Problem | None = None
