"""Changes of budgets. Amounts change in the ledger, through the door.

People who work in the console change totals and move money by ``requests``, which asks a second
person where one is needed.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from kaquan.budgets.errors import (
    budget_closed,
    budget_has_parts,
    budget_misplaced,
    code_taken,
    value_invalid,
)
from kaquan.budgets.models import Budget, Funder
from kaquan.budgets.queries import amounts_of, budget_by_id, funder_by_id
from kaquan.engine.commands import ChangeBudget, OpenBudget, RequestKey
from kaquan.foundation import clock
from kaquan.foundation import imports_cells as cells
from kaquan.foundation.actor import Actor, require
from kaquan.foundation.changes.actions import fields_of, record_change, record_row
from kaquan.foundation.ids import draw_ids
from kaquan.foundation.refusals import INTERNAL_CLIENT, raise_if_refused, surely_refused
from kaquan.ledger.door import submit
from kaquan.organisations.queries import organisation_by_id, own_organisation_id

PERMISSION = "budgets.edit"
DEPTH_MAX = 8
WARNINGS_MAX = 5
_CLOSING_ATTEMPTS = 5
_ID_DIGITS = 10

read_code = cells.code()
read_name = cells.text(100)
read_reason = cells.text(500)


def create_funder(*, actor: Actor, code: str, name: str) -> Funder:
    """Add someone who pays; raises `code_taken`, `value_invalid`."""
    require(actor, PERMISSION)
    code = cells.accepted(read_code, code, zh="编码", en="code")
    name = cells.accepted(read_name, name, zh="名称", en="name")
    try:
        with transaction.atomic():
            funder = Funder.objects.create(code=code, name=name)
            record_row(
                actor=actor,
                verb="funders.create",
                kind="funder",
                row=funder,
                name=name,
                fields=("code", "name"),
            )
            return funder
    except IntegrityError:
        raise code_taken(code) from None


def open_budget(
    *,
    actor: Actor,
    code: str,
    name: str,
    total_fen: int,
    at: datetime,
    funder_id: int | None = None,
    organisation_id: int | None = None,
    parent_id: int | None = None,
) -> Budget:
    """Open a budget with so much to give away; the same call again finds it and changes nothing.

    So a call whose answer was lost is simply repeated. Raises `code_taken`, `funder_unknown`,
    `organisation_unknown`, `budget_unknown` and `budget_misplaced` (for the parent),
    `value_invalid`, and the ledger's refusals.
    """
    require(actor, PERMISSION)
    facts: dict[str, Any] = {
        "name": cells.accepted(read_name, name, zh="名称", en="name"),
        "funder": funder_by_id(funder_id) if funder_id is not None else None,
        "organisation": None,
        "parent": budget_by_id(actor, parent_id) if parent_id is not None else None,
    }
    code = cells.accepted(read_code, code, zh="编码", en="code")
    belongs_to = organisation_id or own_organisation_id(actor)
    if belongs_to:
        facts["organisation"] = organisation_by_id(actor, belongs_to)
    _require_place(facts)
    with transaction.atomic():
        (budget_id,) = draw_ids(Budget, 1)
        made = {"id": budget_id, "path": _path(facts["parent"], budget_id)}
        budget, is_new = Budget.objects.get_or_create(code=code, defaults={**facts, **made})
        if is_new:
            _keep(actor, "budgets.open", budget)
        elif not budget.path:  # of a row that was not made here
            Budget.objects.filter(id=budget.id).update(path=_path(budget.parent, budget.id))
    if any(getattr(budget, field) != fact for field, fact in facts.items()):
        raise code_taken(code)
    command = OpenBudget(
        at=at,
        key=RequestKey(INTERNAL_CLIENT, f"budget:{budget.id}"),
        budget_id=budget.id,
        total_fen=total_fen,
    )
    outcomes = submit([command], actor=actor)
    if is_new and surely_refused(outcomes):
        with transaction.atomic():
            _keep(actor, "budgets.refused", budget, gone=True)
            budget.delete()
    raise_if_refused(outcomes)
    return budget


def change_budget(
    *,
    actor: Actor,
    budget_id: int,
    expected_fen: int,
    total_fen: int,
    at: datetime,
    request_key: RequestKey | None = None,
) -> None:
    """Change a budget's total, if it still is what the actor saw; once for each request key.

    Raises `budget_unknown`, `budget_closed` and the ledger's refusals (`budget_changed`,
    `budget_exhausted`).
    """
    require(actor, PERMISSION)
    budget = budget_by_id(actor, budget_id)
    if budget.closed_at is not None:
        raise budget_closed(budget.name)
    command = ChangeBudget(
        at=at,
        key=request_key,
        budget_id=budget.id,
        expected_fen=expected_fen,
        total_fen=total_fen,
    )
    raise_if_refused(submit([command], actor=actor))


def set_warnings(*, actor: Actor, budget_id: int, percents: Sequence[int]) -> Budget:
    """Choose at how many percent of the total somebody is told; none: never.

    Raises `budget_unknown`, `budget_closed`, `value_invalid`.
    """
    require(actor, PERMISSION)
    wanted = sorted(set(percents))
    if len(wanted) > WARNINGS_MAX or any(not 1 <= one <= 100 for one in wanted):
        raise value_invalid(
            f"提醒比例须在 1 到 100 之间，最多 {WARNINGS_MAX} 个。",
            f"Shares lie between 1 and 100 percent, {WARNINGS_MAX} of them at most.",
        )
    with transaction.atomic():
        budget = budget_by_id(actor, budget_id, for_update=True)
        if budget.closed_at is not None:
            raise budget_closed(budget.name)
        before = fields_of(budget, "warn_percents")
        budget.warn_percents = wanted
        budget.save(update_fields=["warn_percents"])
        unwanted = budget.alerts.filter(ended_at__isnull=True).exclude(percent__in=wanted)
        unwanted.update(ended_at=clock.now())
        _keep_fields(actor, "budgets.warnings", budget, before)
        return budget


def close_budget(*, actor: Actor, budget_id: int, reason: str, at: datetime) -> Budget:
    """Take back what is still available and give nothing more from it.

    What is committed stays: the vouchers that are out can still be used. Raises `budget_unknown`,
    `budget_closed`, `budget_has_parts`, `value_invalid` and the ledger's refusals.
    """
    require(actor, PERMISSION)
    reason = cells.accepted(read_reason, reason, zh="原因", en="reason")
    with transaction.atomic():
        budget = budget_by_id(actor, budget_id, for_update=True)
        if budget.closed_at is not None:
            raise budget_closed(budget.name)
        parts = budget.children.filter(closed_at__isnull=True).count()
        if parts:
            raise budget_has_parts(budget.name, parts)
        budget.closed_at = at
        budget.save(update_fields=["closed_at"])
        budget.alerts.filter(ended_at__isnull=True).update(ended_at=at)
        record_change(
            actor=actor,
            verb="budgets.close",
            kind="budget",
            object_id=budget.pk,
            object_name=budget.name,
            organisation_path=_organisation_path(budget),
            before={"closed_at": None},
            after={"closed_at": at, "reason": reason},
        )
        _take_back(actor, budget.id, at)
        return budget


def _take_back(actor: Actor, budget_id: int, at: datetime) -> None:
    """Lower the total by what is available; uses that go on meanwhile are waited for."""
    outcomes = []
    for _attempt in range(_CLOSING_ATTEMPTS):
        amounts = amounts_of([budget_id]).get(budget_id)
        if amounts is None or not amounts.available_fen:
            return
        command = ChangeBudget(
            at=at,
            budget_id=budget_id,
            expected_fen=amounts.total_fen,
            total_fen=amounts.total_fen - amounts.available_fen,
        )
        outcomes = submit([command], actor=actor)
        if outcomes[0].done:
            return
    raise_if_refused(outcomes)


def _require_place(facts: dict[str, Any]) -> None:
    parent: Budget | None = facts["parent"]
    if parent is None:
        return
    if parent.closed_at is not None:
        raise budget_closed(parent.name)
    if parent.path.count(".") >= DEPTH_MAX:
        raise budget_misplaced(
            f"预算最多 {DEPTH_MAX} 级。", f"Budgets stand {DEPTH_MAX} levels deep at most."
        )
    if parent.funder != facts["funder"]:
        raise budget_misplaced(
            f"出资方与上级预算“{parent.name}”不同；同一棵预算树只有一个出资方。",
            f'The funder is not that of "{parent.name}": all budgets of a tree have one.',
        )
    own = facts["organisation"].path if facts["organisation"] else ""
    if not own.startswith(_organisation_path(parent)):
        raise budget_misplaced(
            f"所属组织不在上级预算“{parent.name}”的组织之内。",
            f'The organisation is not within that of the budget "{parent.name}".',
        )


def _path(parent: Budget | None, budget_id: int) -> str:
    return f"{parent.path if parent else ''}{budget_id:0{_ID_DIGITS}}."


def _organisation_path(budget: Budget) -> str:
    return budget.organisation.path if budget.organisation else ""


def _keep(actor: Actor, verb: str, budget: Budget, *, gone: bool = False) -> None:
    record_row(
        actor=actor,
        verb=verb,
        kind="budget",
        row=budget,
        name=budget.name,
        fields=("code", "name", "funder", "organisation", "parent"),
        organisation_path=_organisation_path(budget),
        gone=gone,
    )


def _keep_fields(actor: Actor, verb: str, budget: Budget, before: dict[str, Any]) -> None:
    record_row(
        actor=actor,
        verb=verb,
        kind="budget",
        row=budget,
        name=budget.name,
        fields=tuple(before),
        organisation_path=_organisation_path(budget),
        before=before,
    )
