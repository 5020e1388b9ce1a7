"""Changes of budgets. Amounts change in the ledger, through the door."""

from datetime import datetime

from django.db import IntegrityError, transaction

from kaquan.budgets.errors import code_taken
from kaquan.budgets.models import Budget, Funder
from kaquan.budgets.queries import budget_by_id, funder_by_id
from kaquan.engine.commands import ChangeBudget, OpenBudget, RequestKey
from kaquan.foundation import imports_cells as cells
from kaquan.foundation.actor import Actor, require
from kaquan.foundation.changes.actions import record_row
from kaquan.foundation.refusals import INTERNAL_CLIENT, raise_if_refused, surely_refused
from kaquan.ledger.door import submit
from kaquan.organisations.queries import organisation_by_id, own_organisation_id

PERMISSION = "budgets.edit"

read_code = cells.code()
read_name = cells.text(100)


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
) -> Budget:
    """Open a budget with so much to give away; the same call again finds it and changes nothing.

    So a call whose answer was lost is simply repeated. Raises `code_taken`, `funder_unknown`,
    `organisation_unknown`, `value_invalid`, and the ledger's refusals.
    """
    require(actor, PERMISSION)
    facts = {
        "name": cells.accepted(read_name, name, zh="名称", en="name"),
        "funder": funder_by_id(funder_id) if funder_id is not None else None,
        "organisation": None,
    }
    code = cells.accepted(read_code, code, zh="编码", en="code")
    belongs_to = organisation_id or own_organisation_id(actor)
    if belongs_to:
        facts["organisation"] = organisation_by_id(actor, belongs_to)
    with transaction.atomic():
        budget, is_new = Budget.objects.get_or_create(code=code, defaults=facts)
        if is_new:
            _keep(actor, "budgets.open", budget)
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

    Raises `budget_unknown` and the ledger's refusals (`budget_changed`, `budget_exhausted`).
    """
    require(actor, PERMISSION)
    budget = budget_by_id(actor, budget_id)
    command = ChangeBudget(
        at=at,
        key=request_key,
        budget_id=budget.id,
        expected_fen=expected_fen,
        total_fen=total_fen,
    )
    raise_if_refused(submit([command], actor=actor))


def _keep(actor: Actor, verb: str, budget: Budget, *, gone: bool = False) -> None:
    record_row(
        actor=actor,
        verb=verb,
        kind="budget",
        row=budget,
        name=budget.name,
        fields=("code", "name", "funder", "organisation"),
        organisation_path=budget.organisation.path if budget.organisation else "",
        gone=gone,
    )
