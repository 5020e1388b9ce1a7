"""Redemptions, holds and reversals as they were booked, the latest first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from django.utils.translation import gettext_lazy as _

from kaquan.foundation.actor import Actor
from kaquan.foundation.paging import Page, Paging, cursor_invalid, cursor_of, keys_in
from kaquan.ledger.entry_pages import Bookmark, Period
from kaquan.organisations.queries import organisation_names, store_by_code
from kaquan.redemption import listings
from kaquan.redemption.listings import Activity, ActivityFilter
from kaquan.redemption.receipt_numbers import ReceiptKind, format_receipt
from kaquan.surfaces.console.kit.cells import Cell, badge, code, count, moment, money, text
from kaquan.surfaces.console.kit.fields import Field, Values, day_end, day_start
from kaquan.surfaces.console.kit.lists import Column, ListScreen
from kaquan.surfaces.console.words import CHANNELS, OPERATIONS

RECEIPTS = {
    "redeem": ReceiptKind.REDEMPTION,
    "hold": ReceiptKind.HOLD,
    "reverse": ReceiptKind.REVERSAL,
}
_OPERATIONS = [(name, OPERATIONS[name][0]) for name in RECEIPTS]


class ActivityLine(NamedTuple):
    """Something that was booked, and the name of its store."""

    activity: Activity
    store: str


def _bookmark(cursor: str) -> Bookmark | None:
    if not cursor:
        return None
    position, block, index = keys_in(cursor, 3)
    if not (isinstance(position, str) and isinstance(block, int) and isinstance(index, int)):
        raise cursor_invalid()
    try:
        pairs = [part.split(".") for part in position.split("-") if part]
        lanes = {int(lane, 36): int(last, 36) for lane, last in pairs}
    except ValueError:
        raise cursor_invalid() from None
    if any(not 0 < number < 2**62 for pair in lanes.items() for number in pair):
        raise cursor_invalid()
    return Bookmark(lanes, block, index)


def _cursor(following: Bookmark | None) -> str:
    if following is None:
        return ""
    lanes = "-".join(f"{_base36(lane)}.{_base36(last)}" for lane, last in
                     following.position.items())  # fmt: skip
    return cursor_of(lanes, following.block, following.index)


def _base36(number: int) -> str:
    digits = ""
    while number or not digits:
        number, digit = divmod(number, 36)
        digits = "0123456789abcdefghijklmnopqrstuvwxyz"[digit] + digits
    return digits


def receipt(activity: Activity) -> str:
    """The number that people know it by."""
    return format_receipt(RECEIPTS[activity.operation], activity.place)


def _operation(line: ActivityLine) -> Cell:
    return badge(*OPERATIONS[line.activity.operation])


class Redemptions(ListScreen[ActivityLine]):
    """What was used in one's stores and of one's batches."""

    name = "redemptions"
    path = "redemptions"
    title = _("Redemptions")
    permission = listings.VIEW
    empty = _("Nothing was redeemed yet.")
    fields = (
        Field("operation", _("What"), "choice", options=_OPERATIONS),
        Field("store", _("Store's code"), characters_max=200),
        Field("first", _("Booked from"), "day"),
        Field("last", _("Booked until"), "day"),
        Field("order", _("Order number"), characters_max=64, more=True),
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
        Column[ActivityLine]("vouchers", _("Vouchers"), lambda one: count(
            len(one.activity.vouchers)), number=True, wide=True),
        Column[ActivityLine]("discount", _("Discount"), lambda one: money(
            one.activity.discount_fen), number=True),
        Column[ActivityLine]("by", _("By"), lambda one: text(one.activity.actor), hidden=True),
        Column[ActivityLine]("booked", _("Booked"), lambda one: moment(
            one.activity.booked_at), hidden=True),
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
            ),
            period=Period(day_start(values["first"]), day_end(values["last"])),
            after=_bookmark(paging.after),
            limit=paging.rows_max,
        )
        return Page(_lines(actor, found.items), after=_cursor(found.following))

    def key(self, row: ActivityLine) -> str:
        """Its number."""
        return receipt(row.activity)


def _lines(actor: Actor, found: Sequence[Activity]) -> list[ActivityLine]:
    names = organisation_names(actor, {one.store_id for one in found if one.store_id})
    return [ActivityLine(one, names.get(one.store_id, "")) for one in found]


REDEMPTIONS = Redemptions()
