"""The made-up chain's first weeks, day by day: people take vouchers, use them, bring goods back.

A day is a handful of calls of the door: what is issued, what is used, what becomes of holds, what
comes back, and the care that vouchers need. What happens depends on the seed and on the ledger's
answers alone, and every command has a request key made of its day, part and number; so the same
weeks sent again find the same answers.
"""

from __future__ import annotations

from random import Random

from kaquan.engine.commands import RequestKey, SetBatchState
from kaquan.foundation.imports import Progress, Step
from kaquan.foundation.refusals import INTERNAL_CLIENT
from kaquan.ledger.answers import answers_given
from kaquan.ledger.door import submit
from kaquan.redemption.codes import ledger_session
from kaquan.surfaces.demo import setting_up
from kaquan.surfaces.demo.chain_booking import Booking, Hands
from kaquan.surfaces.demo.chain_care import Care
from kaquan.surfaces.demo.chain_habits import Habits
from kaquan.surfaces.demo.chain_issue import Issuing
from kaquan.surfaces.demo.chain_setup import ACTOR, Chain
from kaquan.surfaces.demo.chain_use import Using

LIVING = Step("模拟营业", "Simulating days")
_LAST_KEY = RequestKey(INTERNAL_CLIENT, "demo:complete")


class Weeks:
    """Lives through the days; ``booking`` has counted what was sent."""

    def __init__(self, chain: Chain, *, seed: int) -> None:
        random = Random(seed)  # noqa: S311 - a demonstration that is the same every time
        self._chain = chain
        self.booking = Booking()
        parts = (chain, Habits(chain, random), Hands(random), self.booking)
        self._issuing = Issuing(*parts, random)
        self._using = Using(*parts, random)
        self._care = Care(*parts)

    def run(self, days: int, progress: Progress) -> None:
        """Live through so many days, and note in the ledger that all of them are there."""
        self._issuing.distribute()
        for day in range(days):
            self._issuing.day(day)
            self._using.day(day)
            self._care.day(day)
            if day % 7 == 6 or day == days - 1:
                self.booking.import_orders()
            progress(LIVING, day + 1, days)
        setting_up.answered(submit([self._last(days)], actor=ACTOR))

    def _last(self, days: int) -> SetBatchState:
        """The opening campaign stays stopped: a command that does nothing but be there."""
        return SetBatchState(
            at=self._chain.moment(days, 0),
            key=_LAST_KEY,
            batch_id=self._chain.plans["QH15"].batch_id,
            state="stopped",
            reason="演示数据已装入",
        )


def is_complete() -> bool:
    """Whether the weeks are in the ledger already."""
    return bool(answers_given(ledger_session(), [_LAST_KEY], SetBatchState.operation))
