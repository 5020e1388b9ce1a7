"""Redemptions, holds and reversals as they were booked, the latest first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from kaquan.analytics.trade_queries import actor_names
from kaquan.campaigns.queries import batch_by_id
from kaquan.foundation.actor import Actor
from kaquan.foundation.paging import Page, Paging
from kaquan.ledger.entry_pages import Period
from kaquan.organisations.queries import organisation_names, store_by_code
from kaquan.redemption import listings
from kaquan.redemption.listings import Activity, ActivityFilter
from kaquan.redemption.receipt_numbers import ReceiptKind, format_receipt
from kaquan.surfaces.console.kit.cells import Cell, badge, code, count, moment, money, text
from kaquan.surfaces.console.kit.fields import Field, Values, day_end, day_start
from kaquan.surfaces.console.kit.lists import Column, ListScreen
from kaquan.surfaces.console.screens.bookmarks import bookmark_in, cursor_after
from kaquan.surfaces.console.screens.runs import BATCH_FIELD, batch_id_in
from kaquan.surfaces.console.words import CHANNELS, OPERATIONS, acted

RECEIPTS = {
    "redeem": ReceiptKind.REDEMPTION,
    "hold": ReceiptKind.HOLD,
    "reverse": ReceiptKind.REVERSAL,
}
_OPERATIONS = [(name, OPERATIONS[name][0]) for name in RECEIPTS]


class ActivityLine(NamedTuple):
    """Something that was booked, and the names of its store and of whoever did it."""

    activity: Activity
    store: str
    by: str


def receipt(activity: Activity) -> str:
    """The number that people know it by."""
    return format_receipt(RECEIPTS[activity.operation], activity.place)


def _own_batch(actor: Actor, values: Values) -> int | None:
    """The batch that was asked for; raises `batch_unknown`."""
    batch_id = batch_id_in(values)
    return None if batch_id is None else batch_by_id(actor, batch_id).id


def _vouchers(line: ActivityLine) -> Cell:
    """How many; a single one is led to."""
    used = line.activity.vouchers
    href = reverse("console:voucher", kwargs={"key": used[0].serial}) if len(used) == 1 else ""
    return count(len(used), href=href)


def _reversal(line: ActivityLine) -> Cell:
    """Where it is undone."""
    if line.activity.operation != "redeem":
        return text("")
    href = reverse("console:redemption-reverse", kwargs={"key": receipt(line.activity)})
    return text(_("Undo"), href=href)


def _operation(line: ActivityLine) -> Cell:
    return badge(*OPERATIONS[line.activity.operation])


class Redemptions(ListScreen[ActivityLine]):
    """What was used in one's stores and of one's batches."""

    name = "redemptions"
    path = "redemptions"
    title = _("Redemptions")
    permission = listings.VIEW
    empty = _("Nothing was redeemed yet.")
    narrowing = _("With “Booked until”, it begins at that day at once.")
    fields = (
        Field("operation", _("What"), "choice", options=_OPERATIONS),
        Field("store", _("Store's code"), characters_max=200),
        Field("first", _("Booked from"), "day"),
        Field("last", _("Booked until"), "day"),
        Field("order", _("Order number"), characters_max=64, more=True),
        replace(BATCH_FIELD, more=True),
    )
    columns = (
        Column[ActivityLine]("receipt", _("Number"), lambda one: code(receipt(one.activity))),
        Column[ActivityLine]("operation", _("What"), _operation),
        Column[ActivityLine]("at", _("When"), lambda one: moment(one.activity.at)),
        Column[ActivityLine]("store", _("Store"), lambda one: text(one.store), wide=True),
        Column[ActivityLine]("channel", _("Channel"), lambda one: text(
            CHANNELS.get(one.activity.channel, one.activity.channel)), wide=True),
        Column[ActivityLine]("order", _("Order number"), lambda one: code(
            one.activity.order_no), wide=True),
        Column[ActivityLine]("vouchers", _("Vouchers"), _vouchers, number=True, wide=True),
        Column[ActivityLine]("discount", _("Discount"), lambda one: money(
            one.activity.discount_fen), number=True),
        Column[ActivityLine]("by", _("By"), lambda one: text(one.by), hidden=True),
        Column[ActivityLine]("booked", _("Booked"), lambda one: moment(
            one.activity.booked_at), hidden=True),
        Column[ActivityLine]("undo", _("Undo"), _reversal, hidden=True),
    )  # fmt: skip

    def page_of(self, actor: Actor, values: Values, paging: Paging) -> Page[ActivityLine]:
        """What was booked, from the newest back."""
        code_asked = values["store"]
        store_id = store_by_code(actor, code_asked).pk if code_asked else None
        found = listings.activities(
            actor=actor,
            wanted=ActivityFilter(
                operations=(values["operation"],) if values["operation"] else tuple(RECEIPTS),
                store_id=store_id,
                order_no=values["order"],
                batch_id=_own_batch(actor, values),
            ),
            period=Period(day_start(values["first"]), day_end(values["last"])),
            after=bookmark_in(paging.after),
            limit=paging.rows_max,
        )
        return Page(_lines(actor, found.items), after=cursor_after(found.following))

    def key(self, row: ActivityLine) -> str:
        """Its number."""
        return receipt(row.activity)


def _lines(actor: Actor, found: Sequence[Activity]) -> list[ActivityLine]:
    names = organisation_names(actor, {one.store_id for one in found if one.store_id})
    people = actor_names({one.actor for one in found})
    return [
        ActivityLine(one, names.get(one.store_id, ""), str(acted(people, one.actor)))
        for one in found
    ]


REDEMPTIONS = Redemptions()
