"""What people may do to budgets alone, and what takes two.

Money that comes into the budgets or leaves them is changed by one person up to an amount a day;
beyond that, and for every transfer from one budget to another, somebody else must agree. What was
agreed to is exactly what is done: where a total moved in between, nothing is.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q

from kaquan.approvals.actions import ask
from kaquan.approvals.models import ApprovalRequest, ApprovalRule
from kaquan.approvals.queries import open_of
from kaquan.budgets.actions import PERMISSION, open_budget, read_reason
from kaquan.budgets.errors import transfer_invalid, value_invalid
from kaquan.budgets.models import Budget
from kaquan.budgets.moves import (
    amounts_now,
    book,
    both_to_change,
    budget_to_change,
    keep_total,
    transfer_commands,
    would_be_done,
)
from kaquan.engine.commands import ChangeBudget, RequestKey
from kaquan.engine.money import MAX_FEN, format_yuan
from kaquan.foundation import imports_cells as cells
from kaquan.foundation.actor import Actor, require
from kaquan.foundation.changes.models import Change

APPROVE = "budgets.approve"
CHANGE = "budget.change"
TRANSFER = "budget.transfer"
SUBJECT = "budget"
ALONE_MAX_FEN = 1_000_000
"""What one person changes of a budget in a day without a second, where no rule says otherwise."""
A_DAY = timedelta(days=1)
_CHANGED_ALONE = "budgets.change"


def alone_max_fen(budget: Budget) -> int:
    """Up to this much a day a budget's total is changed by one person.

    A rule for such changes sets it: from its amount on a second person is asked.
    """
    covering = Q(organisation__isnull=True)
    if budget.organisation is not None:
        ids = [int(part) for part in budget.organisation.path.split(".") if part]
        covering |= Q(organisation__in=ids)
    rules = ApprovalRule.objects.filter(covering, kind=CHANGE).order_by("from_amount_fen")
    least = rules.values_list("from_amount_fen", flat=True).first()
    return ALONE_MAX_FEN if least is None else max(least - 1, 0)


def change_total(
    *,
    actor: Actor,
    budget_id: int,
    expected_fen: int,
    total_fen: int,
    reason: str,
    at: datetime,
    request_key: RequestKey | None = None,
) -> ApprovalRequest | None:
    """Change a total that still is what the actor saw; or ask for it, and return the request.

    Raises `budget_unknown`, `budget_closed`, `budget_changed`, `budget_exhausted`,
    `approval_open`, `value_invalid`.
    """
    require(actor, PERMISSION)
    reason = cells.accepted(read_reason, reason, zh="原因", en="reason")
    if not 0 <= total_fen <= MAX_FEN or total_fen == expected_fen:
        raise value_invalid("新的总额须与现在不同，且不为负。", "The new total must be another.")
    with transaction.atomic():
        budget = budget_to_change(actor, budget_id)
        command = ChangeBudget(
            at=at,
            key=request_key,
            budget_id=budget.id,
            expected_fen=expected_fen,
            total_fen=total_fen,
        )
        would_be_done([command], actor)
        if amounts_now(budget).total_fen != expected_fen:
            return None  # the same form again: under this request key it was done before
        moved_fen = abs(total_fen - expected_fen)
        if moved_fen + _changed_alone_fen(budget, since=at - A_DAY) > alone_max_fen(budget):
            return _ask_once(
                actor,
                CHANGE,
                budget,
                title=f"{budget.name}：{format_yuan(expected_fen)} → {format_yuan(total_fen)}",
                organisation_id=budget.organisation_id,
                amount_fen=moved_fen,
                content={
                    "budget_id": budget.id,
                    "budget": budget.name,
                    "expected_fen": expected_fen,
                    "total_fen": total_fen,
                    "reason": reason,
                },
            )
        keep_total(
            actor, _CHANGED_ALONE, budget, totals_fen=(expected_fen, total_fen), reason=reason
        )
        book([command], actor)
        return None


def ask_transfer(
    *,
    actor: Actor,
    from_id: int,
    to_id: int,
    amount_fen: int,
    reason: str,
    at: datetime,
) -> ApprovalRequest:
    """Ask that available money of one budget becomes another's, of the same funder.

    Raises `budget_unknown`, `budget_closed`, `transfer_invalid`, `approval_open`,
    `value_invalid`.
    """
    require(actor, PERMISSION)
    reason = cells.accepted(read_reason, reason, zh="原因", en="reason")
    if not 0 < amount_fen <= MAX_FEN:
        raise value_invalid("划拨金额须大于 0。", "The amount must be above nothing.")
    if from_id == to_id:
        raise transfer_invalid("转出与转入是同一个预算。", "Both are the same budget.")
    with transaction.atomic():
        source, target = both_to_change(actor, from_id, to_id)
        if source.funder_id != target.funder_id:
            raise transfer_invalid(
                "两个预算的出资方不同，不能互相划拨。",
                "Money of one funder does not become another's.",
            )
        _require_available(source, amount_fen)
        content = {
            "from_id": source.id,
            "from": source.name,
            "from_expected_fen": amounts_now(source).total_fen,
            "to_id": target.id,
            "to": target.name,
            "to_expected_fen": amounts_now(target).total_fen,
            "amount_fen": amount_fen,
            "reason": reason,
        }
        would_be_done(transfer_commands(content, at), actor)
        return _ask_once(
            actor,
            TRANSFER,
            source,
            title=f"{source.name[:70]} → {target.name[:70]}：{format_yuan(amount_fen)}",
            organisation_id=_common_node_id(source, target),
            amount_fen=amount_fen,
            content=content,
        )


def open_new(
    *,
    actor: Actor,
    code: str,
    name: str,
    amount_fen: int,
    at: datetime,
    funder_id: int | None = None,
    organisation_id: int | None = None,
    parent_id: int | None = None,
) -> tuple[Budget, ApprovalRequest | None]:
    """Open a budget without money, and then give it some as people may: from its parent by a
    transfer, else from outside. Sent twice it opens one.

    Raises what `open_budget`, `ask_transfer` and `change_total` raise.
    """
    require(actor, PERMISSION)
    if not 0 <= amount_fen <= MAX_FEN:
        raise value_invalid("金额超出范围。", "The amount is out of range.")
    if amount_fen and parent_id is not None:
        _require_available(budget_to_change(actor, parent_id), amount_fen)
    budget = open_budget(
        actor=actor,
        code=code,
        name=name,
        total_fen=0,
        at=at,
        funder_id=funder_id,
        organisation_id=organisation_id,
        parent_id=parent_id,
    )
    if not amount_fen or amounts_now(budget).total_fen:
        return budget, None
    reason = f"新建预算 {budget.code}"
    if parent_id is not None:
        request = ask_transfer(
            actor=actor,
            from_id=parent_id,
            to_id=budget.id,
            amount_fen=amount_fen,
            reason=reason,
            at=at,
        )
        return budget, request
    return budget, change_total(
        actor=actor,
        budget_id=budget.id,
        expected_fen=0,
        total_fen=amount_fen,
        reason=reason,
        at=at,
    )


def _ask_once(
    actor: Actor,
    kind: str,
    budget: Budget,
    *,
    title: str,
    organisation_id: int | None,
    amount_fen: int,
    content: Mapping[str, Any],
) -> ApprovalRequest:
    """Ask; the same form again finds the request that it made."""
    found = open_of(actor, kind, SUBJECT, budget.id)
    if found is not None and found.asked_by == actor.id and found.content == content:
        return found
    return ask(
        actor,
        kind=kind,
        subject_kind=SUBJECT,
        subject_id=budget.id,
        title=title,
        organisation_id=organisation_id,
        amount_fen=amount_fen,
        content=content,
    )


def _require_available(budget: Budget, amount_fen: int) -> None:
    available_fen = amounts_now(budget).available_fen
    if available_fen < amount_fen:
        left = format_yuan(available_fen)
        raise transfer_invalid(
            f"预算“{budget.name}”只剩 {left} 可用。",
            f'Only {left} of the budget "{budget.name}" are available.',
        )


def _changed_alone_fen(budget: Budget, *, since: datetime) -> int:
    rows = Change.objects.filter(
        kind="budget", object_id=str(budget.id), verb=_CHANGED_ALONE, at__gt=since
    )
    return sum(
        abs(after["total_fen"] - before["total_fen"])
        for before, after in rows.values_list("before", "after")
        if before is not None and after is not None
    )


def _common_node_id(one: Budget, other: Budget) -> int | None:
    """The deepest node that both belong to; None: only the whole issuer."""
    if one.organisation is None or other.organisation is None:
        return None
    common = None
    for left, right in zip(
        one.organisation.path.split(".")[:-1], other.organisation.path.split(".")[:-1], strict=False
    ):
        if left != right:
            break
        common = int(left)
    return common
