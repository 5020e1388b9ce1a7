"""Saved views: a list as somebody wants it, under a name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlencode

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from kaquan.foundation import clock
from kaquan.foundation.actor import Actor
from kaquan.foundation.errors import KaquanError
from kaquan.foundation.paging import Page, Paging
from kaquan.staff.saved_views import actions, queries, scheduling
from kaquan.staff.saved_views.models import Every, SavedView
from kaquan.surfaces.console.kit.actions import Action, Doing
from kaquan.surfaces.console.kit.cells import Cell, Fact, Text, badge, local_text, moment, text
from kaquan.surfaces.console.kit.details import DetailScreen, action_address
from kaquan.surfaces.console.kit.fields import Field, Values
from kaquan.surfaces.console.kit.forms import FormScreen
from kaquan.surfaces.console.kit.lists import Column, ListScreen
from kaquan.surfaces.console.kit.menu import holds
from kaquan.surfaces.console.kit.panels import Facts, Panel, Tab
from kaquan.surfaces.console.kit.screens import Call

TITLES: dict[str, Text] = {}
"""The lists that have views, filled where all screens are known."""
_PAGE = ("after", "before", "look", "view")
EVERY: dict[str, Text] = {
    Every.DAY: _("Each day"),
    Every.WEEK: _("Each Monday"),
    Every.MONTH: _("Each first of a month"),
}


class ViewLine(NamedTuple):
    """A view, and whether it is the actor's own: others' are used, not changed."""

    view: SavedView
    is_own: bool

    @property
    def id(self) -> int:
        """The view's."""
        return self.view.id


def _line(view: SavedView, actor: Actor) -> ViewLine:
    return ViewLine(view, view.owner == actor.id)


def kept_query(query: str) -> str:
    """What of an address is worth keeping: not which page somebody was on."""
    pairs = parse_qsl(query, max_num_fields=200)
    return urlencode([(name, value) for name, value in pairs if name not in _PAGE])


def _opened(view: SavedView) -> str:
    there = reverse(f"console:{view.screen}")
    return f"{there}?{view.query or 'view=none'}"


def _list_of(view: SavedView) -> Text:
    return TITLES.get(view.screen, view.screen)


def _shared(view: SavedView) -> Cell:
    return badge(_("Private"), "muted") if view.shared_path is None else badge(_("Shared"), "info")


def _default(view: SavedView) -> Cell:
    return badge(_("Opens first"), "good") if view.is_default else text("")


def _set_default(wanted: bool) -> Any:
    def run(line: ViewLine, doing: Doing) -> Text:
        actions.set_default(actor=doing.actor, view_id=line.id, is_default=wanted)
        return _("“%(name)s” was changed.") % {"name": line.view.name}

    return run


def _share(wanted: bool) -> Any:
    def run(line: ViewLine, doing: Doing) -> Text:
        actions.share_view(actor=doing.actor, view_id=line.id, shared=wanted)
        return _("“%(name)s” was changed.") % {"name": line.view.name}

    return run


def _schedule(line: ViewLine, doing: Doing) -> Text:
    typed = doing.values["every"]
    view = scheduling.schedule_view(
        actor=doing.actor, view_id=line.id, every=Every(typed) if typed else None, at=clock.now()
    )
    if view.next_export_at is None:
        return _("“%(name)s” is exported by itself no more.") % {"name": view.name}
    words = _("“%(name)s” will be in the download centre from %(at)s on.")
    return words % {"name": view.name, "at": local_text(view.next_export_at)[:-3]}


def _every(view: SavedView) -> Cell:
    if view.next_export_at is None:
        return text("")
    note = _("next at %(at)s") % {"at": local_text(view.next_export_at)[:-3]}
    return text(EVERY[view.every], note=note)


def _delete(line: ViewLine, doing: Doing) -> Text:
    actions.delete_view(actor=doing.actor, view_id=line.id)
    return _("“%(name)s” was deleted.") % {"name": line.view.name}


def _asks(words: Text) -> Any:
    return lambda line: str(words) % {"name": line.view.name}


VIEW_ACTIONS: tuple[Action[ViewLine], ...] = (
    Action(
        "default",
        _("Open first"),
        "",
        _asks(_("Let the list open with “%(name)s”?")),
        _set_default(True),
        offered=lambda line: line.is_own and not line.view.is_default,
    ),
    Action(
        "no-default",
        _("Open no more first"),
        "",
        _asks(_("Let the list open as it is, without “%(name)s”?")),
        _set_default(False),
        offered=lambda line: line.is_own and line.view.is_default,
    ),
    Action(
        "share",
        _("Share"),
        queries.SHARE,
        _asks(_("Let everybody in your part of the organisation use “%(name)s”?")),
        _share(True),
        offered=lambda line: line.is_own and line.view.shared_path is None,
        consequence=_("They see the query, and of its rows only what they may see anyway."),
    ),
    Action(
        "unshare",
        _("Share no more"),
        queries.SHARE,
        _asks(_("Keep “%(name)s” for yourself?")),
        _share(False),
        offered=lambda line: line.is_own and line.view.shared_path is not None,
    ),
    Action(
        "schedule",
        _("Export regularly"),
        "",
        _asks(_("When is “%(name)s” to be exported by itself?")),
        _schedule,
        fields=(
            Field(
                "every",
                _("How often"),
                "choice",
                options=list(EVERY.items()),
                hint=_("At 6 in the morning, with the rows of that moment. Empty: no more."),
            ),
        ),
        offered=lambda line: line.is_own,
        consequence=_(
            "The file is yours, in the download centre, as far as you may see the list then."
        ),
    ),
    Action(
        "delete",
        _("Delete"),
        "",
        _asks(_("Delete the view “%(name)s”?")),
        _delete,
        danger=True,
        offered=lambda line: line.is_own,
        leads_to="views",
    ),
)


class ViewDetail(DetailScreen[ViewLine]):
    """One view."""

    name = "view"
    path = "views/<int:key>"
    title = _("View")
    permission = ""
    parent = "views"
    actions = VIEW_ACTIONS

    def subject(self, actor: Actor, key: int) -> ViewLine:
        """The view; raises `view_unknown`."""
        return _line(queries.view_by_id(actor, key), actor)

    def heading(self, subject: ViewLine) -> str:
        """Its name."""
        return subject.view.name

    def badges(self, subject: ViewLine) -> Sequence[Cell]:
        """Who may use it."""
        return [_shared(subject.view)]

    @staticmethod
    def facts(_call: Call, line: ViewLine) -> Sequence[Panel]:
        """What it is."""
        view = line.view
        return [
            Facts(
                "",
                [
                    Fact(_("List"), text(_list_of(view), href=_opened(view))),
                    Fact(_("Made by"), text(view.owner_name)),
                    Fact(_("Made"), moment(view.created_at)),
                    Fact(_("Opens first"), _default(view)),
                    Fact(_("Exported"), _every(view)),
                ],
            )
        ]

    tabs = (Tab("facts", _("View"), facts),)


class Views(ListScreen[ViewLine]):
    """The views that somebody may use."""

    name = "views"
    path = "views"
    title = _("Saved views")
    permission = ""
    actions = VIEW_ACTIONS
    exported = False
    empty = _("Nothing was saved yet: each list has a button for it.")
    columns = (
        Column[ViewLine]("name", _("Name"), lambda one: text(one.view.name, href=_opened(one.view)),
                          sort="name"),
        Column[ViewLine]("list", _("List"), lambda one: text(_list_of(one.view))),
        Column[ViewLine]("shared", _("For whom"), lambda one: _shared(one.view)),
        Column[ViewLine]("default", _("Opens first"), lambda one: _default(one.view),
                          wide=True),
        Column[ViewLine]("every", _("Exported"), lambda one: _every(one.view), wide=True),
        Column[ViewLine]("owner", _("Made by"), lambda one: text(one.view.owner_name), wide=True),
    )  # fmt: skip

    def page_of(self, actor: Actor, values: Values, paging: Paging) -> Page[ViewLine]:
        """The views."""
        del values
        found = queries.view_page(actor, None, paging)
        return found.mapped(lambda rows: [_line(one, actor) for one in rows])

    def action_address(self, row: ViewLine, action: Action[ViewLine]) -> str:
        """On the view's own page."""
        return action_address(VIEW, row.id, action)


class NewView(FormScreen):
    """A list as it stands, kept under a name."""

    name = "view-new"
    path = "views/new"
    title = _("Save this view")
    hint = _("Filters, order and columns are kept; the rows are always those of the moment.")
    permission = ""
    parent = "views"
    fields = (
        Field("name", _("Name"), required=True, characters_max=actions.NAME_CHARACTERS_MAX),
        Field("is_default", _("Opens first"), "switch", hint=_("The list opens with it.")),
        Field("shared", _("Share"), "switch",
              hint=_("Everybody in my part of the organisation may use it.")),
        Field("screen", _("List"), "hidden", characters_max=64),
        Field("query", _("Query"), "hidden", characters_max=actions.QUERY_CHARACTERS_MAX),
    )  # fmt: skip

    def form_fields(self, actor: Actor, key: Any) -> Sequence[Field]:
        """Sharing is for those who may."""
        del key
        may_share = holds(actor, queries.SHARE)
        return [one for one in self.fields if one.name != "shared" or may_share]

    def initial_of(self, call: Call, key: Any) -> Mapping[str, Any]:
        """The list that somebody comes from."""
        del key
        asked = call.request.GET
        return {"screen": asked.get("screen", ""), "query": kept_query(asked.get("query", ""))}

    def save(self, doing: Doing, key: Any) -> tuple[Text, str]:
        """Keep it, and go back to the list as it opens."""
        del key
        screen = doing.values["screen"] or ""
        if screen not in TITLES:
            raise KaquanError(
                "value_invalid",
                zh="请从要保存的列表打开此页。",
                en="Open this page from the list that is to be kept.",
            )
        view = actions.save_view(
            actor=doing.actor,
            screen=screen,
            name=doing.values["name"],
            query=kept_query(doing.values["query"] or ""),
            at=clock.now(),
            is_default=bool(doing.values["is_default"]),
            shared=bool(doing.values.get("shared")),
        )
        return _("“%(name)s” was saved.") % {"name": view.name}, _opened(view)

    def home(self, key: Any) -> str:
        """The list of views."""
        del key
        return reverse("console:views")


VIEW: ViewDetail = ViewDetail()
VIEWS = Views()
