"""Customers: list, search by phone, page with all that is known; nobody is named in full."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from kaquan.campaigns.listings import VIEW as CAMPAIGNS
from kaquan.campaigns.queries import batches_by_id
from kaquan.customers import identities, looks, profile, queries, segments, tasks
from kaquan.customers.listings import CustomerFilter, customer_page
from kaquan.customers.queries import CustomerLine
from kaquan.foundation.actor import Actor
from kaquan.foundation.errors import KaquanError
from kaquan.foundation.paging import Page, Paging
from kaquan.ledger.batch_rules import batch_ends, later_end
from kaquan.ledger.sessions import reading_session
from kaquan.ledger.vouchers_of import vouchers_of
from kaquan.organisations.queries import organisation_names
from kaquan.redemption import customer_life
from kaquan.surfaces.console.kit.actions import Action
from kaquan.surfaces.console.kit.cells import (
    Cell,
    Fact,
    code,
    count,
    last_moment,
    listed,
    local_text,
    moment,
    money,
    text,
)
from kaquan.surfaces.console.kit.details import DetailScreen, action_address
from kaquan.surfaces.console.kit.fields import Field, Filled, Values, read_all
from kaquan.surfaces.console.kit.lists import Column, ListScreen
from kaquan.surfaces.console.kit.menu import holds
from kaquan.surfaces.console.kit.panels import Facts, Happening, Panel, Tab, Table, Timeline
from kaquan.surfaces.console.kit.screens import Call, Screen, in_words
from kaquan.surfaces.console.screens.conversion import conversion_panels
from kaquan.surfaces.console.screens.customer_actions import CUSTOMER_ACTIONS, EDIT
from kaquan.surfaces.console.screens.customer_habits import habits
from kaquan.surfaces.console.screens.customer_timeline import timeline
from kaquan.surfaces.console.screens.customer_words import (
    IDENTITIES,
    LOOK_REASONS,
    PERSONAL_FIELDS,
    PURPOSES,
    consent_state,
    customer_state,
)
from kaquan.surfaces.console.screens.follow_ups import TASK_COLUMNS
from kaquan.surfaces.console.words import voucher_state

VIEW = queries.VIEW
VOUCHERS_SHOWN = 200
_STATES = [("known", _("Known")), ("merged", _("Merged")), ("erased", _("Erased"))]


class CustomerDetail(DetailScreen[CustomerLine]):
    """One customer, masked."""

    name = "customer"
    path = "customers/<int:key>"
    title = _("Customer")
    permission = VIEW
    parent = "customers"
    actions = CUSTOMER_ACTIONS
    links = (
        ("customer-edit", _("Edit"), EDIT),
        ("customer-task", _("New task"), EDIT),
        ("customer-merge", _("Merge"), EDIT),
        ("customer-card", _("Member card"), EDIT),
        ("customer-show", _("Show in full"), queries.VIEW_PERSONAL),
    )

    def subject(self, actor: Actor, key: int) -> CustomerLine:
        """The customer; raises `customer_unknown`."""
        return queries.line_of(queries.customer_by_id(actor, key))

    def heading(self, subject: CustomerLine) -> str:
        """The number; a name is not needed to know whose page it is."""
        return subject.number

    def badges(self, subject: CustomerLine) -> Sequence[Cell]:
        """Merged, erased, or neither."""
        return [customer_state(subject)]

    def shows_link(self, name: str, subject: CustomerLine) -> bool:
        """Nothing is done to who was erased, and a merge is undone before another."""
        merged_away = name == "customer-merge" and subject.merged_into is not None
        return subject.erased_at is None and not merged_away

    @staticmethod
    def profile(call: Call, line: CustomerLine) -> Sequence[Panel]:
        """What is known."""
        return [
            Facts(_("Profile"), _person(call, line)),
            Facts(_("What the customer does"), _standing(call, line)),
            *habits(call, line),
            _identities(call, line),
            _consents(call, line),
        ]

    @staticmethod
    def vouchers(call: Call, line: CustomerLine) -> Sequence[Panel]:
        """What this customer holds or has held."""
        rows = vouchers_of(reading_session(), line.id, limit=VOUCHERS_SHOWN)
        batches = batches_by_id(call.actor, {one.batch_id for one in rows})
        ends = batch_ends(reading_session(), {one.batch_id for one in rows})

        def batch(one: Any) -> Cell:
            known = batches.get(one.batch_id)
            if known is None:
                return text(_("Elsewhere"))
            href = reverse("console:batch", kwargs={"key": known.id})
            may_open = holds(call.actor, CAMPAIGNS)
            return text(known.name, href=href if may_open else "", note=known.campaign.name)

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
                later_end(one.valid_until, ends.get(one.batch_id))), wide=True),
        )  # fmt: skip
        note = _("The first %(number)s.") % {"number": VOUCHERS_SHOWN}
        panels: list[Panel] = [
            Table(_("Vouchers"), columns, rows, _("This customer holds no voucher."),
                  note if len(rows) == VOUCHERS_SHOWN else "")
        ]  # fmt: skip
        panels += conversion_panels(call, line.id)
        used = customer_life.bearer_serials(call.actor, line.id)
        if used:
            column = Column[Any]("serial", _("Serial"), lambda one: code(
                str(one), href=reverse("console:voucher", kwargs={"key": one})))  # fmt: skip
            panels.append(Table(_("Used as their bearer"), (column,), used, ""))
        return panels

    @staticmethod
    def orders(call: Call, line: CustomerLine) -> Sequence[Panel]:
        """What this customer bought, as far as tills have told."""
        rows = customer_life.orders_of(call.actor, line.id)
        stores = organisation_names(call.actor, {one.store_id for one in rows})
        columns = (
            Column[Any]("order", _("Order number"), lambda one: code(one.order_no)),
            Column[Any]("at", _("When"), lambda one: moment(one.ordered_at)),
            Column[Any]("store", _("Store"), lambda one: text(
                stores.get(one.store_id, _("Elsewhere"))), wide=True),
            Column[Any]("amount", _("Amount"), lambda one: money(one.total_fen), number=True),
        )  # fmt: skip
        note = _("The first %(number)s.") % {"number": customer_life.LIST_MAX}
        return [
            Table(_("Orders"), columns, rows, _("No order of this customer is known."),
                  note if len(rows) == customer_life.LIST_MAX else "")
        ]  # fmt: skip

    @staticmethod
    def follow_up(call: Call, line: CustomerLine) -> Sequence[Panel]:
        """Tasks and notes."""
        found = tasks.tasks_of(call.actor, line.id)
        notes = [
            Happening(local_text(one.at), one.author, "info", [Fact(_("Text"), text(one.text))])
            for one in profile.notes_of(call.actor, line.id)
        ]
        return [
            Table(_("Tasks"), TASK_COLUMNS, found, _("Nothing is to be done.")),
            Timeline(_("Notes"), notes, _("Nobody has written anything down.")),
        ]

    @staticmethod
    def looks(call: Call, line: CustomerLine) -> Sequence[Panel]:
        """Who saw what of this customer in full."""
        columns = (
            Column[Any]("at", _("When"), lambda one: moment(one.at)),
            Column[Any]("by", _("By"), lambda one: text(one.by)),
            Column[Any]("field", _("What"), lambda one: text(
                PERSONAL_FIELDS.get(one.field, one.field))),
            Column[Any]("reason", _("Reason"), lambda one: text(
                LOOK_REASONS.get(one.reason, one.reason), note=one.note)),
            Column[Any]("origin", _("From where"), lambda one: code(one.origin), wide=True),
        )  # fmt: skip
        found = looks.looks_of(call.actor, line.id)
        return [Table(_("Who looked"), columns, found, _("Nobody has looked."))]

    tabs = (
        Tab("profile", _("Profile"), profile),
        Tab("timeline", _("Timeline"), timeline),
        Tab("vouchers", _("Vouchers"), vouchers),
        Tab("orders", _("Orders"), orders),
        Tab("follow-up", _("Follow-up"), follow_up),
        Tab("looks", _("Who looked"), looks),
    )


def _person(call: Call, line: CustomerLine) -> list[Fact]:
    owner_id = line.organisation_id
    owners = organisation_names(call.actor, [owner_id]) if owner_id else {}
    owner = owners.get(owner_id, "") if owner_id else _("Whole issuer")
    others = queries.merged_into(call.actor, line.id)
    fitting = segments.segments_of(call.actor, line.id)
    month = f"{line.birth_month:02}" if line.birth_month else ""
    facts = [
        Fact(_("Full name"), text(line.masked_name, href=_show(call, line, "name"))),
        Fact(_("Phone"), code(line.masked_phone, href=_show(call, line, "phone"))),
        Fact(_("Birthday"), text(
            month and _("Month %(number)s") % {"number": month},
            href=_show(call, line, "birthday"))),
        Fact(_("Tags"), text(listed(line.tags))),
        Fact(_("Segments"), text(listed(one.name for one in fitting))),
        Fact(_("Member since"), moment(line.joined_at)),
        Fact(_("First order"), moment(line.first_order_at)),
        Fact(_("Belongs to"), text(owner)),
    ]  # fmt: skip
    rare = [
        Fact(_("Merged into"), code(line.merged_into or "", href=(
            CUSTOMER.address(key=line.merged_into_id) if line.merged_into_id else ""))),
        Fact(_("Merged into this one"), text(listed(one.number for one in others))),
        Fact(_("Erased"), moment(line.erased_at)),
    ]  # fmt: skip
    return [*facts, *(one for one in rare if one.cell.plain)]


def _show(call: Call, line: CustomerLine, field: str) -> str:
    """Where it is shown in full, for those who may ask."""
    if not holds(call.actor, queries.VIEW_PERSONAL) or line.erased_at is not None:
        return ""
    return _address("customer-show", line, field=field)


def _address(screen: str, line: CustomerLine, **asked: object) -> str:
    return f"{reverse(f'console:{screen}', kwargs={'key': line.id})}?{urlencode(asked)}"


def _standing(call: Call, line: CustomerLine) -> list[Fact]:
    standing = queries.standing_of(call.actor, line.id)
    return [
        Fact(_("Vouchers used"), count(standing.uses)),
        Fact(_("Saved with vouchers"), money(standing.discount_fen)),
        Fact(_("Last use"), moment(standing.last_used_at)),
        Fact(_("Orders"), count(standing.orders)),
        Fact(_("Orders come to"), money(standing.spend_fen)),
        Fact(_("Last order"), moment(standing.last_ordered_at)),
    ]


def _identities(call: Call, line: CustomerLine) -> Panel:
    columns = [
        Column[Any]("kind", _("Kind"), lambda one: text(IDENTITIES[one.kind])),
        Column[Any]("value", _("Identity"), lambda one: code(
            one.masked_value, href=_show(call, line, f"identity:{one.id}"))),
        Column[Any]("added", _("Added"), lambda one: moment(one.added_at), wide=True),
        Column[Any]("by", _("By"), lambda one: text(one.added_by), wide=True),
    ]  # fmt: skip
    if holds(call.actor, EDIT):
        columns.append(Column[Any]("remove", _("Actions"), lambda one: text(
            _("Remove"), href=_address("customer-identity-remove", line, identity=one.id)),
            wide=True))  # fmt: skip
    rows = identities.identities_of(call.actor, line.id)
    return Table(_("Identities"), columns, rows, _("Known by the number and the phone only."))


def _consents(call: Call, line: CustomerLine) -> Panel:
    columns = (
        Column[Any]("purpose", _("Purpose"), lambda one: text(PURPOSES[one.purpose])),
        Column[Any]("given", _("State"), lambda one: consent_state(one.given)),
        Column[Any]("at", _("Since"), lambda one: moment(one.at), wide=True),
        Column[Any]("source", _("Where and how"), lambda one: text(one.source), wide=True),
        Column[Any]("version", _("Version of the text shown"), lambda one: code(
            one.text_version), wide=True),
    )  # fmt: skip
    return Table(_("Consents"), columns, profile.consents_of(call.actor, line.id), "")


CUSTOMER: CustomerDetail = CustomerDetail()
_COLUMNS = (
    Column[CustomerLine]("number", _("Number"), lambda one: code(
        one.number, href=CUSTOMER.address(key=one.id)), sort="number"),
    Column[CustomerLine]("name", _("Full name"), lambda one: text(one.masked_name)),
    Column[CustomerLine]("phone", _("Phone"), lambda one: code(one.masked_phone)),
    Column[CustomerLine]("tags", _("Tags"), lambda one: text(listed(one.tags)), wide=True),
    Column[CustomerLine]("state", _("State"), customer_state),
    Column[CustomerLine]("joined", _("Member since"), lambda one: moment(one.joined_at),
                         hidden=True),
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
    actions = tuple(one for one in CUSTOMER_ACTIONS if one.bulk)
    creates = ("customer-new", _("New customer"), EDIT)
    links = (
        ("customer-search", _("Search by phone"), VIEW),
        ("customer-import", _("Import customers"), EDIT),
    )
    fields = (
        Field("number", _("Number begins with"), characters_max=64),
        Field("tag", _("Tag"), characters_max=64),
        Field("segment", _("Segment"), "choice"),
        Field("state", _("State"), "choice", options=_STATES),
    )
    columns = _COLUMNS

    def page_of(self, actor: Actor, values: Values, paging: Paging) -> Page[CustomerLine]:
        """The customers."""
        segment_id = int(values["segment"]) if values["segment"] else None
        wanted = CustomerFilter(values["number"], values["tag"], values["state"], segment_id)
        return customer_page(actor, wanted, paging)

    def query_fields(self, actor: Actor) -> Sequence[Field]:
        """With the segments of one's part."""
        options = [(str(one.id), one.name) for one in segments.segments(actor)]
        return [one.with_options(options) if one.name == "segment" else one for one in self.fields]

    def action_address(self, row: CustomerLine, action: Action[CustomerLine]) -> str:
        """On the customer's own page."""
        return action_address(CUSTOMER, row.id, action)


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
