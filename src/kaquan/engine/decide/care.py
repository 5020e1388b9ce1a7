"""Looking after single vouchers: transfer, extend, freeze, unfreeze, void, expire, adjust."""

from __future__ import annotations

from datetime import UTC, datetime

from kaquan.engine import commands as c
from kaquan.engine.codes import HAND_MAX
from kaquan.engine.decide.kinds import kind_of
from kaquan.engine.decide.limits import move_limit
from kaquan.engine.decide.postings import commit, release
from kaquan.engine.decide.vouchers import (
    BATCH_PAUSED,
    COMMAND_NOT_FOR_KIND,
    NO_BENEFIT_YET,
    VOUCHER_HELD,
    VOUCHER_NOT_ISSUED,
    VOUCHER_NOT_YOURS,
    VOUCHER_UNKNOWN,
    Change,
    begin_change,
    done,
    home_of_piece,
    is_over,
    is_spent,
    issued,
    local_time,
    malformed,
    may_cost,
    state_refusal,
    window_of,
)
from kaquan.engine.entries import Account, Unit
from kaquan.engine.fields import USES_MAX
from kaquan.engine.footprint import transfer_key
from kaquan.engine.lifecycle import FROZEN, State, refusal_of
from kaquan.engine.money import MAX_FEN
from kaquan.engine.outcomes import Data, Outcome, OutcomeCode, Refusal
from kaquan.engine.rows import Batch, Voucher
from kaquan.engine.rules.benefits import Benefit
from kaquan.engine.rules.terms import PrepaidCard
from kaquan.engine.world import World

TRANSFER_FORBIDDEN = Refusal(OutcomeCode.TRANSFER_FORBIDDEN)
VOUCHER_USED = Refusal(OutcomeCode.VOUCHER_USED)
NOT_EXPIRED_YET = OutcomeCode.NOT_EXPIRED_YET

NO_LIMIT = 10**9  # the cap of a count that nothing limits; transfers take time


def transfer(command: c.Transfer, world: World) -> Outcome | Refusal:
    """Pass a voucher on from the customer who holds it to another."""
    voucher = world.vouchers.get(command.serial)
    if voucher is None:
        return VOUCHER_UNKNOWN
    batch = world.batches[voucher.batch_id]
    if issued(voucher) and voucher.customer_id != command.from_customer_id:
        return VOUCHER_NOT_YOURS
    if world.slices[voucher.batch_id].state == "paused":
        return BATCH_PAUSED
    refusal = state_refusal(voucher, batch, "transfer", command.at, before_start=True)
    if refusal is not None:
        return refusal
    if voucher.holds:
        return VOUCHER_HELD
    refusal = _transfer_refusal(world, voucher, batch)
    if refusal is not None:
        return refusal
    # From here on nothing may fail.
    change = begin_change(world, command, voucher, batch, world.place)
    move_limit(world, transfer_key(voucher), 1, batch.rules.terms.transfer_limit or NO_LIMIT)
    source = home_of_piece(voucher)
    voucher.customer_id = command.to_customer_id
    # Every code of it ends here, and the one to whom it goes is shown a new one.
    voucher.hand, voucher.passed_on = voucher.hand + 1, True
    change.move_piece(source)
    return done(world, change.result())


def extend(command: c.Extend, world: World) -> Outcome | Refusal:
    """Move a voucher's last moment; an expired one comes back, and its money is set aside again."""
    found = _find(command.serial, world)
    if isinstance(found, Refusal):
        return found
    voucher, batch = found
    code = refusal_of(voucher.state, "extend")
    if code is not None:
        return Refusal(code)
    window = window_of(voucher, batch)
    if window is None:
        return VOUCHER_NOT_ISSUED
    if command.valid_until <= max(window[1], command.at):
        return malformed("valid_until")
    again_fen = 0
    if voucher.state is State.EXPIRED:
        kind = kind_of(batch.rules)
        if is_spent(voucher, kind):
            return VOUCHER_USED
        if issued(voucher) and batch.budget_id:
            again_fen = may_cost(voucher, kind)
            available = world.budgets[batch.budget_id].available_fen
            if available < again_fen:
                data = {"available_fen": available, "shortfall_fen": again_fen - available}
                return Refusal(OutcomeCode.BUDGET_EXHAUSTED, {**data})
    # From here on nothing may fail.
    change = begin_change(world, command, voucher, batch, world.place)
    voucher.valid_until = command.valid_until.astimezone(UTC)  # as the database gives it back
    if voucher.state is State.EXPIRED:
        change.set_state(State.ISSUED if issued(voucher) else State.LIVE)
        if again_fen:
            commit(change, again_fen)
    return done(world, change.result())


def freeze(command: c.Freeze, world: World) -> Outcome | Refusal:
    """Stop a voucher for the time being."""
    found = _find(command.serial, world)
    if isinstance(found, Refusal):
        return found
    voucher, batch = found
    refusal = state_refusal(voucher, batch, "freeze", command.at, before_start=True)
    if refusal is not None:
        return refusal
    # From here on nothing may fail.
    change = begin_change(world, command, voucher, batch, world.place)
    frozen = State.FROZEN_LIVE if voucher.state is State.LIVE else State.FROZEN_ISSUED
    change.set_state(frozen)
    return done(world, change.result())


def unfreeze(command: c.Unfreeze, world: World) -> Outcome | Refusal:
    """Let a frozen voucher go on."""
    found = _find(command.serial, world)
    if isinstance(found, Refusal):
        return found
    voucher, batch = found
    code = refusal_of(voucher.state, "unfreeze")
    if code is not None:
        return Refusal(code)
    assert voucher.state in FROZEN, voucher
    # From here on nothing may fail.
    change = begin_change(world, command, voucher, batch, world.place)
    live = voucher.state is State.FROZEN_LIVE
    change.set_state(State.LIVE if live else State.ISSUED)
    return done(world, change.result())


def void(command: c.Void, world: World) -> Outcome | Refusal:
    """End a voucher for good. What a card still held is owed back to those who paid for it."""
    found = _find(command.serial, world)
    if isinstance(found, Refusal):
        return found
    voucher, batch = found
    if command.fresh_for is not None:
        refusal = _not_fresh(command.fresh_for, command.at, voucher, batch, world)
        if refusal is not None:
            return refusal
    code = refusal_of(voucher.state, "void")
    if code is not None:
        return Refusal(code)
    if voucher.holds:
        return VOUCHER_HELD
    # From here on nothing may fail.
    change = begin_change(world, command, voucher, batch, world.place)
    change.set_state(State.VOID)
    release(change)
    benefit = NO_BENEFIT_YET
    if change.kind.is_prepaid and voucher.balance_fen:
        owed = voucher.balance_fen
        card, payment = (Account.CARD, voucher.serial), (Account.PAYMENT, voucher.batch_id)
        change.enter(Unit.FEN, owed, card, payment)
        voucher.balance_fen = 0
        benefit = Benefit(0, (), owed, 0, 0)
    return done(world, change.result(benefit=benefit))


def expire(command: c.Expire, world: World) -> Outcome | Refusal:
    """Book that a voucher's time is over. A card's balance stays: it remains owed."""
    found = _find(command.serial, world)
    if isinstance(found, Refusal):
        return found
    voucher, batch = found
    code = refusal_of(voucher.state, "expire")
    if code is not None:
        return Refusal(code)
    if voucher.holds:
        return VOUCHER_HELD
    if not is_over(voucher, batch, command.at):
        window = window_of(voucher, batch)
        data: Data = {} if window is None else {"valid_until": local_time(window[1], batch)}
        return Refusal(NOT_EXPIRED_YET, data)
    # From here on nothing may fail.
    change = begin_change(world, command, voucher, batch, world.place)
    change.set_state(State.EXPIRED)
    release(change)
    return done(world, change.result())


def adjust(command: c.Adjust, world: World) -> Outcome | Refusal:
    """Correct a balance or the uses left; never below zero."""
    found = _find(command.serial, world)
    if isinstance(found, Refusal):
        return found
    voucher, batch = found
    refusal = state_refusal(voucher, batch, "adjust", command.at, before_start=True)
    if refusal is not None:
        return refusal
    if voucher.holds:
        return VOUCHER_HELD
    refusal = _adjust_refusal(command, voucher, batch)
    if refusal is not None:
        return refusal
    # From here on nothing may fail.
    change = begin_change(world, command, voucher, batch, world.place)
    voucher.balance_fen += command.balance_fen
    voucher.uses_left += command.uses
    outside = (Account.OUTSIDE, 0)
    if change.kind.is_prepaid:
        card = (Account.CARD, voucher.serial)
        _enter_signed(change, Unit.FEN, command.balance_fen, outside, card)
    if change.kind.is_count:
        uses = (Account.USES, voucher.serial)
        _enter_signed(change, Unit.USE, command.uses, outside, uses)
    taken = Benefit(0, (), -command.balance_fen, -command.uses, 0)
    return done(world, change.result(benefit=taken))


def _find(serial: int, world: World) -> tuple[Voucher, Batch] | Refusal:
    voucher = world.vouchers.get(serial)
    if voucher is None:
        return VOUCHER_UNKNOWN
    return voucher, world.batches[voucher.batch_id]


def _not_fresh(
    customer_id: int, at: datetime, voucher: Voucher, batch: Batch, world: World
) -> Refusal | None:
    """Why another voucher cannot take this one's place: it could not be used, something of it was,
    or somebody else has it. A card's money is its holder's and goes nowhere else."""
    if world.slices[voucher.batch_id].state == "paused":
        return BATCH_PAUSED
    refusal = state_refusal(voucher, batch, "redeem", at, before_start=True)
    # What begins with a claim has no window before; nobody needs one to exchange it.
    if refusal is not None and refusal.code is not OutcomeCode.VOUCHER_NOT_ISSUED:
        return refusal
    if voucher.customer_id not in (0, customer_id):
        return VOUCHER_NOT_YOURS
    kind = kind_of(batch.rules)
    if kind.is_prepaid:
        return COMMAND_NOT_FOR_KIND
    if voucher.holds:
        return VOUCHER_HELD
    opening = (kind.opening_balance_fen, kind.opening_uses)
    is_fresh = not voucher.version or (voucher.balance_fen, voucher.uses_left) == opening
    return None if is_fresh else VOUCHER_USED


def _transfer_refusal(world: World, voucher: Voucher, batch: Batch) -> Refusal | None:
    terms = batch.rules.terms
    if not terms.transferable:
        return TRANSFER_FORBIDDEN
    row = world.limits.get(transfer_key(voucher))
    passed_on = 0 if row is None else row.used
    if passed_on >= (terms.transfer_limit or NO_LIMIT):
        data: Data = {"limit": terms.transfer_limit or NO_LIMIT, "used": passed_on}
        return Refusal(OutcomeCode.TRANSFER_FORBIDDEN, data)
    if voucher.hand >= HAND_MAX:
        return Refusal(OutcomeCode.TRANSFER_FORBIDDEN, {"limit": HAND_MAX, "used": voucher.hand})
    return None


def _adjust_refusal(command: c.Adjust, voucher: Voucher, batch: Batch) -> Refusal | None:
    kind = kind_of(batch.rules)
    fresh = voucher.version == 0
    if command.balance_fen:
        if not kind.has_balance:
            return COMMAND_NOT_FOR_KIND
        balance = kind.opening_balance_fen if fresh else voucher.balance_fen
        card = kind.terms.benefit
        most = card.max_balance_fen if isinstance(card, PrepaidCard) else MAX_FEN
        after = balance + command.balance_fen
        if after > most and command.balance_fen > 0:
            return Refusal(OutcomeCode.AMOUNT_NOT_ALLOWED, {"maximum_fen": max(most - balance, 0)})
        if after < 0:
            data = {"balance_fen": balance, "shortfall_fen": -after}
            return Refusal(OutcomeCode.BALANCE_INSUFFICIENT, {**data})
        return None
    if not kind.is_count:
        return COMMAND_NOT_FOR_KIND
    uses = kind.opening_uses if fresh else voucher.uses_left
    after = uses + command.uses
    if after > USES_MAX:
        return Refusal(OutcomeCode.AMOUNT_NOT_ALLOWED, {"uses_possible": USES_MAX - uses})
    if after < 0:
        return Refusal(OutcomeCode.USES_INSUFFICIENT, {"uses_left": uses, "shortfall_uses": -after})
    return None


def _enter_signed(
    change: Change,
    unit: Unit,
    amount: int,
    source: tuple[Account, int],
    target: tuple[Account, int],
) -> None:
    """One entry towards ``target``, or back where the amount is below zero."""
    if amount > 0:
        change.enter(unit, amount, source, target)
    else:
        change.enter(unit, -amount, target, source)
