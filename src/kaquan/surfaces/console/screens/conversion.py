"""Paper vouchers become digital ones: by scanning at the desk, into a batch that somebody chose."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from kaquan.campaigns import queries as campaigns
from kaquan.campaigns.actions import PERMISSION as EDIT
from kaquan.customers.queries import VIEW as VIEW_CUSTOMERS
from kaquan.foundation.actor import Actor
from kaquan.redemption.queries import TRACE
from kaquan.registration import digital_batches, queries
from kaquan.registration.acting import REGISTER
from kaquan.registration.conversion import PaperShown, convert_paper
from kaquan.registration.queries import ConversionLine
from kaquan.surfaces.console.kit.actions import Doing
from kaquan.surfaces.console.kit.cells import Cell, Fact, Text, code, local_text, moment, text
from kaquan.surfaces.console.kit.fields import Field
from kaquan.surfaces.console.kit.forms import FormScreen
from kaquan.surfaces.console.kit.lists import Column
from kaquan.surfaces.console.kit.menu import holds
from kaquan.surfaces.console.kit.panels import Panel, Table
from kaquan.surfaces.console.kit.screens import Call
from kaquan.surfaces.console.screens.bundles import BUNDLES


class ConvertPaper(FormScreen):
    """One paper voucher after the other."""

    name = "voucher-convert"
    path = "convert-paper"
    title = _("Convert paper to digital")
    hint = _(
        "Scan the paper voucher. Its holder gets a digital one in their name, and the paper is "
        "void from then on."
    )
    permission = REGISTER
    parent = "bundles"
    save_words = _("Convert")
    fields = (
        Field("number", _("Code or serial"), required=True, characters_max=64),
        Field("last", _("Last 4 of the code"), characters_max=10, hint=_("Only with a serial.")),
        Field("phone", _("Phone"), required=True, characters_max=40,
              hint=_("Whoever has this phone gets it; a new customer where nobody has.")),
        Field("holder", _("Holder's name"), characters_max=100),
    )  # fmt: skip

    def save(self, doing: Doing, key: Any) -> tuple[Text, str]:
        """Convert it, once for each form, and go on with the next."""
        del key
        values = doing.values
        conversion = convert_paper(
            actor=doing.actor,
            shown=PaperShown(
                number=values["number"],
                last_symbols=values["last"] or "",
                holder_phone=values["phone"],
                holder_name=values["holder"],
            ),
            once=doing.once,
        )
        words = _(
            "Paper voucher %(serial)s is void; customer %(customer)s has voucher %(digital)s "
            "instead."
        )
        told = {
            "serial": conversion.serial,
            "customer": conversion.customer.number,
            "digital": conversion.digital_serial,
        }
        return words % told, self.address()

    def home(self, key: Any) -> str:
        """The desk."""
        del key
        return BUNDLES.address()


class ChooseDigitalBatch(FormScreen):
    """Which stock a batch's paper vouchers are converted to."""

    name = "batch-digital"
    path = "batches/<int:key>/digital"
    title = _("Digital batch")
    hint = _(
        "From which stock the digital vouchers come that replace paper ones of this batch. "
        "Nothing chosen: from the one running stock batch of the same offer."
    )
    permission = EDIT
    parent = "batches"
    fields = (Field("batch", _("Digital batch"), "choice"),)

    def form_fields(self, actor: Actor, key: int) -> Sequence[Field]:
        """With the stock batches of its offer and its campaign."""
        options = [
            (str(one.id), f"{one.name} · {one.campaign.name}")
            for one in digital_batches.choices_for(actor, key)
        ]
        return [one.with_options(options) for one in self.fields]

    def initial(self, actor: Actor, key: int) -> Mapping[str, Any]:
        """What was chosen; raises `batch_unknown`."""
        chosen = digital_batches.chosen_for(actor, key)
        return {"batch": chosen and chosen.id}

    def hint_of(self, call: Call, key: int) -> Text:
        """Which batch it is about."""
        batch = campaigns.batch_by_id(call.actor, key)
        named = _("Campaign “%(campaign)s”, batch “%(batch)s”.")
        words = str(named) % {"campaign": batch.campaign.name, "batch": batch.name}
        if digital_batches.choices_for(call.actor, key):
            return f"{words} {self.hint}"
        missing = _("There is none to choose yet: first add a batch from stock to the same "
                    "campaign, or one of the same offer.")  # fmt: skip
        return f"{words} {missing}"

    def save(self, doing: Doing, key: int) -> tuple[Text, str]:
        """Choose it."""
        chosen = doing.values["batch"]
        digital_batches.choose_digital_batch(
            actor=doing.actor, batch_id=key, digital_batch_id=int(chosen) if chosen else None
        )
        batch = campaigns.batch_by_id(doing.actor, key)
        return _("“%(name)s” was saved.") % {"name": batch.name}, self.home(key)

    def home(self, key: int) -> str:
        """The batch."""
        return reverse("console:batch", kwargs={"key": key})


def _voucher(call: Call, serial: int | None) -> Cell:
    may_see = serial is not None and holds(call.actor, TRACE)
    href = reverse("console:voucher", kwargs={"key": serial}) if may_see else ""
    return code("" if serial is None else str(serial), href=href)


def conversion_facts(call: Call, serial: int) -> Sequence[Fact]:
    """What a voucher's page tells of its conversion, on paper or digital; mostly nothing."""
    found = queries.conversion_of(serial)
    if found is None or found.digital_serial is None:
        return ()
    is_paper = found.serial == serial
    other = found.digital_serial if is_paper else found.serial
    title = _("Became the digital voucher") if is_paper else _("Replaces the paper voucher")
    return (
        Fact(title, _voucher(call, other)),
        Fact(_("Converted by"), text(f"{found.by} · {local_text(found.at)}")),
    )


def conversion_panels(call: Call, customer_id: int) -> Sequence[Panel]:
    """Which of a customer's vouchers were paper before; nothing where none was."""
    if not holds(call.actor, VIEW_CUSTOMERS):
        return ()
    found = queries.conversions_of(call.actor, customer_id)
    columns = (
        Column[ConversionLine]("digital", _("Digital voucher"), lambda one: _voucher(
            call, one.digital_serial)),
        Column[ConversionLine]("paper", _("Was the paper voucher"), lambda one: _voucher(
            call, one.serial)),
        Column[ConversionLine]("at", _("When"), lambda one: moment(one.at)),
        Column[ConversionLine]("by", _("By"), lambda one: text(one.by), wide=True),
    )  # fmt: skip
    return (Table(_("Converted from paper"), columns, found, ""),) if found else ()
