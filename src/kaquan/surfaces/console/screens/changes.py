"""What was changed of the configuration: all of it, and on the page of each thing its own."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext_lazy as _

from kaquan.foundation.actor import Actor
from kaquan.foundation.changes.models import Change
from kaquan.foundation.changes.queries import VIEW, changes
from kaquan.foundation.paging import Page, Paging, cursor_invalid, cursor_of, keys_in
from kaquan.surfaces.console.kit.cells import Cell, Fact, Text, code, local_text, moment, text
from kaquan.surfaces.console.kit.fields import Field, Values, day_end, day_start
from kaquan.surfaces.console.kit.lists import Column, ListScreen
from kaquan.surfaces.console.kit.panels import Happening, Panel, Tab, Timeline
from kaquan.surfaces.console.kit.screens import Call

SHOWN_ON_A_PAGE = 100
VALUE_CHARACTERS_MAX = 400
KINDS: dict[str, Text] = {
    "campaign": _("Campaign"),
    "batch": _("Batch"),
    "offer": _("Offer"),
    "product": _("Products"),
    "budget": _("Budget"),
    "funder": _("Funder"),
    "organisation": _("Organisation"),
    "store": _("Store"),
    "clerk": _("Clerk"),
    "terminal": _("Terminal"),
    "api_client": _("API client"),
    "api_key": _("API key"),
    "webhook": _("Webhook"),
    "staff": _("Account"),
    "approval": _("Request for approval"),
    "approval_rule": _("Approval rule"),
    "role_grant": _("Granted role"),
    "saved_view": _("Saved view"),
    "customer": _("Customer"),
    "customer_look": _("Look at a customer"),
    "segment": _("Segment"),
    "role": _("Role"),
    "announcement": _("Announcement"),
    "issuer_setting": _("Settings"),
    "holiday": _("Special day"),
    "care_limit": _("Authority over vouchers"),
    "claim_link": _("Claim link"),
}


def _written(value: object) -> str:
    shown = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return shown if len(shown) <= VALUE_CHARACTERS_MAX else f"{shown[:VALUE_CHARACTERS_MAX]}…"


def _lines(change: Change) -> list[tuple[str, str, str]]:
    """Each field, and what it was and became."""
    before, after = change.before or {}, change.after or {}
    return [
        (
            name,
            _written(before[name]) if name in before else "",
            _written(after[name]) if name in after else "",
        )
        for name in {**before, **after}
    ]


def changes_tab(kind: str) -> Tab:
    """The tab of a page about a thing of this kind; its screen says what names it."""

    def panels(call: Call, subject: Any) -> Sequence[Panel]:
        key = getattr(subject, "id", None) or subject.pk
        found = changes(call.actor, kind=kind, object_id=key, limit=SHOWN_ON_A_PAGE)
        happenings = [
            Happening(
                at=local_text(one.at),
                title=one.verb,
                facts=[
                    Fact(_("By"), text(one.actor_name)),
                    Fact(_("From where"), code(one.origin)),
                ],
                lines=_lines(one),
            )
            for one in found
        ]
        heads = (_("Field"), _("Before"), _("After"))
        return [Timeline(_("Changes"), happenings, _("Nothing was changed yet."), heads)]

    return Tab("changes", _("Changes"), panels, VIEW)


def _what(change: Change) -> Cell:
    names = "、".join({**(change.before or {}), **(change.after or {})})
    return text(names)


class Changes(ListScreen[Change]):
    """All changes in one's part, the latest first."""

    name = "changes"
    path = "changes"
    title = _("Change log")
    permission = VIEW
    empty = _("Nothing was changed yet.")
    fields = (
        Field("kind", _("Kind"), "choice", options=list(KINDS.items())),
        Field("first", _("Changed from"), "day"),
        Field("last", _("Changed until"), "day"),
    )
    columns = (
        Column[Change]("at", _("When"), lambda one: moment(one.at)),
        Column[Change]("by", _("By"), lambda one: text(one.actor_name)),
        Column[Change]("kind", _("Kind"), lambda one: text(KINDS.get(one.kind, one.kind))),
        Column[Change]("name", _("Of what"), lambda one: text(one.object_name)),
        Column[Change]("verb", _("What"), lambda one: code(one.verb), wide=True),
        Column[Change]("fields", _("Field"), _what, wide=True),
        Column[Change]("origin", _("From where"), lambda one: code(one.origin), wide=True),
        Column[Change]("number", _("Number"), lambda one: code(str(one.id)), hidden=True),
    )

    def page_of(self, actor: Actor, values: Values, paging: Paging) -> Page[Change]:
        """The changes."""
        before_id = None
        if paging.after:
            (key,) = keys_in(paging.after, 1)
            if not isinstance(key, int):
                raise cursor_invalid()
            before_id = key
        found = changes(
            actor,
            kind=values["kind"],
            since=day_start(values["first"]),
            until=day_end(values["last"]),
            before_id=before_id,
            limit=paging.rows_max + 1,
        )
        rows = found[: paging.rows_max]
        more = len(found) > len(rows)
        return Page(rows, after=cursor_of(rows[-1].id) if more else "")


CHANGES = Changes()
