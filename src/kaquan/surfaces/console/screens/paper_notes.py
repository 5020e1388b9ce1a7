"""Transfer notes: sent, counted and signed by the other side, or called back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext_lazy as _

from kaquan.custody import notes, queries
from kaquan.custody.models import NoteState, TransferNote
from kaquan.custody.permissions import MOVE, VIEW
from kaquan.custody.ranges import as_spans
from kaquan.engine.custody import Span, without
from kaquan.foundation.actor import Actor
from kaquan.foundation.paging import Page, Paging
from kaquan.surfaces.console.kit.actions import Action, Doing
from kaquan.surfaces.console.kit.cells import Cell, Fact, Text, code, count, moment, text
from kaquan.surfaces.console.kit.details import DetailScreen, action_address
from kaquan.surfaces.console.kit.fields import Field, Values
from kaquan.surfaces.console.kit.forms import FormScreen
from kaquan.surfaces.console.kit.lists import Column, ListScreen
from kaquan.surfaces.console.kit.panels import Facts, Panel, Tab, Table
from kaquan.surfaces.console.kit.screens import Call
from kaquan.surfaces.console.screens.paper_words import MISSING, kept_typing, ranges_typed
from kaquan.surfaces.console.words import Words, state

STATES: Words = {
    NoteState.OPENING: (_("Being sent"), "warn"),
    NoteState.SENT: (_("Awaits its signature"), "info"),
    NoteState.SIGNING: (_("Being signed"), "warn"),
    NoteState.SIGNED: (_("Signed"), "good"),
    NoteState.CALLED_BACK: (_("Called back"), "muted"),
}


def _call_back(note: TransferNote, doing: Doing) -> Text:
    notes.call_back(actor=doing.actor, note_id=note.id)
    return _("Note %(number)s was called back; the pieces are where they were.") % {
        "number": note.id}  # fmt: skip


NOTE_ACTIONS: tuple[Action[TransferNote], ...] = (
    Action(
        "call-back",
        _("Call back"),
        MOVE,
        lambda note: _("Call note %(number)s back?") % {"number": note.id},
        _call_back,
        offered=lambda note: note.state == NoteState.SENT,
        consequence=_("The pieces are on hand again where they were sent from."),
    ),
)


def _number(note: TransferNote) -> Cell:
    return text(f"#{note.id}", href=NOTE.address(key=note.id))


SPAN_COLUMNS = (
    Column[Span]("first", _("First serial"), lambda one: code(str(one.first))),
    Column[Span]("last", _("Last serial"), lambda one: code(str(one.end - 1))),
    Column[Span]("pieces", _("Pieces"), lambda one: count(one.quantity), number=True),
)


class NoteDetail(DetailScreen[TransferNote]):
    """One note."""

    name = "paper-note"
    path = "paper/notes/<int:key>"
    title = _("Transfer note")
    permission = VIEW
    parent = "paper"
    actions = NOTE_ACTIONS
    links = (("paper-sign", _("Count and sign"), MOVE),)

    def subject(self, actor: Actor, key: int) -> TransferNote:
        """The note; raises `custody_note_unknown`."""
        return queries.note_by_id(actor, key)

    def heading(self, subject: TransferNote) -> str:
        """Its number and where it goes."""
        return f"#{subject.id} · {subject.source.name} → {subject.target.name}"

    def badges(self, subject: TransferNote) -> Sequence[Cell]:
        """Whether it is signed."""
        return (state(STATES, subject.state),)

    def shows_link(self, name: str, subject: TransferNote) -> bool:
        """Only what awaits its signature is signed."""
        del name
        return subject.state in (NoteState.SENT, NoteState.SIGNING)

    @staticmethod
    def facts(_call: Call, note: TransferNote) -> Sequence[Panel]:
        """Both sides, and what was sent and found."""
        sent = as_spans(note.parts)
        facts = [
            Fact(_("Batch"), text(note.batch.name)),
            Fact(_("Pieces"), count(note.quantity)),
            Fact(_("Sent"), moment(note.sent_at)),
            Fact(_("Sent by"), text(note.sent_by_name)),
            Fact(_("Signed"), moment(note.signed_at)),
            Fact(_("Signed by"), text(note.signed_by_name)),
        ]
        panels: list[Panel] = [Facts("", facts), Table(_("Sent"), SPAN_COLUMNS, sent, "")]
        if note.state == NoteState.SIGNED:
            absent = without(sent, as_spans(note.received))
            panels.append(
                Table(_("Pieces missing"), SPAN_COLUMNS, absent, _("All of it was there."))
            )
        return panels

    tabs = (Tab("facts", _("Transfer note"), facts),)


class Notes(ListScreen[TransferNote]):
    """Notes to and from one's part."""

    name = "paper-notes"
    path = "paper/notes"
    title = _("Transfer notes")
    permission = VIEW
    parent = "paper"
    actions = NOTE_ACTIONS
    creates = ("paper-send", _("Send"), MOVE)
    empty = _("Nothing was sent yet.")
    fields = (
        Field("state", _("State"), "choice", options=[(one, STATES[one][0]) for one in STATES]),
    )
    columns = (
        Column[TransferNote]("number", _("Transfer note"), _number),
        Column[TransferNote]("state", _("State"), lambda one: state(STATES, one.state)),
        Column[TransferNote]("batch", _("Batch"), lambda one: text(one.batch.name), wide=True),
        Column[TransferNote]("from", _("Sent from"), lambda one: text(one.source.name)),
        Column[TransferNote]("to", _("Receiver"), lambda one: text(one.target.name)),
        Column[TransferNote]("pieces", _("Pieces"), lambda one: count(one.quantity), number=True),
        Column[TransferNote]("sent", _("Sent"), lambda one: moment(one.sent_at), wide=True),
        Column[TransferNote]("by", _("Sent by"), lambda one: text(one.sent_by_name), wide=True),
    )

    def page_of(self, actor: Actor, values: Values, paging: Paging) -> Page[TransferNote]:
        """The notes."""
        wanted = values["state"]
        return queries.note_page(actor, paging, state=NoteState(wanted) if wanted else None)

    def action_address(self, row: TransferNote, action: Action[Any]) -> str:
        """On the note's own page."""
        return action_address(NOTE, row.id, action)


class SignNote(FormScreen):
    """The other side's count."""

    name = "paper-sign"
    path = "paper/notes/<int:key>/sign"
    title = _("Count and sign")
    permission = MOVE
    parent = "paper"
    save_words = _("Sign")
    fields = (
        MISSING,
        Field("nothing_came", _("Nothing of it came"), "switch"),
    )

    def initial(self, actor: Actor, key: int) -> dict[str, Any]:
        """Nothing, of a note that is there; raises `custody_note_unknown`."""
        queries.note_by_id(actor, key)
        return {}

    def hint_of(self, call: Call, key: int) -> Text:
        """What is to be counted."""
        note = queries.note_by_id(call.actor, key)
        spans = as_spans(note.parts)
        words = _(
            "%(pieces)s pieces from %(place)s, serials %(first)s to %(last)s. Leave the field "
            "empty when all of it is there."
        )
        return words % {
            "pieces": f"{note.quantity:,}",
            "place": note.source.name,
            "first": spans[0].first,
            "last": spans[-1].end - 1,
        }

    def save(self, doing: Doing, key: int) -> tuple[Text, str]:
        """Sign for what is there."""
        values = doing.values
        with kept_typing():
            note = notes.sign(
                actor=doing.actor,
                note_id=key,
                missing=ranges_typed(values["missing"]),
                all_missing=bool(values["nothing_came"]),
            )
        found = sum(span.quantity for span in as_spans(note.received))
        words = _("Signed for %(found)s of %(sent)s pieces.")
        told = {"found": f"{found:,}", "sent": f"{note.quantity:,}"}
        return words % told, self.home(key)

    def home(self, key: int) -> str:
        """The note."""
        return NOTE.address(key=key)


NOTE: NoteDetail = NoteDetail()
NOTES = Notes()
