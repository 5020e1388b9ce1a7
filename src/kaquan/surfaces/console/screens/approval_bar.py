"""Where a request stands, and the form in which it is decided; on its own page and on others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from kaquan.approvals import queries
from kaquan.approvals.kinds import kind_named
from kaquan.approvals.levels import is_at_level
from kaquan.approvals.models import ApprovalDecision, ApprovalRequest, RequestState
from kaquan.foundation import clock
from kaquan.foundation.actor import Actor
from kaquan.surfaces.console.kit.cells import Cell, Text
from kaquan.surfaces.console.kit.menu import holds
from kaquan.surfaces.console.kit.panels import Panel
from kaquan.surfaces.console.kit.screens import Call
from kaquan.surfaces.console.screens.approval_words import request_state, role_words


@dataclass(frozen=True, slots=True)
class Nothing(Panel):
    """Keeps the place of a panel that there is none of just now."""

    template: ClassVar[str] = "console/parts/nothing.html"


NOTHING = Nothing("")


@dataclass(frozen=True, slots=True)
class ApprovalBar(Panel):
    """Where a request stands, and the form in which it is decided."""

    template: ClassVar[str] = "console/parts/approval_bar.html"
    request_id: int
    action: str
    state: Cell
    waits_for: Text
    can_decide: bool
    why_not: Text
    revision: int
    said: Sequence[ApprovalDecision] = ()
    comment: str = ""
    error: str = ""
    back: str = ""
    href: str = ""
    """The request's own page, where the bar stands on another one."""


def bar_of(
    call: Call, request: ApprovalRequest, *, typed: Mapping[str, str] | None = None, error: str = ""
) -> ApprovalBar:
    """The bar of a request that was read with the caller's scope."""
    own = reverse("console:approval", kwargs={"key": request.pk})
    here = call.request.path
    why_not = _why_not(call.actor, request)
    return ApprovalBar(
        _("Approval"),
        request_id=request.pk,
        action=own,
        state=request_state(request),
        waits_for=_waits_for(request),
        can_decide=request.state == RequestState.OPEN and not why_not,
        why_not=why_not,
        said=[] if here == own else [one for one in queries.decisions_of(request) if one.comment],
        revision=int((typed or {}).get("revision") or request.revision),
        comment=(typed or {}).get("comment", ""),
        error=error,
        back=(typed or {}).get("back", "") or ("" if here == own else call.request.get_full_path()),
        href="" if here == own else own,
    )


def _waits_for(request: ApprovalRequest) -> Text:
    if request.state != RequestState.OPEN:
        return ""
    node = request.waits_at.name if request.waits_at else str(_("Whole issuer"))
    return f"{node} · {role_words(request.waits_role)} ({request.level + 1}/{len(request.levels)})"


def _why_not(actor: Actor, request: ApprovalRequest) -> Text:
    """Why somebody cannot decide; the action asks again."""
    if request.state != RequestState.OPEN:
        return ""
    if request.asked_by == actor.id:
        return _("You handed this in; somebody else decides on it.")
    if not holds(actor, kind_named(request.kind).approve_permission):
        return _("Your role does not approve this kind of request.")
    if any(one.decided_by == actor.id for one in queries.decisions_of(request)):
        return _("You decided at an earlier level; somebody else decides at this one.")
    if not is_at_level(actor, request, clock.now()):
        return _("The level that is asked now belongs to another role or to a node above yours.")
    return ""
