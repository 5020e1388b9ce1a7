"""The stores: their list, and a page about each with its clerks and terminals."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from kaquan.foundation.actor import Actor
from kaquan.foundation.paging import Page, Paging
from kaquan.organisations import actions, queries
from kaquan.organisations.coordinates import written_degrees
from kaquan.organisations.hours import written_day
from kaquan.organisations.listings import StoreFilter, nodes_above, store_page
from kaquan.organisations.models import Store, StoreStatus
from kaquan.surfaces.console.kit.actions import Action, Doing
from kaquan.surfaces.console.kit.cells import Cell, Fact, Text, code, moment, text
from kaquan.surfaces.console.kit.details import DetailScreen, action_address
from kaquan.surfaces.console.kit.fields import Field, Values
from kaquan.surfaces.console.kit.lists import Column, ListScreen
from kaquan.surfaces.console.kit.menu import holds
from kaquan.surfaces.console.kit.panels import Facts, Panel, Tab, Table, first_of
from kaquan.surfaces.console.kit.screens import Call
from kaquan.surfaces.console.screens.changes import changes_tab
from kaquan.surfaces.console.screens.holidays import DAYS
from kaquan.surfaces.console.screens.node_fields import node_id
from kaquan.surfaces.console.words import STORE_STATES, TERMINAL_KINDS, state

VIEW = queries.VIEW
EDIT = actions.PERMISSION
PEOPLE_SHOWN = 200
_STATUS = [(name, words) for name, (words, _tone) in STORE_STATES.items()]


def _week(store: Store) -> Sequence[Panel]:
    if store.weekly_hours is None:
        return []
    days = [
        Fact(words, text(written_day(store.weekly_hours, number) or _("Closed that day")))
        for number, words in enumerate(DAYS, 1)
    ]
    return [Facts(_("Opening hours"), days)]


class StoreDetail(DetailScreen[Store]):
    """One store with its clerks and terminals."""

    name = "store"
    path = "stores/<int:key>"
    title = _("Store")
    permission = VIEW
    parent = "stores"
    links = (
        ("clerk-new", _("New clerk"), EDIT),
        ("terminal-new", _("New terminal"), EDIT),
        ("organisation-move", _("Move"), EDIT),
        ("store-edit", _("Edit"), EDIT),
    )

    def subject(self, actor: Actor, key: int) -> Store:
        """The store; raises `organisation_unknown`, `store_unknown`."""
        return queries.store_by_code(actor, queries.organisation_by_id(actor, key).code)

    def heading(self, subject: Store) -> str:
        """Its name."""
        return subject.organisation.name

    def badges(self, subject: Store) -> Sequence[Cell]:
        """Whether it serves customers."""
        return [state(STORE_STATES, subject.status)]

    @staticmethod
    def facts(call: Call, store: Store) -> Sequence[Panel]:
        """What there is to know of it."""
        above = " › ".join(one.name for one in nodes_above(call.actor, store.organisation)[:-1])
        facts = [
            Fact(_("Code"), code(store.organisation.code)),
            Fact(_("Belongs to"), text(above)),
            Fact(_("Province"), text(store.province)),
            Fact(_("City"), text(store.city)),
            Fact(_("District"), text(store.district)),
            Fact(_("Address"), text(store.address)),
            Fact(_("Telephone"), code(store.phone)),
            Fact(_("Opening hours"), text(store.open_hours)),
            Fact(_("Latitude"), code(written_degrees(store.latitude_microdegrees))),
            Fact(_("Longitude"), code(written_degrees(store.longitude_microdegrees))),
        ]
        return [Facts("", facts), *_week(store)]

    @staticmethod
    def clerks(call: Call, store: Store) -> Sequence[Panel]:
        """Who works there."""
        rows = queries.clerks(call.actor, under_id=store.pk, limit=PEOPLE_SHOWN)
        columns = (
            Column[Any]("staff_no", _("Staff number"), lambda one: code(
                one.staff_no, href=_form_of(call, "clerk-edit", one.id))),
            Column[Any]("name", _("Full name"), lambda one: text(one.name)),
            Column[Any]("active", _("State"), lambda one: _active(one.active)),
        )  # fmt: skip
        return [
            Table(
                _("Clerks"),
                columns,
                rows,
                _("No clerk is registered here."),
                first_of(rows, PEOPLE_SHOWN),
            )
        ]

    @staticmethod
    def terminals(call: Call, store: Store) -> Sequence[Panel]:
        """What stands there."""
        rows = queries.terminals(call.actor, store_code=store.organisation.code)
        columns = (
            Column[Any]("code", _("Code"), lambda one: code(
                one.code, href=reverse("console:terminal", kwargs={"key": one.id}))),
            Column[Any]("kind", _("Kind"), lambda one: text(TERMINAL_KINDS[one.kind])),
            Column[Any]("active", _("State"), lambda one: _active(one.active)),
            Column[Any]("seen", _("Last seen"), lambda one: moment(one.last_seen_at), wide=True),
        )  # fmt: skip
        return [
            Table(
                _("Terminals"),
                columns,
                rows,
                _("No terminal is registered here."),
                first_of(rows, queries.LIST_MAX),
            )
        ]

    tabs = (
        Tab("facts", _("Store"), facts),
        Tab("clerks", _("Clerks"), clerks),
        Tab("terminals", _("Terminals"), terminals),
        changes_tab("store", lambda _call, store: [("organisation", store.pk)]),
    )


def _set_status(status: StoreStatus) -> Callable[[Store, Doing], Text]:
    def run(store: Store, doing: Doing) -> Text:
        actions.update_store(actor=doing.actor, code=store.organisation.code, status=status)
        return _("The store “%(name)s” was changed.") % {"name": store.organisation.name}

    return run


def _form_of(call: Call, name: str, key: int) -> str:
    return reverse(f"console:{name}", kwargs={"key": key}) if holds(call.actor, EDIT) else ""


def _active(active: bool) -> Cell:
    return Cell(_("In use") if active else _("Not in use"), "badge",
                tone="good" if active else "muted")  # fmt: skip


STORE_ACTIONS: tuple[Action[Store], ...] = (
    Action(
        "pause",
        _("Close for now"),
        EDIT,
        lambda store: _("Close the store “%(name)s” for now?") % {"name": store.organisation.name},
        _set_status(StoreStatus.PAUSED),
        danger=True,
        bulk=True,
        offered=lambda store: store.status == StoreStatus.OPEN,
        consequence=_("No voucher can be used there until it is opened again."),
    ),
    Action(
        "close",
        _("Close for good"),
        EDIT,
        lambda store: _("Close the store “%(name)s” for good?") % {"name": store.organisation.name},
        _set_status(StoreStatus.CLOSED),
        danger=True,
        offered=lambda store: store.status == StoreStatus.PAUSED,
        consequence=_("It stays in the books; no voucher can be used there any more."),
    ),
    Action(
        "open",
        _("Open again"),
        EDIT,
        lambda store: _("Open the store “%(name)s” again?") % {"name": store.organisation.name},
        _set_status(StoreStatus.OPEN),
        bulk=True,
        offered=lambda store: store.status == StoreStatus.PAUSED,
    ),
)
StoreDetail.actions = STORE_ACTIONS


class Stores(ListScreen[Store]):
    """All stores of one's part."""

    name = "stores"
    path = "stores"
    title = _("Stores")
    permission = VIEW
    empty = _("There are no stores yet.")
    actions = STORE_ACTIONS
    creates = ("store-new", _("New store"), EDIT)
    fields = (
        Field("words", _("Name, code or address"), hint=_("Pinyin too")),
        Field("under", _("Below"), "node", more=True),
        Field("status", _("State"), "choice", options=_STATUS),
        Field("province", _("Province"), more=True),
    )
    columns = (
        Column[Store]("name", _("Name"), lambda s: text(
            s.organisation.name, href=STORE.address(key=s.pk)), sort="name"),
        Column[Store]("code", _("Code"), lambda s: code(s.organisation.code), sort="code"),
        Column[Store]("status", _("State"), lambda s: state(STORE_STATES, s.status)),
        Column[Store]("above", _("Belongs to"), lambda s: text(
            s.organisation.parent.name if s.organisation.parent else ""), wide=True),
        Column[Store]("province", _("Province"), lambda s: text(s.province), sort="province",
                      wide=True),
        Column[Store]("city", _("City"), lambda s: text(s.city), sort="city", wide=True),
        Column[Store]("address", _("Address"), lambda s: text(s.address), hidden=True),
        Column[Store]("hours", _("Opening hours"), lambda s: text(s.open_hours), hidden=True),
    )  # fmt: skip

    def page_of(self, actor: Actor, values: Values, paging: Paging) -> Page[Store]:
        """The stores."""
        under_id = node_id(actor, values["under"])
        wanted = StoreFilter(values["words"], values["status"], values["province"], under_id)
        return store_page(actor, wanted, paging)

    def key(self, row: Store) -> str:
        """Its node's id."""
        return str(row.pk)

    def action_address(self, row: Store, action: Action[Store]) -> str:
        """On the store's own page."""
        return action_address(STORE, row.pk, action)


STORE: StoreDetail = StoreDetail()


STORES = Stores()
