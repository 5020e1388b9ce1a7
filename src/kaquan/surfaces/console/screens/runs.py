"""Runs of serials: which vouchers were minted, in whose hands they are, how many were touched."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from kaquan.campaigns.errors import batch_unknown
from kaquan.foundation.actor import Actor
from kaquan.foundation.paging import Page, Paging
from kaquan.ledger.custody_pages import TOUCHED_COUNTED_MAX
from kaquan.redemption.queries import TRACE
from kaquan.redemption.voucher_listings import RunLine, run_page
from kaquan.surfaces.console.kit.cells import Cell, badge, code, count, text
from kaquan.surfaces.console.kit.fields import Field, Values
from kaquan.surfaces.console.kit.lists import Column, ListScreen

_HOLDERS = [("batch", _("The batch")), ("allotted", _("Allotted"))]
_STATES = [("usable", _("Usable")), ("inactive", _("Not activated"))]
BATCH_FIELD = Field("batch", _("Batch number"), characters_max=10)


def batch_id_in(values: Values) -> int | None:
    """The batch that was asked for; raises `batch_unknown`."""
    typed = values["batch"]
    if typed is None:
        return None
    if not (typed.isascii() and typed.isdigit()):
        raise batch_unknown(0)
    return int(typed)


def _touched(line: RunLine) -> Cell:
    if line.touched == TOUCHED_COUNTED_MAX:
        return Cell(f"{line.touched:,}+", "number")
    return count(line.touched)


def _untouched(line: RunLine) -> Cell:
    is_known = line.touched < TOUCHED_COUNTED_MAX
    return count(line.run.quantity - line.touched if is_known else None)


def _state(line: RunLine) -> Cell:
    return badge(_("Usable"), "good") if line.run.active else badge(_("Not activated"), "muted")


def _holder(line: RunLine) -> Cell:
    if not line.run.organisation_id:
        return text(_("The batch"))
    return text(line.holder or _("Elsewhere"))


def _batch(line: RunLine) -> Cell:
    if line.batch is None:
        return text(_("Elsewhere"))
    href = reverse("console:batch", kwargs={"key": line.batch.id})
    return text(line.batch.name, href=href)


RUN_COLUMNS: tuple[Column[Any], ...] = (
    Column[RunLine]("first", _("First serial"), lambda one: code(str(one.run.first_serial))),
    Column[RunLine]("last", _("Last serial"), lambda one: code(
        str(one.run.first_serial + one.run.quantity - 1)), wide=True),
    Column[RunLine]("quantity", _("Quantity"), lambda one: count(one.run.quantity), number=True),
    Column[RunLine]("untouched", _("Untouched"), _untouched, number=True, wide=True),
    Column[RunLine]("touched", _("Touched"), _touched, number=True),
    Column[RunLine]("state", _("State"), _state),
    Column[RunLine]("holder", _("In the hands of"), _holder),
)  # fmt: skip


class Runs(ListScreen[RunLine]):
    """What was minted, run by run. Untouched vouchers are told so, for they have no rows."""

    name = "runs"
    path = "batches/runs"
    title = _("Runs of serials")
    permission = TRACE
    parent = "batches"
    empty = _("No voucher was minted yet.")
    fields = (
        BATCH_FIELD,
        Field("holder", _("In the hands of"), "choice", options=_HOLDERS),
        Field("state", _("State"), "choice", options=_STATES),
    )
    columns = (*RUN_COLUMNS, Column[RunLine]("batch", _("Batch"), _batch, wide=True))

    def of_batch(self, batch_id: int) -> str:
        """The list of one batch's."""
        return f"{self.address()}?{urlencode({'batch': batch_id})}"

    def page_of(self, actor: Actor, values: Values, paging: Paging) -> Page[RunLine]:
        """The runs."""
        holder, state = values["holder"], values["state"]
        return run_page(
            actor,
            batch_id=batch_id_in(values),
            active=None if state is None else state == "usable",
            allotted=None if holder is None else holder == "allotted",
            paging=paging,
        )

    def key(self, row: RunLine) -> str:
        """Its first serial."""
        return str(row.run.first_serial)


RUNS = Runs()
