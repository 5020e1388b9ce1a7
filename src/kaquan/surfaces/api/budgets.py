"""Funders and budgets over HTTP; amounts are the ledger's."""

from __future__ import annotations

from typing import Any

from ninja import Query

from kaquan.budgets import actions, queries
from kaquan.budgets.models import Budget, Funder
from kaquan.foundation import clock
from kaquan.ledger.balances import BudgetAmounts
from kaquan.surfaces.api.kit import Request, Routes
from kaquan.surfaces.api.pages import PageQuery, page, page_of
from kaquan.surfaces.api.schemas import (
    Answer,
    Body,
    Fen,
    Name,
    NodeId,
    PathNodeId,
    ShortCode,
)

routes = Routes("budgets", zh="预算与出资方", en="Budgets and funders")

VIEW = "budgets.view"
NOTHING = BudgetAmounts(0, 0, 0, 0, 0)


class FunderAnswer(Answer):
    """Someone who pays for vouchers; terms name its id, 0 being the issuer."""

    id: int
    code: str
    name: str


class FunderBody(Body):
    """A new funder."""

    code: ShortCode
    name: Name


class BudgetAnswer(Answer):
    """A budget: `total_fen` = available + committed + spent + released, to the fen."""

    id: int
    code: str
    name: str
    funder: str | None
    organisation_id: int | None
    total_fen: int
    available_fen: int
    committed_fen: int
    spent_fen: int
    released_fen: int


class BudgetBody(Body):
    """A new budget; without a funder it is the issuer's money. `funder` is a funder's code."""

    code: ShortCode
    name: Name
    total_fen: Fen
    funder: ShortCode | None = None
    organisation_id: NodeId | None = None


class BudgetChange(Body):
    """A new total, if the total still is what the caller saw."""

    expected_fen: Fen
    total_fen: Fen


def _shown_funder(funder: Funder) -> FunderAnswer:
    return FunderAnswer(id=funder.id, code=funder.code, name=funder.name)


def _shown(budget: Budget, amounts: BudgetAmounts) -> BudgetAnswer:
    return BudgetAnswer(
        id=budget.id,
        code=budget.code,
        name=budget.name,
        funder=budget.funder.code if budget.funder else None,
        organisation_id=budget.organisation_id,
        total_fen=amounts.total_fen,
        available_fen=amounts.available_fen,
        committed_fen=amounts.committed_fen,
        spent_fen=amounts.spent_fen,
        released_fen=amounts.released_fen,
    )


def _of_now(budget: Budget) -> BudgetAnswer:
    return _shown(budget, queries.amounts_of([budget.id]).get(budget.id, NOTHING))


@routes.get(
    "/funders",
    permission=VIEW,
    answer=page_of(FunderAnswer),
    zh="列出出资方",
    en="List funders",
    about="They are the whole issuer's: terms of any part may name them.",
    problems=("cursor_invalid",),
)
def list_funders(request: Request, paging: Query[PageQuery]) -> dict[str, Any]:  # noqa: ARG001
    """Those who pay, in the order of their codes."""
    (after_code,) = paging.after(str) or ("",)
    rows = queries.funders(after_code=after_code, limit=paging.rows)
    return page(rows, paging, key=lambda funder: (funder.code,), show=_shown_funder)


@routes.post(
    "/funders",
    permission=actions.PERMISSION,
    answer=FunderAnswer,
    status=201,
    zh="新建出资方",
    en="Create a funder",
    example={"code": "city-2027", "name": "市商务局"},
    problems=("code_taken",),
)
def create_funder(request: Request, body: FunderBody) -> FunderAnswer:
    """A new funder."""
    funder = actions.create_funder(actor=request.call.actor, code=body.code, name=body.name)
    return _shown_funder(funder)


@routes.get(
    "/budgets",
    permission=VIEW,
    answer=page_of(BudgetAnswer),
    zh="列出预算",
    en="List budgets",
    problems=("cursor_invalid",),
)
def list_budgets(request: Request, paging: Query[PageQuery]) -> dict[str, Any]:
    """The budgets of the caller's part with their amounts, in the order of their codes."""
    (after_code,) = paging.after(str) or ("",)
    rows = queries.budgets(request.call.actor, after_code=after_code, limit=paging.rows)
    amounts = queries.amounts_of([budget.id for budget in rows])
    return page(
        rows,
        paging,
        key=lambda budget: (budget.code,),
        show=lambda budget: _shown(budget, amounts.get(budget.id, NOTHING)),
    )


@routes.post(
    "/budgets",
    permission=actions.PERMISSION,
    answer=BudgetAnswer,
    status=201,
    repeatable=True,
    zh="开立预算",
    en="Open a budget",
    example={"code": "spring-2027", "name": "春季拉新", "total_fen": 10_000_000,
             "organisation_id": 1},
    problems=("code_taken", "funder_unknown", "organisation_unknown"),
)  # fmt: skip
def open_budget(request: Request, body: BudgetBody) -> BudgetAnswer:
    """A new budget, all of it available."""
    actor = request.call.actor
    funder = queries.funder_by_code(body.funder) if body.funder is not None else None
    budget = actions.open_budget(
        actor=actor,
        code=body.code,
        name=body.name,
        total_fen=body.total_fen,
        at=clock.now(),
        funder_id=funder.id if funder else None,
        organisation_id=body.organisation_id,
    )
    return _of_now(budget)


@routes.get(
    "/budgets/{budget_id}",
    permission=VIEW,
    answer=BudgetAnswer,
    zh="查看预算",
    en="Get a budget",
    problems=("budget_unknown",),
)
def get_budget(request: Request, budget_id: PathNodeId) -> BudgetAnswer:
    """One budget with its amounts of now."""
    return _of_now(queries.budget_by_id(request.call.actor, budget_id))


@routes.post(
    "/budgets/{budget_id}/change",
    permission=actions.PERMISSION,
    answer=BudgetAnswer,
    repeatable=True,
    zh="调整预算总额",
    en="Change a budget's total",
    about="Compare and set: if the total is no longer `expected_fen`, the problem "
    "`budget_changed` tells the total of now and nothing changes.",
    example={"expected_fen": 1_000_000, "total_fen": 1_500_000},
    problems=("budget_unknown", "budget_closed", "budget_changed", "budget_exhausted"),
)
def change_budget(request: Request, budget_id: PathNodeId, body: BudgetChange) -> BudgetAnswer:
    """A budget's total."""
    actor = request.call.actor
    actions.change_budget(
        actor=actor,
        budget_id=budget_id,
        expected_fen=body.expected_fen,
        total_fen=body.total_fen,
        at=clock.now(),
        request_key=request.call.request_key,
    )
    return _of_now(queries.budget_by_id(actor, budget_id))
