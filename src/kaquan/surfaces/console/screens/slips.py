"""One paper slip as it was typed; corrections are reversals."""

from __future__ import annotations

from collections.abc import Sequence

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from kaquan.foundation.actor import Actor
from kaquan.redemption.queries import TRACE
from kaquan.redemption.receipt_numbers import ReceiptKind, format_receipt
from kaquan.registration import actions, queries
from kaquan.registration.acting import REGISTER
from kaquan.registration.queries import SlipLine
from kaquan.surfaces.console.kit.actions import Action, Doing
from kaquan.surfaces.console.kit.cells import Cell, Fact, Text, badge, code, moment, money, text
from kaquan.surfaces.console.kit.details import DetailScreen
from kaquan.surfaces.console.kit.fields import Field
from kaquan.surfaces.console.kit.menu import holds
from kaquan.surfaces.console.kit.panels import Facts, Panel, Tab
from kaquan.surfaces.console.kit.screens import Call
from kaquan.surfaces.console.screens.slip_photos import REMOVE_PHOTO, photo_panels

_STATES: dict[str, tuple[Text, str]] = {
    "pending": (_("Not registered yet"), "warn"),
    "registered": (_("Registered"), "good"),
    "reversed": (_("Slip reversed"), "muted"),
}


def state_of(slip: SlipLine) -> Cell:
    """Where it stands."""
    return badge(*_STATES[slip.state])


def _reverse(slip: SlipLine, doing: Doing) -> Text:
    actions.reverse_slip(
        actor=doing.actor, slip_id=slip.id, reason=doing.values["reason"], once=doing.once
    )
    return _("The slip of voucher %(serial)s was reversed; type it again if need be.") % {
        "serial": slip.serial
    }


REVERSE: Action[SlipLine] = Action(
    "reverse",
    _("Reverse"),
    REGISTER,
    lambda one: _("Reverse the slip of voucher %(serial)s?") % {"serial": one.serial},
    _reverse,
    fields=(Field("reason", _("Reason"), required=True),),
    danger=True,
    offered=lambda one: one.state == "registered",
    consequence=_(
        "Its voucher can be used again; the slip stays in the bundle and counts no more."
    ),
)


class SlipDetail(DetailScreen[SlipLine]):
    """One slip."""

    name = "slip"
    path = "slips/<int:key>"
    title = _("Slip")
    permission = REGISTER
    parent = "bundles"
    actions = (REVERSE, REMOVE_PHOTO)
    links = (("slip-photo-new", _("Add a photo"), REGISTER),)

    def subject(self, actor: Actor, key: int) -> SlipLine:
        """The slip; raises `slip_unknown`."""
        return queries.slip_by_id(actor, key)

    def heading(self, subject: SlipLine) -> str:
        """Its voucher's serial."""
        return str(subject.serial)

    def badges(self, subject: SlipLine) -> Sequence[Cell]:
        """Where it stands."""
        return (state_of(subject),)

    @staticmethod
    def facts(call: Call, slip: SlipLine) -> Sequence[Panel]:
        """What stands on it, who typed it, and where it is in the books."""
        voucher = reverse("console:voucher", kwargs={"key": slip.serial})
        customer = (
            reverse("console:customer", kwargs={"key": slip.customer_id})
            if slip.customer_id and holds(call.actor, "customers.view")
            else ""
        )
        bundle = reverse("console:bundle", kwargs={"key": slip.bundle_id})
        places = (
            (ReceiptKind.REDEMPTION, slip.redemption),
            (ReceiptKind.REVERSAL, slip.reversal),
        )
        redemption, reversal = (
            "" if at is None else format_receipt(kind, at) for kind, at in places
        )
        typed = [
            Fact(_("Serial"), code(
                str(slip.serial), href=voucher if holds(call.actor, TRACE) else "")),
            Fact(_("Bundle"), text(slip.bundle_name, href=bundle)),
            Fact(_("Holder"), text(slip.holder)),
            Fact(_("Customer"), code(slip.customer_number, href=customer)),
            Fact(_("Store"), text(slip.store)),
            Fact(_("Clerk"), text(slip.clerk)),
            Fact(_("Used at"), moment(slip.used_at)),
            Fact(_("Order amount"), money(slip.amount_fen)),
            Fact(_("Discount"), money(slip.discount_fen)),
        ]  # fmt: skip
        booked = [
            Fact(_("Typed"), moment(slip.typed_at)),
            Fact(_("By"), text(slip.typed_by_name)),
            Fact(_("Redemption"), code(redemption)),
            Fact(_("Reversal"), code(reversal)),
        ]
        return [Facts("", typed), *photo_panels(call, slip), Facts("", booked)]

    tabs = (Tab("facts", _("Slip"), facts),)


SLIP: SlipDetail = SlipDetail()
