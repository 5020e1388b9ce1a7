"""Campaigns by the month: a grid of weeks for a desk, a list of campaigns for a phone."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from django.http.response import HttpResponseBase
from django.utils.translation import gettext_lazy as _

from kaquan.campaigns.calendar import CAMPAIGNS_MAX, campaigns_between
from kaquan.campaigns.listings import VIEW, campaign_state
from kaquan.campaigns.models import Campaign
from kaquan.foundation import clock
from kaquan.foundation.configuration import current_configuration
from kaquan.surfaces.console.kit.cells import Cell, Text
from kaquan.surfaces.console.kit.fields import day_start
from kaquan.surfaces.console.kit.screens import Call, Screen
from kaquan.surfaces.console.screens.campaigns import CAMPAIGN
from kaquan.surfaces.console.words import CAMPAIGN_STATES, state

LANES_SHOWN = 6
WEEK_DAYS = 7
YEARS = (1990, 2199)
_MONTH = re.compile(r"(\d{4})-(\d{2})", re.ASCII)
WEEKDAY_HEADS: tuple[Text, ...] = (
    _("Mon"), _("Tue"), _("Wed"), _("Thu"), _("Fri"), _("Sat"), _("Sun")
)  # fmt: skip


class Run(NamedTuple):
    """A campaign with the days it covers, its last one included."""

    campaign: Campaign
    first: date
    last: date
    state: Cell
    href: str


class Bar(NamedTuple):
    """A run within one week; ``run`` None: nothing for so many days."""

    days: int
    run: Run | None = None
    begins: bool = False
    ends: bool = False


class Day(NamedTuple):
    """A day of the grid."""

    day: date
    is_outside: bool
    is_today: bool


class Week(NamedTuple):
    """Its days, and bars in lanes of seven days; ``more`` runs found no lane."""

    days: Sequence[Day]
    lanes: Sequence[Sequence[Bar]]
    more: Sequence[Run]


class CampaignCalendar(Screen):
    """See the module."""

    name = "campaign-calendar"
    path = "campaign-calendar"
    title = _("Campaign calendar")
    permission = VIEW

    def respond(self, call: Call, **key: Any) -> HttpResponseBase:
        """The month that was asked for, else this one."""
        del key
        now = clock.now()
        today = now.astimezone(current_configuration().time_zone).date()
        month = month_of(call.request.GET.get("month", ""), today)
        first = month - timedelta(days=month.weekday())
        after = month_after(month)
        end = after + timedelta(days=-after.weekday() % WEEK_DAYS)
        found, is_more = campaigns_between(call.actor, _moment(first), _moment(end))
        runs = [_run(campaign, now) for campaign in found]
        context = {
            "month": month,
            "before": f"{month - timedelta(days=1):%Y-%m}",
            "after": f"{after:%Y-%m}",
            "this_month": f"{today:%Y-%m}",
            "heads": WEEKDAY_HEADS,
            "weeks": list(weeks(runs, first, end, month, today)),
            "runs": [run for run in runs if run.last >= month and run.first < after],
            "is_more": is_more,
            "shown_max": CAMPAIGNS_MAX,
        }
        return self.page(call, "console/wizard/calendar.html", context)


def month_of(asked: str, today: date) -> date:
    """The first day of a month such as ``2026-11``; of this one for anything else."""
    match = _MONTH.fullmatch(asked)
    if match and YEARS[0] <= int(match[1]) <= YEARS[1] and 1 <= int(match[2]) <= 12:
        return date(int(match[1]), int(match[2]), 1)
    return today.replace(day=1)


def month_after(month: date) -> date:
    """The first day of the next month."""
    return (month + timedelta(days=31)).replace(day=1)


def weeks(runs: Sequence[Run], first: date, end: date, month: date, today: date) -> Sequence[Week]:
    """The grid: each week with its runs in as many lanes as they need, up to a bound."""
    found = []
    while first < end:
        days = [first + timedelta(days=ahead) for ahead in range(WEEK_DAYS)]
        lanes: list[list[Run]] = []
        more: list[Run] = []
        for run in runs:
            if run.last < days[0] or run.first > days[-1]:
                continue
            lane = next((one for one in lanes if one[-1].last < run.first), None)
            if lane is not None:
                lane.append(run)
            elif len(lanes) < LANES_SHOWN:
                lanes.append([run])
            else:
                more.append(run)
        found.append(
            Week(
                [Day(day, day.month != month.month, day == today) for day in days],
                [_bars(lane, days) for lane in lanes],
                more,
            )
        )
        first += timedelta(days=WEEK_DAYS)
    return found


def _bars(lane: Sequence[Run], days: Sequence[date]) -> list[Bar]:
    """The seven days of a week as bars and gaps."""
    bars, reached = [], days[0]
    for run in lane:
        start, last = max(run.first, days[0]), min(run.last, days[-1])
        if start > reached:
            bars.append(Bar((start - reached).days))
        bars.append(Bar((last - start).days + 1, run, run.first >= days[0], run.last <= days[-1]))
        reached = last + timedelta(days=1)
    if reached <= days[-1]:
        bars.append(Bar((days[-1] - reached).days + 1))
    return bars


def _run(campaign: Campaign, now: datetime) -> Run:
    zone = current_configuration().time_zone
    # What ends at 0:00 ran until the end of the day before.
    last_moment = campaign.ends_at - timedelta(microseconds=1)
    return Run(
        campaign,
        campaign.starts_at.astimezone(zone).date(),
        last_moment.astimezone(zone).date(),
        state(CAMPAIGN_STATES, campaign_state(campaign, now)),
        CAMPAIGN.address(key=campaign.id),
    )


def _moment(day: date) -> datetime:
    start = day_start(day)
    assert start is not None, day
    return start
