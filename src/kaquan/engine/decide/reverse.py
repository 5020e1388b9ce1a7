"""Reversing a redemption: whole, by an amount or by order lines; days later and in steps.

A ``Reversed`` row for each redemption and voucher bounds what may come back. Shares of a step are
differences of cumulated shares, so that steps of any size add up to the use exactly.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from kaquan.engine import commands as c
from kaquan.engine.decide.kinds import Kind
from kaquan.engine.decide.limits import give_back
from kaquan.engine.decide.postings import pay_back, unrelease
from kaquan.engine.decide.vouchers import (
    VOUCHER_UNKNOWN,
    Change,
    Funding,
    begin_change,
    done,
    is_over,
    issued,
    malformed,
)
from kaquan.engine.entries import Account, Unit
from kaquan.engine.facts import OrderLine
from kaquan.engine.lifecycle import State, refusal_of
from kaquan.engine.money import refund_share
from kaquan.engine.outcomes import Data, LimitChange, Outcome, OutcomeCode, Refusal, VoucherResult
from kaquan.engine.places import Place
from kaquan.engine.rows import Reversed, Voucher
from kaquan.engine.rules.benefits import Benefit
from kaquan.engine.world import World

REDEMPTION_UNKNOWN = Refusal(OutcomeCode.REDEMPTION_UNKNOWN)
ALREADY_REVERSED = Refusal(OutcomeCode.ALREADY_REVERSED)
NOTHING = (None, Outcome(OutcomeCode.REDEMPTION_UNKNOWN))


class Use(Struct):
    """A redemption as it was judged: with the facts and limits of a hold that it settled."""

    place: Place
    results: Sequence[VoucherResult]
    lines: Sequence[OrderLine]
    store_id: int
    customer_id: int
    limits: tuple[LimitChange, ...]


class Return(Struct):
    """What comes back of one voucher's use in this step; ``before_fen`` came back earlier."""

    result: VoucherResult
    before_fen: int
    amount_fen: int
    by_line: Sequence[int]
    allocation: tuple[int, ...]
    completes: bool


def reverse(command: c.Reverse, world: World) -> Outcome | Refusal:
    """Undo a redemption as far as it is asked for and has not been undone before."""
    use = _past_use(world, command.redemption)
    if isinstance(use, Refusal):
        return use
    if command.serial is not None:
        use.results = [one for one in use.results if one.serial == command.serial]
        if not use.results:
            return VOUCHER_UNKNOWN
    if command.amount_fen is not None and len(use.results) > 1:
        return malformed("serial")
    for result in use.results:
        code = refusal_of(world.vouchers[result.serial].state, command.operation)
        if code is not None:
            return Refusal(code)
    returns = _plan_returns(command, world, use)
    if isinstance(returns, Refusal):
        return returns
    # From here on nothing may fail.
    place = world.place
    return done(world, *[_give_back(command, world, use, one, place) for one in returns])


def _past_use(world: World, place: Place) -> Use | Refusal:
    command, outcome = world.past.get(place, NOTHING)
    if not isinstance(command, c.Redeem) or not outcome.done:
        return REDEMPTION_UNKNOWN
    facts, limits = command.facts, outcome.limits
    if command.hold is not None:
        held, held_outcome = world.past[command.hold]
        assert isinstance(held, c.Hold), command.hold
        facts, limits = held.facts, held_outcome.limits
    lines = () if facts.order is None else facts.order.lines
    return Use(place, outcome.vouchers, lines, facts.store_id, facts.customer_id, limits)


# How much -----------------------------------------------------------------------------------------


def _plan_returns(command: c.Reverse, world: World, use: Use) -> list[Return] | Refusal:
    """What each voucher gets back; vouchers that are fully reversed already are left alone."""
    returned = _line_quantities(command, use)
    if isinstance(returned, Refusal):
        return returned
    planned = []
    for result in use.results:
        if is_fully_reversed(world, use.place, result):
            continue
        row = world.reversed.get((use.place, result.serial))
        one = _plan_return(command, use, result, row, returned)
        if isinstance(one, Refusal):
            return one
        planned.append(one)
    return planned or ALREADY_REVERSED


def is_fully_reversed(world: World, redemption: Place, result: VoucherResult) -> bool:
    """Whether one voucher's part of a redemption has come back in full before."""
    row = world.reversed.get((redemption, result.serial))
    return row is not None and row.amount_fen >= result.discount_fen


def _line_quantities(command: c.Reverse, use: Use) -> list[int] | Refusal:
    """The units that come back, by line of the order."""
    quantities = [0] * len(use.lines)
    positions = {line.line_id: index for index, line in enumerate(use.lines)}
    for line in command.lines:
        if line.line_id not in positions:
            return malformed("lines.line_id")
        quantities[positions[line.line_id]] = line.quantity
    return quantities


def _plan_return(
    command: c.Reverse, use: Use, result: VoucherResult, row: Reversed | None, returned: list[int]
) -> Return | Refusal:
    before_fen = 0 if row is None else row.amount_fen
    by_line = [0] * len(use.lines) if row is None else row.by_line
    left_fen = result.discount_fen - before_fen
    allocation: tuple[int, ...] = ()
    if command.lines:
        shares = _shares(use.lines, result.allocation, returned, by_line)
        if isinstance(shares, Refusal):
            return shares
        allocation, amount_fen = tuple(shares), sum(shares)
        by_line = [one + more for one, more in zip(by_line, returned, strict=True)]
    else:
        amount_fen = left_fen if command.amount_fen is None else command.amount_fen
    if amount_fen > left_fen:
        data = {"left_fen": left_fen, "asked_fen": amount_fen}
        return Refusal(OutcomeCode.REVERSAL_EXCEEDS_USE, {**data})
    completes = amount_fen == left_fen
    return Return(result, before_fen, amount_fen, by_line, allocation, completes)


def _shares(
    lines: Sequence[OrderLine],
    allocation: Sequence[int],
    returned: Sequence[int],
    by_line: Sequence[int],
) -> list[int] | Refusal:
    shares = []
    for index, line in enumerate(lines):
        units_left = line.quantity - by_line[index]
        if returned[index] > units_left:
            data: Data = {"line_id": line.line_id, "units_left": units_left}
            return Refusal(OutcomeCode.REVERSAL_EXCEEDS_USE, data)
        allocated = allocation[index] if allocation else 0
        shares.append(refund_share(allocated, line.quantity, returned[index], by_line[index]))
    return shares


def funding_returned(funding: Funding, cost_fen: int) -> list[int]:
    """How much each funder has got back once ``cost_fen`` of a cost has come back in total.

    Webster's divisor method (Sainte-Laguë): in proportion to what each bore, and no funder's part
    ever falls when the total grows; largest remainders do not promise that (Alabama paradox).
    """
    whole = sum([fen for _, fen in funding])
    assert 0 <= cost_fen <= whole, (cost_fen, funding)
    parts = [(2 * cost_fen * fen + whole) // (2 * whole) for _, fen in funding]
    indexes = range(len(parts))
    while (missing := cost_fen - sum(parts)) > 0:
        assert missing < len(parts)
        # The next fen goes where (2n+1)/weight is least; compared without division.
        parts[_least(indexes, [2 * part + 1 for part in parts], funding)] += 1
    while sum(parts) > cost_fen:
        parts[_greatest(indexes, [2 * part - 1 for part in parts], funding)] -= 1
    return parts


def _least(indexes: range, numbers: Sequence[int], funding: Funding) -> int:
    best = 0
    for index in indexes[1:]:
        if numbers[index] * funding[best][1] < numbers[best] * funding[index][1]:
            best = index
    return best


def _greatest(indexes: range, numbers: Sequence[int], funding: Funding) -> int:
    best = 0
    for index in indexes[1:]:
        if numbers[index] * funding[best][1] >= numbers[best] * funding[index][1]:
            best = index
    return best


# Giving back --------------------------------------------------------------------------------------


def _give_back(
    command: c.Reverse, world: World, use: Use, one: Return, place: Place
) -> VoucherResult:
    result = one.result
    voucher = world.vouchers[result.serial]
    batch = world.batches[voucher.batch_id]
    change = begin_change(world, command, voucher, batch, place)
    _keep_account(world, use, one, voucher)
    alive = voucher.state not in (State.EXPIRED, State.VOID) and not is_over(
        voucher, batch, command.at
    )
    returns = _returns(change.kind, voucher, alive=alive)
    funding = _pay_back(change, use, one, usable=alive and returns)
    uses = result.uses_used if one.completes and returns else 0
    balance_fen = one.amount_fen if change.kind.has_balance and returns else 0
    voucher.uses_left += uses
    voucher.balance_fen += balance_fen
    _enter_own_units(change, use, uses, balance_fen)
    if voucher.state is State.USED:
        _revive(change, use, one, alive=alive, came_back=bool(uses or balance_fen))
    counted = one.completes and change.kind.terms.refund_on_reverse != "never"
    give_back(
        world,
        use.limits,
        batch_id=voucher.batch_id,
        holder_id=result.customer_id or use.customer_id,
        uses=(result.uses_used or 1) if counted else 0,
        fen=one.amount_fen,
        funding=funding,
    )
    back = Benefit(
        -one.amount_fen, tuple([-share for share in one.allocation]), -balance_fen, -uses, 0
    )
    return change.result(
        benefit=back,
        funding=tuple([(f, -fen) for f, fen in funding]),
        units_returned=tuple(one.by_line),
    )


def _keep_account(world: World, use: Use, one: Return, voucher: Voucher) -> None:
    key = (use.place, voucher.serial)
    world.touch("reversed", key)
    row = world.reversed.get(key)
    if row is None:
        row = world.reversed[key] = Reversed(voucher.shard, use.place, voucher.serial)
    row.amount_fen += one.amount_fen
    row.by_line = list(one.by_line)
    if one.completes:
        row.uses = one.result.uses_used
    assert row.amount_fen <= one.result.discount_fen, (row, one)


def _returns(kind: Kind, voucher: Voucher, *, alive: bool) -> bool:
    """Whether what is reversed goes back onto the voucher. A card's balance always does: it is the
    holder's own money."""
    if kind.is_prepaid:
        return True
    if voucher.state is State.VOID:
        return False
    policy = kind.terms.refund_on_reverse
    return policy == "always" or (policy == "if_valid" and alive)


def _pay_back(change: Change, use: Use, one: Return, *, usable: bool) -> Funding:
    """Book what the issuer gets back in this step; returns how much each funder gets."""
    result, kind = one.result, change.kind
    if not result.funding:
        return ()
    recommit = usable and kind.commits_fen > 0 and (one.completes or kind.is_partial)
    before = funding_returned(result.funding, _cost_back(result, one.before_fen))
    after_fen = _cost_back(result, one.before_fen + one.amount_fen)
    after = funding_returned(result.funding, after_fen)
    funding = tuple(
        [
            (funder, now - then)
            for (funder, _), then, now in zip(result.funding, before, after, strict=True)
        ]
    )
    pay_back(change, funding, use.store_id, recommit=recommit, reverses=use.place)
    if recommit and one.completes:
        unrelease(change, result.released_fen, use.place)
    return funding


def _cost_back(result: VoucherResult, amount_fen: int) -> int:
    """The cost that belongs to a part of the discount: those of a count card differ."""
    return sum([fen for _, fen in result.funding]) * amount_fen // result.discount_fen


def _enter_own_units(change: Change, use: Use, uses: int, balance_fen: int) -> None:
    """What comes back onto a card from the store that took it."""
    store, serial = (Account.STORE, use.store_id), change.voucher.serial
    if change.kind.is_prepaid:
        card = (Account.CARD, serial)
        change.enter(Unit.FEN, balance_fen, store, card, reverses=use.place)
    if change.kind.is_count:
        change.enter(Unit.USE, uses, store, (Account.USES, serial), reverses=use.place)


def _revive(change: Change, use: Use, one: Return, *, alive: bool, came_back: bool) -> None:
    """The state of a used voucher after a reversal."""
    voucher, kind = change.voucher, change.kind
    if came_back and alive:
        voucher_state = State.ISSUED if issued(voucher) else State.LIVE
    elif came_back or (one.completes and kind.terms.refund_on_reverse != "never"):
        voucher_state = State.EXPIRED
    else:
        return
    wrote_piece = not (one.result.funding or kind.is_prepaid or kind.is_count)
    if wrote_piece:
        voucher.state = voucher_state
        change.move_piece((Account.ENDED, voucher.batch_id), reverses=use.place)
    else:
        change.set_state(voucher_state)
