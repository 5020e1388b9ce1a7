"""Dry requests: what a use would give, which vouchers would apply, what is behind a code."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Final

from msgspec import Struct

from kaquan.engine import commands as c
from kaquan.engine.codes import Presented
from kaquan.engine.facts import Facts
from kaquan.engine.outcome_details import Language, sentence
from kaquan.engine.outcomes import Outcome, OutcomeCode, Refusal
from kaquan.foundation import clock
from kaquan.ledger.holdings import held_serials
from kaquan.ledger.rehearsal import Rehearsed
from kaquan.redemption import combinations, lookups
from kaquan.redemption.codes import ledger_session, new_code
from kaquan.redemption.queries import TRACE
from kaquan.surfaces.gateway import messages as m
from kaquan.surfaces.gateway.answers import ProblemAnswer, VoucherOut, Windows, encode, vouchers_of
from kaquan.surfaces.gateway.booking import TELLS_NOTHING_S, with_positions
from kaquan.surfaces.gateway.calls import Call
from kaquan.surfaces.gateway.knowledge import Known, Librarian
from kaquan.surfaces.gateway.loop_threads import Readers
from kaquan.surfaces.gateway.preparing import Gathering, Preparation
from kaquan.surfaces.http.problems import Problem, outcome_problem

FIRST_SERIAL: Final = 64
VOUCHER_UNKNOWN = Outcome(OutcomeCode.VOUCHER_UNKNOWN)


class OfferOut(Struct, frozen=True):
    """One voucher of the customer, and what it would give by itself; ``code`` says why not."""

    voucher_code: str
    serial: int
    batch_id: int
    applies: bool
    discount_fen: int
    code: str
    text: str


class ChosenOut(Struct, frozen=True):
    """A voucher of the best set, in the order in which they apply."""

    voucher_code: str
    serial: int
    discount_fen: int


class LeftOutOut(Struct, frozen=True):
    """A voucher that is not in the best set, and why."""

    serial: int
    code: str
    text: str


class BestOut(Struct, frozen=True):
    """The vouchers that together save the customer most."""

    vouchers: list[ChosenOut]
    discount_fen: int
    left_out: list[LeftOutOut]


class ValidationAnswer(Struct, frozen=True):
    """What a redemption would do now; nothing was booked."""

    valid: bool
    code: str
    refusal: Problem | None
    vouchers: tuple[VoucherOut, ...]
    discount_fen: int
    best: BestOut | None
    offers: list[OfferOut]


class LookupAnswer(Struct, frozen=True, omit_defaults=True):
    """What a voucher is and may do now. Only those who may trace vouchers see the last fields."""

    state: str
    usable: bool
    kind: str
    balance_fen: int
    uses_left: int
    valid_from: datetime | None
    valid_until: datetime | None
    terms: list[str]
    serial: int | None = None
    batch_id: int | None = None
    holds: int | None = None
    may: list[str] | None = None
    refusal: Problem | None = None


class Dry:
    """The handlers of requests that change nothing."""

    def __init__(self, librarian: Librarian, rehearsers: Readers) -> None:
        self._librarian = librarian
        self._rehearsers = rehearsers
        #: A voucher that there is, looked at in place of those that there are not.
        self._stand_in = FIRST_SERIAL

    async def validate(self, call: Call, message: m.ValidationRequest) -> bytes:
        """POST /validations"""
        cache = self._librarian.cache

        def attempt(known: Known) -> tuple[Facts, tuple[c.VoucherUse, ...]]:
            preparation = Preparation(call, cache, known)
            if not message.vouchers and not message.customer:
                raise preparation.malformed("vouchers", "或给出客户", "or name a customer")
            gathering = Gathering()
            told = gathering.ask(preparation.facts, message, needs_store=True)
            vouchers = gathering.ask(preparation.serials, message.vouchers)
            gathering.check()
            if told[1] is not None:
                raise told[1]
            return told[0], vouchers

        facts, uses = await self._librarian.prepare(attempt)
        outcome: Outcome | None = None
        if uses:
            command = c.Redeem(at=call.at, vouchers=uses, facts=facts)
            rehearsed = await self._rehearsers.rehearse(command)
            outcome = with_positions(command, rehearsed.outcome)
        wants_offers = facts.customer_id > 0 and (message.best or not uses)
        alone: dict[int, Rehearsed] = {}
        held: list[int] = []
        if wants_offers or message.best:
            named = {use.serial: Presented(use.serial, use.hand) for use in uses}
            if wants_offers:
                held = await self._held(facts.customer_id)
            alone = await self._alone(
                [*named.values(), *(Presented(one, None) for one in held if one not in named)],
                facts,
                call,
            )
        best = await self._best(facts, alone, call) if message.best else None
        offers = [_offer(serial, alone[serial], call.language) for serial in held]
        windows = await self._librarian.learn_windows((outcome,) if outcome else ())
        return encode(_validation(outcome, windows, best, offers, call))

    async def _held(self, customer_id: int) -> list[int]:
        return await self._rehearsers.call(lambda: held_serials(ledger_session(), customer_id))

    async def _alone(
        self, shown: Sequence[Presented], facts: Facts, call: Call
    ) -> dict[int, Rehearsed]:
        commands = [combinations.alone(one, facts, call.at) for one in shown]
        found = await self._rehearsers.rehearse_all(commands)
        return dict(zip([one.serial for one in shown], found, strict=True))

    async def _best(self, facts: Facts, alone: dict[int, Rehearsed], call: Call) -> BestOut | None:
        """The best set that the ledger would take as a whole."""
        refused: dict[int, Refusal] = {}
        while True:
            best = combinations.best_set(facts, alone, call.at, refused)
            if best is None:
                return None
            if not best.chosen:
                break
            command = c.Redeem(at=call.at, vouchers=best.uses, facts=facts)
            outcome = (await self._rehearsers.rehearse(command)).outcome
            if outcome.done:
                break
            refusal = Refusal(outcome.code, outcome.data)
            refused[combinations.refused_voucher(best, refusal)] = refusal
        return BestOut(
            [
                ChosenOut(_code_of(one.serial, alone[one.serial]), one.serial, one.discount_fen)
                for one in best.chosen
            ],
            sum([one.discount_fen for one in best.chosen]),
            [
                LeftOutOut(one.serial, one.refusal.code.name.lower(), _said(one.refusal, call))
                for one in best.left_out
            ],
        )

    async def look_up(self, call: Call, message: m.LookupRequest) -> bytes:
        """POST /lookups"""
        sees_all = TRACE in call.caller.actor.permissions
        if sees_all:
            return await self._look(call, message, sees_all=True)
        began_s = clock.monotonic_s()
        try:
            return await self._look(call, message, sees_all=False)
        except ProblemAnswer:
            # Wrong, used, expired and somebody else's: one answer, and no sooner for any of them.
            await asyncio.sleep(max(0.0, began_s + TELLS_NOTHING_S - clock.monotonic_s()))
            raise

    async def _look(self, call: Call, message: m.LookupRequest, *, sees_all: bool) -> bytes:
        cache = self._librarian.cache

        def attempt(known: Known) -> tuple[Presented, int, bool]:
            preparation = Preparation(call, cache, known, public=not sees_all)
            gathering = Gathering()
            shown = gathering.ask(preparation.presented, message.code)
            customer = message.customer
            asker = gathering.ask(preparation.customer_id, customer) if customer else 0
            gathering.check()
            return shown, asker, sees_all and preparation.may_trace(shown.serial)

        try:
            shown, asker, sees_this = await self._librarian.prepare(attempt)
        except ProblemAnswer:
            if not sees_all:  # as much is read for a code that is none of ours
                await self._rehearsed(self._stand_in, call)
            raise
        rehearsed = await self._rehearsed(shown.serial, call)
        if rehearsed.seen:
            self._stand_in = shown.serial
        seen = rehearsed.seen.get(shown.serial)
        now = None if seen is None else lookups.voucher_now(seen, shown, call.at)
        is_theirs = now is not None and now.customer_id in (0, asker)
        if seen is None or now is None or (not sees_this and (now.refusal or not is_theirs)):
            raise ProblemAnswer(
                outcome_problem(VOUCHER_UNKNOWN, call.language, public=not sees_all)
            )
        return encode(_lookup(now, lookups.terms_in_words(seen, call.language), call, sees_this))

    async def _rehearsed(self, serial: int, call: Call) -> Rehearsed:
        rehearsed = await self._rehearsers.rehearse(lookups.look(serial, call.at))
        if rehearsed.outcome.code is OutcomeCode.UNAVAILABLE:
            raise ProblemAnswer(outcome_problem(rehearsed.outcome, call.language))
        return rehearsed


def _said(refusal: Refusal, call: Call) -> str:
    return sentence(refusal.code, refusal.data, call.language)


def _code_of(serial: int, rehearsed: Rehearsed) -> str:
    """The code that its holder is shown of a voucher which was looked at."""
    seen = rehearsed.seen.get(serial)
    return new_code(serial, seen.voucher.hand if seen else 0)


def _offer(serial: int, rehearsed: Rehearsed, language: Language) -> OfferOut:
    outcome, seen = rehearsed.outcome, rehearsed.seen.get(serial)
    return OfferOut(
        voucher_code=_code_of(serial, rehearsed),
        serial=serial,
        batch_id=seen.batch.batch_id if seen else 0,
        applies=outcome.done,
        discount_fen=sum([one.discount_fen for one in outcome.vouchers]),
        code=outcome.code.name.lower(),
        text=sentence(outcome.code, outcome.data, language),
    )


def _validation(
    outcome: Outcome | None,
    windows: Windows,
    best: BestOut | None,
    offers: list[OfferOut],
    call: Call,
) -> ValidationAnswer:
    if outcome is None:  # no voucher was named: is there any that would do?
        applies = any(one.applies for one in offers)
        code = OutcomeCode.DONE if applies else OutcomeCode.NO_BENEFIT
        return ValidationAnswer(applies, code.name.lower(), None, (), 0, best, offers)
    if outcome.code is OutcomeCode.UNAVAILABLE:
        raise ProblemAnswer(outcome_problem(outcome, call.language))
    return ValidationAnswer(
        valid=outcome.done,
        code=outcome.code.name.lower(),
        refusal=None if outcome.done else outcome_problem(outcome, call.language),
        vouchers=vouchers_of(outcome, windows),
        discount_fen=sum([one.discount_fen for one in outcome.vouchers]),
        best=best,
        offers=offers,
    )


def _lookup(now: lookups.VoucherNow, terms: list[str], call: Call, sees_all: bool) -> LookupAnswer:
    answer = partial(
        LookupAnswer,
        state=now.state,
        usable=now.refusal is None,
        kind=now.kind,
        balance_fen=now.balance_fen,
        uses_left=now.uses_left,
        valid_from=now.valid_from,
        valid_until=now.valid_until,
        terms=terms,
    )
    if not sees_all:
        return answer()
    told: Problem | None = None
    if now.refusal is not None:
        told = outcome_problem(Outcome(now.refusal.code, now.refusal.data), call.language)
    return answer(
        serial=now.serial, batch_id=now.batch_id, holds=now.holds, may=now.may, refusal=told
    )
