"""Budgets as a tree, with what the ledger says of their money."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from kaquan.approvals.models import ApprovalRequest
from kaquan.approvals.queries import VIEW as APPROVALS
from kaquan.approvals.queries import about
from kaquan.budgets.actions import PERMISSION as EDIT
from kaquan.budgets.actions import close_budget
from kaquan.budgets.alerts import alerts_of, mark_seen, used_fen
from kaquan.budgets.listings import VIEW, budget_page
from kaquan.budgets.models import Budget, BudgetAlert
from kaquan.budgets.movements import movements
from kaquan.budgets.queries import amounts_of, budget_by_id, funder_names
from kaquan.budgets.requests import SUBJECT
from kaquan.budgets.trees import NOTHING, budgets_above, budgets_right_below, sums_below
from kaquan.campaigns.listings import VIEW as CAMPAIGNS
from kaquan.campaigns.listings import BatchFilter, batch_page
from kaquan.engine.money import format_yuan
from kaquan.foundation import clock
from kaquan.foundation.actor import Actor
from kaquan.foundation.paging import Page, Paging
from kaquan.ledger.balances import BudgetAmounts
from kaquan.surfaces.console.kit.actions import Action, Doing
from kaquan.surfaces.console.kit.cells import (
    Cell,
    Fact,
    Text,
    badge,
    code,
    last_moment,
    listed,
    moment,
    money,
    text,
)
from kaquan.surfaces.console.kit.charts import Chart, Series
from kaquan.surfaces.console.kit.details import DetailScreen, action_address
from kaquan.surfaces.console.kit.fields import Field, Values
from kaquan.surfaces.console.kit.lists import Column, ListScreen
from kaquan.surfaces.console.kit.menu import holds
from kaquan.surfaces.console.kit.panels import Facts, Panel, Tab, Table, last_of
from kaquan.surfaces.console.kit.screens import Call
from kaquan.surfaces.console.screens.approval_words import request_state
from kaquan.surfaces.console.screens.batch_columns import SHORT_COLUMNS, batch_lines
from kaquan.surfaces.console.screens.changes import changes_tab
from kaquan.surfaces.console.screens.entries import ENTRIES, ENTRY_COLUMNS, entry_lines

MOVEMENTS_SHOWN = 50
BATCHES_SHOWN = 100
REQUESTS_SHOWN = 20
_INDENT = "\u3000"
_STATES = [("open", _("In force")), ("closed", _("Closed"))]
_AMOUNTS = {
    "total": _("Total"),
    "available": _("Available"),
    "committed": _("Committed"),
    "spent": _("Spent"),
    "released": _("Released in all"),
}
_REASON = Field("reason", _("Reason"), "long_text", required=True, characters_max=500)


class BudgetLine(NamedTuple):
    """A budget, its own amounts (None where the ledger does not know it yet), and those of all
    that stands below it added."""

    budget: Budget
    amounts: BudgetAmounts | None
    together: BudgetAmounts
    depth: int = 0

    @property
    def id(self) -> int:
        """The budget's."""
        return self.budget.id

    @property
    def own(self) -> BudgetAmounts:
        """Its own amounts."""
        return self.amounts or NOTHING


def budget_lines(budgets: Sequence[Budget], *, as_tree: bool = False) -> list[BudgetLine]:
    """Budgets that were read with a scope, with their amounts."""
    amounts = amounts_of([budget.id for budget in budgets])
    together = sums_below(budgets)
    depths = [budget.path.count(".") for budget in budgets]
    least = min(depths, default=0)
    return [
        BudgetLine(
            budget,
            amounts.get(budget.id),
            together.get(budget.id, NOTHING),
            depth - least if as_tree else 0,
        )
        for budget, depth in zip(budgets, depths, strict=True)
    ]


def _name(line: BudgetLine) -> Cell:
    indent = f"{_INDENT * (line.depth - 1)}└ " if line.depth else ""
    return text(f"{indent}{line.budget.name}", href=BUDGET.address(key=line.budget.id))


def _state(budget: Budget) -> Cell:
    return badge(_("Closed"), "muted") if budget.closed_at else badge(_("In force"), "good")


def _used(line: BudgetLine) -> Cell:
    """The share that is no longer available, in whole percent, rounded down."""
    if not line.own.total_fen:
        return text("")
    percent = used_fen(line.own) * 100 // line.own.total_fen
    reached = [one for one in sorted(line.budget.warn_percents) if percent >= one]
    if line.budget.closed_at or not reached:
        return Cell(f"{percent}%", "number")
    is_last = reached[-1] == max(line.budget.warn_percents)
    return badge(f"{percent}%", "bad" if is_last else "warn")


def _amount(name: str) -> Column[BudgetLine]:
    def cell(line: BudgetLine) -> Cell:
        return money(getattr(line.amounts, f"{name}_fen") if line.amounts else None)

    return Column(name, _AMOUNTS[name], cell, number=True, wide=name != "available")


def _owner(line: BudgetLine) -> Cell:
    organisation = line.budget.organisation
    return text(organisation.name if organisation else _("Whole issuer"))


def _funder(line: BudgetLine) -> Cell:
    return text(line.budget.funder.name if line.budget.funder else _("Issuer"))


COLUMNS: tuple[Column[BudgetLine], ...] = (
    Column("name", _("Name"), _name, sort="name"),
    Column("code", _("Code"), lambda one: code(one.budget.code), sort="code", wide=True),
    Column("funder", _("Funder"), _funder, wide=True),
    Column("owner", _("Belongs to"), _owner, hidden=True),
    Column("state", _("State"), lambda one: _state(one.budget), hidden=True),
    *map(_amount, _AMOUNTS),
    Column("used", _("Used share"), _used, number=True),
    Column("together", _("Total with those below"), lambda one: money(one.together.total_fen),
           number=True, hidden=True),
    Column("together_available", _("Available with those below"),
           lambda one: money(one.together.available_fen), number=True, hidden=True),
)  # fmt: skip


def _close(line: BudgetLine, doing: Doing) -> Text:
    close_budget(
        actor=doing.actor, budget_id=line.id, reason=doing.values["reason"] or "", at=clock.now()
    )
    return _("The budget “%(name)s” was closed.") % {"name": line.budget.name}


def _seen(line: BudgetLine, doing: Doing) -> Text:
    mark_seen(actor=doing.actor, budget_id=line.id, at=clock.now())
    return _("Noted: you know of it.")


BUDGET_ACTIONS: tuple[Action[BudgetLine], ...] = (
    Action(
        "seen",
        _("I know of it"),
        EDIT,
        lambda line: _("Say that you know how much of “%(name)s” is used up?") % {
            "name": line.budget.name},
        _seen,
        offered=lambda line: line.budget.closed_at is None and any(
            one.ended_at is None and one.seen_at is None for one in line.budget.alerts.all()[:20]),
        consequence=_("The to-do goes away until the next share is reached."),
    ),
    Action(
        "close",
        _("Close the budget"),
        EDIT,
        lambda line: _("Close the budget “%(name)s”? %(amount)s are still available.") % {
            "name": line.budget.name, "amount": format_yuan(line.own.available_fen)},
        _close,
        fields=(_REASON,),
        danger=True,
        offered=lambda line: line.budget.closed_at is None,
        consequence=_("What is available goes back, and nothing more is given from it. Vouchers "
                      "that are out can still be used."),
    ),
)  # fmt: skip


class BudgetDetail(DetailScreen[BudgetLine]):
    """One budget."""

    name = "budget"
    path = "budgets/<int:key>"
    title = _("Budget")
    permission = VIEW
    parent = "budgets"
    actions = BUDGET_ACTIONS
    links = (
        ("budget-change", _("Change the total"), EDIT),
        ("budget-transfer", _("Move money"), EDIT),
        ("budget-warnings", _("Warnings"), EDIT),
    )

    def subject(self, actor: Actor, key: int) -> BudgetLine:
        """The budget; raises `budget_unknown`."""
        return budget_lines([budget_by_id(actor, key)])[0]

    def heading(self, subject: BudgetLine) -> str:
        """Its name."""
        return subject.budget.name

    def badges(self, subject: BudgetLine) -> Sequence[Cell]:
        """Whether money still goes in and out."""
        return [_state(subject.budget)]

    def shows_link(self, name: str, subject: BudgetLine) -> bool:
        """None of them for one that is closed."""
        del name
        return subject.budget.closed_at is None

    @staticmethod
    def facts(call: Call, line: BudgetLine) -> Sequence[Panel]:
        """What it is, what it comes to, and who must be told or asked."""
        budget, parts = line.budget, budgets_right_below(call.actor, line.id)
        above = " › ".join(one.name for one in budgets_above(call.actor, budget))
        warned = listed(f"{one}%" for one in budget.warn_percents)
        facts = [
            Fact(_("Code"), code(budget.code)),
            Fact(_("Below the budget"), text(above)),
            Fact(_("Funder"), _funder(line)),
            Fact(_("Belongs to"), _owner(line)),
            Fact(_("Used share"), _used(line)),
            Fact(_("Warnings at"), text(warned)),
            Fact(_("Closed on"), last_moment(budget.closed_at)),
        ]
        panels: list[Panel] = [Facts("", facts), Facts(_("Its own money"), _amount_facts(line.own))]
        if parts:
            panels.append(Facts(_("With those below"), _amount_facts(line.together)))
        panels.append(_chart(line.together if parts else line.own))
        panels.append(_alerts(alerts_of(call.actor, budget)))
        if holds(call.actor, APPROVALS):
            panels.append(_requests(call.actor, line))
        return panels

    @staticmethod
    def below(call: Call, line: BudgetLine) -> Sequence[Panel]:
        """The budgets right below."""
        rows = budget_lines(budgets_right_below(call.actor, line.id))
        shown = [one for one in COLUMNS if not one.hidden or one.name.startswith("together")]
        return [Table(_("Budgets below"), shown, rows, _("No budget stands below this one."))]

    @staticmethod
    def batches(call: Call, line: BudgetLine) -> Sequence[Panel]:
        """The newest batches that it pays for."""
        paging = Paging(limit=BATCHES_SHOWN, counts=False)
        rows = batch_lines(batch_page(call.actor, BatchFilter(budget_id=line.id), paging).rows)
        note = last_of(rows, BATCHES_SHOWN)
        return [Table(_("Batches"), SHORT_COLUMNS, rows, _("It pays for no batch yet."), note)]

    @staticmethod
    def movements(call: Call, line: BudgetLine) -> Sequence[Panel]:
        """The last entries of its accounts."""
        found = movements(call.actor, line.id, limit=MOVEMENTS_SHOWN)
        asked = urlencode({"budget": line.budget.code})
        rows = entry_lines(call.actor, found.items)
        columns = [one for one in ENTRY_COLUMNS if not one.hidden]
        all_of_them = Facts("", [Fact(_("All of them"), text(
            _("Look through the entries"), href=f"{ENTRIES.address()}?{asked}"))])  # fmt: skip
        return [Table(_("The last movements"), columns, rows, _("Nothing moved yet.")), all_of_them]

    tabs = (
        Tab("facts", _("Budget"), facts),
        Tab("below", _("Budgets below"), below),
        Tab("batches", _("Batches"), batches, CAMPAIGNS),
        Tab("movements", _("Movements"), movements),
        changes_tab("budget"),
    )


def _amount_facts(amounts: BudgetAmounts) -> list[Fact]:
    return [Fact(words, money(getattr(amounts, f"{name}_fen"))) for name, words in _AMOUNTS.items()]


def _chart(amounts: BudgetAmounts) -> Chart:
    parts = [name for name in _AMOUNTS if name != "total"]
    values = [getattr(amounts, f"{name}_fen") for name in parts]
    return Chart(
        title=_("Where the money is"),
        name="budget",
        label_title=_("Part"),
        labels=[str(_AMOUNTS[name]) for name in parts],
        series=[Series(_("Amount"), values, "fen")],
        empty=_("There is no money in it yet."),
    )


def _alerts(alerts: Sequence[BudgetAlert]) -> Table:
    columns = (
        Column[BudgetAlert]("percent", _("Warning line"), lambda one: text(f"{one.percent}%")),
        Column[BudgetAlert]("raised", _("Reached"), lambda one: moment(one.raised_at)),
        Column[BudgetAlert]("used", _("Used up by then"), lambda one: money(one.used_fen),
                            number=True, wide=True),
        Column[BudgetAlert]("total", _("Of a total of"), lambda one: money(one.total_fen),
                            number=True, wide=True),
        Column[BudgetAlert]("state", _("State"), _alert_state),
    )  # fmt: skip
    return Table(_("Warnings"), columns, alerts, _("No share that warns was reached yet."))


def _alert_state(alert: BudgetAlert) -> Cell:
    if alert.ended_at is not None:
        return badge(_("Below it again"), "muted")
    if alert.seen_at is None:
        return badge(_("Nobody has said that they know"), "warn")
    return badge(_("Known to %(name)s") % {"name": alert.seen_by}, "info")


def _requests(actor: Actor, line: BudgetLine) -> Table:
    columns: tuple[Column[ApprovalRequest], ...] = (
        Column(
            "title",
            _("What is asked for"),
            lambda one: text(one.title, href=reverse("console:approval", kwargs={"key": one.pk})),
        ),
        Column("state", _("State"), request_state),
        Column("by", _("By"), lambda one: text(one.asked_by_name), wide=True),
        Column("at", _("Asked for"), lambda one: moment(one.asked_at), wide=True),
    )
    rows = about(actor, SUBJECT, line.id, limit=REQUESTS_SHOWN)
    note = last_of(rows, REQUESTS_SHOWN)
    return Table(_("Requests for approval"), columns, rows, _("Nothing was asked for."), note)


class Budgets(ListScreen[BudgetLine]):
    """All budgets of one's part; total = available + committed + spent + released."""

    name = "budgets"
    path = "budgets"
    title = _("Budgets")
    permission = VIEW
    empty = _("There are no budgets yet.")
    creates = ("budget-new", _("New budget"), EDIT)
    actions = BUDGET_ACTIONS[1:]
    fields = (
        Field("words", _("Name or code")),
        Field("funder", _("Funder"), "choice"),
        Field("state", _("State"), "choice", options=_STATES),
    )
    columns = COLUMNS

    def query_fields(self, actor: Actor) -> Sequence[Field]:
        """With those who pay."""
        del actor
        funders: list[tuple[str, Text]] = [
            ("0", _("Issuer")),
            *((str(i), name) for i, name in funder_names().items()),
        ]
        return [one.with_options(funders) if one.name == "funder" else one for one in self.fields]

    def page_of(self, actor: Actor, values: Values, paging: Paging) -> Page[BudgetLine]:
        """The budgets, those below a budget after it unless another order is asked for."""
        funder_id = int(values["funder"]) if values["funder"] else None
        is_open = None if values["state"] is None else values["state"] == "open"
        found = budget_page(actor, values["words"], funder_id, paging, is_open=is_open)
        as_tree = not paging.sort and not values["words"]
        return found.mapped(lambda rows: budget_lines(rows, as_tree=as_tree))

    def action_address(self, row: BudgetLine, action: Action[BudgetLine]) -> str:
        """On the budget's own page."""
        return action_address(BUDGET, row.id, action)


BUDGET: BudgetDetail = BudgetDetail()
BUDGETS = Budgets()
