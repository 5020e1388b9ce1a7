"""What others may know of budgets."""

from collections.abc import Sequence

from kaquan.budgets.errors import budget_unknown
from kaquan.budgets.models import Budget, Funder
from kaquan.foundation.actor import Actor
from kaquan.organisations.queries import within

LIST_MAX = 200


def budget_by_id(actor: Actor, budget_id: int) -> Budget:
    """The budget; raises `budget_unknown`."""
    budget = within(actor, Budget.objects.filter(id=budget_id), "organisation").first()
    if budget is None:
        raise budget_unknown(budget_id)
    return budget


def budgets(actor: Actor, *, after_code: str = "", limit: int = LIST_MAX) -> Sequence[Budget]:
    """Budgets with their funders, in the order of their codes; the next page begins after the
    last one's code."""
    rows = within(actor, Budget.objects.filter(code__gt=after_code), "organisation")
    return list(rows.select_related("funder").order_by("code")[: min(limit, LIST_MAX)])


def funder_names() -> dict[int, str]:
    """Funders by id, for reports; there are few, and no one's data is in them."""
    return dict(Funder.objects.order_by("id").values_list("id", "name")[:LIST_MAX])
