"""Requests for approval: those that wait for me, my own, all; and one of them, with the bar where
it is decided."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, NamedTuple

from django.contrib import messages
from django.http import HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.utils.translation import gettext_lazy as _

from kaquan.approvals import actions, queries
from kaquan.approvals.kinds import kinds
from kaquan.approvals.models import ApprovalRequest, RequestState, Verdict
from kaquan.approvals.queries import VIEW
from kaquan.foundation.actor import Actor
from kaquan.foundation.errors import KaquanError
from kaquan.foundation.paging import Page, Paging
from kaquan.organisations.queries import organisation_names
from kaquan.surfaces.console.kit.actions import Action, Doing, way_back
from kaquan.surfaces.console.kit.cells import (
    Cell,
    Fact,
    Text,
    badge,
    code,
    count,
    local_text,
    moment,
    money,
    text,
)
from kaquan.surfaces.console.kit.details import DetailScreen
from kaquan.surfaces.console.kit.fields import Field, Values
from kaquan.surfaces.console.kit.lists import Column, ListScreen
from kaquan.surfaces.console.kit.panels import Facts, Happening, Panel, Tab, Table, Timeline
from kaquan.surfaces.console.kit.screens import Call, in_words, status_of
from kaquan.surfaces.console.screens.approval_bar import bar_of
from kaquan.surfaces.console.screens.approval_contents import content_panels
from kaquan.surfaces.console.screens.approval_words import (
    LEVELS,
    STATES,
    VERDICTS,
    kind_words,
    request_state,
    role_words,
)
from kaquan.surfaces.console.screens.changes import changes_tab
from kaquan.surfaces.console.words import state

DONE: dict[str, Text] = {
    Verdict.APPROVE: _("You approved “%(title)s”."),
    Verdict.REJECT: _("You turned “%(title)s” down."),
    Verdict.REQUEST_CHANGES: _("You sent “%(title)s” back for changes."),
}


class RequestLine(NamedTuple):
    """A request, and whether it is the actor's own."""

    request: ApprovalRequest
    is_own: bool

    @property
    def id(self) -> int:
        """The request's."""
        return self.request.pk


def _withdraw(line: RequestLine, doing: Doing) -> Text:
    actions.withdraw(doing.actor, request_id=line.id)
    return _("“%(title)s” was withdrawn.") % {"title": line.request.title}


WITHDRAW: Action[RequestLine] = Action(
    "withdraw",
    _("Withdraw"),
    VIEW,
    lambda line: _("Withdraw “%(title)s”?") % {"title": line.request.title},
    _withdraw,
    danger=True,
    offered=lambda line: line.is_own and line.request.state == RequestState.OPEN,
    consequence=_("Only the person who handed it in can do this. It can be handed in again later."),
)


class ApprovalDetail(DetailScreen[RequestLine]):
    """One request; sent to, it takes the decision."""

    name = "approval"
    path = "approvals/<int:key>"
    title = _("Request for approval")
    permission = VIEW
    parent = "approvals"
    actions = (WITHDRAW,)

    def subject(self, actor: Actor, key: int) -> RequestLine:
        """The request; raises `approval_unknown`."""
        request = queries.one(actor, key)
        return RequestLine(request, request.asked_by == actor.id)

    def heading(self, subject: RequestLine) -> str:
        """What it is about."""
        return subject.request.title

    def badges(self, subject: RequestLine) -> Sequence[Cell]:
        """How it stands."""
        return [request_state(subject.request)]

    def respond(self, call: Call, **key: Any) -> HttpResponseBase:
        """The page; or, for POST, the decision, and the page again where that was refused."""
        if call.request.method != "POST":
            return super().respond(call, **key)
        request = queries.one(call.actor, key["key"])
        typed = {name: call.request.POST.get(name, "") for name in ("comment", "revision", "back")}
        typed["revision"] = _number(typed["revision"])
        verdict = call.request.POST.get("verdict", "")
        try:
            if verdict not in Verdict.values:
                raise KaquanError(
                    "value_invalid", zh="请选择同意、驳回或退回修改。", en="Choose a decision."
                )
            actions.decide(
                call.actor,
                request_id=request.pk,
                verdict=Verdict(verdict),
                comment=typed["comment"].strip(),
                revision=int(typed["revision"]),
            )
        except KaquanError as error:
            status = status_of(error)
            return self._refused(call, request.pk, typed, in_words(error), status)
        messages.success(call.request, str(DONE[verdict]) % {"title": request.title})
        return HttpResponseRedirect(way_back(call.request, self.address(key=request.pk)))

    def _refused(
        self,
        call: Call,
        key: int,
        typed: Mapping[str, str],
        error: str,
        status: int,
    ) -> HttpResponseBase:
        """The request as it stands now, with what was typed."""
        line = self.subject(call.actor, key)
        bar = bar_of(call, line.request, typed=typed, error=error)
        panels = [bar, *_panels(call, line.request)]
        context = {
            "heading": self.heading(line),
            "badges": self.badges(line),
            "tabs": [],
            "panels": [(panel, None) for panel in panels],
            "actions": [],
            "links": [],
        }
        return self.page(call, "console/detail.html", context, status=status)

    @staticmethod
    def overview(call: Call, line: RequestLine) -> Sequence[Panel]:
        """What is asked for, who must agree, and what they said."""
        return [bar_of(call, line.request), *_panels(call, line.request)]

    tabs = (Tab("overview", _("Overview"), overview), changes_tab("approval"))


def _number(typed: str) -> str:
    return typed if typed.isascii() and typed.isdigit() and len(typed) < 10 else "0"


def _panels(call: Call, request: ApprovalRequest) -> list[Panel]:
    facts = [
        Fact(_("Kind"), text(kind_words(request.kind))),
        Fact(_("Amount at most"), money(request.amount_fen)),
        Fact(_("Belongs to"), text(
            request.organisation.name if request.organisation else _("Whole issuer"))),
        Fact(_("Handed in by"), text(request.asked_by_name)),
        Fact(_("Handed in"), moment(request.asked_at)),
        Fact(_("Fingerprint of the content"), code(request.content_hash[:16])),
    ]  # fmt: skip
    return [
        Facts("", facts),
        *content_panels(call, request),
        _levels(call, request),
        _timeline(request),
    ]


def _levels(call: Call, request: ApprovalRequest) -> Table:
    decided = {one.level: one for one in queries.decisions_of(request)}
    ids = {one["organisation_id"] for one in request.levels} - {None}
    names = organisation_names(call.actor, ids)
    rows = list(enumerate(request.levels))

    def node(row: tuple[int, Any]) -> Cell:
        node_id = row[1]["organisation_id"]
        if node_id is None:
            return text(_("Whole issuer"))
        return text(names.get(node_id, LEVELS.get(row[1]["at"], "—")))

    def standing(row: tuple[int, Any]) -> Cell:
        decision = decided.get(row[0])
        if decision is not None:
            return state(VERDICTS, decision.verdict)
        is_asked = request.state == RequestState.OPEN and row[0] == request.level
        return badge(_("Is asked now"), "warn") if is_asked else text("—")

    columns = (
        Column[Any]("number", _("Level"), lambda row: count(row[0] + 1)),
        Column[Any]("role", _("Role"), lambda row: text(role_words(row[1]["role"]))),
        Column[Any]("node", _("At"), node),
        Column[Any]("state", _("State"), standing),
        Column[Any]("by", _("By"), lambda row: text(
            decided[row[0]].decided_by_name if row[0] in decided else "")),
        Column[Any]("comment", _("Comment"), lambda row: text(
            decided[row[0]].comment if row[0] in decided else ""), wide=True),
    )  # fmt: skip
    return Table(_("Levels of approval"), columns, rows, "")


def _timeline(request: ApprovalRequest) -> Timeline:
    happenings = [
        Happening(
            local_text(request.asked_at),
            _("Hand in for approval"),
            facts=[Fact(_("By"), text(request.asked_by_name))],
        )
    ]
    for one in queries.decisions_of(request):
        words, tone = VERDICTS[one.verdict]
        facts = [Fact(_("By"), text(one.decided_by_name))]
        if one.comment:
            facts.append(Fact(_("Comment"), text(one.comment)))
        happenings.append(Happening(local_text(one.at), words, tone, facts))
    if request.state == RequestState.WITHDRAWN:
        facts = [Fact(_("By"), text(request.asked_by_name))]
        happenings.append(Happening(local_text(request.ended_at), _("Withdrawn"), "muted", facts))
    return Timeline(_("How it went"), happenings)


class RequestList(ListScreen[ApprovalRequest]):
    """A list of requests, with the way to the other lists of them."""

    permission = VIEW
    fields: ClassVar[Sequence[Field]] = (
        Field("words", _("Subject or person")),
        Field("state", _("State"), "choice", options=[(k, w) for k, (w, _t) in STATES.items()]),
        Field("kind", _("Kind"), "choice"),
    )
    columns = (
        Column[ApprovalRequest]("title", _("Subject"), lambda one: text(
            one.title, href=APPROVAL.address(key=one.pk)), sort="title"),
        Column[ApprovalRequest]("kind", _("Kind"), lambda one: text(kind_words(one.kind))),
        Column[ApprovalRequest]("amount", _("Amount at most"), lambda one: money(one.amount_fen),
                                sort="amount", number=True),
        Column[ApprovalRequest]("state", _("State"), request_state),
        Column[ApprovalRequest]("by", _("Handed in by"), lambda one: text(
            one.asked_by_name), wide=True),
        Column[ApprovalRequest]("at", _("Handed in"), lambda one: moment(one.asked_at),
                                sort="newest", wide=True),
        Column[ApprovalRequest]("owner", _("Belongs to"), lambda one: text(
            one.organisation.name if one.organisation else _("Whole issuer")), wide=True),
    )  # fmt: skip

    def query_fields(self, actor: Actor) -> Sequence[Field]:
        """With the kinds that there are."""
        del actor
        options = [(one.name, kind_words(one.name)) for one in kinds()]
        return [one.with_options(options) if one.name == "kind" else one for one in self.fields]

    def respond(self, call: Call, **key: Any) -> HttpResponseBase:
        """The list, below the ways to each of them."""
        if call.request.method == "POST":
            return super().respond(call, **key)
        is_own = "mine" in call.request.GET
        every = ALL.address()
        boxes = [
            (WAITING.address(), _("Waiting for me"), self is WAITING,
             queries.count_waiting(call.actor)),
            (f"{every}?mine=yes", _("Handed in by me"), self is ALL and is_own, None),
            (every, _("All"), self is ALL and not is_own, None),
        ]  # fmt: skip
        context = self.context(call) | {"boxes": boxes}
        return self.page(call, "console/approvals.html", context)


class Waiting(RequestList):
    """Those that the actor may decide on now."""

    name = "approvals"
    path = "approvals"
    title = _("Waiting for me")
    empty = _("Nothing waits for you.")
    fields = tuple(one for one in RequestList.fields if one.name != "state")

    def page_of(self, actor: Actor, values: Values, paging: Paging) -> Page[ApprovalRequest]:
        """The requests."""
        return queries.waiting_for(actor, paging, words=values["words"], kind=values["kind"])


class Everything(RequestList):
    """Those of one's part of the tree, or those that the actor handed in."""

    name = "approvals-all"
    path = "all-approvals"
    title = _("All approvals")
    parent = "approvals"
    empty = _("Nothing was handed in yet.")
    fields = (
        *RequestList.fields,
        Field("mine", _("Handed in by me"), "choice", options=[("yes", _("Yes"))]),
    )

    def page_of(self, actor: Actor, values: Values, paging: Paging) -> Page[ApprovalRequest]:
        """The requests."""
        return queries.page(
            actor,
            values["words"],
            values["state"],
            paging,
            kind=values["kind"],
            is_own=values["mine"] is not None,
        )


APPROVAL: ApprovalDetail = ApprovalDetail()
WAITING: Waiting = Waiting()
ALL: Everything = Everything()
