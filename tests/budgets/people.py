"""People of finance for tests: two of them, so that one may agree to what the other asks."""

from __future__ import annotations

from dataclasses import replace

from kaquan.approvals.actions import decide
from kaquan.approvals.models import ApprovalRequest
from kaquan.budgets.actions import open_budget
from kaquan.budgets.models import Budget
from kaquan.foundation.actor import Actor
from kaquan.organisations.models import Organisation
from tests.builders.issuer import NOON, SYSTEM, a_number, staff_of

YUAN = 100


def finance(organisation: Organisation | None, number: int = 1) -> Actor:
    """Somebody of finance in this part of the tree."""
    return replace(staff_of(organisation), id=f"staff:{number}", name=f"财务{number}")


def a_budget(
    total_fen: int = 100_000,
    *,
    organisation: Organisation | None = None,
    parent: Budget | None = None,
    funder_id: int | None = None,
) -> Budget:
    """A budget with so much in it."""
    code = a_number("b-")
    return open_budget(
        actor=SYSTEM,
        code=code,
        name=f"预算 {code}",
        total_fen=total_fen,
        at=NOON,
        organisation_id=organisation.id if organisation else None,
        parent_id=parent.id if parent else None,
        funder_id=funder_id,
    )


def agree(request: ApprovalRequest | None, number: int = 2) -> ApprovalRequest:
    """Somebody else agrees."""
    assert request is not None
    return decide(
        finance(None, number),
        request_id=request.pk,
        verdict="approve",
        comment="",
        revision=request.revision,
    )
