"""What the ledger refuses, told to whom it is about: tills are told of "this customer", of batches
and of budgets, which is nothing that a shopper could do something about."""

from __future__ import annotations

from kaquan.engine.outcomes import Outcome, OutcomeCode
from kaquan.foundation.errors import KaquanError
from kaquan.foundation.refusals import RefusedError

_ENOUGH = ("您已领满，每人能领的数量有限。", "You have claimed as many as one person may.")
_NO_PLACE = (
    "现在能领的数量已领完，请改日再来。",
    "As many as may be claimed for now are gone; come back another day.",
)
_WORDS: dict[OutcomeCode, tuple[str, str]] = {
    OutcomeCode.LIMIT_PER_CUSTOMER: _ENOUGH,
    OutcomeCode.LIMIT_PER_PERSON: _ENOUGH,
    OutcomeCode.LIMIT_PER_BATCH: _NO_PLACE,
    OutcomeCode.LIMIT_PER_CHANNEL: _NO_PLACE,
    OutcomeCode.LIMIT_PER_STORE: _NO_PLACE,
    OutcomeCode.BUDGET_EXHAUSTED: ("已领完，谢谢关注。", "All have been claimed."),
    OutcomeCode.BATCH_PAUSED: ("活动暂停中，请稍后再来。", "This is paused; come back later."),
    OutcomeCode.BATCH_STOPPED: ("活动已结束。", "This is over."),
    OutcomeCode.CUSTOMER_NOT_TARGETED: (
        "这张券只发给指定的会员。",
        "These vouchers are for certain members only.",
    ),
    OutcomeCode.FIRST_ORDER_ONLY: (
        "这张券只发给还没有下过单的会员。",
        "These vouchers are for members who have not ordered yet.",
    ),
    OutcomeCode.WRONG_CHANNEL: ("这张券不在这里发放。", "These vouchers are not given here."),
}


def in_own_words(outcome: Outcome) -> KaquanError:
    """A refusal as the customer is told of it; where nothing else is said, as everybody is."""
    zh, en = _WORDS.get(outcome.code, ("", ""))
    return KaquanError(outcome.code.name.lower(), zh=zh, en=en) if zh else RefusedError(outcome)
