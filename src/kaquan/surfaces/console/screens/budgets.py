"""Budgets with what the ledger says of their money."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from django.utils.translation import gettext_lazy as _

from kaquan.budgets.listings import VIEW, budget_page
from kaquan.budgets.models import Budget
from kaquan.budgets.queries import amounts_of, funder_names
from kaquan.foundation.actor import Actor
from kaquan.foundation.paging import Page, Paging
from kaquan.ledger.balances import BudgetAmounts
from kaquan.surfaces.console.kit.cells import Cell, Text, code, money, text
from kaquan.surfaces.console.kit.fields import Field, Values
from kaquan.surfaces.console.kit.lists import Column, ListScreen


class BudgetLine(NamedTuple):
    """A budget with its amounts; None where the ledger does not know it yet."""

    budget: Budget
    amounts: BudgetAmounts | None

    @property
    def id(self) -> int:
        """The budget's."""
        return self.budget.id


def _lines(budgets: Sequence[Budget]) -> list[BudgetLine]:
    amounts = amounts_of([budget.id for budget in budgets])
    return [BudgetLine(budget, amounts.get(budget.id)) for budget in budgets]


def _amount(name: str) -> Column[BudgetLine]:
    def cell(line: BudgetLine) -> Cell:
        return money(getattr(line.amounts, f"{name}_fen") if line.amounts else None)

    return Column(name, _AMOUNTS[name], cell, number=True, wide=name in ("total", "released"))


_AMOUNTS = {
    "total": _("Total"),
    "available": _("Available"),
    "committed": _("Committed"),
    "spent": _("Spent"),
    "released": _("Released in all"),
}


class Budgets(ListScreen[BudgetLine]):
    """All budgets of one's part; total = available + committed + spent + released."""

    name = "budgets"
    path = "budgets"
    title = _("Budgets")
    permission = VIEW
    empty = _("There are no budgets yet.")
    fields = (
        Field("words", _("Name or code")),
        Field("funder", _("Funder"), "choice"),
    )
    columns = (
        Column[BudgetLine]("name", _("Name"), lambda one: text(one.budget.name), sort="name"),
        Column[BudgetLine]("code", _("Code"), lambda one: code(one.budget.code), sort="code",
                           wide=True),
        Column[BudgetLine]("funder", _("Funder"), lambda one: text(
            one.budget.funder.name if one.budget.funder else _("Issuer")), wide=True),
        Column[BudgetLine]("owner", _("Belongs to"), lambda one: text(
            one.budget.organisation.name if one.budget.organisation else _("Whole issuer")),
            hidden=True),
        *map(_amount, _AMOUNTS),
    )  # fmt: skip

    def query_fields(self, actor: Actor) -> Sequence[Field]:
        """With those who pay."""
        del actor
        funders: list[tuple[str, Text]] = [
            ("0", _("Issuer")),
            *((str(i), name) for i, name in funder_names().items()),
        ]
        return [one.with_options(funders) if one.name == "funder" else one for one in self.fields]

    def page_of(self, actor: Actor, values: Values, paging: Paging) -> Page[BudgetLine]:
        """The budgets."""
        funder_id = int(values["funder"]) if values["funder"] else None
        return budget_page(actor, values["words"], funder_id, paging).mapped(_lines)


BUDGETS = Budgets()
