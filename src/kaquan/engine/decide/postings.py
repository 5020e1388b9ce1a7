"""Entries of money: who pays a store for a voucher, what is set aside before, what comes back."""

from __future__ import annotations

from kaquan.engine.commands import AnyCommand
from kaquan.engine.entries import Account, Unit
from kaquan.engine.outcomes import OutcomeCode, Refusal
from kaquan.engine.places import Place
from kaquan.engine.rows import Batch, Voucher
from kaquan.engine.world import World

Funding = tuple[tuple[int, int], ...]


class Purse:
    """What a command takes from available budgets; several vouchers add up before anything moves."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._taken: dict[int, int] = {}

    def take(self, budget_id: int, amount_fen: int) -> Refusal | None:
        """Claim an amount, or say how much is missing."""
        available = self._world.budgets[budget_id].available_fen - self._taken.get(budget_id, 0)
        if available < amount_fen:
            data = {"available_fen": available, "shortfall_fen": amount_fen - available}
            return Refusal(OutcomeCode.BUDGET_EXHAUSTED, {**data})
        self._taken[budget_id] = self._taken.get(budget_id, 0) + amount_fen
        return None


def commit(world: World, command: AnyCommand, voucher: Voucher, batch: Batch, fen: int) -> None:
    """Set money aside for a voucher: available → committed."""
    budget_id = batch.budget_id
    world.touch("budgets", budget_id)
    budget = world.budgets[budget_id]
    budget.available_fen -= fen
    budget.committed_fen += fen
    assert budget.available_fen >= 0, budget
    voucher.committed_fen += fen
    _enter_fen(
        world,
        command,
        voucher,
        fen,
        (Account.BUDGET_AVAILABLE, budget_id),
        (Account.BUDGET_COMMITTED, budget_id),
    )


def uncommit(world: World, command: AnyCommand, voucher: Voucher, batch: Batch, fen: int) -> None:
    """Give back what a hold had set aside: committed → available."""
    budget_id = batch.budget_id
    world.touch("budgets", budget_id)
    budget = world.budgets[budget_id]
    budget.available_fen += fen
    budget.committed_fen -= fen
    voucher.committed_fen -= fen
    assert budget.committed_fen >= 0 <= voucher.committed_fen, (budget, voucher)
    _enter_fen(
        world,
        command,
        voucher,
        fen,
        (Account.BUDGET_COMMITTED, budget_id),
        (Account.BUDGET_AVAILABLE, budget_id),
    )


def release(world: World, command: AnyCommand, voucher: Voucher, batch: Batch) -> int:
    """Release what is still committed for a voucher that ends; returns how much that was."""
    fen = voucher.committed_fen
    if fen == 0:
        return 0
    budget_id = batch.budget_id
    world.touch("budgets", budget_id)
    budget = world.budgets[budget_id]
    budget.committed_fen -= fen
    budget.released_fen += fen
    assert budget.committed_fen >= 0, budget
    voucher.committed_fen = 0
    _enter_fen(
        world,
        command,
        voucher,
        fen,
        (Account.BUDGET_COMMITTED, budget_id),
        (Account.BUDGET_RELEASED, budget_id),
    )
    return fen


def unrelease(world: World, command: AnyCommand, voucher: Voucher, batch: Batch, fen: int) -> None:
    """Commit again what a last use had released, as far as it is still there."""
    budget_id = batch.budget_id
    budget = world.budgets[budget_id]
    fen = min(fen, budget.released_fen)
    if fen == 0:
        return
    world.touch("budgets", budget_id)
    budget.released_fen -= fen
    budget.committed_fen += fen
    voucher.committed_fen += fen
    _enter_fen(
        world,
        command,
        voucher,
        fen,
        (Account.BUDGET_RELEASED, budget_id),
        (Account.BUDGET_COMMITTED, budget_id),
    )


def pay(
    world: World,
    command: AnyCommand,
    voucher: Voucher,
    batch: Batch,
    funding: Funding,
    from_committed_fen: int,
    store_id: int,
) -> None:
    """What the issuer owes the store for a use, split by who bears it.

    Committed money goes first; the rest comes from what is available (or, without a budget, is cost).
    """
    store = (Account.STORE, store_id)
    budget_id = batch.budget_id
    if not budget_id:
        cost = (Account.BATCH_COST, batch.batch_id)
        for funder, fen in funding:
            _enter_fen(world, command, voucher, fen, cost, store, funder)
        return
    world.touch("budgets", budget_id)
    budget = world.budgets[budget_id]
    committed_left, total = from_committed_fen, 0
    for funder, fen in funding:
        part = min(fen, committed_left)
        if part:
            source = (Account.BUDGET_COMMITTED, budget_id)
            _enter_fen(world, command, voucher, part, source, store, funder)
            committed_left -= part
        if fen > part:
            source = (Account.BUDGET_AVAILABLE, budget_id)
            _enter_fen(world, command, voucher, fen - part, source, store, funder)
        total += fen
    assert committed_left == 0, (from_committed_fen, funding)
    voucher.committed_fen -= from_committed_fen
    budget.committed_fen -= from_committed_fen
    budget.available_fen -= total - from_committed_fen
    budget.spent_fen += total
    assert budget.available_fen >= 0 <= budget.committed_fen, budget


def pay_back(
    world: World,
    command: AnyCommand,
    voucher: Voucher,
    batch: Batch,
    funding: Funding,
    store_id: int,
    *,
    recommit: bool,
    reverses: Place,
) -> None:
    """Undo what the issuer owed a store; with ``recommit`` the money is set aside for the voucher."""
    budget_id, total = batch.budget_id, sum([fen for _, fen in funding])
    if not budget_id:
        target = (Account.BATCH_COST, batch.batch_id)
    elif recommit:
        target = (Account.BUDGET_COMMITTED, budget_id)
    else:
        target = (Account.BUDGET_AVAILABLE, budget_id)
    if budget_id and total:
        world.touch("budgets", budget_id)
        budget = world.budgets[budget_id]
        budget.spent_fen -= total
        assert budget.spent_fen >= 0, budget
        if recommit:
            budget.committed_fen += total
            voucher.committed_fen += total
        else:
            budget.available_fen += total
    for funder, fen in funding:
        if fen:
            source = (Account.STORE, store_id)
            _enter_fen(world, command, voucher, fen, source, target, funder, reverses)


def _enter_fen(
    world: World,
    command: AnyCommand,
    voucher: Voucher,
    fen: int,
    debit: tuple[Account, int],
    credit: tuple[Account, int],
    funder_id: int = 0,
    reverses: Place | None = None,
) -> None:
    world.enter(
        command,
        Unit.FEN,
        fen,
        debit,
        credit,
        serial=voucher.serial,
        version=voucher.version,
        batch_id=voucher.batch_id,
        funder_id=funder_id,
        reverses=reverses,
    )


def enter_units(
    world: World,
    command: AnyCommand,
    voucher: Voucher,
    unit: Unit,
    amount: int,
    debit: tuple[Account, int],
    credit: tuple[Account, int],
    reverses: Place | None = None,
) -> None:
    """One entry of a voucher's own balance, uses or piece; nothing for an amount of zero."""
    if amount:
        world.enter(
            command,
            unit,
            amount,
            debit,
            credit,
            serial=voucher.serial,
            version=voucher.version,
            batch_id=voucher.batch_id,
            reverses=reverses,
        )
