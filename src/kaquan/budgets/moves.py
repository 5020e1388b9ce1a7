"""What changes of totals are made of: the budget locked, the ledger asked, the change kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from kaquan.approvals.models import ApprovalRequest
from kaquan.budgets.errors import budget_closed, total_moved
from kaquan.budgets.models import Budget
from kaquan.budgets.queries import amounts_of, budget_by_id
from kaquan.budgets.trees import NOTHING
from kaquan.engine.commands import ChangeBudget, RequestKey
from kaquan.engine.outcomes import OutcomeCode
from kaquan.foundation.actor import Actor
from kaquan.foundation.changes.actions import record_change
from kaquan.foundation.refusals import INTERNAL_CLIENT, RefusedError, raise_if_refused
from kaquan.ledger.balances import BudgetAmounts
from kaquan.ledger.door import submit

_LINK = 1


def budget_to_change(actor: Actor, budget_id: int) -> Budget:
    """The budget, locked where that lasts; raises `budget_unknown`, `budget_closed`."""
    budget = budget_by_id(actor, budget_id, for_update=transaction.get_connection().in_atomic_block)
    if budget.closed_at is not None:
        raise budget_closed(budget.name)
    return budget


def both_to_change(actor: Actor, one_id: int, other_id: int) -> tuple[Budget, Budget]:
    """Both budgets, locked in one order whoever asks; raises what `budget_to_change` raises."""
    locked = {pk: budget_to_change(actor, pk) for pk in sorted((one_id, other_id))}
    return locked[one_id], locked[other_id]


def amounts_now(budget: Budget) -> BudgetAmounts:
    """What the ledger says of it now."""
    return amounts_of([budget.id]).get(budget.id, NOTHING)


def transfer_commands(
    content: Mapping[str, Any], at: datetime, name: str = ""
) -> list[ChangeBudget]:
    """Both changes of totals, which stand or fall together; ``name`` gives them request keys."""
    amount_fen: int = content["amount_fen"]
    return [
        ChangeBudget(
            at=at,
            key=RequestKey(INTERNAL_CLIENT, f"{name}:{side}") if name else None,
            link=_LINK,
            budget_id=content[f"{side}_id"],
            expected_fen=content[f"{side}_expected_fen"],
            total_fen=content[f"{side}_expected_fen"] + sign * amount_fen,
        )
        for side, sign in (("from", -1), ("to", 1))
    ]


def would_be_done(commands: Sequence[ChangeBudget], actor: Actor) -> None:
    """Ask the ledger first without booking: a refusal under a request key stays for ever."""
    book(commands, actor, dry=True)


def book(commands: Sequence[ChangeBudget], actor: Actor, *, dry: bool = False) -> None:
    """Change totals in one transaction of the ledger; raises `budget_changed` with both values, and
    its other refusals."""
    outcomes = submit(commands, actor=actor, dry=dry)
    try:
        raise_if_refused(outcomes)
    except RefusedError as refusal:
        if refusal.outcome.code is not OutcomeCode.BUDGET_CHANGED:
            raise
        changed = commands[outcomes.index(refusal.outcome)]
        raise total_moved(
            expected_fen=changed.expected_fen,
            total_fen=int(str(refusal.outcome.data["total_fen"])),
            wanted_fen=changed.total_fen,
        ) from None


def keep_total(
    actor: Actor,
    verb: str,
    budget: Budget,
    *,
    totals_fen: tuple[int, int],
    reason: str,
    request: ApprovalRequest | None = None,
) -> None:
    """Keep in the change log who changed a total, and why."""
    before_fen, after_fen = totals_fen
    record_change(
        actor=actor,
        verb=verb,
        kind="budget",
        object_id=budget.pk,
        object_name=budget.name,
        organisation_path=budget.organisation.path if budget.organisation else "",
        before={"total_fen": before_fen},
        after={
            "total_fen": after_fen,
            "reason": reason,
            **({"approval": request.pk} if request else {}),
        },
    )
