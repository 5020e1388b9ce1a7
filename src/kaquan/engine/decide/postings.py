"""Entries of money: who pays a store for a voucher, what is set aside before, what comes back."""

from __future__ import annotations

from kaquan.engine.decide.vouchers import Change, Funding
from kaquan.engine.entries import Account, Unit
from kaquan.engine.outcomes import OutcomeCode, Refusal
from kaquan.engine.places import Place
from kaquan.engine.world import World


class Purse:
    """What a command takes from available budgets: vouchers add up before anything moves."""

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


def commit(change: Change, fen: int) -> None:
    """Set money aside for a voucher: available → committed."""
    budget_id = change.batch.budget_id
    change.world.touch("budgets", budget_id)
    budget = change.world.budgets[budget_id]
    budget.available_fen -= fen
    budget.committed_fen += fen
    assert budget.available_fen >= 0, budget
    change.voucher.committed_fen += fen
    available = (Account.BUDGET_AVAILABLE, budget_id)
    change.enter(Unit.FEN, fen, available, (Account.BUDGET_COMMITTED, budget_id))


def uncommit(change: Change, fen: int) -> None:
    """Give back what a hold had set aside: committed → available."""
    if fen == 0:
        return
    budget_id = change.batch.budget_id
    change.world.touch("budgets", budget_id)
    budget = change.world.budgets[budget_id]
    budget.available_fen += fen
    budget.committed_fen -= fen
    change.voucher.committed_fen -= fen
    assert budget.committed_fen >= 0 <= change.voucher.committed_fen, (budget, change.voucher)
    available = (Account.BUDGET_AVAILABLE, budget_id)
    change.enter(Unit.FEN, fen, (Account.BUDGET_COMMITTED, budget_id), available)


def release(change: Change) -> int:
    """Release what is still committed for a voucher that ends; returns how much that was."""
    fen = change.voucher.committed_fen
    if fen == 0:
        return 0
    budget_id = change.batch.budget_id
    change.world.touch("budgets", budget_id)
    budget = change.world.budgets[budget_id]
    budget.committed_fen -= fen
    budget.released_fen += fen
    assert budget.committed_fen >= 0, budget
    change.voucher.committed_fen = 0
    released = (Account.BUDGET_RELEASED, budget_id)
    change.enter(Unit.FEN, fen, (Account.BUDGET_COMMITTED, budget_id), released)
    return fen


def unrelease(change: Change, fen: int, reverses: Place) -> None:
    """Commit again what a last use had released, as far as it is still there."""
    budget_id = change.batch.budget_id
    if not budget_id or not fen:
        return
    budget = change.world.budgets[budget_id]
    fen = min(fen, budget.released_fen)
    change.world.touch("budgets", budget_id)
    budget.released_fen -= fen
    budget.committed_fen += fen
    change.voucher.committed_fen += fen
    released = (Account.BUDGET_RELEASED, budget_id)
    committed = (Account.BUDGET_COMMITTED, budget_id)
    change.enter(Unit.FEN, fen, released, committed, reverses=reverses)


def pay(change: Change, funding: Funding, from_committed_fen: int, store_id: int) -> None:
    """What the issuer owes the store for a use, split by who bears it.

    Committed money goes first; the rest comes from what is available. Without a budget all is cost.
    """
    store = (Account.STORE, store_id)
    budget_id = change.batch.budget_id
    if not budget_id:
        cost = (Account.BATCH_COST, change.batch.batch_id)
        for funder, fen in funding:
            change.enter(Unit.FEN, fen, cost, store, funder_id=funder)
        return
    change.world.touch("budgets", budget_id)
    committed, available = (
        (Account.BUDGET_COMMITTED, budget_id),
        (Account.BUDGET_AVAILABLE, budget_id),
    )
    committed_left, total = from_committed_fen, 0
    for funder, fen in funding:
        part = fen if fen < committed_left else committed_left
        if part:
            change.enter(Unit.FEN, part, committed, store, funder_id=funder)
            committed_left -= part
        if part < fen:
            change.enter(Unit.FEN, fen - part, available, store, funder_id=funder)
        total += fen
    assert committed_left == 0, (from_committed_fen, funding)
    budget = change.world.budgets[budget_id]
    change.voucher.committed_fen -= from_committed_fen
    budget.committed_fen -= from_committed_fen
    budget.available_fen -= total - from_committed_fen
    budget.spent_fen += total
    assert budget.available_fen >= 0 <= budget.committed_fen, budget


def pay_back(
    change: Change, funding: Funding, store_id: int, *, recommit: bool, reverses: Place
) -> None:
    """Undo what the issuer owed a store; ``recommit``: set it aside for the voucher again."""
    budget_id, total = change.batch.budget_id, sum([fen for _, fen in funding])
    target = (Account.BATCH_COST, change.batch.batch_id)
    if budget_id:
        account = Account.BUDGET_COMMITTED if recommit else Account.BUDGET_AVAILABLE
        target = (account, budget_id)
        change.world.touch("budgets", budget_id)
        budget = change.world.budgets[budget_id]
        budget.spent_fen -= total
        assert budget.spent_fen >= 0, budget
        if recommit:
            budget.committed_fen += total
            change.voucher.committed_fen += total
        else:
            budget.available_fen += total
    for funder, fen in funding:
        store = (Account.STORE, store_id)
        change.enter(Unit.FEN, fen, store, target, funder_id=funder, reverses=reverses)
