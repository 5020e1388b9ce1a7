"""Holds: reserving uses, settling them later, giving them back; and holds that ran out.

A hold is judged once, when it is made: what it reserves leaves the voucher, the limits and the
budget then, so that settling it cannot fail for want of any of them. A hold whose time is over is
given back by the next command that touches its voucher.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, timedelta

from kaquan.engine import commands as c
from kaquan.engine.decide.kinds import kind_of
from kaquan.engine.decide.limits import give_back
from kaquan.engine.decide.postings import commit, uncommit
from kaquan.engine.decide.reverse import is_fully_reversed
from kaquan.engine.decide.use import PlannedUse, end_if_spent, plan_uses, settle
from kaquan.engine.decide.vouchers import Change, begin_change, done, malformed
from kaquan.engine.entries import Account, Unit
from kaquan.engine.lifecycle import refusal_of
from kaquan.engine.outcomes import Outcome, OutcomeCode, Refusal, VoucherResult
from kaquan.engine.places import Place
from kaquan.engine.rows import HeldVoucher
from kaquan.engine.rules.benefits import Benefit
from kaquan.engine.world import World

HOLD_LONGEST = timedelta(days=30)

HOLD_UNKNOWN = Refusal(OutcomeCode.HOLD_UNKNOWN)
HOLD_EXPIRED = Refusal(OutcomeCode.HOLD_EXPIRED)
HOLD_SETTLED = Refusal(OutcomeCode.HOLD_SETTLED)
NOTHING = (None, Outcome(OutcomeCode.HOLD_UNKNOWN))

Held = tuple[c.Hold, Outcome]


def hold(command: c.Hold, world: World) -> Outcome | Refusal:
    """Reserve uses of vouchers until a moment; judged exactly like a redemption now."""
    if not timedelta() < command.expires_at - command.at <= HOLD_LONGEST:
        return malformed("expires_at")
    plan = plan_uses(world, command)
    if isinstance(plan, Refusal):
        return plan
    # From here on nothing may fail.
    if plan.moves is not None:
        plan.moves.apply()
    place = world.place
    results = [_reserve(world, command, one, place) for one in plan.uses]
    # A retry has another clock: the answer must hold what was granted the first time.
    expires_at = command.expires_at.astimezone(UTC).isoformat()
    return done(world, *results, data={"expires_at": expires_at})


def settle_hold(command: c.Redeem, world: World) -> Outcome | Refusal:
    """Redeem what a hold reserved, with the hold's own facts and amounts."""
    assert command.hold is not None
    held = _past_hold(world, command.hold)
    if isinstance(held, Refusal):
        return held
    asked, outcome = held
    if command.vouchers and command.vouchers != asked.vouchers:
        return malformed("vouchers")
    results = outcome.vouchers
    for result in results:
        code = refusal_of(world.vouchers[result.serial].state, command.operation)
        # A frozen voucher stops its holds as well. That it looks used up is the hold's own doing.
        if code is not None and code < OutcomeCode.VOUCHER_EXPIRED:
            return Refusal(code)
    if command.at >= asked.expires_at:
        return HOLD_EXPIRED
    parts = _active_parts(world, command.hold, results)
    if len(parts) < len(results):
        return HOLD_SETTLED
    # From here on nothing may fail.
    store_id, settled = asked.facts.store_id, []
    for part, result in zip(parts, results, strict=True):
        voucher = world.vouchers[result.serial]
        batch = world.batches[voucher.batch_id]
        change = begin_change(world, command, voucher, batch, world.place)
        settled.append(_settle_part(change, part, result, store_id))
    return done(world, *settled)


def release_hold(command: c.Release, world: World) -> Outcome | Refusal:
    """Give back what a hold still reserves, in or out of time."""
    held = _past_hold(world, command.hold)
    if isinstance(held, Refusal):
        return held
    asked, outcome = held
    parts = _active_parts(world, command.hold, outcome.vouchers)
    if not parts:
        return HOLD_EXPIRED if command.at >= asked.expires_at else HOLD_SETTLED
    # From here on nothing may fail.
    place = world.place
    results = []
    for part in parts:
        voucher = world.vouchers[part.serial]
        batch = world.batches[voucher.batch_id]
        change = begin_change(world, command, voucher, batch, place)
        given_back = _give_back_part(change, part, held, "released")
        results.append(change.result(benefit=given_back))
    return done(world, *results)


# Holds that ran out -------------------------------------------------------------------------------


def lapsed_parts(command: c.AnyCommand, world: World) -> list[HeldVoucher]:
    """The holds that have run out on vouchers which a command is about to change."""
    return [
        part
        for serial in _changed_serials(command, world)
        for part in world.held.get(serial, ())
        if part.state == "active" and part.expires_at <= command.at
    ]


def expire_parts(command: c.AnyCommand, world: World, parts: Sequence[HeldVoucher]) -> None:
    """Give back holds that ran out, as a part of the command that found them.

    They share the command's one step of the voucher's version, which the command itself takes.
    """
    for part in parts:
        past_command, outcome = world.past[part.hold]
        assert isinstance(past_command, c.Hold), part
        voucher = world.vouchers[part.serial]
        batch = world.batches[voucher.batch_id]
        world.touch("vouchers", voucher.serial)
        change = Change(
            world,
            command,
            voucher,
            batch,
            kind_of(batch.rules),
            voucher.last,
            voucher.version + 1,
        )
        _give_back_part(change, part, (past_command, outcome), "expired")


def _changed_serials(command: c.AnyCommand, world: World) -> Sequence[int]:
    """The vouchers that a command changes when it succeeds; releasing looks after its own hold."""
    match command:
        case c.Redeem(hold=None, vouchers=uses) | c.Hold(vouchers=uses):
            return [use.serial for use in uses]
        case c.Redeem(hold=place) if place is not None:
            return [result.serial for result in _results_at(world, place)]
        case c.Reverse(redemption=place, serial=None):
            # What is fully reversed already is left alone, and so are the holds on it.
            return [
                result.serial
                for result in _results_at(world, place)
                if not is_fully_reversed(world, place, result)
            ]
        case _:
            serial = getattr(command, "serial", None)
            return [] if serial is None else [serial]


def _results_at(world: World, place: Place) -> Sequence[VoucherResult]:
    past = world.past.get(place)
    return () if past is None else past[1].vouchers


# Parts --------------------------------------------------------------------------------------------


def _past_hold(world: World, place: Place) -> Held | Refusal:
    command, outcome = world.past.get(place, NOTHING)
    if not isinstance(command, c.Hold) or not outcome.done:
        return HOLD_UNKNOWN
    return command, outcome


def _active_parts(
    world: World, place: Place, results: Sequence[VoucherResult]
) -> list[HeldVoucher]:
    return [
        part
        for result in results
        for part in world.held.get(result.serial, ())
        if part.hold == place and part.state == "active"
    ]


def _reserve(world: World, command: c.Hold, one: PlannedUse, place: Place) -> VoucherResult:
    voucher, benefit, serial = one.voucher, one.benefit, one.voucher.serial
    change = begin_change(world, command, voucher, one.batch, place)
    voucher.balance_fen -= benefit.balance_used_fen
    voucher.uses_left -= benefit.uses_used
    voucher.holds += 1
    if one.kind.is_prepaid:
        held = (Account.CARD_HELD, serial)
        change.enter(Unit.FEN, benefit.balance_used_fen, (Account.CARD, serial), held)
    if one.kind.is_count:
        held = (Account.USES_HELD, serial)
        change.enter(Unit.USE, benefit.uses_used, (Account.USES, serial), held)
    set_aside_fen = 0
    if one.funding and one.batch.budget_id:
        set_aside_fen = benefit.value_fen - one.from_committed_fen
        commit(change, set_aside_fen)
    world.touch("held", serial)
    part = HeldVoucher(voucher.shard, place, serial, command.expires_at)
    world.held.setdefault(serial, []).append(part)
    return change.result(benefit=benefit, funding=one.funding, set_aside_fen=set_aside_fen)


def _settle_part(
    change: Change, part: HeldVoucher, result: VoucherResult, store_id: int
) -> VoucherResult:
    benefit = _benefit_of(result)
    from_committed_fen = benefit.value_fen if change.batch.budget_id else 0
    settle(change, benefit, result.funding, from_committed_fen, store_id, held=True)
    _end_part(change.world, part, "redeemed")
    change.voucher.holds -= 1
    released_fen = end_if_spent(change)
    return change.result(benefit=benefit, funding=result.funding, released_fen=released_fen)


def _give_back_part(change: Change, part: HeldVoucher, held: Held, state: str) -> Benefit:
    """Undo one voucher's part of a hold; returns what came back, as a benefit below zero."""
    asked, outcome = held
    world, voucher, serial = change.world, change.voucher, part.serial
    result = next(one for one in outcome.vouchers if one.serial == serial)
    voucher.balance_fen += result.balance_used_fen
    voucher.uses_left += result.uses_used
    voucher.holds -= 1
    if change.kind.is_prepaid:
        held_side, card = (Account.CARD_HELD, serial), (Account.CARD, serial)
        change.enter(Unit.FEN, result.balance_used_fen, held_side, card)
    if change.kind.is_count:
        held_side, uses = (Account.USES_HELD, serial), (Account.USES, serial)
        change.enter(Unit.USE, result.uses_used, held_side, uses)
    uncommit(change, result.set_aside_fen)
    give_back(
        world,
        outcome.limits,
        batch_id=voucher.batch_id,
        holder_id=result.customer_id or asked.facts.customer_id,
        uses=result.uses_used or 1,
        fen=result.discount_fen,
        funding=result.funding,
    )
    _end_part(world, part, state)
    return Benefit(0, (), -result.balance_used_fen, -result.uses_used, 0)


def _end_part(world: World, part: HeldVoucher, state: str) -> None:
    world.touch("held", part.serial)
    for row in world.held[part.serial]:
        if row.hold == part.hold:
            assert row.state == "active", row
            row.state = state


def _benefit_of(result: VoucherResult) -> Benefit:
    return Benefit(
        discount_fen=result.discount_fen,
        allocation=result.allocation,
        balance_used_fen=result.balance_used_fen,
        uses_used=result.uses_used,
        value_fen=sum([fen for _, fen in result.funding]),
    )
