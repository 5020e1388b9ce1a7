"""A list: query form, columns, row actions, bulk actions, pager and export, from one declaration.

All that was asked stands in the address, so a list can be sent to a colleague; what must not stand
there (a code, a phone number) is asked for on a screen of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Generic, TypeVar
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponseRedirect, QueryDict
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _

from kaquan.foundation import clock
from kaquan.foundation.actor import Actor
from kaquan.foundation.paging import COUNTED_MAX, ROWS, Page, Paging
from kaquan.staff.saved_views.queries import default_query, views_for
from kaquan.surfaces.console.kit import exports
from kaquan.surfaces.console.kit.actions import Action, offered
from kaquan.surfaces.console.kit.cells import Cell, Text
from kaquan.surfaces.console.kit.fields import Field, Values, read_all
from kaquan.surfaces.console.kit.menu import holds
from kaquan.surfaces.console.kit.screens import Call, Screen

Row = TypeVar("Row")
SIZES = (20, 50, 100)
LOOK_S = 2.0
"""For so long a look further goes on until it finds something."""
NO_VIEW = "view=none"
"""In an address: as the list is, not as somebody's default has it."""


@dataclass(frozen=True)  # without slots: Python 3.11 cannot make such a one by its generic name
class Column(Generic[Row]):
    """``sort`` is a name that the list's query knows; ``hidden``: only when chosen; ``wide``: not
    on a phone."""

    name: str
    title: Text
    cell: Callable[[Row], Cell]
    sort: str = ""
    number: bool = False
    hidden: bool = False
    wide: bool = False


@dataclass(frozen=True, slots=True)
class Head:
    """A column's head: where a click sorts, and how it is sorted now."""

    title: Text
    number: bool
    wide: bool
    href: str
    direction: str


@dataclass(frozen=True, slots=True)
class Line:
    """A row as it is shown."""

    key: str
    cells: list[tuple[Cell, bool, bool]]
    actions: list[tuple[Action[Any], str]]


class ListScreen(Screen, Generic[Row]):
    """A screen with a list; see the module."""

    columns: ClassVar[Sequence[Column[Any]]]
    fields: ClassVar[Sequence[Field]] = ()
    actions: ClassVar[Sequence[Action[Any]]] = ()
    creates: ClassVar[tuple[str, Text, str] | None] = None
    """The form that adds one: its name, words, permission."""
    links: ClassVar[Sequence[tuple[str, Text, str]]] = ()
    """More screens that a button leads to: the name of the address, words, permission."""
    empty: ClassVar[Text] = ""
    narrowing: ClassVar[Text] = ""
    """Of a list whose pages look through a part only: what leads to older rows at once."""
    exported: ClassVar[bool] = True

    def page_of(self, actor: Actor, values: Values, paging: Paging) -> Page[Row]:
        """The rows, from the capability's own query."""
        raise NotImplementedError

    def key(self, row: Row) -> str:
        """What names a row in the addresses of its actions."""
        return str(row.id)  # type: ignore[attr-defined]  # most rows have one

    def action_address(self, row: Row, action: Action[Row]) -> str:
        """Where the question of a row's action is."""
        raise NotImplementedError

    def query_fields(self, actor: Actor) -> Sequence[Field]:
        """The query form; with options of the actor's own where a field needs them."""
        del actor
        return self.fields

    def respond(self, call: Call, **key: Any) -> HttpResponseBase:
        """The list; or, for POST, an export of it."""
        del key
        if call.request.method == "POST":
            return self._export(call)
        if not call.request.GET:
            query = default_query(call.actor, self.name)
            if query:
                return HttpResponseRedirect(f"{self.address()}?{query}")
        return self.page(call, "console/list.html", self.context(call))

    def context(self, call: Call) -> dict[str, Any]:
        """All that the list's template shows."""
        request, actor = call.request, call.actor
        values, filled = read_all(self.query_fields(actor), request.GET)
        has_fault = any(one.error for one in filled)
        paging = paging_of(request.GET)
        found: Page[Row] = Page() if has_fault else self._found(actor, values, paging, request.GET)
        columns = self._chosen_columns(request.GET)
        return {
            "heads": [self._head(column, request, paging) for column in columns],
            "lines": [self._line(row, columns, call) for row in found.rows],
            "filled": [one for one in filled if not one.field.more],
            "filled_more": [one for one in filled if one.field.more],
            "more_open": any(one.typed for one in filled if one.field.more),
            "is_asked": any(one.typed for one in filled),
            "has_fault": has_fault,
            "count": found.count,
            "is_more": found.is_more,
            "counted_max": COUNTED_MAX,
            "sizes": [(size, size == paging.limit) for size in SIZES],
            "kept": _kept(request.GET, without=("size", "after", "before", "look")),
            "before_href": _with(request, before=found.before) if found.before else "",
            "after_href": _with(request, after=found.after) if found.after else "",
            "looks_on": bool(found.after) and not paging.before and len(found.rows) < paging.limit,
            "look_href": _with(request, after=found.after, look="on") if found.after else "",
            "first_href": _with(request) if paging.after or paging.before else "",
            "chooser": [(one, one in columns) for one in self.columns],
            "kept_columns": _kept(request.GET, without=("columns",)),
            "bulk": [
                (one, reverse(f"console:{self.name}-bulk", kwargs={"action": one.name}))
                for one in self.actions
                if one.bulk and holds(actor, one.permission)
            ],
            "acts": any(holds(actor, one.permission) for one in self.actions),
            "back": request.get_full_path(),
            "creates": self._creating(actor),
            "links": [
                (reverse(f"console:{name}"), words)
                for name, words, permission in self.links
                if holds(actor, permission)
            ],
            "query_string": request.GET.urlencode(),
            **self._views(call),
        }

    def _found(self, actor: Actor, values: Values, paging: Paging, asked: QueryDict) -> Page[Row]:
        """The page; somebody who looks further is shown the next one that has something on it."""
        found = self.page_of(actor, values, paging)
        until_s = clock.monotonic_s() + LOOK_S
        while asked.get("look") and not found.rows and found.after:
            if clock.monotonic_s() > until_s:
                break
            found = self.page_of(actor, values, replace(paging, after=found.after))
        return found

    def _views(self, call: Call) -> dict[str, Any]:
        """What the list offers of saved views; resetting leaves one's default behind, too."""
        here = call.request.GET.urlencode()
        views = views_for(call.actor, self.name)
        asked = urlencode({"screen": self.name, "query": here})
        has_default = any(one.is_default and one.owner == call.actor.id for one in views)
        return {
            "views": [
                (one, f"{call.request.path}?{one.query or NO_VIEW}", one.query == here)
                for one in views
            ],
            "save_view_href": f"{reverse('console:view-new')}?{asked}",
            "reset_href": f"{call.request.path}?{NO_VIEW}" if has_default else call.request.path,
        }

    def _creating(self, actor: Actor) -> tuple[str, Text] | None:
        if self.creates is None or not holds(actor, self.creates[2]):
            return None
        return reverse(f"console:{self.creates[0]}"), self.creates[1]

    def _chosen_columns(self, asked: QueryDict) -> list[Column[Any]]:
        chosen = asked.getlist("columns")
        kept = [one for one in self.columns if one.name in chosen]
        return kept or [one for one in self.columns if not one.hidden]

    def _head(self, column: Column[Any], request: HttpRequest, paging: Paging) -> Head:
        direction = {column.sort: "ascending", f"-{column.sort}": "descending"}.get(paging.sort, "")
        turned = f"-{column.sort}" if direction == "ascending" else column.sort
        href = _with(request, sort=turned) if column.sort else ""
        return Head(column.title, column.number, column.wide, href, direction)

    def _line(self, row: Row, columns: Sequence[Column[Any]], call: Call) -> Line:
        here = urlencode({"back": call.request.get_full_path()})
        return Line(
            key=self.key(row),
            cells=[(column.cell(row), column.number, column.wide) for column in columns],
            actions=[
                (action, f"{self.action_address(row, action)}?{here}")
                for action in offered(self.actions, call.actor, row)
            ],
        )

    def _export(self, call: Call) -> HttpResponseBase:
        asked = QueryDict(call.request.POST.get("query", "")[: exports.QUERY_CHARACTERS_MAX])
        if self.exported:
            exports.start(
                call.actor,
                screen=self.name,
                title=self.title,
                permission=self.permission,
                asked=asked,
            )
            messages.success(
                call.request, _("The export was begun; the file will be in the download centre.")
            )
        query = asked.urlencode()
        return HttpResponseRedirect(f"{self.address()}?{query}" if query else self.address())


def paging_of(asked: QueryDict) -> Paging:
    """Which page an address names."""
    size = asked.get("size", "")
    limit = int(size) if size in map(str, SIZES) else ROWS
    return Paging(asked.get("sort", ""), asked.get("after", ""), asked.get("before", ""), limit)


def _kept(asked: QueryDict, *, without: Sequence[str]) -> list[tuple[str, str]]:
    return [
        (name, value)
        for name, values in asked.lists()
        if name not in without
        for value in values
        if value
    ]


def _with(request: HttpRequest, **changes: str) -> str:
    """This list's address on another page, or in another order; a new order begins anew."""
    kept = _kept(request.GET, without=("after", "before", "look", *changes))
    return f"{request.path}?{urlencode([*kept, *changes.items()])}"
