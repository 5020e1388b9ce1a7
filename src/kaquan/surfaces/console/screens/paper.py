"""Paper by place: what lies where on any day, ranges and movements of a batch, a voucher's way."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from kaquan.campaigns.models import CampaignBatch
from kaquan.custody import queries
from kaquan.custody.permissions import MOVE, SUPPLY, VIEW
from kaquan.custody.queries import MoveSeen, PieceSeen, RunSeen, StockLine
from kaquan.custody.ranges import read_serial
from kaquan.foundation.actor import Actor
from kaquan.foundation.paging import Page, Paging
from kaquan.organisations.searching import node_named
from kaquan.staff.naming import names_of
from kaquan.surfaces.console.kit.actions import Doing
from kaquan.surfaces.console.kit.cells import Cell, Fact, Text, code, count, moment, text
from kaquan.surfaces.console.kit.details import DetailScreen
from kaquan.surfaces.console.kit.fields import Field, Values, day_end
from kaquan.surfaces.console.kit.forms import FormScreen
from kaquan.surfaces.console.kit.lists import Column, ListScreen
from kaquan.surfaces.console.kit.panels import Facts, Panel, Tab, Table
from kaquan.surfaces.console.kit.screens import Call
from kaquan.surfaces.console.screens.node_fields import NODE_HINT, typed_wrong
from kaquan.surfaces.console.screens.paper_words import (
    ACTS,
    FIRST,
    kept_typing,
    piece,
)

PAPER_LINKS = (
    ("paper-notes", _("Transfer notes"), VIEW),
    ("paper-cases", _("Missing and destroyed"), VIEW),
    ("paper-search", _("Look up a voucher"), VIEW),
    ("paper-receive", _("Take over from the printer"), SUPPLY),
    ("paper-act", _("Hand out and more"), MOVE),
)


def _place(line: StockLine) -> Cell:
    return text(f"{'　' * line.depth}{line.place.name}")


def _batch(line: StockLine) -> Cell:
    return text(line.batch_name, href=PAPER_BATCH.address(key=line.batch_id))


class PaperStock(ListScreen[StockLine]):
    """What lies where, as it is or as it was when a day ended."""

    name = "paper"
    path = "paper"
    title = _("Paper vouchers")
    permission = VIEW
    creates = ("paper-send", _("Send"), MOVE)
    links = PAPER_LINKS
    empty = _(
        "No paper lies here. Head office counts vouchers on their print run's page; "
        "elsewhere they lie once a transfer note was signed."
    )
    fields = (
        Field("where", _("Part of the organisation"), "node", hint=NODE_HINT),
        Field("day", _("At the end of"), "day", hint=_("Empty: now.")),
    )
    columns = (
        Column[StockLine]("place", _("Place"), _place),
        Column[StockLine]("code", _("Code"), lambda one: code(one.place.code), wide=True),
        Column[StockLine]("batch", _("Batch"), _batch),
        Column[StockLine]("state", _("State"), lambda one: piece(one.piece)),
        Column[StockLine]("quantity", _("Pieces"), lambda one: count(one.quantity), number=True),
    )

    def page_of(self, actor: Actor, values: Values, paging: Paging) -> Page[StockLine]:
        """The pieces, place by place; a name that nobody has is a page of nothing."""
        under = None
        if values["where"]:
            with typed_wrong("organisation_unknown"):
                under = node_named(actor, values["where"])
        return queries.stock_page(actor, paging, before=day_end(values["day"]), under=under)

    def key(self, row: StockLine) -> str:
        """Place, batch and state."""
        return f"{row.place.id}-{row.batch_id}-{int(row.piece)}"


def _serial(number: int) -> Cell:
    return code(str(number), href=PIECE.address(key=number))


def _move_columns(moves: Iterable[MoveSeen]) -> Sequence[Column[Any]]:
    seen = list(moves)
    people = names_of(
        {one.move.command.actor for one in seen} | {one.move.command.witness for one in seen} - {""}
    )

    def who(one: MoveSeen) -> Cell:
        command = one.move.command
        witness = people.get(command.witness, command.witness)
        return text(
            people.get(command.actor, command.actor),
            note=_("with %(name)s") % {"name": witness} if witness else "",
        )

    return (
        Column[Any]("at", _("When"), lambda one: moment(one.move.committed_at)),
        Column[Any]("what", _("What"), lambda one: text(ACTS[one.move.command.act])),
        Column[Any]("first", _("First serial"), lambda one: code(
            str(one.move.command.first_serial)), wide=True),
        Column[Any]("pieces", _("Pieces"), lambda one: count(one.move.command.quantity),
                    number=True),
        Column[Any]("place", _("Place"), _sides),
        Column[Any]("who", _("Who"), who),
        Column[Any]("why", _("Reason"), _why, wide=True),
    )  # fmt: skip


def _why(one: MoveSeen) -> Cell:
    """The reason; where it only names a note or a print run, that one."""
    reason = one.move.command.reason
    kind, _colon, number = reason.partition(":")
    if kind not in _NAMED or not number.isdigit():
        return text(reason)
    screen, words = _NAMED[kind]
    return text(words % {"number": number}, href=reverse(f"console:{screen}", args=[number]))


_NAMED: dict[str, tuple[str, Text]] = {
    "note": ("paper-note", _("Transfer note #%(number)s")),
    "print-run": ("print-run", _("Print run #%(number)s")),
}


def _sides(one: MoveSeen) -> Cell:
    return text(one.target if one.source == one.target else f"{one.source} → {one.target}")


_RUN_COLUMNS = (
    Column[RunSeen]("first", _("First serial"), lambda one: _serial(one.run.first_serial)),
    Column[RunSeen]("last", _("Last serial"), lambda one: _serial(
        one.run.first_serial + one.run.quantity - 1), wide=True),
    Column[RunSeen]("pieces", _("Pieces"), lambda one: count(one.run.quantity), number=True),
    Column[RunSeen]("state", _("State"), lambda one: piece(one.run.piece)),
    Column[RunSeen]("place", _("Place"), lambda one: text(one.holder)),
)  # fmt: skip


class PaperBatch(DetailScreen[CampaignBatch]):
    """A batch's paper in one's part."""

    name = "paper-batch"
    path = "paper/<int:key>"
    title = _("Paper of a batch")
    permission = VIEW
    parent = "paper"

    def subject(self, actor: Actor, key: int) -> CampaignBatch:
        """The batch; raises `custody_piece_unknown` where no paper of it is here."""
        return queries.paper_batch(actor, key)

    def heading(self, subject: CampaignBatch) -> str:
        """Its name."""
        return subject.name

    @staticmethod
    def ranges(call: Call, batch: CampaignBatch) -> Sequence[Panel]:
        """Where which serials are."""
        found = queries.runs_of(call.actor, batch.id)
        note = ""
        if len(found) >= queries.RUNS_SHOWN:
            note = _("Only the first %(number)s ranges.") % {"number": queries.RUNS_SHOWN}
        return [Table("", _RUN_COLUMNS, found, _("No paper lies here."), note)]

    @staticmethod
    def movements(call: Call, batch: CampaignBatch) -> Sequence[Panel]:
        """What was done with them."""
        found = queries.movements_of(call.actor, batch.id)
        note = ""
        if len(found) >= queries.MOVES_SHOWN:
            note = _("Only the latest %(number)s movements.") % {"number": queries.MOVES_SHOWN}
        return [Table("", _move_columns(found), found, _("Nothing was moved yet."), note)]

    tabs = (
        Tab("ranges", _("Ranges"), ranges),
        Tab("movements", _("Movements"), movements),
    )


class PaperPiece(DetailScreen[PieceSeen]):
    """One voucher's paper."""

    name = "paper-piece"
    path = "paper/pieces/<int:key>"
    title = _("Paper voucher")
    permission = VIEW
    parent = "paper"

    def subject(self, actor: Actor, key: int) -> PieceSeen:
        """Where it is; raises `custody_piece_unknown`."""
        return queries.piece_by_serial(actor, key)

    def heading(self, subject: PieceSeen) -> str:
        """Its serial."""
        return str(subject.serial)

    def badges(self, subject: PieceSeen) -> Sequence[Cell]:
        """Its state."""
        return (piece(subject.run.piece),)

    @staticmethod
    def facts(_call: Call, seen: PieceSeen) -> Sequence[Panel]:
        """Where it is, and its whole way."""
        handed = (
            _("Only once it was handed out") if seen.run.hand_out_first else _("Once activated")
        )
        facts = [
            Fact(_("Batch"), text(seen.batch_name, href=PAPER_BATCH.address(key=seen.batch_id))),
            Fact(_("Place"), text(seen.holder)),
            Fact(_("Good for use"), text(handed)),
        ]
        return [
            Facts("", facts),
            Table(_("Its way"), _move_columns(seen.way), seen.way, _("Nothing was moved yet.")),
        ]

    tabs = (Tab("facts", _("Paper voucher"), facts),)


class PaperSearch(FormScreen):
    """A code is scanned into a form, never into an address."""

    name = "paper-search"
    path = "paper/search"
    title = _("Look up a voucher")
    permission = VIEW
    parent = "paper"
    save_words = _("Look up")
    fields = (FIRST,)

    def save(self, doing: Doing, key: Any) -> tuple[Text, str]:
        """The voucher's page."""
        del key
        with kept_typing():
            serial = read_serial(doing.values["first"])
            found = queries.piece_by_serial(doing.actor, serial)
        words = _("Serial %(serial)s lies with %(place)s.")
        return words % {"serial": serial, "place": found.holder}, PIECE.address(key=serial)

    def home(self, key: Any) -> str:
        """The stock."""
        del key
        return reverse("console:paper")


PAPER_BATCH: PaperBatch = PaperBatch()
PIECE: PaperPiece = PaperPiece()
STOCK = PaperStock()
