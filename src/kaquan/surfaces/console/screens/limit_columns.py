"""Limits of stores and channels in tables: what is allowed, used and left."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import TypeVar

from django.utils.translation import gettext_lazy as _

from kaquan.analytics.queries import REPORTS, Days
from kaquan.analytics.trade_queries import TradeFilter, trade_by_channel
from kaquan.campaigns.limits_left import ChannelLimit, LimitLeft, channel_limits
from kaquan.campaigns.models import CampaignBatch
from kaquan.engine.money import format_yuan
from kaquan.foundation import clock
from kaquan.foundation.configuration import current_configuration
from kaquan.surfaces.console.kit.cells import Cell, Text, text
from kaquan.surfaces.console.kit.lists import Column
from kaquan.surfaces.console.kit.menu import holds
from kaquan.surfaces.console.kit.panels import Panel, Table
from kaquan.surfaces.console.kit.screens import Call
from kaquan.surfaces.console.words import CHANNELS

Row = TypeVar("Row")

#: Channels that were used in so many days are shown, besides those that the terms name.
DAYS_SEEN = 31


def limit_name(limit: LimitLeft) -> Text:
    """What it counts."""
    if limit.moment == "claim":
        return _("Claims left today") if limit.is_daily else _("Claims left in all")
    return _("Uses left today") if limit.is_daily else _("Uses left in all")


def limit_amount(limit: LimitLeft, amount: int) -> str:
    """Uses as a number, fen as yuan."""
    return format_yuan(amount) if limit.is_money else f"{amount:,}"


def limit_columns(limit_of: Callable[[Row], LimitLeft]) -> Sequence[Column[Row]]:
    """Its name, and what is allowed, used and left."""

    def number(name: str, title: Text, amount_of: Callable[[LimitLeft], int]) -> Column[Row]:
        def cell(row: Row) -> Cell:
            limit = limit_of(row)
            return Cell(limit_amount(limit, amount_of(limit)), "number")

        return Column(name, title, cell, number=True)

    return (
        Column("name", _("Limit"), lambda row: text(limit_name(limit_of(row)))),
        number("cap", _("Allowed"), lambda one: one.cap),
        number("used", _("Used"), lambda one: one.used),
        number("left", _("Left"), lambda one: one.left),
    )


def channel_panels(call: Call, batch: CampaignBatch) -> Sequence[Panel]:
    """What the limits leave to each channel of a whole batch; none where they limit no channel."""
    now = clock.now()
    rows = channel_limits(call.actor, batch, ["", *CHANNELS], at=now)
    if rows and holds(call.actor, REPORTS):
        today = now.astimezone(current_configuration().time_zone).date()
        days = Days(today - timedelta(days=DAYS_SEEN - 1), today)
        seen = [channel for channel, _sums in trade_by_channel(call.actor, days, TradeFilter())]
        rows = channel_limits(call.actor, batch, ["", *CHANNELS, *seen], at=now)
    if not rows:
        return []
    channel = Column[ChannelLimit]("channel", _("Channel"), lambda one: text(
        CHANNELS.get(one.channel, one.channel or _("None told"))))  # fmt: skip
    columns = (channel, *limit_columns(lambda one: one.limit))
    note = _("Of the whole batch, over all stores.")
    return [Table(_("Limits of each channel"), columns, rows, "", note)]
