"""Typing slips by the keyboard alone: Enter goes to the next field, the last one saves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.http.response import HttpResponseBase
from django.utils.translation import gettext_lazy as _

from kaquan.engine.money import format_yuan
from kaquan.foundation import imports_cells as cells
from kaquan.foundation.errors import KaquanError
from kaquan.organisations.searching import node_named
from kaquan.registration import queries
from kaquan.registration.acting import REGISTER
from kaquan.registration.actions import is_waiting, register_slip
from kaquan.registration.imports import SLIPS
from kaquan.registration.keying import key_slip
from kaquan.registration.models import Slip
from kaquan.registration.reading import read_time
from kaquan.registration.typed import SlipTyped
from kaquan.surfaces.console.kit.actions import Doing, name_in, new_name
from kaquan.surfaces.console.kit.cells import Text
from kaquan.surfaces.console.kit.fields import Field, Filled
from kaquan.surfaces.console.kit.forms import FormScreen
from kaquan.surfaces.console.kit.imports import ImportScreen
from kaquan.surfaces.console.kit.screens import Call
from kaquan.surfaces.console.screens.bundles import BUNDLE, BUNDLES, slip_table, totals_panel
from kaquan.surfaces.console.screens.keying import field_names, waiting_panels
from kaquan.surfaces.console.screens.node_fields import FormFaultError
from kaquan.surfaces.console.screens.voucher_care import read_amount

SLIPS_SHOWN = 10


class RegistrationEntry(FormScreen):
    """One slip after the other, of one bundle."""

    name = "registration-entry"
    path = "bundles/<int:key>/slips"
    title = _("Register slips")
    permission = REGISTER
    parent = "bundles"
    save_words = _("Save")
    fields = (
        Field("number", _("Code or serial"), required=True, characters_max=64),
        Field("last", _("Last 4 of the code"), characters_max=10,
              hint=_("Only with a serial.")),
        Field("holder", _("Holder's name"), characters_max=100),
        Field("phone", _("Phone"), characters_max=40),
        Field("at", _("Time of use"), required=True, characters_max=40,
              hint=_("1425 today, 10031425, or 2026-10-03 14:25")),
        Field("amount", _("Order amount (yuan)"), characters_max=40),
        Field("store", _("Store"), "node", required=True),
        Field("clerk", _("Clerk"), characters_max=100),
    )  # fmt: skip

    def initial_of(self, call: Call, key: int) -> Mapping[str, Any]:
        """Store and clerk of the slip before; raises `bundle_unknown`."""
        last = queries.remembered(call.actor, key)
        return {"store": last.store, "clerk": last.clerk}

    def save(self, doing: Doing, key: int) -> tuple[Text, str]:
        """Register it, once for each form."""
        keep = _key if queries.bundle_by_id(doing.actor, key).double_key else _register
        try:
            words = keep(doing, key)
        except KaquanError as error:
            if not error.code.endswith("_unknown") or error.code == "bundle_unknown":
                raise
            raise FormFaultError(error) from None  # what was typed stays
        return words, self.address(key=key)

    def home(self, key: int) -> str:
        """The bundle."""
        return BUNDLE.address(key=key)

    def _form(
        self, call: Call, key: int, filled: Sequence[Filled], error: str = "", *, status: int = 200
    ) -> HttpResponseBase:
        bundle = queries.bundle_by_id(call.actor, key)
        once = name_in(call.request)
        context = {
            "heading": f"{self.title} · {bundle.name}",
            "filled": filled,
            "error": error,
            "back": self.home(key),
            # A slip of which nobody knows what became is sent again under its own name.
            "once": once if is_waiting(call.actor, once) else new_name(),
            "closed": bundle.closed_at is not None,
            "panels": [
                totals_panel(bundle),
                *waiting_panels(call.actor, bundle, limit=SLIPS_SHOWN),
                slip_table(call.actor, key, limit=SLIPS_SHOWN),
            ],
        }
        return self.page(call, "console/registration.html", context, status=status)


def _typed(doing: Doing) -> SlipTyped:
    """What stands in the form; raises `value_invalid`, `organisation_unknown`."""
    values = doing.values
    return SlipTyped(
        number=values["number"],
        last_symbols=values["last"] or "",
        holder_name=values["holder"],
        holder_phone=values["phone"],
        store_code=node_named(doing.actor, values["store"]).code,
        clerk=values["clerk"] or "",
        used_at=cells.accepted(read_time, values["at"], zh="使用时间", en="time of use"),
        amount_fen=read_amount(values["amount"]),
    )


def _register(doing: Doing, bundle_id: int) -> Text:
    slip = register_slip(
        actor=doing.actor, bundle_id=bundle_id, typed=_typed(doing), once=doing.once
    )
    return _registered(slip)


def _key(doing: Doing, bundle_id: int) -> Text:
    """One of the two keyings; the second says what came of both."""
    keyed = key_slip(actor=doing.actor, bundle_id=bundle_id, typed=_typed(doing), once=doing.once)
    if keyed.slip is not None:
        return _registered(keyed.slip)
    told = {"serial": keyed.keying.serial, "fields": field_names(keyed.differing)}
    if keyed.differing:
        words = _("Voucher %(serial)s: both keyings differ in %(fields)s; it waits to be settled.")
        return words % told
    return _("Voucher %(serial)s: keyed; somebody else keys it a second time.") % told


def _registered(slip: Slip) -> Text:
    told = {"serial": slip.serial, "amount": format_yuan(slip.discount_fen)}
    return _("Voucher %(serial)s: registered, %(amount)s off.") % told


class ImportSlips(ImportScreen):
    """A CSV or XLSX file of slips, tried before anything is booked."""

    name = "slip-import"
    path = "import-slips"
    title = _("Import slips")
    permission = REGISTER
    parent = "bundles"
    plan = SLIPS

    def home(self) -> str:
        """The bundles."""
        return BUNDLES.address()


ENTRY = RegistrationEntry()
