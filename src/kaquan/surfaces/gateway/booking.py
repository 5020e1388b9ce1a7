"""Requests that change something: prepared, booked in a block, answered with what was booked."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any, Final

from msgspec import Struct, structs

from kaquan.engine import commands as c
from kaquan.engine.outcomes import Outcome
from kaquan.foundation import clock
from kaquan.ledger.answers import answers_given
from kaquan.redemption.codes import ledger_session
from kaquan.surfaces.gateway import messages as m
from kaquan.surfaces.gateway import preparing, preparing_past
from kaquan.surfaces.gateway.answers import ProblemAnswer, encode
from kaquan.surfaces.gateway.calls import Call
from kaquan.surfaces.gateway.knowledge import Known, Librarian
from kaquan.surfaces.gateway.linked_writers import LinkedWriters
from kaquan.surfaces.gateway.loop_threads import Readers, Writers
from kaquan.surfaces.gateway.preparing import Preparation, Prepared
from kaquan.surfaces.http.problems import Problem, outcome_problem

Prepare = Callable[..., Prepared]

#: Whoever may learn nothing is refused no sooner than this, whatever was wrong with the code.
TELLS_NOTHING_S: Final = 0.03


class _Settled(Struct, frozen=True):
    hold: str
    terminal: str


class _Reversed(m.ReversalRequest, frozen=True, kw_only=True):
    redemption: str


class Bookings:
    """The handlers of single requests that change something."""

    def __init__(
        self, writers: Writers | LinkedWriters, librarian: Librarian, readers: Readers
    ) -> None:
        self._writers = writers
        self._librarian = librarian
        self._readers = readers

    async def redeem(self, call: Call, message: m.RedemptionRequest) -> bytes:
        """POST /redemptions"""
        return await self._book(call, message, preparing.redeem)

    async def hold(self, call: Call, message: m.HoldRequest) -> bytes:
        """POST /holds"""
        return await self._book(call, message, preparing.hold)

    async def settle(self, call: Call, message: m.SettleRequest) -> bytes:
        """POST /holds/{hold}/redeem"""
        asked = _Settled(call.number, message.terminal)
        return await self._book(call, asked, preparing_past.settle)

    async def release(self, call: Call, message: m.ReleaseRequest) -> bytes:
        """POST /holds/{hold}/release"""
        asked = _Settled(call.number, message.terminal)
        return await self._book(call, asked, preparing_past.release)

    async def reverse(self, call: Call, message: m.ReversalRequest) -> bytes:
        """POST /redemptions/{redemption}/reversals"""
        asked = _Reversed(redemption=call.number, **structs.asdict(message))
        return await self._book(call, asked, preparing_past.reverse)

    async def claim(self, call: Call, message: m.ClaimRequest) -> bytes:
        """POST /claims"""
        by_code = message.voucher_code is not None
        if not (by_code and call.caller.publishable):
            return await self._book(call, message, preparing.claim, public=by_code)
        began_s = clock.monotonic_s()
        try:
            return await self._book(call, message, preparing.claim)
        except ProblemAnswer:
            # Wrong, used and somebody else's: one answer, and no sooner for any of them.
            await asyncio.sleep(max(0.0, began_s + TELLS_NOTHING_S - clock.monotonic_s()))
            raise

    async def _book(
        self, call: Call, asked: Any, prepare: Prepare, *, public: bool = True
    ) -> bytes:
        librarian = self._librarian

        def attempt(known: Known) -> Prepared:
            return prepare(Preparation(call, librarian.cache, known), asked, call.key)

        prepared = await librarian.prepare(attempt)
        if prepared.refusal is not None and not await self.was_answered(prepared):
            raise prepared.refusal
        (outcome,) = await self._writers.book([prepared.command])
        if outcome.done:
            windows = await librarian.learn_windows((outcome,))
            return encode(prepared.answer(outcome, windows))
        raise ProblemAnswer(problem_of(call, prepared, outcome, public=public))

    async def was_answered(self, prepared: Prepared) -> bool:
        """Whether the request was booked before, when nothing stood in its way yet."""
        return await self._readers.call(partial(_was_answered, prepared.command))


def _was_answered(command: c.AnyCommand) -> bool:
    assert command.key is not None
    return bool(answers_given(ledger_session(), [command.key], command.operation))


def problem_of(call: Call, prepared: Prepared, outcome: Outcome, *, public: bool) -> Problem:
    """A refusal of the ledger for this caller; with ``public`` a publishable key learns from it
    only what anybody may know of a code."""
    return outcome_problem(
        with_positions(prepared.command, outcome),
        call.language,
        public=public and call.caller.publishable,
    )


def with_positions(command: c.AnyCommand, outcome: Outcome) -> Outcome:
    """A refusal of several vouchers says by serial which it is about; callers know it by its
    position in their list."""
    uses: tuple[c.VoucherUse, ...] = getattr(command, "vouchers", ())
    if len(uses) < 2 or not outcome.data:
        return outcome
    positions = {use.serial: position for position, use in enumerate(uses)}
    more = {
        name: positions[serial]
        for field, name in (("serial", "voucher"), ("with_serial", "with_voucher"))
        if isinstance(serial := outcome.data.get(field), int) and serial in positions
    }
    return Outcome(outcome.code, {**outcome.data, **more}) if more else outcome
