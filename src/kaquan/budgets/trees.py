"""Budgets above and below each other, and what they come to together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from django.db.models import Q

from kaquan.budgets.models import Budget
from kaquan.budgets.queries import LIST_MAX
from kaquan.foundation.actor import Actor
from kaquan.ledger.balances import BudgetAmounts, budget_amounts
from kaquan.ledger.sessions import reading_session
from kaquan.organisations.queries import within

TREE_MAX = 20_000
_LEVEL_CHARACTERS = 11  # ten digits and a full stop
NOTHING = BudgetAmounts(0, 0, 0, 0, 0)


def sums_below(budgets: Sequence[Budget]) -> dict[int, BudgetAmounts]:
    """What each of some budgets comes to together with all below it.

    The budgets were read with a scope; what stands below is of the same part of the organisation.
    """
    paths = {budget.id: budget.path for budget in budgets}
    if not paths:
        return {}
    below = Q()
    for path in paths.values():
        below |= Q(path__startswith=path)
    rows = list(Budget.objects.filter(below).values_list("id", "path")[:TREE_MAX])
    amounts = budget_amounts(reading_session(), [budget_id for budget_id, _ in rows])
    members: defaultdict[str, list[int]] = defaultdict(list)
    for budget_id, path in rows:
        for end in range(_LEVEL_CHARACTERS, len(path) + 1, _LEVEL_CHARACTERS):
            members[path[:end]].append(budget_id)
    return {
        budget_id: _sum([amounts.get(one, NOTHING) for one in members[path]])
        for budget_id, path in paths.items()
    }


def budgets_right_below(actor: Actor, budget_id: int) -> Sequence[Budget]:
    """The budgets whose parent is this one, in the order of their codes."""
    rows = Budget.objects.select_related("funder", "organisation").filter(parent=budget_id)
    return list(within(actor, rows, "organisation").order_by("code")[:LIST_MAX])


def budgets_above(actor: Actor, budget: Budget) -> Sequence[Budget]:
    """From the topmost that the actor may see down to the parent."""
    ids = [int(part) for part in budget.path.split(".")[:-2]]
    rows = within(actor, Budget.objects.filter(id__in=ids), "organisation")
    return list(rows.order_by("path"))


def open_budgets(actor: Actor, *, like: Budget | None = None) -> Sequence[Budget]:
    """Budgets that money may go into, parents before those below them; ``like``: others than this
    one that are paid by the same funder."""
    rows = Budget.objects.filter(closed_at__isnull=True)
    if like is not None:
        rows = rows.filter(funder=like.funder_id).exclude(id=like.id)
    return list(within(actor, rows, "organisation").order_by("path")[:LIST_MAX])


def _sum(amounts: Sequence[BudgetAmounts]) -> BudgetAmounts:
    return BudgetAmounts(
        total_fen=sum(one.total_fen for one in amounts),
        available_fen=sum(one.available_fen for one in amounts),
        committed_fen=sum(one.committed_fen for one in amounts),
        spent_fen=sum(one.spent_fen for one in amounts),
        released_fen=sum(one.released_fen for one in amounts),
    )
