"""Budgets, batches, minting and custody: what there is to give away."""

from __future__ import annotations

from collections.abc import Sequence

from kaquan.engine import commands as c
from kaquan.engine.decide.vouchers import BATCH_STOPPED, done
from kaquan.engine.entries import Account, Unit
from kaquan.engine.footprint import HOME_SHARD
from kaquan.engine.outcomes import Outcome, OutcomeCode, Refusal
from kaquan.engine.rows import Batch, Budget, Custody, Slice, TermsVersion
from kaquan.engine.rules.check import compile_terms
from kaquan.engine.rules.faults import TermsFault
from kaquan.engine.rules.reading import read_terms
from kaquan.engine.rules.terms import Terms
from kaquan.engine.shards import BUCKETS, SERIAL_END
from kaquan.engine.world import World

BUDGET_UNKNOWN = Refusal(OutcomeCode.BUDGET_UNKNOWN)
BUDGET_EXISTS = Refusal(OutcomeCode.BUDGET_EXISTS)
BATCH_UNKNOWN = Refusal(OutcomeCode.BATCH_UNKNOWN)
BATCH_EXISTS = Refusal(OutcomeCode.BATCH_EXISTS)
RANGE_NOT_AVAILABLE = Refusal(OutcomeCode.RANGE_NOT_AVAILABLE)

FAULTS_TOLD = 10

RangeCommand = c.Activate | c.Allot | c.MovePieces


def open_budget(command: c.OpenBudget, world: World) -> Outcome | Refusal:
    """Money from outside becomes available."""
    budget_id, total = command.budget_id, command.total_fen
    if budget_id in world.budgets:
        return BUDGET_EXISTS
    # From here on nothing may fail.
    world.touch("budgets", budget_id)
    world.budgets[budget_id] = Budget(HOME_SHARD, budget_id, total, total)
    if total:
        available = (Account.BUDGET_AVAILABLE, budget_id)
        world.enter(command, Unit.FEN, total, (Account.OUTSIDE, 0), available)
    return done(world)


def change_budget(command: c.ChangeBudget, world: World) -> Outcome | Refusal:
    """Compare-and-set of a total; it cannot fall below what is committed, spent or released."""
    budget = world.budgets.get(command.budget_id)
    if budget is None:
        return BUDGET_UNKNOWN
    more = command.total_fen - budget.total_fen
    if more < 0 and budget.available_fen < -more:
        shortfall = -more - budget.available_fen
        data = {"available_fen": budget.available_fen, "shortfall_fen": shortfall}
        return Refusal(OutcomeCode.BUDGET_EXHAUSTED, {**data})
    if command.expected_fen != budget.total_fen:
        return Refusal(OutcomeCode.BUDGET_CHANGED, {"total_fen": budget.total_fen})
    # From here on nothing may fail.
    world.touch("budgets", command.budget_id)
    budget.total_fen += more
    budget.available_fen += more
    outside, available = (Account.OUTSIDE, 0), (Account.BUDGET_AVAILABLE, command.budget_id)
    if more > 0:
        world.enter(command, Unit.FEN, more, outside, available)
    elif more < 0:
        world.enter(command, Unit.FEN, -more, available, outside)
    return done(world)


def define_batch(command: c.DefineBatch, world: World) -> Outcome | Refusal:
    """Freeze terms and open a batch under them."""
    terms = read_terms(command.terms)
    if not isinstance(terms, Terms):
        return malformed_terms(terms)
    batch_id = command.batch_id
    if batch_id in world.batches:
        return BATCH_EXISTS
    if command.budget_id and command.budget_id not in world.budgets:
        return BUDGET_UNKNOWN
    # From here on nothing may fail.
    world.touch("batches", batch_id)
    world.batches[batch_id] = Batch(
        batch_id=batch_id,
        offer_version_id=command.offer_version_id,
        rules=compile_terms(terms),
        terms=command.terms,
        budget_id=command.budget_id,
        by_code=command.by_code,
        active=command.active,
        unwritten=(TermsVersion(0, command.offer_version_id, command.terms),),
    )
    world.touch("slices", batch_id)
    cursor = [] if command.by_code else [0] * BUCKETS
    world.slices[batch_id] = Slice(HOME_SHARD, batch_id, cursor=cursor)
    return done(world)


def malformed_terms(faults: Sequence[TermsFault]) -> Refusal:
    """Of a command whose terms mean nothing, with what is wrong with them."""
    told = [f"{fault.path}: {fault.en}" for fault in faults[:FAULTS_TOLD]]
    return Refusal(OutcomeCode.MALFORMED_COMMAND, {"field": "terms", "faults": told})


def mint(command: c.Mint, world: World) -> Outcome | Refusal:
    """Take serials for more vouchers; nothing is written per voucher.

    A by-code batch gets exactly its serials. A stock batch gets room: whole rows of 64, one serial
    for each bucket, so that claims find one in their customer's bucket.
    """
    batch_id, quantity = command.batch_id, command.quantity
    batch = world.batches.get(batch_id)
    if batch is None:
        return BATCH_UNKNOWN
    if world.slices[batch_id].state == "stopped":
        return BATCH_STOPPED
    first = _next_row(world.next_serial)
    end = _next_row(first + quantity)
    if end > SERIAL_END:
        return Refusal(OutcomeCode.RANGE_NOT_AVAILABLE, {"serials_left": SERIAL_END - first})
    # From here on nothing may fail.
    world.touch("slices", batch_id)
    world.touch("custody", batch_id)
    share = world.slices[batch_id]
    share.minted += quantity
    share.custody_version += 1
    if not batch.by_code:
        share.stock_left += quantity
    world.custody.setdefault(batch_id, []).append(
        Custody(
            shard=HOME_SHARD,
            batch_id=batch_id,
            first_serial=first,
            quantity=quantity if batch.by_code else end - first,
            active=batch.active,
        )
    )
    world.next_serial = end
    stock = (Account.STOCK, batch_id)
    world.enter(command, Unit.PIECE, quantity, (Account.OUTSIDE, 0), stock, batch_id=batch_id)
    return done(world, data={"first_serial": first, "quantity": quantity})


def set_batch_state(command: c.SetBatchState, world: World) -> Outcome | Refusal:
    """Pause, resume or stop; stopped is final."""
    share = world.slices.get(command.batch_id)
    if share is None or command.batch_id not in world.batches:
        return BATCH_UNKNOWN
    if share.state == "stopped":
        return BATCH_STOPPED
    # From here on nothing may fail.
    before = share.state
    world.touch("slices", command.batch_id)
    share.state = command.state
    # Blocks of two lanes have no order; with what it was before, the proof needs none.
    return done(world, data={"before": before})


def activate(command: c.Activate, world: World) -> Outcome | Refusal:
    """Make minted vouchers live. The record of the command is its evidence: no unit moves."""
    runs = runs_within(world, command)
    if isinstance(runs, Refusal):
        return runs
    if any(run.active or run.piece for run in runs):
        return RANGE_NOT_AVAILABLE
    # From here on nothing may fail.
    for run in cut_out(world, command):
        run.active = True
    return done(world, data={"first_serial": command.first_serial, "quantity": command.quantity})


def allot(command: c.Allot, world: World) -> Outcome | Refusal:
    """Hand a range over from one organisation to another."""
    runs = runs_within(world, command)
    if isinstance(runs, Refusal):
        return runs
    source, target = command.from_organisation_id, command.organisation_id
    if any(run.organisation_id != source or run.piece for run in runs):
        return RANGE_NOT_AVAILABLE
    # From here on nothing may fail.
    for run in cut_out(world, command):
        run.organisation_id = target
    world.enter(
        command,
        Unit.PIECE,
        command.quantity,
        (Account.CUSTODY, source),
        (Account.CUSTODY, target),
        batch_id=command.batch_id,
    )
    return done(world, data={"first_serial": command.first_serial, "quantity": command.quantity})


def _next_row(serial: int) -> int:
    """The first serial at or after ``serial`` that is a multiple of 64."""
    return -(-serial // BUCKETS) * BUCKETS


def runs_within(world: World, command: RangeCommand) -> list[Custody] | Refusal:
    """The runs that a range lies in, or why it is not wholly inside the batch."""
    if command.batch_id not in world.batches:
        return BATCH_UNKNOWN
    first, end = command.first_serial, command.first_serial + command.quantity
    runs = [
        run
        for run in world.custody.get(command.batch_id, ())
        if run.first_serial < end and first < run.first_serial + run.quantity
    ]
    covered = sum(
        [min(end, run.first_serial + run.quantity) - max(first, run.first_serial) for run in runs]
    )
    return runs if covered == command.quantity else RANGE_NOT_AVAILABLE


def cut_out(world: World, command: RangeCommand) -> list[Custody]:
    """Split runs so that a range consists of whole ones, and return those to be changed."""
    batch_id = command.batch_id
    first, end = command.first_serial, command.first_serial + command.quantity
    world.touch("slices", batch_id)
    world.touch("custody", batch_id)
    world.slices[batch_id].custody_version += 1
    runs: list[Custody] = []
    for run in world.custody[batch_id]:
        runs.append(run)
        for cut in (first, end):
            last = runs[-1]
            if last.first_serial < cut < last.first_serial + last.quantity:
                runs.append(_split(last, cut))
    world.custody[batch_id] = runs
    found = [run for run in runs if first <= run.first_serial < end]
    for run in found:
        run.changed = True
    return found


def _split(run: Custody, cut: int) -> Custody:
    """Shorten a run to end at ``cut``; returns the rest of it."""
    rest = Custody(
        shard=run.shard,
        batch_id=run.batch_id,
        first_serial=cut,
        quantity=run.first_serial + run.quantity - cut,
        active=run.active,
        organisation_id=run.organisation_id,
        piece=run.piece,
        hand_out_first=run.hand_out_first,
    )
    run.quantity = cut - run.first_serial
    run.changed = True
    return rest
