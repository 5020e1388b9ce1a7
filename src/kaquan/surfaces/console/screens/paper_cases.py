"""Missing pieces, and pieces to be destroyed: one says what becomes of them, another confirms."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext_lazy as _

from kaquan.custody import cases, queries
from kaquan.custody.models import CaseKind, CaseState, PaperCase, Verdict
from kaquan.custody.permissions import SUPPLY, VIEW
from kaquan.custody.ranges import as_spans
from kaquan.foundation.actor import Actor
from kaquan.foundation.paging import Page, Paging
from kaquan.surfaces.console.kit.actions import Action, Doing
from kaquan.surfaces.console.kit.cells import Cell, Fact, Text, badge, count, moment, text
from kaquan.surfaces.console.kit.details import DetailScreen, action_address
from kaquan.surfaces.console.kit.fields import Field, Values
from kaquan.surfaces.console.kit.lists import Column, ListScreen
from kaquan.surfaces.console.kit.panels import Facts, Panel, Tab, Table
from kaquan.surfaces.console.kit.screens import Call
from kaquan.surfaces.console.screens.paper_notes import NOTE, SPAN_COLUMNS
from kaquan.surfaces.console.words import Words, state

STATES: Words = {
    CaseState.OPENING: (_("Being reported"), "warn"),
    CaseState.OPEN: (_("Awaits an explanation"), "bad"),
    CaseState.PROPOSED: (_("Awaits a second person"), "info"),
    CaseState.CLOSING: (_("Being closed"), "warn"),
    CaseState.CLOSED: (_("Case closed"), "good"),
    CaseState.DROPPED: (_("Case dropped"), "muted"),
}
KINDS: dict[str, Text] = {
    CaseKind.MISSING: _("Pieces missing"),
    CaseKind.DESTRUCTION: _("To be destroyed"),
}
VERDICTS: dict[str, Text] = {
    Verdict.FIND: _("Found: on hand again"),
    Verdict.LOSE: _("Lost for good"),
    Verdict.DESTROY: _("Destroyed"),
}
_OPEN = (CaseState.OPEN, CaseState.PROPOSED, CaseState.CLOSING, CaseState.OPENING)


def _propose(case: PaperCase, doing: Doing) -> Text:
    values = doing.values
    verdict = Verdict(values["verdict"])
    cases.propose(actor=doing.actor, case_id=case.id, verdict=verdict, reason=values["reason"])
    return _("Case %(number)s awaits a second person.") % {"number": case.id}


def _close(case: PaperCase, doing: Doing) -> Text:
    cases.close(actor=doing.actor, case_id=case.id)
    return _("Case %(number)s is closed, and its pieces are booked.") % {"number": case.id}


def _drop(case: PaperCase, doing: Doing) -> Text:
    cases.drop(actor=doing.actor, case_id=case.id)
    return _("The proposal of case %(number)s was taken back.") % {"number": case.id}


CASE_ACTIONS: tuple[Action[PaperCase], ...] = (
    Action(
        "propose",
        _("Say what became of them"),
        SUPPLY,
        lambda one: _("What became of the %(pieces)s pieces of case %(number)s?")
        % {"pieces": one.quantity, "number": one.id},
        _propose,
        fields=(
            Field("verdict", _("What"), "choice", required=True, options=[
                (one, VERDICTS[one]) for one in (Verdict.FIND, Verdict.LOSE)]),
            Field("reason", _("Reason"), required=True, characters_max=500),
        ),
        offered=lambda one: one.kind == CaseKind.MISSING
        and one.state in (CaseState.OPEN, CaseState.PROPOSED),
        consequence=_("Somebody else must confirm it."),
    ),
    Action(
        "close",
        _("Confirm and close"),
        SUPPLY,
        lambda one: _("Case %(number)s: %(pieces)s pieces. %(verdict)s — is that so?")
        % {"number": one.id, "pieces": one.quantity, "verdict": VERDICTS.get(one.verdict, "")},
        _close,
        danger=True,
        offered=lambda one: one.state in (CaseState.PROPOSED, CaseState.CLOSING),
        consequence=_("It is booked at once. Whoever proposed it cannot confirm it."),
    ),
    Action(
        "drop",
        _("Take the proposal back"),
        SUPPLY,
        lambda one: _("Take back what was proposed for case %(number)s?") % {"number": one.id},
        _drop,
        offered=lambda one: one.state == CaseState.PROPOSED,
    ),
)  # fmt: skip


def _number(case: PaperCase) -> Cell:
    return text(f"#{case.id}", href=CASE.address(key=case.id))


def _alert(case: PaperCase) -> Cell:
    return badge(_("Alert"), "bad") if case.is_alert else text("")


class CaseDetail(DetailScreen[PaperCase]):
    """One case."""

    name = "paper-case"
    path = "paper/cases/<int:key>"
    title = _("Case")
    permission = VIEW
    parent = "paper"
    actions = CASE_ACTIONS

    def subject(self, actor: Actor, key: int) -> PaperCase:
        """The case; raises `custody_case_unknown`."""
        return queries.case_by_id(actor, key)

    def heading(self, subject: PaperCase) -> str:
        """Its number and place."""
        return f"#{subject.id} · {subject.organisation.name}"

    def badges(self, subject: PaperCase) -> Sequence[Cell]:
        """Where it stands, and whether it is an alert."""
        alert = (_alert(subject),) if subject.is_alert else ()
        return (state(STATES, subject.state), *alert)

    @staticmethod
    def facts(_call: Call, case: PaperCase) -> Sequence[Panel]:
        """Who says what, and which serials."""
        facts = [
            Fact(_("What"), text(KINDS[case.kind])),
            Fact(_("Batch"), text(case.batch.name)),
            Fact(_("Pieces"), count(case.quantity)),
            Fact(_("Reported"), moment(case.opened_at)),
            Fact(_("Reported by"), text(case.opened_by_name)),
            Fact(_("What became of them"), text(VERDICTS.get(case.verdict, ""))),
            Fact(_("Reason"), text(case.reason)),
            Fact(_("Proposed by"), text(case.proposed_by_name)),
            Fact(_("Confirmed"), moment(case.closed_at)),
            Fact(_("Confirmed by"), text(case.closed_by_name)),
        ]
        if case.note_id:
            note = text(f"#{case.note_id}", href=NOTE.address(key=case.note_id))
            facts.insert(3, Fact(_("Transfer note"), note))
        return [Facts("", facts), Table(_("Serials"), SPAN_COLUMNS, as_spans(case.parts), "")]

    tabs = (Tab("facts", _("Case"), facts),)


class Cases(ListScreen[PaperCase]):
    """Cases of one's part."""

    name = "paper-cases"
    path = "paper/cases"
    title = _("Missing and destroyed")
    permission = VIEW
    parent = "paper"
    actions = CASE_ACTIONS
    creates = ("paper-destroy", _("Destroy paper vouchers"), SUPPLY)
    empty = _("Nothing is missing, and nothing is to be destroyed.")
    fields = (
        Field("open", _("Only open ones"), "switch"),
        Field("alerts", _("Only alerts"), "switch"),
    )
    columns = (
        Column[PaperCase]("number", _("Case"), _number),
        Column[PaperCase]("what", _("What"), lambda one: text(KINDS[one.kind])),
        Column[PaperCase]("state", _("State"), lambda one: state(STATES, one.state)),
        Column[PaperCase]("alert", _("Alert"), _alert),
        Column[PaperCase]("place", _("Place"), lambda one: text(one.organisation.name)),
        Column[PaperCase]("batch", _("Batch"), lambda one: text(one.batch.name), wide=True),
        Column[PaperCase]("pieces", _("Pieces"), lambda one: count(one.quantity), number=True),
        Column[PaperCase]("at", _("Reported"), lambda one: moment(one.opened_at), wide=True),
    )

    def page_of(self, actor: Actor, values: Values, paging: Paging) -> Page[PaperCase]:
        """The cases."""
        return queries.case_page(
            actor,
            paging,
            states=_OPEN if values["open"] else (),
            alerts_only=bool(values["alerts"]),
        )

    def action_address(self, row: PaperCase, action: Action[Any]) -> str:
        """On the case's own page."""
        return action_address(CASE, row.id, action)


CASE: CaseDetail = CaseDetail()
CASES = Cases()
