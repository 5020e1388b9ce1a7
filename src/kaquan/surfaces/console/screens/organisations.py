"""The organisation tree and the stores."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from django.http.response import HttpResponseBase
from django.utils.translation import gettext_lazy as _

from kaquan.foundation.actor import Actor
from kaquan.foundation.paging import Page, Paging
from kaquan.organisations import actions, queries
from kaquan.organisations.listings import (
    StoreFilter,
    nodes_above,
    store_page,
    upper_nodes,
)
from kaquan.organisations.models import Organisation, OrganisationKind, Store, StoreStatus
from kaquan.surfaces.console.kit.actions import Action, Doing
from kaquan.surfaces.console.kit.cells import Cell, Fact, Text, code, text
from kaquan.surfaces.console.kit.details import DetailScreen, action_address
from kaquan.surfaces.console.kit.fields import Field, Values
from kaquan.surfaces.console.kit.forms import FormScreen
from kaquan.surfaces.console.kit.lists import Column, ListScreen
from kaquan.surfaces.console.kit.panels import Facts, Panel, Tab, Table
from kaquan.surfaces.console.kit.screens import Call, Screen
from kaquan.surfaces.console.screens.changes import changes_tab
from kaquan.surfaces.console.words import NODE_KINDS, STORE_STATES, state

VIEW = queries.VIEW
EDIT = actions.PERMISSION
PEOPLE_SHOWN = 200
_STATUS = [(name, words) for name, (words, _tone) in STORE_STATES.items()]


class OrganisationTree(Screen):
    """Level by level: the nodes below the one that was asked for."""

    name = "organisations"
    path = "organisations"
    title = _("Organisation")
    permission = VIEW

    def respond(self, call: Call, **key: Any) -> HttpResponseBase:
        """The node, the way up, and its children."""
        del key
        asked = call.request.GET.get("node", "")
        node = _node(call.actor, asked)
        after = call.request.GET.get("after", "")[:200]
        below = queries.nodes_below(call.actor, node.id if node else None, after_code=after)
        if node is None and len(below) == 1 and below[0].kind != OrganisationKind.STORE:
            node = below[0]  # where there is but one to choose, it is open already
            below = queries.nodes_below(call.actor, node.id)
        context = {
            "node": node,
            "node_kind": NODE_KINDS[node.kind] if node else "",
            "above": nodes_above(call.actor, node)[:-1] if node else [],
            "below": [(one, NODE_KINDS[one.kind]) for one in below],
            "more_after": below[-1].code if len(below) == queries.LIST_MAX else "",
        }
        return self.page(call, "console/organisations.html", context)


def _node(actor: Actor, asked: str) -> Organisation | None:
    if not (asked.isascii() and asked.isdigit() and len(asked) < 10):
        return None
    return queries.organisation_by_id(actor, int(asked))


class StoreDetail(DetailScreen[Store]):
    """One store with its clerks and terminals."""

    name = "store"
    path = "stores/<int:key>"
    title = _("Store")
    permission = VIEW
    parent = "stores"
    links = (("store-edit", _("Edit"), EDIT),)

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
            Fact(_("Address"), text(store.address)),
            Fact(_("Opening hours"), text(store.open_hours)),
        ]
        return [Facts("", facts)]

    @staticmethod
    def clerks(call: Call, store: Store) -> Sequence[Panel]:
        """Who works there."""
        rows = queries.clerks(call.actor, under_id=store.pk, limit=PEOPLE_SHOWN)
        columns = (
            Column[Any]("staff_no", _("Staff number"), lambda one: code(one.staff_no)),
            Column[Any]("name", _("Name"), lambda one: text(one.name)),
            Column[Any]("active", _("State"), lambda one: _active(one.active)),
        )
        return [Table(_("Clerks"), columns, rows, _("No clerk is registered here."))]

    @staticmethod
    def terminals(call: Call, store: Store) -> Sequence[Panel]:
        """What stands there."""
        rows = queries.terminals(call.actor, store_code=store.organisation.code)
        columns = (
            Column[Any]("code", _("Code"), lambda one: code(one.code)),
            Column[Any]("kind", _("Kind"), lambda one: text(TERMINAL_KINDS[one.kind])),
            Column[Any]("active", _("State"), lambda one: _active(one.active)),
        )
        return [Table(_("Terminals"), columns, rows, _("No terminal is registered here."))]

    tabs = (
        Tab("facts", _("Store"), facts),
        Tab("clerks", _("Clerks"), clerks),
        Tab("terminals", _("Terminals"), terminals),
        changes_tab("store"),
    )


def _set_status(status: StoreStatus) -> Callable[[Store, Doing], Text]:
    def run(store: Store, doing: Doing) -> Text:
        actions.update_store(actor=doing.actor, code=store.organisation.code, status=status)
        return _("The store “%(name)s” was changed.") % {"name": store.organisation.name}

    return run


TERMINAL_KINDS: dict[str, Text] = {
    "till": _("Till"),
    "handheld": _("Handheld"),
    "phone": _("Phone"),
    "kiosk": _("Kiosk"),
}


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
        Field("words", _("Name, code or address")),
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
        wanted = StoreFilter(values["words"], values["status"], values["province"])
        return store_page(actor, wanted, paging)

    def key(self, row: Store) -> str:
        """Its node's id."""
        return str(row.pk)

    def action_address(self, row: Store, action: Action[Store]) -> str:
        """On the store's own page."""
        return action_address(STORE, row.pk, action)


STORE: StoreDetail = StoreDetail()


class StoreForm(FormScreen):
    """What may be said of a store."""

    fields: ClassVar[Sequence[Field]] = (
        Field("code", _("Code"), required=True, characters_max=200),
        Field("name", _("Name"), required=True),
        Field("parent", _("Belongs to"), "choice", required=True),
        Field("province", _("Province"), characters_max=50),
        Field("city", _("City"), characters_max=50),
        Field("address", _("Address"), characters_max=200),
        Field("open_hours", _("Opening hours"), hint=_("Such as 09:00–21:00")),
    )
    permission = EDIT
    parent = "stores"


class NewStore(StoreForm):
    """A new store."""

    name = "store-new"
    path = "new-store"
    title = _("New store")

    def form_fields(self, actor: Actor, key: Any) -> Sequence[Field]:
        """The nodes that a store may stand below: those of the tree's upper levels."""
        del key
        nodes = [(str(one.id), one.name) for one in upper_nodes(actor)]
        return [one.with_options(nodes) if one.name == "parent" else one for one in self.fields]

    def save(self, doing: Doing, key: Any) -> tuple[Text, str]:
        """Add it."""
        del key
        values = doing.values
        given = {name: value for name, value in values.items() if value and name != "parent"}
        parent_id = int(values["parent"])
        store = actions.create_store(actor=doing.actor, parent_id=parent_id, **given)
        return _("The store was added."), STORE.address(key=store.pk)

    def home(self, key: Any) -> str:
        """The list."""
        del key
        return STORES.address()


class EditStore(StoreForm):
    """Other words for a store."""

    name = "store-edit"
    path = "stores/<int:key>/edit"
    title = _("Edit the store")
    fields = StoreForm.fields[3:]

    def initial(self, actor: Actor, key: int) -> dict[str, Any]:
        """As it is."""
        store = STORE.subject(actor, key)
        return {one.name: getattr(store, one.name) for one in self.fields}

    def save(self, doing: Doing, key: int) -> tuple[Text, str]:
        """Change it."""
        store = STORE.subject(doing.actor, key)
        given: dict[str, Any] = {name: value or "" for name, value in doing.values.items()}
        actions.update_store(actor=doing.actor, code=store.organisation.code, **given)
        return _("The store was changed."), STORE.address(key=key)

    def home(self, key: int) -> str:
        """Its page."""
        return STORE.address(key=key)


STORES = Stores()
