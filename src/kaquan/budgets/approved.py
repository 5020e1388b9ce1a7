"""What happens once somebody else has agreed: exactly what was asked for, and once.

The ledger commits before the approval does. Its request keys are made of the request's number, so
an approval that is begun again after a crash finds its changes done.
"""

from __future__ import annotations

from kaquan.approvals.kinds import Kind, register
from kaquan.approvals.models import ApprovalRequest
from kaquan.budgets.actions import PERMISSION
from kaquan.budgets.moves import (
    book,
    both_to_change,
    budget_to_change,
    keep_total,
    transfer_commands,
    would_be_done,
)
from kaquan.budgets.requests import APPROVE, CHANGE, TRANSFER
from kaquan.engine.commands import ChangeBudget, RequestKey
from kaquan.foundation import clock
from kaquan.foundation.actor import Actor, ActorKind
from kaquan.foundation.refusals import INTERNAL_CLIENT
from kaquan.organisations.models import Organisation


def carry_out_change(request: ApprovalRequest) -> None:
    """Change the total that somebody else agreed to; once, however often this is begun."""
    content, actor = request.content, _asker(request)
    budget = budget_to_change(actor, content["budget_id"])
    command = ChangeBudget(
        at=clock.now(),
        key=RequestKey(INTERNAL_CLIENT, f"approval:{request.pk}"),
        budget_id=budget.id,
        expected_fen=content["expected_fen"],
        total_fen=content["total_fen"],
    )
    totals = (content["expected_fen"], content["total_fen"])
    keep_total(
        actor,
        "budgets.change_approved",
        budget,
        totals_fen=totals,
        reason=content["reason"],
        request=request,
    )
    would_be_done([command], actor)
    book([command], actor)


def carry_out_transfer(request: ApprovalRequest) -> None:
    """Move the money: both totals in one transaction of the ledger, or neither."""
    content, actor = request.content, _asker(request)
    source, target = both_to_change(actor, content["from_id"], content["to_id"])
    commands = transfer_commands(content, clock.now(), f"approval:{request.pk}")
    for budget, command in zip((source, target), commands, strict=True):
        totals = (command.expected_fen, command.total_fen)
        keep_total(
            actor,
            "budgets.transfer",
            budget,
            totals_fen=totals,
            reason=content["reason"],
            request=request,
        )
    would_be_done(commands, actor)
    book(commands, actor)


KINDS = (
    Kind(CHANGE, "预算变更", "Change of a budget", PERMISSION, APPROVE, carry_out_change),
    Kind(TRANSFER, "预算划拨", "Transfer between budgets", PERMISSION, APPROVE,
         carry_out_transfer),
)  # fmt: skip


def register_kinds() -> None:
    """Make known what may be asked for; when Django starts."""
    for kind in KINDS:
        register(kind)


def _asker(request: ApprovalRequest) -> Actor:
    """Whoever asked: the approval gives them what they then may not do alone."""
    organisation: Organisation | None = request.organisation
    return Actor(
        kind=ActorKind.STAFF,
        id=request.asked_by,
        name=request.asked_by_name,
        permissions=frozenset({PERMISSION}),
        organisation_path=organisation.path if organisation else "",
    )
