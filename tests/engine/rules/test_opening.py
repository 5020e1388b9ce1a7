"""When a voucher is good: boundaries to the second, windows across midnight, changes of clocks."""

# ruff: noqa: E501  # scenario tables are wider than code
from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kaquan.engine.outcomes import OutcomeCode
from kaquan.engine.rules.opening import OpeningHours, validity_refusal
from tests.engine.rules.offers import SHANGHAI, facts, rows, the_rules, told

OCTOBER = {"kind": "fixed_range", "first_day": "2026-10-01", "last_day": "2026-10-31"}
FROM_CLAIM = {"kind": "after_claim", "days": 30}
FROM_NEXT_DAY = {"kind": "after_claim", "days": 30, "start_after_days": 1}
AFTER_A_WEEK = {"kind": "after_claim", "days": 1, "start_after_days": 7}
EXACT = {
    "kind": "exact_range",
    "starts_at": "2026-11-11T00:00:00+08:00",
    "ends_at": "2026-11-11T14:30:00Z",
}
RANGES = {
    "october": OCTOBER,
    "from_claim": FROM_CLAIM,
    "from_next_day": FROM_NEXT_DAY,
    "after_a_week": AFTER_A_WEEK,
    "exact": EXACT,
}

WINDOWS = """
range         | zone             | claimed             | from                | until
october       | Asia/Shanghai    |                     | 2026-10-01T00:00:00 | 2026-11-01T00:00:00
exact         | Asia/Shanghai    |                     | 2026-11-11T00:00:00 | 2026-11-11T22:30:00
from_claim    | Asia/Shanghai    | 2026-10-01T09:30:00 | 2026-10-01T09:30:00 | 2026-10-31T00:00:00
from_claim    | Asia/Shanghai    | 2026-10-01T23:59:59 | 2026-10-01T23:59:59 | 2026-10-31T00:00:00
from_next_day | Asia/Shanghai    | 2026-10-01T23:59:59 | 2026-10-02T00:00:00 | 2026-11-01T00:00:00
from_next_day | Asia/Shanghai    | 2024-02-28T08:00:00 | 2024-02-29T00:00:00 | 2024-03-30T00:00:00
after_a_week  | Asia/Shanghai    | 2026-12-28T08:00:00 | 2027-01-04T00:00:00 | 2027-01-05T00:00:00
-- clocks go back on 25 October: that day has 25 hours
from_next_day | Europe/Berlin    | 2026-09-25T12:00:00 | 2026-09-26T00:00:00 | 2026-10-26T00:00:00
-- midnight of 15 October 2017 did not happen: clocks went from 00:00 to 01:00
after_a_week  | America/Sao_Paulo | 2017-10-08T12:00:00 | 2017-10-15T01:00:00 | 2017-10-16T00:00:00
"""


@pytest.mark.parametrize(("name", "zone", "claimed", "start", "end"), rows(WINDOWS))
def test_validity_is_a_span_of_local_days(
    name: str, zone: str, claimed: str, start: str, end: str
) -> None:
    here = ZoneInfo(zone)
    rules = the_rules(validity={"range": RANGES[name], "time_zone": zone})
    claimed_at = datetime.fromisoformat(claimed).replace(tzinfo=here) if claimed else None

    window = rules.validity_window(claimed_at)

    assert window is not None
    assert [one.astimezone(here).replace(tzinfo=None).isoformat() for one in window] == [start, end]
    assert all(one.tzinfo is UTC for one in window)


def test_validity_from_a_claim_is_unknown_before_it() -> None:
    rules = the_rules(validity={"range": FROM_CLAIM})

    assert rules.validity_window(None) is None
    refusal = validity_refusal(None, datetime(2026, 10, 1, tzinfo=UTC))
    assert refusal is not None
    assert refusal.code is OutcomeCode.VOUCHER_NOT_ISSUED


LAST_SECONDS = """
at                         | answer
2026-09-30T23:59:59+08:00  | VOUCHER_NOT_YET_VALID valid_from=2026-09-30T16:00:00+00:00
2026-10-01T00:00:00+08:00  | fine
2026-10-31T23:59:59+08:00  | fine
2026-10-31T23:59:59.999999+08:00 | fine
2026-11-01T00:00:00+08:00  | VOUCHER_EXPIRED valid_until=2026-10-31T16:00:00+00:00
2026-10-31T15:59:59Z       | fine
2026-10-31T16:00:00Z       | VOUCHER_EXPIRED valid_until=2026-10-31T16:00:00+00:00
"""


@pytest.mark.parametrize(("at", "answer"), rows(LAST_SECONDS))
def test_through_that_day_ends_with_its_last_second_in_the_issuers_zone(
    at: str, answer: str
) -> None:
    rules = the_rules(validity={"range": OCTOBER})
    window = rules.validity_window(None)

    assert told(validity_refusal(window, datetime.fromisoformat(at))) == answer


def hours(**fields: Any) -> dict[str, Any]:
    return {"range": {**OCTOBER, "last_day": "2027-12-31"}, **fields}


LUNCH_AND_DINNER = hours(
    weekdays=[1, 2, 3, 4, 5],
    daily_windows=[{"start": "11:00", "end": "14:00"}, {"start": "17:00", "end": "24:00"}],
    excluded_dates=["2026-10-14"],
)
FRIDAY_NIGHT = hours(
    weekdays=[5],
    daily_windows=[{"start": "22:00", "end": "02:00"}],
    excluded_dates=["2026-10-23"],
)
GOLDEN_WEEK_OFF = hours(excluded_dates=["2026-10-01", "2026-10-02"])
HOURS = {"lunch": LUNCH_AND_DINNER, "night": FRIDAY_NIGHT, "golden": GOLDEN_WEEK_OFF}

# 12 October 2026 is a Monday.
OPENINGS = """
hours  | at                  | answer
lunch  | 2026-10-12T11:00:00 | fine
lunch  | 2026-10-12T10:59:59 | OUTSIDE_DAILY_WINDOW next_opens_at=2026-10-12T11:00+08:00 windows=11:00-14:00,17:00-24:00
lunch  | 2026-10-12T13:59:59 | fine
lunch  | 2026-10-12T14:00:00 | OUTSIDE_DAILY_WINDOW next_opens_at=2026-10-12T17:00+08:00 windows=11:00-14:00,17:00-24:00
lunch  | 2026-10-12T23:59:59 | fine
lunch  | 2026-10-13T00:00:00 | OUTSIDE_DAILY_WINDOW next_opens_at=2026-10-13T11:00+08:00 windows=11:00-14:00,17:00-24:00
lunch  | 2026-10-17T12:00:00 | WRONG_WEEKDAY next_opens_at=2026-10-19T11:00+08:00 weekdays=1,2,3,4,5
lunch  | 2026-10-14T12:00:00 | EXCLUDED_DATE date=2026-10-14 next_opens_at=2026-10-15T11:00+08:00
-- of two reasons the one with the lower code is told
lunch  | 2026-10-14T09:00:00 | OUTSIDE_DAILY_WINDOW next_opens_at=2026-10-15T11:00+08:00 windows=11:00-14:00,17:00-24:00
-- a night belongs to the day it starts on
night  | 2026-10-16T22:00:00 | fine
night  | 2026-10-17T01:59:59 | fine
night  | 2026-10-17T02:00:00 | WRONG_WEEKDAY next_opens_at=2026-10-30T22:00+08:00 weekdays=5
night  | 2026-10-16T01:00:00 | OUTSIDE_DAILY_WINDOW next_opens_at=2026-10-16T22:00+08:00 windows=22:00-02:00
night  | 2026-10-24T01:00:00 | WRONG_WEEKDAY next_opens_at=2026-10-30T22:00+08:00 weekdays=5
night  | 2026-10-23T23:00:00 | EXCLUDED_DATE date=2026-10-23 next_opens_at=2026-10-30T22:00+08:00
golden | 2026-10-02T23:59:59 | EXCLUDED_DATE date=2026-10-02 next_opens_at=2026-10-03T00:00+08:00
golden | 2026-10-03T00:00:00 | fine
"""


@pytest.mark.parametrize(("name", "at", "answer"), rows(OPENINGS))
def test_weekdays_windows_and_excluded_dates(name: str, at: str, answer: str) -> None:
    rules = the_rules(validity=HOURS[name])
    moment = datetime.fromisoformat(at).replace(tzinfo=SHANGHAI)

    assert told(rules.refusal(facts(), moment)) == answer
    assert told(rules.refusal(facts(), moment.astimezone(UTC))) == answer


def test_a_window_follows_the_wall_clock_over_a_change_of_clocks() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    windows = [{"start": "01:30", "end": "03:30"}]
    rules = the_rules(validity=hours(daily_windows=windows, time_zone="Europe/Berlin"))
    start = datetime(2026, 10, 25, 1, 30, tzinfo=berlin).astimezone(UTC)

    # The hour from 02:00 comes twice that night: the window is three hours long.
    minutes = [start + timedelta(minutes=minute) for minute in range(-1, 181)]
    usable = [rules.refusal(facts(), minute) is None for minute in minutes]
    assert usable == [False] + [True] * 180 + [False]


def test_a_voucher_that_never_opens_again_names_no_next_opening() -> None:
    validity = {
        "range": FROM_CLAIM,
        "excluded_dates": [
            (datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=day)).date().isoformat()
            for day in range(400)
        ],
    }
    refusal = the_rules(validity=validity).refusal(facts(), datetime(2026, 1, 1, tzinfo=UTC))
    assert told(refusal) == "EXCLUDED_DATE date=2026-01-01"


def test_the_day_number_is_the_local_day() -> None:
    rules = the_rules()
    assert rules.day_number(datetime(1970, 1, 1, 15, 59, 59, tzinfo=UTC)) == 0
    assert rules.day_number(datetime(1970, 1, 1, 16, tzinfo=UTC)) == 1


clock = st.integers(0, 1439).map(lambda minute: f"{minute // 60:02}:{minute % 60:02}")


@settings(max_examples=150)
@given(
    st.sets(st.integers(1, 7), min_size=1),
    st.tuples(clock, clock).filter(lambda pair: pair[0] != pair[1]),
    st.datetimes(datetime(2026, 10, 1), datetime(2027, 3, 1)),  # noqa: DTZ001
)
def test_the_next_opening_is_open_and_nothing_before_it_is(
    weekdays: set[int], window: tuple[str, str], wall: datetime
) -> None:
    rules = the_rules(
        validity=hours(
            weekdays=sorted(weekdays), daily_windows=[{"start": window[0], "end": window[1]}]
        )
    )
    at = wall.replace(tzinfo=SHANGHAI)
    if rules.refusal(facts(), at) is None:
        return

    opens_at = OpeningHours(rules.terms.validity).next_opening(at)

    assert opens_at is not None
    assert rules.refusal(facts(), opens_at) is None
    step = (opens_at - at) / 20
    assert all(rules.refusal(facts(), at + step * number) for number in range(20))
    assert rules.refusal(facts(), opens_at - timedelta(seconds=1)) is not None
