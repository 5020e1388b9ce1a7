"""What a request about budgets would do, for whoever decides on it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from django.utils.translation import gettext_lazy as _

from kaquan.approvals.models import ApprovalRequest, RequestState
from kaquan.budgets.queries import amounts_of
from kaquan.budgets.requests import CHANGE, TRANSFER
from kaquan.budgets.trees import NOTHING
from kaquan.ledger.balances import BudgetAmounts
from kaquan.surfaces.console.kit.cells import Cell, Fact, badge, money, text
from kaquan.surfaces.console.kit.lists import Column
from kaquan.surfaces.console.kit.panels import Facts, Panel, Table
from kaquan.surfaces.console.kit.screens import Call
from kaquan.surfaces.console.screens.budgets import BUDGET


class Move(NamedTuple):
    """One budget's total before and after, and its amounts of now."""

    budget_id: int
    name: str
    before_fen: int
    after_fen: int
    now: BudgetAmounts


def _standing(move: Move) -> Cell:
    if move.now.total_fen == move.before_fen:
        return badge(_("As it was when asked for"), "good")
    if move.now.total_fen == move.after_fen:
        return badge(_("Done"), "info")
    return badge(_("The total was changed since"), "bad")


COLUMNS: tuple[Column[Move], ...] = (
    Column("budget", _("Budget"), lambda one: text(
        one.name, href=BUDGET.address(key=one.budget_id))),
    Column("before", _("Total before"), lambda one: money(one.before_fen), number=True),
    Column("after", _("Total after"), lambda one: money(one.after_fen), number=True),
    Column("available", _("Available now"), lambda one: money(one.now.available_fen), number=True,
           wide=True),
    Column("state", _("State"), _standing),
)  # fmt: skip


def _panels(request: ApprovalRequest, moves: Sequence[tuple[int, str, int, int]]) -> list[Panel]:
    amounts = amounts_of({budget_id for budget_id, *_rest in moves})
    rows = [Move(*one, amounts.get(one[0], NOTHING)) for one in moves]
    facts = [
        Fact(_("Amount"), money(request.amount_fen)),
        Fact(_("Reason"), text(request.content["reason"])),
    ]
    note = (
        _("If a total is another by the time of the approval, nothing is done.")
        if request.state == RequestState.OPEN
        else ""
    )
    return [Facts("", facts), Table(_("What will change"), COLUMNS, rows, "", note)]


def _change(_call: Call, request: ApprovalRequest) -> Sequence[Panel]:
    content: dict[str, Any] = request.content
    totals = (content["expected_fen"], content["total_fen"])
    return _panels(request, [(content["budget_id"], content["budget"], *totals)])


def _transfer(_call: Call, request: ApprovalRequest) -> Sequence[Panel]:
    content: dict[str, Any] = request.content
    amount_fen = content["amount_fen"]
    moves = [
        (
            content[f"{side}_id"],
            content[side],
            content[f"{side}_expected_fen"],
            content[f"{side}_expected_fen"] + sign * amount_fen,
        )
        for side, sign in (("from", -1), ("to", 1))
    ]
    return _panels(request, moves)


CONTENTS = {CHANGE: _change, TRANSFER: _transfer}
