"""Words about approvals: states, verdicts, levels, kinds and roles."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from kaquan.approvals.holders import role_names
from kaquan.approvals.kinds import kinds
from kaquan.approvals.models import ApprovalRequest, RequestState, Verdict
from kaquan.surfaces.console.kit.cells import Cell, Text
from kaquan.surfaces.console.kit.screens import language_now
from kaquan.surfaces.console.words import state

STATES: dict[str, tuple[Any, str]] = {
    RequestState.OPEN: (_("Waiting for approval"), "warn"),
    RequestState.APPROVED: (_("Approved"), "good"),
    RequestState.REJECTED: (_("Turned down"), "bad"),
    RequestState.CHANGES_REQUESTED: (_("Sent back for changes"), "info"),
    RequestState.WITHDRAWN: (_("Withdrawn"), "muted"),
}
VERDICTS: dict[str, tuple[Any, str]] = {
    Verdict.APPROVE: (_("Approved"), "good"),
    Verdict.REJECT: (_("Turned down"), "bad"),
    Verdict.REQUEST_CHANGES: (_("Sent back for changes"), "info"),
}
LEVELS: dict[str, Text] = {
    "own": _("The node itself"),
    "region": _("Its region"),
    "head_office": _("Head office"),
}


def kind_words(name: str) -> str:
    """What a kind of request is called."""
    kind = next((one for one in kinds() if one.name == name), None)
    if kind is None:
        return name
    return kind.zh if language_now() == "zh" else kind.en


def role_words(role: str) -> Text:
    """What a role is called; none is anybody who may."""
    if not role:
        return _("Anybody who may approve")
    zh, en = role_names().get(role, (role, role))
    return zh if language_now() == "zh" else en


def request_state(request: ApprovalRequest) -> Cell:
    """How a request stands."""
    return state(STATES, request.state)
