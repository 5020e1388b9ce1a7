"""What callers are told: pure functions of the request and the ledger's outcome, so that the same
request gets the same bytes for ever. Times are in UTC; nothing here looks anything up."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct

from kaquan.engine.lifecycle import State
from kaquan.engine.outcomes import Outcome, VoucherResult
from kaquan.engine.rules.opening import Window
from kaquan.redemption.codes import new_code
from kaquan.redemption.receipt_numbers import ReceiptKind, format_receipt
from kaquan.surfaces.http.problems import Problem

encode = msgspec.json.Encoder().encode

STATES = tuple(state.name.lower() for state in State)


class VoucherOut(Struct, frozen=True, gc=False):
    """What happened to one voucher, and what it is since; what came back is below zero."""

    serial: int
    batch_id: int
    state: str
    discount_fen: int
    allocation: tuple[int, ...]
    balance_used_fen: int
    uses_used: int
    balance_fen: int
    uses_left: int
    valid_from: datetime | None
    valid_until: datetime | None


class HandedOut(Struct, frozen=True, gc=False):
    """A voucher that was just handed out, with its code."""

    code: str
    serial: int
    batch_id: int
    state: str
    balance_fen: int
    uses_left: int
    valid_from: datetime | None
    valid_until: datetime | None


class RedemptionAnswer(Struct, frozen=True, gc=False, kw_only=True):
    """Vouchers were used; ``redemption`` is the number to reverse it by."""

    code: str = "done"
    redemption: str
    discount_fen: int
    vouchers: tuple[VoucherOut, ...]


class HoldAnswer(Struct, frozen=True, gc=False, kw_only=True):
    """Vouchers are reserved until ``expires_at``."""

    code: str = "done"
    hold: str
    expires_at: str
    discount_fen: int
    vouchers: tuple[VoucherOut, ...]


class ReversalAnswer(Struct, frozen=True, gc=False, kw_only=True):
    """A use was undone; ``returned_fen`` is what the order no longer gets off."""

    code: str = "done"
    reversal: str
    returned_fen: int
    vouchers: tuple[VoucherOut, ...]


class ClaimAnswer(Struct, frozen=True, gc=False, kw_only=True):
    """A voucher was handed out."""

    code: str = "done"
    claim: str
    voucher: HandedOut


class DoneAnswer(Struct, frozen=True, gc=False, kw_only=True):
    """It happened; the vouchers as they are since."""

    code: str = "done"
    vouchers: tuple[VoucherOut, ...]


class PassedOnAnswer(Struct, frozen=True, gc=False, kw_only=True):
    """A voucher is in other hands; the code is its new holder's, and all from before are over."""

    code: str = "done"
    voucher_code: str
    vouchers: tuple[VoucherOut, ...]


class CommandsAnswer(Struct, frozen=True, kw_only=True):
    """One outcome for each command, in their order: an answer of its kind, or a problem."""

    outcomes: list[Any]


class ProblemAnswer(Exception):  # noqa: N818  # it is an answer
    """An answer that is a problem document, from deep inside a request."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.code)
        self.problem = problem


Windows = Mapping[int, Window | None]
"""When the vouchers of each batch are good; what a voucher has of its own comes before it."""

AnswerOf = Callable[[Outcome, Windows], Any]


def vouchers_of(outcome: Outcome, windows: Windows) -> tuple[VoucherOut, ...]:
    """What happened to each voucher."""
    return tuple([_voucher(one, windows) for one in outcome.vouchers])


def _validity(one: VoucherResult, windows: Windows) -> tuple[datetime | None, datetime | None]:
    start, end = one.valid_from, one.valid_until
    if start is None or end is None:
        window = windows.get(one.batch_id)
        if window is not None:
            # Its own were no worse than the batch's; better terms may have passed them since.
            start = window[0] if start is None else min(start, window[0])
            return start, window[1] if end is None else max(end, window[1])
    return start, end


def _voucher(one: VoucherResult, windows: Windows) -> VoucherOut:
    return VoucherOut(
        one.serial,
        one.batch_id,
        STATES[one.state],
        one.discount_fen,
        one.allocation,
        one.balance_used_fen,
        one.uses_used,
        one.balance_fen,
        one.uses_left,
        *_validity(one, windows),
    )


def redemption_answer(outcome: Outcome, windows: Windows) -> RedemptionAnswer:
    """The answer to a redemption, or to a hold that was settled."""
    assert outcome.place is not None
    return RedemptionAnswer(
        redemption=format_receipt(ReceiptKind.REDEMPTION, outcome.place),
        discount_fen=sum([one.discount_fen for one in outcome.vouchers]),
        vouchers=vouchers_of(outcome, windows),
    )


def hold_answer(outcome: Outcome, windows: Windows) -> HoldAnswer:
    """The answer to a hold."""
    assert outcome.place is not None
    return HoldAnswer(
        hold=format_receipt(ReceiptKind.HOLD, outcome.place),
        expires_at=str(outcome.data.get("expires_at", "")),
        discount_fen=sum([one.discount_fen for one in outcome.vouchers]),
        vouchers=vouchers_of(outcome, windows),
    )


def reversal_answer(outcome: Outcome, windows: Windows) -> ReversalAnswer:
    """The answer to a reversal."""
    assert outcome.place is not None
    return ReversalAnswer(
        reversal=format_receipt(ReceiptKind.REVERSAL, outcome.place),
        returned_fen=-sum([one.discount_fen for one in outcome.vouchers]),
        vouchers=vouchers_of(outcome, windows),
    )


def claim_answer(outcome: Outcome, windows: Windows, told_code: str | None = None) -> ClaimAnswer:
    """The answer to a claim, assignment or sale; the code is the one that was named, if any."""
    assert outcome.place is not None
    (one,) = outcome.vouchers
    handed_out = HandedOut(
        told_code or new_code(one.serial, one.hand),
        one.serial,
        one.batch_id,
        STATES[one.state],
        one.balance_fen,
        one.uses_left,
        *_validity(one, windows),
    )
    return ClaimAnswer(claim=format_receipt(ReceiptKind.CLAIM, outcome.place), voucher=handed_out)


def passed_on_answer(outcome: Outcome, windows: Windows) -> PassedOnAnswer:
    """The answer to a transfer."""
    (one,) = outcome.vouchers
    return PassedOnAnswer(
        voucher_code=new_code(one.serial, one.hand), vouchers=vouchers_of(outcome, windows)
    )


def done_answer(outcome: Outcome, windows: Windows) -> DoneAnswer:
    """The answer to whatever has no number of its own."""
    return DoneAnswer(vouchers=vouchers_of(outcome, windows))
