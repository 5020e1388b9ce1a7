"""Bundles of paper slips: opened with what was counted, filled at the desk, closed when it fits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from kaquan.engine.money import format_yuan
from kaquan.foundation.actor import Actor
from kaquan.foundation.paging import Page, Paging
from kaquan.registration import bundles, queries
from kaquan.registration.acting import REGISTER
from kaquan.registration.models import Bundle
from kaquan.registration.queries import SlipLine
from kaquan.surfaces.console.kit.actions import Action, Doing
from kaquan.surfaces.console.kit.cells import (
    Cell,
    Fact,
    Text,
    badge,
    code,
    count,
    moment,
    money,
    question,
    text,
)
from kaquan.surfaces.console.kit.details import DetailScreen, action_address
from kaquan.surfaces.console.kit.fields import Field, Values
from kaquan.surfaces.console.kit.forms import FormScreen
from kaquan.surfaces.console.kit.lists import Column, ListScreen
from kaquan.surfaces.console.kit.panels import Facts, Panel, Tab, Table
from kaquan.surfaces.console.kit.screens import Call
from kaquan.surfaces.console.screens.batch_forms import read_quantity
from kaquan.surfaces.console.screens.keying import waiting_panels
from kaquan.surfaces.console.screens.register_pages import page_panels
from kaquan.surfaces.console.screens.slips import REVERSE, SLIP, state_of
from kaquan.surfaces.console.screens.voucher_care import read_amount

SLIPS_SHOWN = 200


def _state(bundle: Bundle) -> Cell:
    return (
        badge(_("Closed bundle"), "good") if bundle.closed_at else badge(_("Open bundle"), "info")
    )


def _close(bundle: Bundle, doing: Doing) -> Text:
    bundles.close_bundle(actor=doing.actor, bundle_id=bundle.id)
    return _("“%(name)s” is closed: what was typed is what was counted.") % {"name": bundle.name}


ACTIONS: tuple[Action[Bundle], ...] = (
    Action(
        "close",
        _("Close the bundle"),
        REGISTER,
        lambda one: _("Close the bundle “%(name)s”?") % {"name": one.name},
        _close,
        offered=lambda one: one.closed_at is None,
        consequence=_("It takes no more slips then."),
    ),
)


def _reverse(slip: SlipLine) -> Cell:
    if slip.state != "registered":
        return text("")
    return question(_("Reverse"), action_address(SLIP, slip.id, REVERSE))


SLIP_COLUMNS = (
    Column[SlipLine]("serial", _("Serial"), lambda one: code(
        str(one.serial), href=SLIP.address(key=one.id))),
    Column[SlipLine]("state", _("State"), state_of),
    Column[SlipLine]("holder", _("Holder"), lambda one: text(one.holder), wide=True),
    Column[SlipLine]("used", _("Used at"), lambda one: moment(one.used_at), wide=True),
    Column[SlipLine]("amount", _("Order amount"), lambda one: money(one.amount_fen), number=True),
    Column[SlipLine]("off", _("Discount"), lambda one: money(one.discount_fen), number=True,
                     wide=True),
    Column[SlipLine]("store", _("Store"), lambda one: text(one.store), wide=True),
    Column[SlipLine]("clerk", _("Clerk"), lambda one: text(one.clerk), wide=True),
    Column[SlipLine]("reverse", _("Correct"), _reverse),
)  # fmt: skip


def slip_table(actor: Actor, bundle_id: int, *, limit: int) -> Table:
    """The last slips of a bundle."""
    found = queries.slips_of(actor, bundle_id, limit=limit)
    return Table(_("Last slips"), SLIP_COLUMNS, found, _("Nothing was typed yet."))


def _difference(number: int, written: str) -> Text:
    """More or less than was counted, in words."""
    if not number:
        return gettext("fits")
    words = gettext("%(much)s too much") if number > 0 else gettext("%(much)s missing")
    return words % {"much": written}


def totals_panel(bundle: Bundle) -> Facts:
    """What was counted, what was typed, and what lies between."""
    typed = queries.totals_of(bundle)
    slips = typed.slips - bundle.slips_told
    amount_fen = typed.amount_fen - bundle.amount_told_fen
    slips_note = _difference(slips, f"{abs(slips):,}")
    amount_note = _difference(amount_fen, format_yuan(abs(amount_fen)))
    facts = [
        Fact(_("Slips counted"), count(bundle.slips_told)),
        Fact(_("Slips typed"), text(f"{typed.slips:,} · {slips_note}")),
        Fact(_("Amount counted"), money(bundle.amount_told_fen)),
        Fact(_("Amount typed"), text(f"{format_yuan(typed.amount_fen)} · {amount_note}")),
        Fact(_("Slips reversed"), count(typed.reversed)),
    ]
    if typed.pending:
        facts.append(Fact(_("Not registered yet"), count(typed.pending)))
    return Facts("", facts)


class BundleDetail(DetailScreen[Bundle]):
    """One bundle."""

    name = "bundle"
    path = "bundles/<int:key>"
    title = _("Bundle")
    permission = REGISTER
    parent = "bundles"
    actions = ACTIONS
    links = (
        ("registration-entry", _("Register slips"), REGISTER),
        ("register-page-new", _("Photo of a register page"), REGISTER),
        ("bundle-totals", _("Counted again"), REGISTER),
    )

    def subject(self, actor: Actor, key: int) -> Bundle:
        """The bundle; raises `bundle_unknown`."""
        return queries.bundle_by_id(actor, key)

    def heading(self, subject: Bundle) -> str:
        """Its name."""
        return subject.name

    def badges(self, subject: Bundle) -> Sequence[Cell]:
        """Whether it is open, and whether it is keyed twice."""
        twice = (badge(_("Keyed twice"), "info"),) if subject.double_key else ()
        return (_state(subject), *twice)

    def shows_link(self, name: str, subject: Bundle) -> bool:
        """Nothing is typed into one that is closed."""
        del name
        return subject.closed_at is None

    @staticmethod
    def facts(call: Call, bundle: Bundle) -> Sequence[Panel]:
        """Totals, who had it when, and its slips."""
        facts = [
            Fact(_("Number"), code(str(bundle.id))),
            Fact(_("Opened"), moment(bundle.opened_at)),
            Fact(_("By"), text(bundle.opened_by_name)),
            Fact(_("When it was closed"), moment(bundle.closed_at)),
            Fact(_("Closed by"), text(bundle.closed_by_name)),
        ]
        waiting = waiting_panels(call.actor, bundle, limit=SLIPS_SHOWN)
        table = slip_table(call.actor, bundle.id, limit=SLIPS_SHOWN)
        pages = page_panels(call.actor, bundle)
        return [totals_panel(bundle), Facts("", facts), *pages, *waiting, table]

    tabs = (Tab("facts", _("Bundle"), facts),)


class Bundles(ListScreen[Bundle]):
    """The bundles of one's part."""

    name = "bundles"
    path = "bundles"
    title = _("Registration desk")
    permission = REGISTER
    empty = _("There is no bundle yet. Count the slips of a bundle, open it, and type them in.")
    actions = ACTIONS
    fields = (Field("words", _("Name")),)
    creates = ("bundle-new", _("Open a bundle"), REGISTER)
    links = (
        ("slip-import", _("Import slips"), REGISTER),
        ("voucher-convert", _("Convert paper to digital"), REGISTER),
        ("keying-accuracy", _("Accuracy of keying"), REGISTER),
    )
    columns = (
        Column[Bundle]("name", _("Name"), lambda one: text(
            one.name, href=BUNDLE.address(key=one.id)), sort="name"),
        Column[Bundle]("state", _("State"), _state),
        Column[Bundle]("slips", _("Slips counted"), lambda one: count(one.slips_told),
                       number=True),
        Column[Bundle]("amount", _("Amount counted"), lambda one: money(one.amount_told_fen),
                       number=True),
        Column[Bundle]("opened", _("Opened"), lambda one: moment(one.opened_at), sort="opened",
                       wide=True),
        Column[Bundle]("by", _("By"), lambda one: text(one.opened_by_name), wide=True),
    )  # fmt: skip

    def page_of(self, actor: Actor, values: Values, paging: Paging) -> Page[Bundle]:
        """The bundles."""
        return queries.bundle_page(actor, paging, words=values["words"])

    def action_address(self, row: Bundle, action: Action[Any]) -> str:
        """On the bundle's own page."""
        return action_address(BUNDLE, row.id, action)


_SLIPS = Field("slips", _("Slips counted"), required=True, characters_max=10)
_AMOUNT = Field(
    "amount",
    _("Amount counted (yuan)"),
    required=True,
    characters_max=40,
    hint=_("The order amounts of all slips together; 0 where they show none."),
)


class NewBundle(FormScreen):
    """A new bundle, with its control totals."""

    name = "bundle-new"
    path = "new-bundle"
    title = _("Open a bundle")
    hint = _("Count before you type: the bundle closes only when what was typed is the same.")
    permission = REGISTER
    parent = "bundles"
    save_words = _("Open a bundle")
    fields = (
        Field("name", _("Name"), required=True, hint=_("Such as: Chaoyang store, 27 November")),
        _SLIPS,
        _AMOUNT,
        Field("double", _("Keyed twice"), "switch",
              hint=_("Two clerks key each slip; what differs is settled by the paper.")),
    )  # fmt: skip

    def save(self, doing: Doing, key: Any) -> tuple[Text, str]:
        """Open it, and go on typing."""
        del key
        bundle = bundles.open_bundle(
            actor=doing.actor,
            name=doing.values["name"],
            slips_told=read_quantity(doing.values["slips"]),
            amount_told_fen=read_amount(doing.values["amount"]) or 0,
            double_key=bool(doing.values["double"]),
        )
        words = _("The bundle “%(name)s” is open.") % {"name": bundle.name}
        return words, BUNDLE.address(key=bundle.id) + "slips/"

    def home(self, key: Any) -> str:
        """The list."""
        del key
        return BUNDLES.address()


class BundleTotals(FormScreen):
    """Other totals, after the slips were counted again."""

    name = "bundle-totals"
    path = "bundles/<int:key>/totals"
    title = _("Counted again")
    permission = REGISTER
    parent = "bundles"
    fields = (_SLIPS, _AMOUNT)

    def initial(self, actor: Actor, key: int) -> Mapping[str, Any]:
        """As they are; raises `bundle_unknown`."""
        bundle = queries.bundle_by_id(actor, key)
        amount = format_yuan(bundle.amount_told_fen).replace("¥", "").replace(",", "")
        return {"slips": str(bundle.slips_told), "amount": amount}

    def save(self, doing: Doing, key: int) -> tuple[Text, str]:
        """Change them."""
        bundle = bundles.change_totals(
            actor=doing.actor,
            bundle_id=key,
            slips_told=read_quantity(doing.values["slips"]),
            amount_told_fen=read_amount(doing.values["amount"]) or 0,
        )
        return _("“%(name)s” was saved.") % {"name": bundle.name}, self.home(key)

    def home(self, key: int) -> str:
        """The bundle."""
        return BUNDLE.address(key=key)


BUNDLE: BundleDetail = BundleDetail()
BUNDLES = Bundles()
