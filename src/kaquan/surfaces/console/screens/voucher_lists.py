"""Vouchers that something has happened to: of one batch, of one stage, ending soon."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from kaquan.foundation.actor import Actor
from kaquan.foundation.paging import Page, Paging
from kaquan.redemption.queries import TRACE
from kaquan.redemption.voucher_listings import VoucherLine, voucher_page
from kaquan.surfaces.console.kit.cells import Cell, code, count, last_moment, money, text
from kaquan.surfaces.console.kit.fields import Field, Values, day_end, day_start
from kaquan.surfaces.console.kit.lists import Column, ListScreen
from kaquan.surfaces.console.screens.runs import BATCH_FIELD, batch_id_in
from kaquan.surfaces.console.words import voucher_state

STAGES = [
    ("issued", _("Issued, ever")),
    ("usable", _("Usable")),
    ("used", _("Used up")),
    ("frozen", _("Frozen")),
    ("expired", _("Expired")),
    ("void", _("Void")),
]


def _serial(line: VoucherLine) -> Cell:
    serial = line.row.serial
    return code(str(serial), href=reverse("console:voucher", kwargs={"key": serial}))


def _batch(line: VoucherLine) -> Cell:
    if line.batch is None:
        return text(_("Elsewhere"))
    href = reverse("console:batch", kwargs={"key": line.batch.id})
    return text(line.batch.name, href=href)


def _holder(line: VoucherLine) -> Cell:
    if line.holder is None:
        return text(_("Elsewhere") if line.row.customer_id else "")
    href = reverse("console:customer", kwargs={"key": line.holder.id})
    return code(line.holder.number, href=href, note=line.holder.masked_phone)


VOUCHER_COLUMNS: tuple[Column[Any], ...] = (
    Column[VoucherLine]("serial", _("Serial"), _serial),
    Column[VoucherLine]("state", _("State"), lambda one: voucher_state(one.row.state)),
    Column[VoucherLine]("batch", _("Batch"), _batch, wide=True),
    Column[VoucherLine]("holder", _("Holder"), _holder),
    Column[VoucherLine]("balance", _("Balance"), lambda one: money(
        one.row.balance_fen or None), number=True, wide=True),
    Column[VoucherLine]("uses", _("Uses left"), lambda one: count(one.row.uses_left), number=True,
                        wide=True),
    Column[VoucherLine]("until", _("Good until"), lambda one: last_moment(
        one.ends_at), wide=True),
)  # fmt: skip


class Vouchers(ListScreen[VoucherLine]):
    """Touched vouchers by their serials; those that nothing has happened to are told as runs."""

    name = "voucher-list"
    path = "vouchers/list"
    title = _("Vouchers")
    permission = TRACE
    parent = "batches"
    empty = _("Nothing has happened to any voucher yet.")
    fields = (
        BATCH_FIELD,
        Field("stage", _("Stage"), "choice", options=STAGES),
        Field("ends_from", _("Ends from"), "day", more=True),
        Field("ends_until", _("Ends until"), "day", more=True),
    )
    columns = VOUCHER_COLUMNS

    def of_batch(self, batch_id: int, **asked: str) -> str:
        """The list of one batch's."""
        return f"{self.address()}?{urlencode({'batch': batch_id, **asked})}"

    def page_of(self, actor: Actor, values: Values, paging: Paging) -> Page[VoucherLine]:
        """The vouchers."""
        return voucher_page(
            actor,
            batch_id=batch_id_in(values),
            stage=values["stage"],
            ends_from=day_start(values["ends_from"]),
            ends_before=day_end(values["ends_until"]),
            paging=paging,
        )

    def key(self, row: VoucherLine) -> str:
        """Its serial."""
        return str(row.row.serial)


VOUCHERS = Vouchers()
