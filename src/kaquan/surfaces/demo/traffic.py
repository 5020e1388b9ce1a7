"""Gentle traffic in the made-up chain, as it comes from tills and phones: one call at a time."""

from __future__ import annotations

import logging
from datetime import datetime
from random import Random
from threading import Event

import psycopg
from django.db import Error, connections

from kaquan.engine.codes import format_code
from kaquan.engine.outcomes import Outcome, OutcomeCode
from kaquan.foundation import clock
from kaquan.foundation.imports import no_progress
from kaquan.redemption.actions import CodeUse, claim, redeem_codes, reverse, sell
from kaquan.redemption.codes import code_book
from kaquan.surfaces.demo.chain_booking import Hands, Held, Used, left_over
from kaquan.surfaces.demo.chain_habits import Habits
from kaquan.surfaces.demo.chain_setup import ACTOR, ZONE, Chain, set_up

FEW_HELD, ENOUGH_HELD = 40, 400
USED_REMEMBERED = 200
ISSUE_SHARE, RETURN_SHARE, AGAIN_SHARE = 0.45, 0.04, 0.03
RETRY_S = 1.0

log = logging.getLogger(__name__)


def run_traffic(stop: Event, per_second: float) -> None:
    """Keep about so many calls a second going until ``stop`` is set.

    Where the ledger is slower than that it gets fewer calls, never a backlog at once. While the
    database is out of reach it is asked once a second.
    """
    assert per_second > 0, per_second
    traffic = Traffic(set_up(no_progress), Random(clock.now().timestamp()))  # noqa: S311 - made up
    next_s = clock.monotonic_s()
    while not stop.is_set():
        try:
            outcome = traffic.step(clock.now())
            is_reachable = outcome.code not in (OutcomeCode.BUSY, OutcomeCode.UNAVAILABLE)
        except (Error, psycopg.Error) as error:
            log.warning("the database is out of reach: %s", type(error).__name__)
            connections.close_all()
            is_reachable = False
        now_s = clock.monotonic_s()
        next_s = max(next_s + 1 / per_second, now_s) if is_reachable else now_s + RETRY_S
        stop.wait(next_s - now_s)


class Traffic:
    """Draws and does one thing after another."""

    def __init__(self, chain: Chain, random: Random) -> None:
        self._chain = chain
        self._random = random
        self._habits = Habits(chain, random)
        self._hands = Hands(random)
        self._number = 0

    def step(self, at: datetime) -> Outcome:
        """Somebody takes a voucher, uses one, tries a used one again, or brings goods back."""
        self._number += 1
        day = (at.astimezone(ZONE).date() - self._chain.first_day).days
        chance = self._random.random()
        if self._hands.used and chance < RETURN_SHARE:
            return self._bring_back(at)
        if self._hands.used and chance < RETURN_SHARE + AGAIN_SHARE:
            return self._use(self._random.choice(self._hands.used).held, at)
        held = len(self._hands)
        if held < FEW_HELD or (held < ENOUGH_HELD and chance > 1 - ISSUE_SHARE):
            return self._issue(day, at)
        drawn = self._hands.draw(1, day)
        return self._use(drawn[0], at) if drawn else self._issue(day, at)

    def _issue(self, day: int, at: datetime) -> Outcome:
        one, member = self._habits.plan_to_issue(day), self._habits.member()
        visit = self._habits.issue_visit(member)
        price_fen = one.plan.terms.price_fen
        if price_fen is None:
            outcome = claim(actor=ACTOR, batch_id=one.batch_id, visit=visit, at=at)
        else:
            outcome = sell(
                actor=ACTOR,
                batch_id=one.batch_id,
                visit=visit,
                paid_fen=price_fen,
                payment_no=self._name("WX", at),
                at=at,
            )
        if outcome.done:
            wait = one.plan.days_to_wait
            self._hands.take(Held(one, outcome.vouchers[0].serial, member, day + wait))
        return outcome

    def _use(self, held: Held, at: datetime) -> Outcome:
        visit = self._habits.order_visit(held.plan.plan, held.member, self._name("", at))
        code = format_code(code_book().encode(held.serial))
        outcome = redeem_codes(actor=ACTOR, uses=[CodeUse(code)], visit=visit, at=at)
        if outcome.place is not None:
            used = Used(outcome.place, tuple(line.line_id for line in visit.lines), held)
            self._hands.used = [*self._hands.used[1 - USED_REMEMBERED :], used]
        if held.serial in left_over(outcome):
            self._hands.take(held)
        return outcome

    def _bring_back(self, at: datetime) -> Outcome:
        used = self._hands.used.pop(self._random.randrange(len(self._hands.used)))
        return reverse(actor=ACTOR, redemption=used.redemption, reason="顾客退货", at=at)

    def _name(self, prefix: str, at: datetime) -> str:
        """The number of an order or a payment; a till's own, so it need only differ from others."""
        return f"{prefix}{at.astimezone(ZONE):%y%m%d%H%M%S}{self._number:05}"
