"""Asking, deciding and taking back. Each is one transaction, and is kept in the change log.

A request is locked before it is judged: of two people who decide at once one is told that the
other was first.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, Literal

import msgspec
from django.db import IntegrityError, transaction

from kaquan.approvals import errors
from kaquan.approvals.kinds import Kind, kind_named
from kaquan.approvals.levels import is_at_level, levels_for
from kaquan.approvals.models import ApprovalDecision, ApprovalRequest, RequestState, Verdict
from kaquan.approvals.queries import one
from kaquan.engine.money import MAX_FEN
from kaquan.foundation import clock
from kaquan.foundation import imports_cells as cells
from kaquan.foundation.actor import Actor, ActorKind, require
from kaquan.foundation.changes.actions import record_change
from kaquan.organisations.errors import organisation_unknown
from kaquan.organisations.queries import organisation_by_id

CHANGE_KIND = "approval"
COMMENT_CHARACTERS_MAX = 1_000
_DECIDERS = (ActorKind.STAFF, ActorKind.SYSTEM)
_ENDS = {
    Verdict.REJECT: RequestState.REJECTED,
    Verdict.REQUEST_CHANGES: RequestState.CHANGES_REQUESTED,
}

read_title = cells.text(200)
read_comment = cells.text(COMMENT_CHARACTERS_MAX)


def ask(
    actor: Actor,
    *,
    kind: str,
    subject_kind: str,
    subject_id: int,
    title: str,
    organisation_id: int | None,
    amount_fen: int,
    content: Mapping[str, Any],
) -> ApprovalRequest:
    """Ask for something to be done; `content` says wholly what, `organisation_id` None that it is
    the whole issuer's.

    Raises `approval_open`, `organisation_unknown`, `value_invalid`, `permission_denied`.
    """
    require(actor, kind_named(kind).ask_permission)
    if not 0 <= amount_fen <= MAX_FEN:
        raise errors.value_invalid("金额超出范围。", "The amount is out of range.")
    if organisation_id is None and actor.organisation_path:
        raise organisation_unknown("")
    title = cells.accepted(read_title, title, zh="标题", en="title")
    with transaction.atomic():
        organisation = (
            organisation_by_id(actor, organisation_id) if organisation_id is not None else None
        )
        levels = levels_for(kind, organisation, amount_fen)
        request = ApprovalRequest(
            kind=kind,
            subject_kind=subject_kind,
            subject_id=subject_id,
            title=title,
            organisation=organisation,
            amount_fen=amount_fen,
            content=plain(content),
            content_hash=hash_of(content),
            levels=levels,
            waits_at_id=levels[0]["organisation_id"],
            waits_role=levels[0]["role"],
            asked_at=clock.now(),
            asked_by=actor.id,
            asked_by_name=actor.name,
        )
        try:
            with transaction.atomic():
                request.save(force_insert=True)
        except IntegrityError:
            raise errors.approval_open(title) from None
        _keep(actor, "approvals.ask", request, before=None)
        return request


def decide(
    actor: Actor,
    *,
    request_id: int,
    verdict: Literal["approve", "reject", "request_changes"] | Verdict,
    comment: str,
    revision: int,
) -> ApprovalRequest:
    """Decide at the level that is asked now; the last approval carries out what was asked for.

    `revision` is that of the request as it was looked at. Raises `approval_unknown`,
    `approval_closed`, `approval_moved`, `approval_content_moved`, `value_invalid`, what carrying
    it out raises, and with exit code "permission denied" whatever the actor may not decide.
    """
    chosen = Verdict(verdict)
    comment = cells.accepted(read_comment, comment, zh="意见", en="comment") if comment else ""
    if chosen is not Verdict.APPROVE and not comment:
        raise errors.comment_missing()
    with transaction.atomic():
        request = _open_request(actor, request_id)
        kind = kind_named(request.kind)
        _require_deciding(actor, kind, request)
        if request.revision != revision:
            raise errors.approval_moved()
        if chosen is Verdict.APPROVE:
            _require_unmoved(kind, request)
        before = _written(request)
        ApprovalDecision.objects.create(
            request=request,
            level=request.level,
            verdict=chosen,
            comment=comment,
            at=clock.now(),
            decided_by=actor.id,
            decided_by_name=actor.name,
            asked_by=request.asked_by,
        )
        _move(request, chosen)
        _keep(actor, f"approvals.{chosen}", request, before=before, comment=comment)
        if request.state == RequestState.APPROVED:
            kind.carry_out(request)
        elif request.state != RequestState.OPEN:
            kind.turned_down(request)
        return request


def withdraw(actor: Actor, *, request_id: int) -> ApprovalRequest:
    """Take back what one asked for, as long as it is open.

    Raises `approval_unknown`, `approval_closed`, `approval_not_yours`.
    """
    with transaction.atomic():
        request = _open_request(actor, request_id)
        if request.asked_by != actor.id and actor.kind is not ActorKind.SYSTEM:
            raise errors.not_the_asker()
        before = _written(request)
        _end(request, RequestState.WITHDRAWN)
        request.revision += 1
        request.save()
        _keep(actor, "approvals.withdraw", request, before=before)
        kind_named(request.kind).turned_down(request)
        return request


def hash_of(content: Mapping[str, Any]) -> str:
    """The SHA-256 of a content, whatever the order of its fields."""
    return hashlib.sha256(msgspec.json.encode(content, order="deterministic")).hexdigest()


def plain(content: Mapping[str, Any]) -> Any:
    """A content as JSON holds it."""
    return msgspec.json.decode(msgspec.json.encode(content))


def _open_request(actor: Actor, request_id: int) -> ApprovalRequest:
    request = one(actor, request_id, for_update=True)
    if request.state != RequestState.OPEN:
        raise errors.approval_closed(RequestState(request.state).label)
    return request


def _require_deciding(actor: Actor, kind: Kind, request: ApprovalRequest) -> None:
    if actor.kind not in _DECIDERS:
        raise errors.people_only()
    require(actor, kind.approve_permission)
    if request.asked_by == actor.id:
        raise errors.own_request()
    if request.decisions.filter(decided_by=actor.id).exists():
        raise errors.decided_already()
    if not is_at_level(actor, request, clock.now()):
        raise errors.level_not_yours()


def _require_unmoved(kind: Kind, request: ApprovalRequest) -> None:
    """What was asked for is still what would be done, and nobody touched the record of it."""
    contents = [request.content]
    if kind.content_now is not None:
        contents.append(kind.content_now(request))
    if any(hash_of(content) != request.content_hash for content in contents):
        raise errors.content_moved()


def _move(request: ApprovalRequest, verdict: Verdict) -> None:
    if verdict is not Verdict.APPROVE:
        _end(request, _ENDS[verdict])
    else:
        request.level += 1
        if request.level == len(request.levels):
            _end(request, RequestState.APPROVED)
        else:
            asked = request.levels[request.level]
            request.waits_at_id, request.waits_role = asked["organisation_id"], asked["role"]
    request.revision += 1
    request.save()


def _end(request: ApprovalRequest, state: RequestState) -> None:
    request.state, request.ended_at = state, clock.now()


def _written(request: ApprovalRequest) -> dict[str, object]:
    return {
        "kind": request.kind,
        "subject": f"{request.subject_kind}:{request.subject_id}",
        "amount_fen": request.amount_fen,
        "content_hash": request.content_hash,
        "state": request.state,
        "level": request.level,
    }


def _keep(
    actor: Actor,
    verb: str,
    request: ApprovalRequest,
    *,
    before: dict[str, object] | None,
    comment: str = "",
) -> None:
    after = _written(request)
    if comment:
        after["comment"] = comment
    record_change(
        actor=actor,
        verb=verb,
        kind=CHANGE_KIND,
        object_id=request.pk,
        object_name=request.title,
        organisation_path=request.organisation.path if request.organisation else "",
        before=before,
        after=after,
    )
