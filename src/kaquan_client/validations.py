"""What the API tells without booking anything."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from msgspec import Struct

from kaquan_client.answers import Problem, VoucherAnswer


class LeftOut(Struct, frozen=True, kw_only=True):
    """A voucher that does not belong to the best set, and why."""

    serial: int = 0
    code: str = ""
    text: str = ""


class BestSet(Struct, frozen=True, kw_only=True):
    """The vouchers of a customer that together give the order the most."""

    vouchers: tuple[VoucherAnswer, ...] = ()
    discount_fen: int = 0
    left_out: tuple[LeftOut, ...] = ()


class Validation(Struct, frozen=True, kw_only=True):
    """What a redemption would do now; ``refusal`` says why it would not."""

    valid: bool
    code: str = ""
    refusal: Problem | None = None
    vouchers: tuple[VoucherAnswer, ...] = ()
    discount_fen: int = 0
    best: BestSet | None = None
    offers: tuple[dict[str, Any], ...] = ()


class Lookup(Struct, frozen=True, kw_only=True):
    """What a voucher is and may do now."""

    state: str = ""
    serial: int = 0
    batch_id: int = 0
    kind: str = ""
    balance_fen: int = 0
    uses_left: int = 0
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    batch: Any = None
    terms: Any = None
