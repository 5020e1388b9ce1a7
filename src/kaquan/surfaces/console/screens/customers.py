"""Customers: list, search by phone, page with vouchers; nobody is named in full."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from kaquan.campaigns.queries import batches_by_id
from kaquan.customers import queries
from kaquan.customers.listings import CustomerFilter, customer_page
from kaquan.customers.queries import CustomerLine
from kaquan.foundation.actor import Actor
from kaquan.foundation.errors import KaquanError
from kaquan.foundation.paging import Page, Paging
from kaquan.ledger.sessions import reading_session
from kaquan.ledger.vouchers_of import vouchers_of
from kaquan.organisations.queries import organisation_names
from kaquan.surfaces.console.kit.cells import (
    Cell,
    Fact,
    badge,
    code,
    count,
    last_moment,
    moment,
    money,
    text,
)
from kaquan.surfaces.console.kit.details import DetailScreen
from kaquan.surfaces.console.kit.fields import Field, Filled, Values, read_all
from kaquan.surfaces.console.kit.lists import Column, ListScreen
from kaquan.surfaces.console.kit.panels import Facts, Panel, Tab, Table
from kaquan.surfaces.console.kit.screens import Call, Screen, in_words
from kaquan.surfaces.console.words import voucher_state

VIEW = queries.VIEW
VOUCHERS_SHOWN = 200
_STATES = [("known", _("Known")), ("merged", _("Merged")), ("erased", _("Erased"))]


def _state(line: CustomerLine) -> Cell:
    if line.erased_at is not None:
        return badge(_("Erased"), "muted")
    if line.merged_into is not None:
        return badge(_("Merged"), "warn")
    return badge(_("Known"), "good")


class CustomerDetail(DetailScreen[CustomerLine]):
    """One customer, masked."""

    name = "customer"
    path = "customers/<int:key>"
    title = _("Customer")
    permission = VIEW
    parent = "customers"

    def subject(self, actor: Actor, key: int) -> CustomerLine:
        """The customer; raises `customer_unknown`."""
        return queries.line_of(queries.customer_by_id(actor, key))

    def heading(self, subject: CustomerLine) -> str:
        """The number; a name is not needed to know whose page it is."""
        return subject.number

    def badges(self, subject: CustomerLine) -> Sequence[Cell]:
        """Merged, erased, or neither."""
        return [_state(subject)]

    @staticmethod
    def profile(call: Call, line: CustomerLine) -> Sequence[Panel]:
        """What is known."""
        owner_id = line.organisation_id
        owners = organisation_names(call.actor, [owner_id]) if owner_id else {}
        owner = owners.get(owner_id, "") if owner_id else _("Whole issuer")
        facts = [
            Fact(_("Full name"), text(line.masked_name)),
            Fact(_("Phone"), code(line.masked_phone)),
            Fact(_("Tags"), text("、".join(line.tags))),
            Fact(_("First order"), moment(line.first_order_at)),
            Fact(_("Belongs to"), text(owner)),
            Fact(_("Merged into"), code(line.merged_into or "")),
            Fact(_("Erased"), moment(line.erased_at)),
        ]
        return [Facts("", facts)]

    @staticmethod
    def vouchers(call: Call, line: CustomerLine) -> Sequence[Panel]:
        """What this customer holds or has held."""
        rows = vouchers_of(reading_session(), line.id, limit=VOUCHERS_SHOWN)
        batches = batches_by_id(call.actor, {one.batch_id for one in rows})

        def batch(one: Any) -> Cell:
            known = batches.get(one.batch_id)
            return text(known.name, note=known.campaign.name) if known else text(_("Elsewhere"))

        columns = (
            Column[Any]("serial", _("Serial"), lambda one: code(
                str(one.serial), href=reverse("console:voucher", kwargs={"key": one.serial}))),
            Column[Any]("batch", _("Batch"), batch),
            Column[Any]("state", _("State"), lambda one: voucher_state(one.state)),
            Column[Any]("balance", _("Balance"), lambda one: money(one.balance_fen or None),
                        number=True, wide=True),
            Column[Any]("uses", _("Uses left"), lambda one: count(one.uses_left), number=True,
                        wide=True),
            Column[Any]("until", _("Good until"), lambda one: last_moment(
                one.valid_until), wide=True),
        )  # fmt: skip
        note = _("The first %(number)s.") % {"number": VOUCHERS_SHOWN}
        return [
            Table(_("Vouchers"), columns, rows, _("This customer holds no voucher."),
                  note if len(rows) == VOUCHERS_SHOWN else "")
        ]  # fmt: skip

    tabs = (Tab("profile", _("Profile"), profile), Tab("vouchers", _("Vouchers"), vouchers))


CUSTOMER: CustomerDetail = CustomerDetail()
_COLUMNS = (
    Column[CustomerLine]("number", _("Number"), lambda one: code(
        one.number, href=CUSTOMER.address(key=one.id)), sort="number"),
    Column[CustomerLine]("name", _("Full name"), lambda one: text(one.masked_name)),
    Column[CustomerLine]("phone", _("Phone"), lambda one: code(one.masked_phone)),
    Column[CustomerLine]("tags", _("Tags"), lambda one: text("、".join(one.tags)), wide=True),
    Column[CustomerLine]("state", _("State"), _state),
    Column[CustomerLine]("first_order", _("First order"), lambda one: moment(one.first_order_at),
                         wide=True),
)  # fmt: skip


class Customers(ListScreen[CustomerLine]):
    """All customers of one's part. Phones are asked for on a screen of their own."""

    name = "customers"
    path = "customers"
    title = _("Customers")
    permission = VIEW
    empty = _("There are no customers yet.")
    creates = ("customer-search", _("Search by phone"), VIEW)
    fields = (
        Field("number", _("Number begins with"), characters_max=64),
        Field("tag", _("Tag"), characters_max=64),
        Field("state", _("State"), "choice", options=_STATES),
    )
    columns = _COLUMNS

    def page_of(self, actor: Actor, values: Values, paging: Paging) -> Page[CustomerLine]:
        """The customers."""
        wanted = CustomerFilter(values["number"], values["tag"], values["state"])
        return customer_page(actor, wanted, paging)


class CustomerSearch(Screen):
    """Who has this phone number; it is sent in the body, so no address and no log knows it."""

    name = "customer-search"
    path = "search-customers"
    title = _("Search by phone")
    permission = VIEW
    parent = "customers"
    field = Field("phone", _("Phone number"), required=True, characters_max=40)

    def respond(self, call: Call, **key: Any) -> HttpResponseBase:
        """The form, and below it who was found."""
        del key
        if call.request.method != "POST":
            return self._shown(call, Filled(self.field), [], "")
        values, (filled,) = read_all([self.field], call.request.POST)
        if filled.error:
            return self._shown(call, filled, [], "", status=422)
        try:
            found = queries.customers_by_spelled_phone(call.actor, values["phone"])
        except KaquanError as error:
            if error.code != "value_invalid":
                raise
            return self._shown(call, filled, [], in_words(error), status=422)
        table = Table("", _COLUMNS, found, _("Nobody here has this number."))
        return self._shown(call, filled, [table], "")

    def _shown(
        self, call: Call, filled: Filled, panels: Sequence[Panel], error: str, *, status: int = 200
    ) -> HttpResponseBase:
        context = {"one": filled, "panels": panels, "error": error}
        return self.page(call, "console/search.html", context, status=status)


CUSTOMERS = Customers()
