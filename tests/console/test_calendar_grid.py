"""The calendar's grid: every campaign stands on every day that it runs on, and on no other."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from kaquan.campaigns.models import Campaign
from kaquan.surfaces.console.kit.cells import badge
from kaquan.surfaces.console.screens.calendar import LANES_SHOWN, Run, month_after, weeks

FIRST, END = date(2026, 6, 1), date(2026, 7, 6)
DAYS = st.dates(FIRST - timedelta(days=20), END + timedelta(days=20))


def a_run(name: str, first: date, last: date) -> Run:
    return Run(Campaign(name=name), first, last, badge("", "good"), "")


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(DAYS, st.integers(0, 40)), max_size=12))
def test_every_run_covers_its_days_in_its_lane(spans: list[tuple[date, int]]) -> None:
    runs = [
        a_run(str(number), first, first + timedelta(days=days))
        for number, (first, days) in enumerate(sorted(spans))
    ]

    grid = weeks(runs, FIRST, END, FIRST, FIRST)

    assert len(grid) == 5
    for week in grid:
        days = [one.day for one in week.days]
        shown = set()
        for lane in week.lanes:
            assert sum(bar.days for bar in lane) == 7
            position = 0
            for bar in lane:
                if bar.run is not None:
                    covered = days[position : position + bar.days]
                    expected = [day for day in days if bar.run.first <= day <= bar.run.last]
                    assert covered == expected
                    assert bar.begins == (bar.run.first >= days[0])
                    assert bar.ends == (bar.run.last <= days[-1])
                    shown.add(bar.run.campaign.name)
                position += bar.days
        inside = [one for one in runs if one.first <= days[-1] and one.last >= days[0]]
        assert len(shown) + len(week.more) == len(inside)
        assert len(week.lanes) <= LANES_SHOWN


def test_months_follow_each_other() -> None:
    months = [date(2026, 1, 1)]
    for _ in range(24):
        months.append(month_after(months[-1]))

    assert months[11:14] == [date(2026, 12, 1), date(2027, 1, 1), date(2027, 2, 1)]
    assert all(one.day == 1 for one in months)
