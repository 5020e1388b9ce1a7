"""What was changed of the configuration: all of it, each change by itself, and on the page of each
thing its own."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext_lazy as _

from kaquan.foundation.actor import Actor
from kaquan.foundation.changes.models import Change
from kaquan.foundation.changes.queries import (
    VIEW,
    ChangeFilter,
    change_by_id,
    change_page,
    changes_of,
)
from kaquan.foundation.paging import Page, Paging
from kaquan.staff.naming import actor_ids_named
from kaquan.surfaces.console.kit.cells import Cell, Fact, code, local_text, moment, text
from kaquan.surfaces.console.kit.details import DetailScreen
from kaquan.surfaces.console.kit.fields import Field, Values, day_end, day_start
from kaquan.surfaces.console.kit.lists import Column, ListScreen
from kaquan.surfaces.console.kit.menu import holds
from kaquan.surfaces.console.kit.panels import (
    Facts,
    Happening,
    Panel,
    Tab,
    Table,
    Timeline,
    last_of,
)
from kaquan.surfaces.console.kit.screens import Call
from kaquan.surfaces.console.screens.change_words import (
    KINDS,
    Names,
    deed,
    field_title,
    names_behind,
    written,
)

SHOWN_ON_A_PAGE = 100
FIELDS_IN_A_ROW = 3
Things = Collection[tuple[str, object]]
_PAGES: dict[str, str] = {
    "api_key": "key",
    "print_face": "print-face",
    "print_run": "print-run",
    "approval_rule": "approval-rule",
    "claim_link": "claim-link",
    "role_grant": "grant",
    "staff": "staff-member",
    "saved_view": "view",
    "customer_look": "customer",
}
"""The page about a kind of thing, where it has another name than the kind."""
PERMISSIONS: dict[str, str] = {}
"""What each page about one thing asks for, by its name; filled where all screens are known."""


def _page_of(actor: Actor, change: Change) -> str:
    """The page about what was changed; empty where there is none, or none for the actor."""
    name = _PAGES.get(change.kind, change.kind)
    if name not in PERMISSIONS or not holds(actor, PERMISSIONS[name]):
        return ""
    key = int(change.object_id) if change.object_id.isdecimal() else change.object_id
    try:
        return reverse(f"console:{name}", kwargs={"key": key})
    except NoReverseMatch:
        return ""


def _pairs(change: Change, names: Names) -> list[tuple[str, str, str]]:
    """Each field, and what it was and became."""
    before, after = change.before or {}, change.after or {}
    return [
        (
            str(field_title(name)),
            written(change.kind, name, before[name], names) if name in before else "",
            written(change.kind, name, after[name], names) if name in after else "",
        )
        for name in {**before, **after}
    ]


def changes_tab(kind: str, also: Callable[[Call, Any], Things] = lambda _call, _subject: ()) -> Tab:
    """The tab of a page about a thing of this kind, for whoever may see the thing; ``also`` names
    things of other kinds whose changes are told with it."""

    def panels(call: Call, subject: Any) -> Sequence[Panel]:
        key = getattr(subject, "id", None) or subject.pk
        things = [(kind, key), *also(call, subject)]
        found = changes_of(call.actor, things, limit=SHOWN_ON_A_PAGE)
        sees_log = holds(call.actor, VIEW)
        names = names_behind(call.actor, found)
        happenings = [
            Happening(
                at=local_text(one.at),
                title=_titled(one, kind),
                facts=[
                    Fact(_("By"), text(one.actor_name)),
                    *([Fact(_("From where"), code(one.origin))] if sees_log and one.origin else ()),
                ],
                lines=_pairs(one, names),
            )
            for one in found
        ]
        heads = (_("Field"), _("Before"), _("After"))
        empty = _("Nothing was changed yet, or not in your part of the organisation.")
        note = last_of(found, SHOWN_ON_A_PAGE)
        return [Timeline(_("Changes"), happenings, empty, heads, _("Fields"), note)]

    return Tab("changes", _("Changes"), panels)


def _titled(change: Change, kind: str) -> str:
    words = str(deed(change.verb))
    if change.kind == kind:
        return words
    return f"{KINDS.get(change.kind, change.kind)} · {words} · {change.object_name}"


@dataclass(frozen=True, slots=True)
class ChangeLine:
    """A change, and where what was changed has a page."""

    change: Change
    href: str
    names: Names

    @property
    def id(self) -> int:
        """The change's."""
        return int(self.change.id)


def _kind(change: Change) -> Cell:
    return text(KINDS.get(change.kind, change.kind))


def _what(line: ChangeLine) -> Cell:
    """The first fields with what they were and became; the change's page has them all."""
    pairs = _pairs(line.change, line.names)
    told = [
        f"{name}: {before[:20]} → {after[:20]}" if before else f"{name}: {after[:20]}"
        for name, before, after in pairs[:FIELDS_IN_A_ROW]
    ]
    more = ["…"] if len(pairs) > FIELDS_IN_A_ROW else []
    return text("；".join([*told, *more]))


class ChangePage(DetailScreen[Change]):
    """One change: who, when, from where, before and after, and its place in the chain."""

    name = "change"
    path = "changes/<int:key>"
    title = _("Change")
    permission = VIEW
    parent = "changes"

    def subject(self, actor: Actor, key: int) -> Change:
        """The change; raises `change_unknown`."""
        return change_by_id(actor, key)

    def heading(self, subject: Change) -> str:
        """What was done to what."""
        kind = KINDS.get(subject.kind, subject.kind)
        return f"{kind} · {deed(subject.verb)} · {subject.object_name}"

    @staticmethod
    def facts(call: Call, change: Change) -> Sequence[Panel]:
        """All that was written down."""
        link = getattr(change, "link", None)
        facts = [
            Fact(_("When"), moment(change.at)),
            Fact(_("By"), text(change.actor_name)),
            Fact(_("Kept as"), code(f"{change.verb} · {change.actor_id}")),
            Fact(_("From where"), code(change.origin)),
            Fact(_("Kind"), _kind(change)),
            Fact(_("Of what"), text(change.object_name, href=_page_of(call.actor, change))),
            Fact(_("What"), text(deed(change.verb))),
            Fact(_("Place in the chain"), code(f"#{link.seq}" if link else "")),
            Fact(_("Hash"), code(bytes(link.hash).hex() if link else "")),
        ]
        columns = (
            Column[Any]("field", _("Field"), lambda pair: text(pair[0])),
            Column[Any]("before", _("Before"), lambda pair: text(pair[1])),
            Column[Any]("after", _("After"), lambda pair: text(pair[2])),
        )
        rows = _pairs(change, names_behind(call.actor, [change]))
        return [Facts("", facts), Table(_("Fields"), columns, rows, _("No field was kept."))]

    tabs = (Tab("facts", _("Change"), facts),)


class Changes(ListScreen[ChangeLine]):
    """All changes in one's part, the latest first."""

    name = "changes"
    path = "changes"
    title = _("Change log")
    permission = VIEW
    empty = _("Nothing was changed yet.")
    fields = (
        Field("kind", _("Kind"), "choice", options=list(KINDS.items())),
        Field("by", _("By"), hint=_("Name, user name or pinyin")),
        Field("first", _("Changed from"), "day"),
        Field("last", _("Changed until"), "day"),
        Field("object", _("Number of the thing"), more=True, characters_max=64),
    )
    columns = (
        Column[ChangeLine]("at", _("When"), lambda one: Cell(
            local_text(one.change.at), "moment", href=CHANGE.address(key=one.id))),
        Column[ChangeLine]("by", _("By"), lambda one: text(one.change.actor_name)),
        Column[ChangeLine]("kind", _("Kind"), lambda one: _kind(one.change), wide=True),
        Column[ChangeLine]("name", _("Of what"), lambda one: text(
            one.change.object_name, href=one.href)),
        Column[ChangeLine]("verb", _("What"), lambda one: text(deed(one.change.verb))),
        Column[ChangeLine]("fields", _("Field"), _what, wide=True),
        Column[ChangeLine]("origin", _("From where"), lambda one: code(one.change.origin),
                           wide=True),
        Column[ChangeLine]("number", _("Number"), lambda one: code(str(one.id)), hidden=True),
    )  # fmt: skip

    def page_of(self, actor: Actor, values: Values, paging: Paging) -> Page[ChangeLine]:
        """The changes."""
        any_kind = tuple(KINDS) if values["object"] else None  # its index begins with the kind
        wanted = ChangeFilter(
            kinds=(values["kind"],) if values["kind"] else any_kind,
            object_id=values["object"],
            actor_ids=actor_ids_named(values["by"]) if values["by"] else None,
            since=day_start(values["first"]),
            until=day_end(values["last"]),
        )
        found = change_page(actor, wanted, paging)
        names = names_behind(actor, found.rows, in_full=False)
        return found.mapped(
            lambda rows: [ChangeLine(one, _page_of(actor, one), names) for one in rows]
        )


CHANGE: ChangePage = ChangePage()
CHANGES = Changes()
