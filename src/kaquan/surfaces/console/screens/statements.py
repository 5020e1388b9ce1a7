"""The statement of a day: what each store is owed, by who pays; the same today and in a year."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from urllib.parse import urlencode

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from kaquan.analytics.reconciliation import ISSUER, PERMISSION, Ask, Detail
from kaquan.analytics.reconciliation_jobs import ask_for_reconciliation
from kaquan.analytics.statements import (
    LINES_SHOWN,
    Statement,
    StatementLine,
    day_statement,
    yesterday,
)
from kaquan.budgets.queries import funders
from kaquan.foundation.actor import Actor
from kaquan.foundation.configuration import current_configuration
from kaquan.surfaces.console.kit.cells import (
    Cell,
    Fact,
    Text,
    badge,
    code,
    count,
    money,
    text,
)
from kaquan.surfaces.console.kit.fields import Field, Values
from kaquan.surfaces.console.kit.lists import Column
from kaquan.surfaces.console.kit.menu import holds
from kaquan.surfaces.console.kit.panels import Facts, Panel, Table
from kaquan.surfaces.console.kit.screens import Call
from kaquan.surfaces.console.screens.entries import ENTRIES
from kaquan.surfaces.console.screens.figures import Button, FiguresScreen


def _funder(line: StatementLine) -> Cell:
    return text(_("Issuer") if line.funder_code == ISSUER else line.funder or line.funder_code)


def _columns(call: Call, day: date) -> list[Column[StatementLine]]:
    """Each store leads to its entries of that day, for those who may see them."""

    def store(line: StatementLine) -> Cell:
        shown = line.store or line.store_code
        if not line.store_code or not holds(call.actor, ENTRIES.permission):
            return text(shown)
        asked = {"store": line.store_code, "first": day.isoformat(), "last": day.isoformat()}
        return text(shown, href=f"{ENTRIES.address()}?{urlencode(asked)}")

    return [
        Column("store", _("Store"), store),
        Column("code", _("Code"), lambda one: code(one.store_code), wide=True),
        Column("funder", _("Funder"), _funder),
        Column("uses", _("Uses booked"), lambda one: count(one.uses), number=True, wide=True),
        Column("uses_fen", _("Owed for uses"), lambda one: money(one.uses_fen), number=True,
               wide=True),
        Column("refunds", _("Refunds"), lambda one: count(one.refunds), number=True, wide=True),
        Column("refunds_fen", _("Taken back"), lambda one: money(one.refunds_fen), number=True,
               wide=True),
        Column("net", _("Owed for the day"), lambda one: money(one.net_fen), number=True),
    ]  # fmt: skip


class Statements(FiguresScreen):
    """One day, of all stores and funders of one's part or of some."""

    name = "statements"
    path = "statements"
    title = _("Daily statements")
    permission = PERMISSION
    note = _(
        "A day is that of booking in the issuer's time zone. What was booked is never added to "
        "later, so the statement of a past day is always the same, byte for byte."
    )
    fields = (
        Field("day", _("Day"), "day"),
        Field("store", _("Store's code"), characters_max=200),
        Field("funder", _("Funder"), "choice"),
    )

    def query_fields(self, actor: Actor) -> Sequence[Field]:
        """With those who pay."""
        del actor
        payers: list[tuple[str, Text]] = [
            (ISSUER, _("Issuer")),
            *((one.code, one.name) for one in funders()),
        ]
        return [one.with_options(payers) if one.name == "funder" else one for one in self.fields]

    def panels(self, call: Call, values: Values) -> Sequence[Panel]:
        """What the day comes to, and each store's line."""
        statement = day_statement(
            call.actor, _ask(values, "summary"), current_configuration().time_zone
        )
        note = ""
        if statement.lines_in_all > LINES_SHOWN:
            note = gettext("The first %(shown)s of %(all)s lines; the file has all of them.") % {
                "shown": LINES_SHOWN,
                "all": f"{statement.lines_in_all:,}",
            }
        table = Table(
            _("By store and funder"),
            _columns(call, statement.manifest.day),
            statement.lines,
            _("No store was owed anything for that day."),
            note,
        )
        return [Facts("", _facts(statement)), table]

    def buttons(self, call: Call) -> Sequence[Button]:
        """The files."""
        del call
        return (("summary", _("Export the summary")), ("lines", _("Export every line")))

    def do(self, call: Call, name: str, values: Values) -> Text:
        """Let a file be written."""
        detail: Detail = "lines" if name == "lines" else "summary"
        ask_for_reconciliation(actor=call.actor, ask=_ask(values, detail))
        return _("The export was begun; the file will be in the download centre.")


def _ask(values: Values, detail: Detail) -> Ask:
    return Ask(
        day=values["day"] or yesterday(current_configuration().time_zone),
        detail=detail,
        store_code=values["store"],
        funder_code=values["funder"],
    )


def _facts(statement: Statement) -> list[Fact]:
    told = statement.manifest
    state = badge(_("Final"), "good") if told.final else badge(_("The day is not over yet"), "warn")
    return [
        Fact(_("Day"), text(f"{told.day.isoformat()} {told.time_zone}")),
        Fact(_("State"), state),
        Fact(_("Uses booked"), count(told.uses)),
        Fact(_("Owed for uses"), money(told.uses_fen)),
        Fact(_("Refunds"), count(told.refunds)),
        Fact(_("Taken back"), money(told.refunds_fen)),
        Fact(_("Owed for the day"), money(told.net_fen)),
        Fact(_("SHA-256 of the summary"), code(told.sha256)),
    ]


STATEMENTS = Statements()
