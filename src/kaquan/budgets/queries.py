"""What others may know of budgets."""

from collections.abc import Collection, Sequence

from kaquan.budgets.errors import budget_unknown, funder_unknown
from kaquan.budgets.models import Budget, Funder
from kaquan.foundation.actor import Actor
from kaquan.ledger.balances import BudgetAmounts, budget_amounts
from kaquan.ledger.sessions import reading_session
from kaquan.organisations.queries import within

LIST_MAX = 200


def budget_by_id(actor: Actor, budget_id: int, *, for_update: bool = False) -> Budget:
    """The budget with what it belongs to; raises `budget_unknown`."""
    rows = Budget.objects.select_related("funder", "organisation", "parent")
    rows = within(actor, rows.filter(id=budget_id), "organisation")
    budget = (rows.select_for_update(of=("self",)) if for_update else rows).first()
    if budget is None:
        raise budget_unknown(budget_id)
    return budget


def budget_by_code(actor: Actor, code: str) -> Budget:
    """The budget; raises `budget_unknown`."""
    budget = within(actor, Budget.objects.filter(code=code), "organisation").first()
    if budget is None:
        raise budget_unknown(code)
    return budget


def budgets(actor: Actor, *, after_code: str = "", limit: int = LIST_MAX) -> Sequence[Budget]:
    """Budgets with their funders, in the order of their codes; the next page begins after the
    last one's code."""
    rows = within(actor, Budget.objects.filter(code__gt=after_code), "organisation")
    return list(rows.select_related("funder").order_by("code")[: min(limit, LIST_MAX)])


def budget_names(actor: Actor, budget_ids: Collection[int]) -> dict[int, str]:
    """Names by id; unknown ids are left out."""
    rows = within(actor, Budget.objects.filter(id__in=budget_ids), "organisation")
    return dict(rows.values_list("id", "name"))


def funder_names() -> dict[int, str]:
    """Funders by id, for reports; there are few, and no one's data is in them."""
    return dict(Funder.objects.order_by("id").values_list("id", "name")[:LIST_MAX])


def funders(*, after_code: str = "", limit: int = LIST_MAX) -> Sequence[Funder]:
    """Those who pay, in the order of their codes; the next page begins after the last one's code.

    They are the whole issuer's: terms of any part of the organisation may name them.
    """
    return list(Funder.objects.filter(code__gt=after_code).order_by("code")[: min(limit, LIST_MAX)])


def funder_by_id(funder_id: int) -> Funder:
    """The funder; raises `funder_unknown`."""
    funder = Funder.objects.filter(id=funder_id).first()
    if funder is None:
        raise funder_unknown(funder_id)
    return funder


def funder_by_code(code: str) -> Funder:
    """The funder; raises `funder_unknown`."""
    funder = Funder.objects.filter(code=code).first()
    if funder is None:
        raise funder_unknown(code)
    return funder


def amounts_of(budget_ids: Collection[int]) -> dict[int, BudgetAmounts]:
    """What the ledger says of budgets that were read with a scope before."""
    assert len(budget_ids) <= LIST_MAX, len(budget_ids)
    return budget_amounts(reading_session(), budget_ids)
