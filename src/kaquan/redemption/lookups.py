"""What a voucher is, and what may happen to it now, apart from any order."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from kaquan.engine.codes import Presented
from kaquan.engine.commands import Redeem, VoucherUse
from kaquan.engine.decide.kinds import kind_of
from kaquan.engine.decide.vouchers import is_of_another_hand, is_spent, state_refusal, window_of
from kaquan.engine.facts import Facts
from kaquan.engine.lifecycle import LIFECYCLE, State
from kaquan.engine.outcome_details import Language
from kaquan.engine.outcomes import OutcomeCode, Refusal
from kaquan.engine.rules.explain import explain
from kaquan.engine.rules.terms import AnyBenefit, PrepaidCard
from kaquan.ledger.rehearsal import Seen


class VoucherNow(Struct, frozen=True):
    """A voucher as it is. ``refusal``: why it could not be used at all just now.

    ``may`` lists the operations that its state allows; the ledger may still have reasons against.
    """

    serial: int
    batch_id: int
    customer_id: int
    kind: str
    state: str
    balance_fen: int
    uses_left: int
    holds: int
    valid_from: datetime | None
    valid_until: datetime | None
    may: list[str]
    refusal: Refusal | None


def look(serial: int, at: datetime) -> Redeem:
    """The command whose rehearsal shows the voucher."""
    return Redeem(at=at, vouchers=(VoucherUse(serial),), facts=Facts())


def voucher_now(seen: Seen, shown: Presented, at: datetime) -> VoucherNow:
    """What the books say of a voucher that somebody named so."""
    voucher, batch = seen.voucher, seen.batch
    kind, window = kind_of(batch.rules), window_of(voucher, batch)
    is_new = voucher.version == 0
    return VoucherNow(
        serial=voucher.serial,
        batch_id=voucher.batch_id,
        customer_id=voucher.customer_id,
        kind=type(batch.rules.terms.benefit).__struct_config__.tag or "",  # type: ignore[arg-type]
        state=State(voucher.state).name.lower(),
        balance_fen=kind.opening_balance_fen if is_new else voucher.balance_fen,
        uses_left=kind.opening_uses if is_new else voucher.uses_left,
        holds=voucher.holds,
        valid_from=window[0] if window else None,
        valid_until=window[1] if window else None,
        may=[
            name
            for name, cell in LIFECYCLE[voucher.state].items()
            if isinstance(cell, frozenset) and _may_be_asked(name, batch.rules.terms.benefit)
        ],
        refusal=_refusal(seen, shown, at),
    )


def _may_be_asked(operation: str, benefit: AnyBenefit) -> bool:
    """Whether anybody asks for such a thing of such a voucher."""
    if operation == "top_up":
        return isinstance(benefit, PrepaidCard)
    return operation != "book_loss"


def terms_in_words(seen: Seen, language: Language) -> list[str]:
    """The printed terms, a sentence each."""
    return [one.text for one in explain(seen.batch.rules.terms, language) if one.printed]


def _refusal(seen: Seen, shown: Presented, at: datetime) -> Refusal | None:
    voucher = seen.voucher
    if is_of_another_hand(shown.hand, voucher):
        return Refusal(OutcomeCode.CODE_PASSED_ON)
    if seen.batch_state == "paused":
        return Refusal(OutcomeCode.BATCH_PAUSED)
    refusal = state_refusal(voucher, seen.batch, "redeem", at)
    if refusal is not None or not voucher.version:
        return refusal
    if voucher.holds and voucher.balance_fen == 0 == voucher.uses_left:
        return Refusal(OutcomeCode.VOUCHER_HELD)
    return (
        Refusal(OutcomeCode.VOUCHER_USED) if is_spent(voucher, kind_of(seen.batch.rules)) else None
    )
