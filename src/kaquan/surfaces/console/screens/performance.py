"""How stores, channels and clerks do, day by day."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple
from urllib.parse import urlencode

from django.utils.translation import gettext_lazy as _

from kaquan.analytics.queries import DAYS_MAX, REPORTS, Days
from kaquan.analytics.trade_queries import (
    CLERK_DAYS_MAX,
    NOTHING,
    ClerkLine,
    Sums,
    TradeFilter,
    actor_names,
    clerk_page,
    period,
    trade_by_channel,
    trade_by_day,
    trade_of_stores,
)
from kaquan.foundation import clock
from kaquan.foundation.actor import Actor
from kaquan.foundation.configuration import current_configuration
from kaquan.foundation.paging import Page, Paging
from kaquan.organisations.listings import StoreFilter, store_page
from kaquan.organisations.models import Store
from kaquan.organisations.queries import organisation_names, store_by_code
from kaquan.surfaces.console.kit.cells import Cell, Fact, code, count, moment, money, text
from kaquan.surfaces.console.kit.charts import Chart, Series
from kaquan.surfaces.console.kit.fields import Field, Values
from kaquan.surfaces.console.kit.lists import Column, ListScreen
from kaquan.surfaces.console.kit.panels import Facts, Panel, Table
from kaquan.surfaces.console.kit.screens import Call
from kaquan.surfaces.console.screens.figures import FiguresScreen
from kaquan.surfaces.console.words import CHANNELS, acted

DAYS = 14
CLERK_DAYS = 7
_FIRST, _LAST = Field("first", _("From"), "day"), Field("last", _("Until"), "day")
_STORE = Field("store", _("Store's code"), characters_max=200)
_CHANNEL = Field("channel", _("Channel"), "choice", options=list(CHANNELS.items()))
_FIGURES = {
    "issued": _("Issued"),
    "orders": _("Orders"),
    "redeemed": _("Redeemed"),
    "reversed": _("Reversed"),
    "discount_fen": _("Given as a discount"),
    "returned_fen": _("Taken back"),
    "cost_fen": _("Owed to stores"),
    "cost_returned_fen": _("Owed back by stores"),
}


def _days(values: Values, usual: int, most: int) -> Days:
    today = clock.now().astimezone(current_configuration().time_zone).date()
    return period(values["first"], values["last"], today=today, days=usual, most=most)


def _shown(name: str, sums: Sums) -> Cell:
    return money(sums[name]) if name.endswith("_fen") else count(sums[name])


def _percent(basis_points: int) -> Cell:
    return Cell(f"{basis_points // 100}.{basis_points % 100:02}%", "number")


def _ratio(sums: Sums) -> Cell:
    """How much of what was redeemed was reversed."""
    return _percent(sums["reversed"] * 10_000 // sums["redeemed"] if sums["redeemed"] else 0)


class Performance(FiguresScreen):
    """A period of one store, one channel, or all of one's part."""

    name = "performance"
    path = "performance"
    title = _("Performance")
    permission = REPORTS
    fields = (_FIRST, _LAST, _STORE, _CHANNEL)
    note = _("Days are business days in the issuer's time zone. What was issued in no store counts "
             "for the whole issuer only.")  # fmt: skip

    def panels(self, call: Call, values: Values) -> Sequence[Panel]:
        """The sums, the days, the channels."""
        days = _days(values, DAYS, DAYS_MAX)
        asked_for = values["store"]
        store_id = store_by_code(call.actor, asked_for).pk if asked_for else None
        wanted = TradeFilter(store_id, values["channel"])
        by_day = trade_by_day(call.actor, days, wanted)
        by_channel = trade_by_channel(call.actor, days, wanted)
        sums = {name: sum(one[name] for one in by_day.values()) for name in NOTHING}
        labels = [f"{day:%m-%d}" for day in by_day]
        asked = urlencode({"first": days.first.isoformat(), "last": days.last.isoformat()})
        facts = [Fact(words, _shown(name, sums)) for name, words in _FIGURES.items()]
        facts += [
            Fact(_("Reversed of redeemed"), _ratio(sums)),
            Fact(_("Days"), text(f"{days.first} – {days.last}")),
            Fact(_("By store"), text(
                _("Compare the stores"), href=f"{STORE_FIGURES.address()}?{asked}")),
        ]  # fmt: skip

        def series(*names: str) -> list[Series]:
            return [
                Series(
                    _FIGURES[name],
                    [one[name] for one in by_day.values()],
                    "fen" if name.endswith("_fen") else "count",
                )
                for name in names
            ]

        empty = _("Nothing happened in these days.")
        return [
            Facts(_("In all"), facts),
            Chart(_("Vouchers by day"), "vouchers", _("Day"), labels,
                  series("issued", "redeemed", "reversed"), "bar", empty),
            Chart(_("Money by day"), "money", _("Day"), labels,
                  series("discount_fen", "returned_fen"), "bar", empty),
            Table(_("By channel"), _channel_columns(), by_channel, empty),
        ]  # fmt: skip


def _channel_columns() -> list[Column[Any]]:
    def column(name: str) -> Column[Any]:
        wide = name not in ("redeemed", "discount_fen")
        return Column(
            name, _FIGURES[name], lambda one: _shown(name, one[1]), number=True, wide=wide
        )

    named = Column[Any](
        "channel", _("Channel"), lambda one: text(CHANNELS.get(one[0], one[0] or _("None told")))
    )
    return [named, *map(column, _FIGURES)]


class StoreLine(NamedTuple):
    """A store and what it did."""

    store: Store
    sums: Sums
    asked: str

    @property
    def id(self) -> int:
        """The store's."""
        return self.store.pk


def _store_figure(name: str) -> Column[StoreLine]:
    wide = name not in ("redeemed", "discount_fen")
    hidden = name.startswith("cost")
    return Column(name, _FIGURES[name], lambda one: _shown(name, one.sums), number=True, wide=wide,
                  hidden=hidden)  # fmt: skip


class StoreFigures(ListScreen[StoreLine]):
    """Each store of one's part with what it did in a period."""

    name = "store-figures"
    path = "store-figures"
    title = _("Stores compared")
    permission = REPORTS
    parent = "performance"
    empty = _("There are no stores yet.")
    fields = (_FIRST, _LAST, Field("words", _("Name, code or address")), _CHANNEL)
    columns = (
        Column[StoreLine]("name", _("Store"), lambda one: text(
            one.store.organisation.name, href=f"{PERFORMANCE.address()}?{one.asked}"),
            sort="name"),
        Column[StoreLine]("code", _("Code"), lambda one: code(one.store.organisation.code),
                          sort="code", wide=True),
        *map(_store_figure, _FIGURES),
        Column[StoreLine]("ratio", _("Reversed of redeemed"), lambda one: _ratio(one.sums),
                          number=True, wide=True),
    )  # fmt: skip

    def page_of(self, actor: Actor, values: Values, paging: Paging) -> Page[StoreLine]:
        """The stores, and what they did."""
        days = _days(values, DAYS, DAYS_MAX)
        channel = values["channel"]
        asked = {"first": days.first.isoformat(), "last": days.last.isoformat()}
        if channel:
            asked["channel"] = channel

        def lines(stores: Sequence[Store]) -> list[StoreLine]:
            sums = trade_of_stores([store.pk for store in stores], days, channel)
            return [
                StoreLine(
                    store,
                    sums.get(store.pk, NOTHING),
                    urlencode({**asked, "store": store.organisation.code}),
                )
                for store in stores
            ]

        return store_page(actor, StoreFilter(values["words"]), paging).mapped(lines)


class ClerkFigures(NamedTuple):
    """What somebody did in a store, with names."""

    line: ClerkLine
    name: str
    store: str

    @property
    def id(self) -> str:
        """Of the line."""
        return f"{self.line.store_id}-{self.line.actor}"


def _who(figures: ClerkFigures) -> Cell:
    number = figures.line.actor
    return text(figures.name, note=number if number != figures.name else "")


def _clerk_figure(name: str, *, sort: bool = True, wide: bool = True) -> Column[ClerkFigures]:
    words = {**_FIGURES, "refused": _("Refused")}[name]
    return Column(name, words, lambda one: _shown(name, one.line.sums), number=True, wide=wide,
                  sort=name if sort else "")  # fmt: skip


class Clerks(ListScreen[ClerkFigures]):
    """Who redeemed and reversed how much in which store; most reversals first."""

    name = "clerk-figures"
    path = "clerk-figures"
    title = _("Clerks' activity")
    permission = REPORTS
    empty = _("Nobody redeemed anything in these days.")
    fields = (_FIRST, _LAST, _STORE)
    columns = (
        Column[ClerkFigures]("name", _("Who"), _who),
        Column[ClerkFigures]("store", _("Store"), lambda one: text(one.store)),
        _clerk_figure("orders", sort=False),
        _clerk_figure("redeemed"),
        _clerk_figure("reversed", wide=False),
        Column[ClerkFigures]("ratio", _("Reversed of redeemed"),
                             lambda one: _percent(one.line.reversed_basis_points), number=True),
        _clerk_figure("refused"),
        _clerk_figure("discount_fen"),
        _clerk_figure("returned_fen", sort=False),
        Column[ClerkFigures]("seen", _("Last seen"), lambda one: moment(one.line.last_at),
                             wide=True),
    )  # fmt: skip

    def page_of(self, actor: Actor, values: Values, paging: Paging) -> Page[ClerkFigures]:
        """Those with the most reversals first, unless another order is asked for."""
        days = _days(values, CLERK_DAYS, CLERK_DAYS_MAX)
        asked_for = values["store"]
        store_id = store_by_code(actor, asked_for).pk if asked_for else None
        found = clerk_page(actor, days, paging, store_id=store_id)

        def lines(rows: Sequence[ClerkLine]) -> list[ClerkFigures]:
            names = actor_names({row.actor for row in rows})
            stores = organisation_names(actor, {row.store_id for row in rows})
            return [
                ClerkFigures(row, str(acted(names, row.actor)), stores.get(row.store_id, ""))
                for row in rows
            ]

        return found.mapped(lines)

    def key(self, row: ClerkFigures) -> str:
        """Who and where."""
        return row.id


PERFORMANCE: Performance = Performance()
STORE_FIGURES: StoreFigures = StoreFigures()
CLERKS = Clerks()
