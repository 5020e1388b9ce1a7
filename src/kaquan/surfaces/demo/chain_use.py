"""What the made-up chain's people use on orders, through holds, as bearers; and returns."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from itertools import pairwise
from random import Random
from typing import NamedTuple

from kaquan.engine.commands import (
    Hold,
    LineReturn,
    Redeem,
    Release,
    RequestKey,
    Reverse,
    VoucherUse,
)
from kaquan.engine.facts import Facts
from kaquan.engine.outcomes import Outcome
from kaquan.engine.places import Place
from kaquan.redemption.visits import Visit
from kaquan.surfaces.demo.chain_booking import Asked, Booking, Hands, Held, Used, left_over
from kaquan.surfaces.demo.chain_habits import CLOSING_MINUTE, Habits
from kaquan.surfaces.demo.chain_issue import PAPER_PER_REGION, first_serial
from kaquan.surfaces.demo.chain_setup import Chain

USES_PER_DAY = 320
PAPER_PER_DAY = 45
RETURNS_PER_DAY = 6
HOLD_SHARE, SETTLED_SHARE, RELEASED_SHARE = 0.12, 0.8, 0.12
HOLD_MINUTES = 30
RETURN_REASONS = ("顾客退货", "收银录错", "商品质量问题")


class _Coming(NamedTuple):
    """Somebody who comes with one voucher or two, and the order that they are for."""

    held: tuple[Held, ...]
    at: datetime
    visit: Visit


class Using:
    """Each day's uses, and what becomes of them."""

    def __init__(
        self, chain: Chain, habits: Habits, hands: Hands, booking: Booking, random: Random
    ) -> None:
        self._chain = chain
        self._habits = habits
        self._hands = hands
        self._booking = booking
        self._random = random
        self._paper = first_serial(chain.plans["QH14"])
        self._paper_used = 0

    def day(self, day: int) -> None:
        """What is used on one day."""
        drawn = [held for held in self._hands.draw(USES_PER_DAY, day) if self._comes(day, held)]
        coming = [
            self._coming(day, number, held) for number, held in enumerate(self._grouped(drawn))
        ]
        on_hold = [self._random.random() < HOLD_SHARE for _ in coming]
        self._redeem(day, [one for one, holds in zip(coming, on_hold, strict=True) if not holds])
        self._hold(day, [one for one, holds in zip(coming, on_hold, strict=True) if holds])
        self._use_paper(day)
        self._bring_back(day)

    def _comes(self, day: int, held: Held) -> bool:
        """Most people know on which weekdays their voucher is good; the others stay at home."""
        weekdays = held.plan.plan.terms.validity.weekdays
        weekday = self._chain.moment(day, 0).isoweekday()
        if not weekdays or weekday in weekdays or self._random.random() < 0.03:
            return True
        self._hands.take(held)
        return False

    def _grouped(self, drawn: list[Held]) -> list[tuple[Held, ...]]:
        """Each voucher alone, but for 满减 and 代金券 of one member: these go onto one order."""
        drawn = sorted(drawn, key=lambda held: (held.member, held.plan.plan.code))
        pairs = [
            (one, other)
            for one, other in pairwise(drawn)
            if one.member
            and one.member == other.member
            and (one.plan.plan.code, other.plan.plan.code) == ("QH01", "QH11")
        ]
        paired = {held for pair in pairs for held in pair}
        return [*pairs, *((held,) for held in drawn if held not in paired)]

    def _coming(self, day: int, number: int, held: tuple[Held, ...]) -> _Coming:
        plan = held[0].plan.plan
        at = self._chain.moment(day, self._habits.minute(plan))
        order_no = f"{at:%y%m%d}{number:04}"
        return _Coming(held, at, self._habits.order_visit(plan, held[0].member, order_no))

    def _redeem(self, day: int, coming: list[_Coming]) -> None:
        asked = [Asked(one.at, partial(_redeem, _uses(one)), one.visit) for one in coming]
        outcomes = self._booking.book(f"{day}:use", asked)
        for one, outcome in zip(coming, outcomes, strict=True):
            if outcome.done:
                self._note_used(one, outcome)
            self._put_back(one, outcome)

    def _hold(self, day: int, coming: list[_Coming]) -> None:
        """Orders from a phone: held while they are paid, then settled, given up or forgotten."""
        asked = [Asked(one.at, partial(_hold, _uses(one)), one.visit) for one in coming]
        outcomes = self._booking.book(f"{day}:hold", asked)
        settled, released = [], []
        for one, outcome in zip(coming, outcomes, strict=True):
            chance = self._random.random()
            if not outcome.done or outcome.place is None:
                self._put_back(one, outcome)
            elif chance < SETTLED_SHARE:
                settled.append((one, outcome.place))
            elif chance < SETTLED_SHARE + RELEASED_SHARE:
                released.append((one, outcome.place))
        asked = [
            Asked(one.at + timedelta(minutes=7), partial(_settle, place)) for one, place in settled
        ]
        for (one, _), outcome in zip(
            settled, self._booking.book(f"{day}:settle", asked), strict=True
        ):
            if outcome.done:
                self._note_used(one, outcome)
            self._put_back(one, outcome)
        asked = [
            Asked(one.at + timedelta(minutes=12), partial(_release, place))
            for one, place in released
        ]
        for (one, _), outcome in zip(
            released, self._booking.book(f"{day}:release", asked), strict=True
        ):
            self._put_back(one, outcome)

    def _use_paper(self, day: int) -> None:
        """Bearers of paper: nobody knows them; a few try a note twice, or one not given out yet."""
        one = self._chain.plans["QH14"]
        regions = len({store.region for store in self._chain.stores})
        asked = []
        for number in range(PAPER_PER_DAY):
            chance = self._random.random()
            if chance < 0.03:
                serial = self._paper + regions * PAPER_PER_REGION + number
            elif chance < 0.06:
                serial = self._paper + max(self._paper_used - 1, 0)
            else:
                serial = self._paper + self._paper_used
                self._paper_used += 1
            at = self._chain.moment(day, self._habits.minute(one.plan))
            visit = self._habits.order_visit(one.plan, "", f"{at:%y%m%d}P{number:03}")
            asked.append(Asked(at, partial(_redeem, (VoucherUse(serial),)), visit))
        self._booking.book(f"{day}:paper", asked)

    def _bring_back(self, day: int) -> None:
        """Goods come back, whole orders or single units, some days after."""
        count = min(RETURNS_PER_DAY, len(self._hands.used))
        asked = []
        for number in range(count):
            used = self._hands.used.pop(self._random.randrange(len(self._hands.used)))
            line_ids = used.line_ids if number % 3 == 0 else ()
            at = self._chain.moment(day, CLOSING_MINUTE + number)
            reason = self._random.choice(RETURN_REASONS)
            asked.append(Asked(at, partial(_reverse, used.redemption, line_ids[:1], reason)))
        self._booking.book(f"{day}:return", asked)

    def _note_used(self, one: _Coming, outcome: Outcome) -> None:
        assert outcome.place is not None
        line_ids = tuple(line.line_id for line in one.visit.lines)
        self._hands.used.append(Used(outcome.place, line_ids, one.held[0]))

    def _put_back(self, one: _Coming, outcome: Outcome) -> None:
        """What is still good goes back into people's hands; so does most of what was refused."""
        good = left_over(outcome)
        for held in one.held:
            if held.serial in good or (not outcome.done and self._random.random() < 0.6):
                self._hands.take(held)


def _uses(one: _Coming) -> tuple[VoucherUse, ...]:
    return tuple(VoucherUse(held.serial) for held in one.held)


def _redeem(uses: tuple[VoucherUse, ...], at: datetime, key: RequestKey, facts: Facts) -> Redeem:
    return Redeem(at=at, key=key, vouchers=uses, facts=facts)


def _hold(uses: tuple[VoucherUse, ...], at: datetime, key: RequestKey, facts: Facts) -> Hold:
    expires_at = at + timedelta(minutes=HOLD_MINUTES)
    return Hold(at=at, key=key, vouchers=uses, facts=facts, expires_at=expires_at)


def _settle(hold: Place, at: datetime, key: RequestKey, facts: Facts) -> Redeem:
    return Redeem(at=at, key=key, facts=facts, hold=hold)


def _release(hold: Place, at: datetime, key: RequestKey, _facts: Facts) -> Release:
    return Release(at=at, key=key, hold=hold)


def _reverse(
    redemption: Place,
    line_ids: tuple[str, ...],
    reason: str,
    at: datetime,
    key: RequestKey,
    _facts: Facts,
) -> Reverse:
    lines = tuple(LineReturn(line_id, 1) for line_id in line_ids)
    return Reverse(at=at, key=key, redemption=redemption, lines=lines, reason=reason)
