"""What the API answers, as typed values. Fields that a newer server adds are passed over.

Amounts are integer fen. A voucher is named by its serial: codes are told once, to whoever claims.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Generic, TypeVar

from msgspec import Struct

from kaquan_client.errors import Refused

T = TypeVar("T")


class Problem(Struct, frozen=True, kw_only=True):
    """A problem document (RFC 9457): why something was refused. ``detail`` is a whole sentence."""

    code: str
    detail: str = ""
    title: str = ""
    status: int = 0
    retryable: bool = False
    remedy: str = ""
    data: dict[str, Any] = {}

    def refused(self, *, key: str | None = None, retry_after_s: float | None = None) -> Refused:
        """The document as something to raise."""
        return Refused(
            self.code,
            self.detail or self.title,
            status=self.status,
            retryable=self.retryable,
            remedy=self.remedy,
            data=self.data,
            key=key,
            retry_after_s=retry_after_s,
        )


class VoucherAnswer(Struct, frozen=True, kw_only=True):
    """What happened to one voucher, and what it is since.

    ``allocation`` splits the discount over the order's lines, in their order. ``code`` is told
    only where a voucher is handed out. What came back is below zero.
    """

    serial: int
    batch_id: int = 0
    state: str = ""
    code: str = ""
    discount_fen: int = 0
    allocation: tuple[int, ...] = ()
    balance_used_fen: int = 0
    uses_used: int = 0
    balance_fen: int = 0
    uses_left: int = 0
    valid_from: datetime | None = None
    valid_until: datetime | None = None


class Done(Struct, frozen=True, kw_only=True):
    """What happened, and the vouchers as they are since. ``voucher_code``: of a voucher that was
    passed on, the code that its new holder shows."""

    code: str = "done"
    vouchers: tuple[VoucherAnswer, ...] = ()
    voucher_code: str = ""


class Redemption(Done, frozen=True, kw_only=True):
    """Vouchers were used; ``redemption`` is the number to reverse it by."""

    redemption: str
    discount_fen: int = 0


class Reversal(Done, frozen=True, kw_only=True):
    """A use was undone; ``returned_fen`` is what the order no longer gets off."""

    reversal: str
    returned_fen: int = 0


class Hold(Done, frozen=True, kw_only=True):
    """Vouchers are reserved for one order until ``expires_at``."""

    hold: str
    expires_at: datetime
    discount_fen: int = 0


class Released(Done, frozen=True, kw_only=True):
    """A hold was given back."""


class Claim(Struct, frozen=True, kw_only=True):
    """A customer took a voucher; ``voucher.code`` is its code."""

    voucher: VoucherAnswer
    claim: str = ""
    code: str = "done"


class CommandOutcome(Done, frozen=True, kw_only=True):
    """The outcome of one command of many: what was done, or why not."""

    redemption: str = ""
    reversal: str = ""
    hold: str = ""
    claim: str = ""
    expires_at: datetime | None = None
    discount_fen: int = 0
    returned_fen: int = 0
    voucher: VoucherAnswer | None = None
    detail: str = ""
    title: str = ""
    status: int = 0
    retryable: bool = False
    remedy: str = ""
    data: dict[str, Any] = {}

    @property
    def done(self) -> bool:
        """Whether the command happened."""
        return self.code == "done"

    @property
    def problem(self) -> Problem | None:
        """Why the command did not happen; None where it did."""
        if self.done:
            return None
        return Problem(
            code=self.code,
            detail=self.detail,
            title=self.title,
            status=self.status,
            retryable=self.retryable,
            remedy=self.remedy,
            data=self.data,
        )


class CommandOutcomes(Struct, frozen=True, kw_only=True):
    """One outcome for each command, in their order."""

    outcomes: tuple[CommandOutcome, ...]


class Page(Struct, Generic[T], frozen=True, kw_only=True):
    """A part of a list; ``next_cursor`` asks for the next part, None where there is none."""

    items: list[T]
    next_cursor: str | None = None
