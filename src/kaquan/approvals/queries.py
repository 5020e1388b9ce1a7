"""What is asked for, what waits for whom, and what became of it."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import Q, QuerySet

from kaquan.approvals.errors import approval_unknown, rule_unknown
from kaquan.approvals.holders import held_by
from kaquan.approvals.kinds import kinds
from kaquan.approvals.models import (
    ApprovalDecision,
    ApprovalRequest,
    ApprovalRule,
    RequestState,
)
from kaquan.foundation import clock
from kaquan.foundation.actor import EVERY_PERMISSION, Actor, require
from kaquan.foundation.paging import COUNTED_MAX, Page, Paging, page_of
from kaquan.organisations.queries import within

VIEW = "approvals.view"
LIST_MAX = 200
ORDERS = {"newest": "-id", "amount": "amount_fen", "title": "title"}
RULE_ORDERS = {"kind": "kind", "amount": "from_amount_fen"}


def waiting_for(
    actor: Actor, paging: Paging, *, words: str | None = None, kind: str | None = None
) -> Page[ApprovalRequest]:
    """The open requests that the actor may decide on now; raises `cursor_invalid`,
    `sort_invalid`."""
    require(actor, VIEW)
    rows = _narrowed(_waiting(actor), words, kind)
    return page_of(rows.select_related("organisation", "waits_at"), paging, ORDERS)


def count_waiting(actor: Actor) -> int:
    """How many wait for the actor, counted up to a bound."""
    return _waiting(actor).values("pk")[:COUNTED_MAX].count()


def page(
    actor: Actor,
    words: str | None,
    state: str | None,
    paging: Paging,
    *,
    kind: str | None = None,
    is_own: bool = False,
) -> Page[ApprovalRequest]:
    """Requests of the actor's part of the tree, or those that the actor asked for.

    Raises `cursor_invalid`, `sort_invalid`.
    """
    require(actor, VIEW)
    rows = ApprovalRequest.objects.select_related("organisation")
    rows = rows.filter(asked_by=actor.id) if is_own else within(actor, rows, "organisation")
    rows = _narrowed(rows, words, kind)
    if state is not None:
        rows = rows.filter(state=state)
    return page_of(rows, paging, ORDERS)


def one(actor: Actor, request_id: int, *, for_update: bool = False) -> ApprovalRequest:
    """A request of the actor's part of the tree, one that waits there, or their own.

    Raises `approval_unknown`.
    """
    rows = ApprovalRequest.objects.filter(id=request_id).filter(_seen_by(actor))
    if for_update:
        rows = rows.select_for_update(of=("self",))
    request = rows.select_related("organisation", "waits_at").first()
    if request is None:
        raise approval_unknown(request_id)
    return request


def open_of(actor: Actor, kind: str, subject_kind: str, subject_id: int) -> ApprovalRequest | None:
    """The request of this kind that is open about a subject."""
    rows = ApprovalRequest.objects.filter(
        _seen_by(actor),
        kind=kind,
        subject_kind=subject_kind,
        subject_id=subject_id,
        state=RequestState.OPEN,
    )
    return rows.select_related("organisation", "waits_at").first()


def about(
    actor: Actor, subject_kind: str, subject_id: int, *, limit: int = 50
) -> Sequence[ApprovalRequest]:
    """What was ever asked for about a subject, the newest first."""
    rows = ApprovalRequest.objects.filter(
        _seen_by(actor), subject_kind=subject_kind, subject_id=subject_id
    )
    return list(rows.order_by("-id")[: max(0, min(limit, LIST_MAX))])


def decisions_of(request: ApprovalRequest) -> Sequence[ApprovalDecision]:
    """What was decided about a request that was read with a scope, level by level."""
    return list(request.decisions.order_by("level")[:LIST_MAX])


def rule_page(actor: Actor, kind: str | None, paging: Paging) -> Page[ApprovalRule]:
    """The rules of the actor's part of the tree; raises `cursor_invalid`, `sort_invalid`."""
    require(actor, VIEW)
    rows = within(actor, ApprovalRule.objects.select_related("organisation"), "organisation")
    if kind is not None:
        rows = rows.filter(kind=kind)
    return page_of(rows, paging, RULE_ORDERS)


def rule_by_id(actor: Actor, rule_id: int, *, for_update: bool = False) -> ApprovalRule:
    """The rule; raises `approval_rule_unknown`."""
    rows = within(actor, ApprovalRule.objects.filter(id=rule_id), "organisation")
    if for_update:
        rows = rows.select_for_update(of=("self",))
    rule = rows.select_related("organisation").first()
    if rule is None:
        raise rule_unknown(rule_id)
    return rule


def _narrowed(
    rows: QuerySet[ApprovalRequest], words: str | None, kind: str | None
) -> QuerySet[ApprovalRequest]:
    if words is not None:
        rows = rows.filter(Q(title__icontains=words) | Q(asked_by_name__icontains=words))
    return rows if kind is None else rows.filter(kind=kind)


def _seen_by(actor: Actor) -> Q:
    """Requests of one's part, those that wait there, and one's own."""
    if not actor.organisation_path:
        return Q()
    path = actor.organisation_path
    return (
        Q(organisation__path__startswith=path)
        | Q(waits_at__path__startswith=path, state=RequestState.OPEN)
        | Q(asked_by=actor.id)
    )


def _waiting(actor: Actor) -> QuerySet[ApprovalRequest]:
    every = EVERY_PERMISSION in actor.permissions
    names = [kind.name for kind in kinds() if every or kind.approve_permission in actor.permissions]
    rows = ApprovalRequest.objects.filter(state=RequestState.OPEN, kind__in=names)
    rows = rows.exclude(asked_by=actor.id).exclude(decisions__decided_by=actor.id)
    if not every:
        role = Q(waits_role="")
        for held in held_by(actor.id, clock.now()):
            reached = Q(waits_at__path__startswith=held.path) if held.path else Q()
            role |= Q(waits_role=held.code) & reached
        rows = rows.filter(role)
    return within(actor, rows, "waits_at")
