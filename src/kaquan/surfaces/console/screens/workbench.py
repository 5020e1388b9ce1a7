"""Where the console begins: what waits for somebody, today's numbers, and what happens just now."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from kaquan.analytics import today as figures
from kaquan.analytics.first_steps import first_steps
from kaquan.analytics.queries import REPORTS, Figures
from kaquan.analytics.reconciliation import PERMISSION as RECONCILIATION
from kaquan.foundation import clock
from kaquan.foundation.configuration import current_configuration
from kaquan.redemption.scopes import books_scope
from kaquan.surfaces.console.kit.cells import Cell, Text, count, local_text, money
from kaquan.surfaces.console.kit.charts import Chart, Series
from kaquan.surfaces.console.kit.live import Part, Reading, part
from kaquan.surfaces.console.kit.menu import holds
from kaquan.surfaces.console.kit.screens import Call, Screen
from kaquan.surfaces.console.screens.recent import recent_events
from kaquan.surfaces.console.screens.todos import todos

DAYS_SHOWN = 14

_FIGURES: tuple[tuple[str, Text], ...] = (
    ("issued", _("Issued today")),
    ("redeemed", _("Redeemed today")),
    ("discount_fen", _("Discount today")),
    ("reversed", _("Reversed today")),
)
#: The name of the address, words, and what one needs.
SHORTCUTS: tuple[tuple[str, Text, str], ...] = (
    ("redeem", _("Redeem a voucher"), "redemption.redeem"),
    ("voucher-search", _("Find a voucher"), "voucher.trace"),
    ("customer-search", _("Find a customer"), "customers.view"),
    ("campaign-begin", _("New campaign"), "campaigns.edit"),
    ("store-new", _("New store"), "organisations.edit"),
    ("redemptions", _("Redemptions"), "ledger.view"),
    ("statements", _("Daily statements"), RECONCILIATION),
    ("jobs", _("Download centre"), "jobs.view"),
    ("staff", _("Accounts"), "staff.delegate"),
    ("staff-new", _("New account"), "staff.edit"),
    ("approval-rules", _("Approval rules"), "approvals.rules"),
    ("logins", _("Login records"), "logins.view"),
    ("changes", _("Change log"), "changes.view"),
    ("settings", _("Settings"), "settings.edit"),
)


class FigureCard(NamedTuple):
    """One of today's numbers; up to the last full hour also beside yesterday's.

    ``change``: by how much per cent today's is more, None where yesterday's was nothing.
    """

    name: str
    title: Text
    now: Cell
    until: Cell
    yesterday: Cell
    change: int | None


class Workbench(Screen):
    """The start. Everybody has one; what stands on it follows from what they may see."""

    name = "home"
    path = ""
    title = _("Workbench")
    permission = ""
    is_personal = True

    def respond(self, call: Call, **key: Any) -> HttpResponseBase:
        """The page."""
        del key
        now = clock.now()
        parts = {one.name: one for one in _parts(call, now)}
        shortcuts = [
            (reverse(f"console:{name}"), words)
            for name, words, permission in SHORTCUTS
            if holds(call.actor, permission)
        ]
        context = {
            "parts": parts,
            "shortcuts": shortcuts,
            "live_address": self.live_address(call),
            "at": local_text(now)[:-3],
            "has_figures": holds(call.actor, REPORTS),
        }
        return self.page(call, "console/workbench.html", context)

    def moves(self) -> bool:
        """It does."""
        return True

    def live_reading(self, call: Call, *, tab: str, **key: Any) -> Reading:
        """The parts as they are now, moved by whatever is booked in one's part."""
        del tab, key
        scope = books_scope(call.actor)
        parts = list(_parts(call, clock.now()))
        if scope is None:
            return Reading(parts)
        return Reading(parts, scope.batch_ids, scope.store_ids)


#: Of a new installation: words, where it is done, what one needs for that.
_FIRST_STEPS: tuple[tuple[Text, str, str], ...] = (
    (_("Accounts and roles for whoever works here"), "staff", "staff.view"),
    (_("Head office and a first store"), "store-new", "organisations.edit"),
    (_("A first campaign, handed in for approval"), "campaign-begin", "campaigns.edit"),
    (_("Approved by somebody else, and its vouchers minted"), "approvals", "approvals.view"),
    (_("A first voucher redeemed"), "redeem", "redemption.redeem"),
)


def _steps(call: Call) -> Iterator[Part]:
    there = first_steps(call.actor)
    if there is not None:
        steps = [
            (words, is_done, reverse(f"console:{name}") if holds(call.actor, needed) else "")
            for (words, name, needed), is_done in zip(_FIRST_STEPS, (*there, False), strict=True)
        ]
        yield part("first_steps", "console/workbench/first_steps.html", {"steps": steps})


def _parts(call: Call, now: datetime) -> Iterator[Part]:
    yield from _steps(call)
    waiting = todos(call.actor, now)
    yield part("todos", "console/workbench/todos.html", {"todos": waiting})
    if holds(call.actor, REPORTS):
        cards = _cards(call, now)
        yield part("figures", "console/workbench/figures.html", cards)
        yield part("days", Chart.template, {"panel": _days(call, now.astimezone(_zone()).date())})
    for panel in recent_events(call):
        yield part("events", panel.template, {"panel": panel})


def _zone() -> Any:
    return current_configuration().time_zone


def _cards(call: Call, now: datetime) -> dict[str, Any]:
    today = figures.today(call.actor, now)
    cards = [
        FigureCard(
            name=name,
            title=title,
            now=_shown(name, today.figures),
            until=_shown(name, today.today_until),
            yesterday=_shown(name, today.yesterday_until),
            change=_change(today.today_until.get(name, 0), today.yesterday_until.get(name, 0)),
        )
        for name, title in _FIGURES
    ]
    return {"cards": cards, "until": f"{today.until_hour:02}:00" if today.until_hour else ""}


def _shown(name: str, of: Figures) -> Cell:
    value = of.get(name, 0)
    return money(value) if name.endswith("_fen") else count(value)


def _change(today: int, yesterday: int) -> int | None:
    return (today - yesterday) * 100 // yesterday if yesterday > 0 else None


def _days(call: Call, last: date) -> Chart:
    by_day = figures.days_within(call.actor, last, DAYS_SHOWN)

    def values(name: str) -> Sequence[int]:
        return [of.get(name, 0) for of in by_day.values()]

    return Chart(
        title=_("The last 14 days"),
        name="days",
        label_title=_("Day"),
        labels=[f"{day:%m-%d}" for day in by_day],
        series=[
            Series(_("Issued"), values("issued")),
            Series(_("Redeemed"), values("redeemed")),
        ],
        empty=_("Nothing was issued or redeemed in these days."),
    )


WORKBENCH = Workbench()
