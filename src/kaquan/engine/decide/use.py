"""Using vouchers on an order: judged and priced all together, then used up one by one."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct, structs

from kaquan.engine import commands as c
from kaquan.engine.decide.kinds import Kind, kind_of
from kaquan.engine.decide.limits import LimitMoves
from kaquan.engine.decide.postings import Purse, pay, release
from kaquan.engine.decide.vouchers import (
    BATCH_PAUSED,
    CODE_PASSED_ON,
    NO_BENEFIT_YET,
    VOUCHER_HELD,
    VOUCHER_NOT_ISSUED,
    VOUCHER_NOT_YOURS,
    VOUCHER_UNKNOWN,
    Change,
    Funding,
    begin_change,
    home_of_piece,
    is_of_another_hand,
    is_spent,
    state_refusal,
)
from kaquan.engine.entries import Account, Unit
from kaquan.engine.facts import Facts
from kaquan.engine.lifecycle import State
from kaquan.engine.outcomes import Outcome, OutcomeCode, Refusal, VoucherResult
from kaquan.engine.places import Place
from kaquan.engine.rows import Batch, Voucher
from kaquan.engine.rules import stack
from kaquan.engine.rules.benefits import Benefit
from kaquan.engine.world import World

VOUCHERS_MAX = stack.VOUCHERS_MAX


class PlannedUse(Struct, gc=False):
    """One voucher's part of a use that nothing stands in the way of.

    ``from_committed_fen``: how much of its cost is set aside for it already.
    """

    voucher: Voucher
    batch: Batch
    kind: Kind
    facts: Facts
    balance_fen: int
    uses_left: int
    benefit: Benefit = NO_BENEFIT_YET
    funding: Funding = ()
    from_committed_fen: int = 0


class Plan(Struct, gc=False):
    """A use of one or several vouchers, in the order they apply."""

    uses: list[PlannedUse]
    moves: LimitMoves | None = None


def redeem(command: c.Redeem, world: World) -> Outcome | Refusal:
    """Use vouchers on one order, all or nothing."""
    plan = plan_uses(world, command)
    if isinstance(plan, Refusal):
        return plan
    # From here on nothing may fail.
    if plan.moves is not None:
        plan.moves.apply()
    place, store_id = world.place, command.facts.store_id
    results = tuple([_use_up(world, command, one, place, store_id) for one in plan.uses])
    return Outcome(OutcomeCode.DONE, {}, place, results, tuple(world.limit_changes))


def _use_up(
    world: World, command: c.Redeem, one: PlannedUse, place: Place, store_id: int
) -> VoucherResult:
    voucher, benefit = one.voucher, one.benefit
    change = begin_change(world, command, voucher, one.batch, place)
    voucher.balance_fen -= benefit.balance_used_fen
    voucher.uses_left -= benefit.uses_used
    settle(change, benefit, one.funding, one.from_committed_fen, store_id)
    released_fen = end_if_spent(change)
    return change.result(benefit=benefit, funding=one.funding, released_fen=released_fen)


def settle(
    change: Change,
    benefit: Benefit,
    funding: Funding,
    from_committed_fen: int,
    store_id: int,
    *,
    held: bool = False,
) -> None:
    """The entries of one use: at least one, so that every use leaves a trace."""
    kind, serial, store = change.kind, change.voucher.serial, (Account.STORE, store_id)
    if kind.is_prepaid:
        card = Account.CARD_HELD if held else Account.CARD
        change.enter(Unit.FEN, benefit.balance_used_fen, (card, serial), store)
        return
    if kind.is_count:
        uses = Account.USES_HELD if held else Account.USES
        change.enter(Unit.USE, benefit.uses_used, (uses, serial), store)
    if funding:
        pay(change, funding, from_committed_fen, store_id)
    elif not kind.is_count:
        ended = (Account.ENDED, change.voucher.batch_id)
        change.enter(Unit.PIECE, 1, home_of_piece(change.voucher), ended)


def end_if_spent(change: Change) -> int:
    """Make a voucher with nothing left USED; returns what that releases of its budget, in fen."""
    if not is_spent(change.voucher, change.kind):
        return 0
    change.voucher.state = State.USED
    return release(change)


# Judging ------------------------------------------------------------------------------------------


def plan_uses(world: World, command: c.Redeem | c.Hold) -> Plan | Refusal:
    """Whether these vouchers may be used together here and now, and what each gives and costs.

    Of several reasons against it the first by precedence is told, with the voucher it is about.
    """
    if len(command.vouchers) == 1:
        judged = _judge(world, command, command.vouchers[0])
        if isinstance(judged, Refusal):
            return judged
        refusal = _price_one(judged, command.vouchers[0])
        if refusal is not None:
            return refusal
        uses = [judged]
    else:
        priced = _price_several(world, command)
        if isinstance(priced, Refusal):
            return priced
        uses = priced
    return _fund(world, command, uses)


def _judge(world: World, command: c.Redeem | c.Hold, use: c.VoucherUse) -> PlannedUse | Refusal:
    """State, time, holder and rules of one voucher; its benefit is not known yet."""
    voucher = world.vouchers.get(use.serial)
    if voucher is None or is_of_another_hand(use.hand, voucher):
        return VOUCHER_UNKNOWN if voucher is None else CODE_PASSED_ON
    facts, at = command.facts, command.at
    holder_id = voucher.customer_id
    if holder_id and facts.customer_id != holder_id:
        if facts.customer_id:
            return VOUCHER_NOT_YOURS
        if not world.batches[voucher.batch_id].rules.terms.scope.customer_required:
            # The code proves possession; what counts per customer counts for the holder.
            facts = structs.replace(facts, customer_id=holder_id)
    batch = world.batches[voucher.batch_id]
    if world.slices[voucher.batch_id].state == "paused":
        return BATCH_PAUSED
    refusal = state_refusal(voucher, batch, command.operation, at)
    if refusal is not None:
        return refusal
    kind = kind_of(batch.rules)
    if voucher.version:
        balance_fen, uses_left = voucher.balance_fen, voucher.uses_left
    else:
        balance_fen, uses_left = kind.opening_balance_fen, kind.opening_uses
    if balance_fen == 0 and uses_left == 0:
        if voucher.holds:
            return VOUCHER_HELD
        if kind.is_prepaid and voucher.state is State.LIVE:
            return VOUCHER_NOT_ISSUED
    refusal = batch.rules.refusal(facts, at)
    if refusal is not None:
        return refusal
    return PlannedUse(voucher, batch, kind, facts, balance_fen, uses_left)


def _price_one(one: PlannedUse, use: c.VoucherUse) -> Refusal | None:
    benefit = one.batch.rules.benefit(
        one.facts,
        amount_fen=use.amount_fen,
        uses=use.uses,
        balance_fen=one.balance_fen,
        uses_left=one.uses_left,
    )
    if isinstance(benefit, Refusal):
        return _told(benefit, one)
    one.benefit = benefit
    return None


def _price_several(world: World, command: c.Redeem | c.Hold) -> list[PlannedUse] | Refusal:
    asked = command.vouchers
    if len(asked) > VOUCHERS_MAX:
        data = {"vouchers": len(asked), "vouchers_most": VOUCHERS_MAX}
        return Refusal(OutcomeCode.TOO_MANY_VOUCHERS, {**data})
    judged: list[PlannedUse] = []
    refused: Refusal | None = None
    for use in asked:
        one = _judge(world, command, use)
        if isinstance(one, PlannedUse):
            judged.append(one)
        elif refused is None or one.code < refused.code:
            refused = Refusal(one.code, {**one.data, "serial": use.serial})
    if refused is not None:
        return refused
    priced = [
        stack.Use(one.batch.rules, use.amount_fen, use.uses, one.balance_fen, one.uses_left)
        for one, use in zip(judged, asked, strict=True)
    ]
    benefits = stack.price_order(command.facts.order, priced)
    if isinstance(benefits, Refusal):
        return _about_voucher(benefits, judged)
    for one, benefit in zip(judged, benefits, strict=True):
        one.benefit = benefit
    return [judged[index] for index in stack.application_order(priced)]


def _about_voucher(refusal: Refusal, judged: Sequence[PlannedUse]) -> Refusal:
    """The stack names vouchers by index; people know them by serial."""
    data = dict(refusal.data)
    for field, name in (("voucher", "serial"), ("with", "with_serial")):
        index = data.pop(field, None)
        if isinstance(index, int):
            data[name] = judged[index].voucher.serial
            if field == "voucher":
                refusal = _told(refusal, judged[index])
    return Refusal(refusal.code, data)


def _told(refusal: Refusal, one: PlannedUse) -> Refusal:
    """Too little on a voucher because of a hold is the hold's doing: that will pass."""
    short = (OutcomeCode.BALANCE_INSUFFICIENT, OutcomeCode.USES_INSUFFICIENT)
    return VOUCHER_HELD if refusal.code in short and one.voucher.holds else refusal


def _fund(world: World, command: c.Redeem | c.Hold, uses: list[PlannedUse]) -> Plan | Refusal:
    """Limits, who bears the cost, and whether the budget still has it."""
    moves: LimitMoves | None = None
    purse: Purse | None = None
    for one in uses:
        if one.kind.use_has_limits:
            moves = moves or LimitMoves(world)
            refusal = _count(moves, command, one)
            if refusal is not None:
                return refusal
        cost_fen = 0 if one.kind.is_prepaid else one.benefit.value_fen
        if not cost_fen:
            continue
        if one.batch.rules.sole_funder is not None:
            one.funding = ((one.batch.rules.sole_funder, cost_fen),)
        elif moves is None:
            one.funding = tuple(one.batch.rules.split_funding(cost_fen, NOBODY_YET))
        else:
            one.funding = moves.split_funding(one.batch, cost_fen)
        budget_id = one.batch.budget_id
        if budget_id:
            if one.voucher.committed_fen:
                free = one.voucher.committed_fen - reserved_fen(world, one.voucher)
                one.from_committed_fen = max(0, min(free, cost_fen))
            purse = purse or Purse(world)
            refusal = purse.take(budget_id, cost_fen - one.from_committed_fen)
            if refusal is not None:
                return refusal
    return Plan(uses, moves)


NOBODY_YET: dict[int, int] = {}


def _count(moves: LimitMoves, command: c.Redeem | c.Hold, one: PlannedUse) -> Refusal | None:
    return moves.add_use(
        one.batch,
        "redeem",
        one.facts,
        one.voucher.customer_id,
        command.at,
        uses=one.benefit.uses_used or 1,
        fen=one.benefit.discount_fen,
    )


def reserved_fen(world: World, voucher: Voucher) -> int:
    """How much of what is committed for a voucher its active holds will need."""
    if not voucher.holds:
        return 0
    reserved = 0
    for held in world.held.get(voucher.serial, ()):
        if held.state == "active":
            for result in world.past[held.hold][1].vouchers:
                if result.serial == voucher.serial:
                    reserved += sum([fen for _, fen in result.funding])
    return reserved
