"""When a voucher is good: its validity as instants, its weekdays, windows and excluded dates.

All is judged on the issuer's wall clock. A day runs from its first moment to the first moment of
the next one, whatever a change of clocks does to its length.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from kaquan.engine.outcomes import Data, OutcomeCode, Refusal
from kaquan.engine.rules.sanity import DAY_MINUTES, window_minutes
from kaquan.engine.rules.terms import AfterClaim, ExactRange, FixedRange, Validity

Window = tuple[datetime, datetime]

EPOCH_DAY = date(1970, 1, 1).toordinal()
DAYS_LOOKED_AHEAD = 400


def start_of_day(day: date, zone: ZoneInfo) -> datetime:
    """The first moment of a local day as an instant in UTC.

    With ``fold`` 0 a midnight that happens twice is its first, and one that a change of clocks
    skips is the moment of the change.
    """
    return datetime.combine(day, time(), zone).astimezone(UTC)


def compile_window(validity: Validity) -> Callable[[datetime | None], Window | None]:
    """From the moment of the claim to the half-open validity; without a claim it may be unknown."""
    zone, span = ZoneInfo(validity.time_zone), validity.range
    match span:
        case FixedRange(first_day=first, last_day=last):
            fixed = (start_of_day(first, zone), start_of_day(last + timedelta(days=1), zone))
            return lambda _claimed_at: fixed
        case ExactRange(starts_at=starts_at, ends_at=ends_at):
            exact = (starts_at.astimezone(UTC), ends_at.astimezone(UTC))
            return lambda _claimed_at: exact
        case AfterClaim(days=days, start_after_days=wait):

            def after_claim(claimed_at: datetime | None) -> Window | None:
                if claimed_at is None:
                    return None
                first = claimed_at.astimezone(zone).date() + timedelta(days=wait)
                start = start_of_day(first, zone) if wait else claimed_at.astimezone(UTC)
                return start, start_of_day(first + timedelta(days=days), zone)

            return after_claim


def validity_refusal(window: Window | None, at: datetime) -> Refusal | None:
    """Judge an instant against a voucher's validity; window None: it has none before its claim."""
    if window is None:
        return Refusal(OutcomeCode.VOUCHER_NOT_ISSUED)
    start, end = window
    if at >= end:
        return Refusal(OutcomeCode.VOUCHER_EXPIRED, {"valid_until": end.isoformat()})
    if at < start:
        return Refusal(OutcomeCode.VOUCHER_NOT_YET_VALID, {"valid_from": start.isoformat()})
    return None


class OpeningHours:
    """Weekdays, daily windows (half-open, to the minute) and excluded dates, compiled."""

    def __init__(self, validity: Validity) -> None:
        self._zone = ZoneInfo(validity.time_zone)
        self._weekdays = frozenset(validity.weekdays or range(1, 8))
        self._excluded = frozenset(validity.excluded_dates)
        self._windows = sorted(window_minutes(one) for one in validity.daily_windows)
        self._windows = self._windows or [(0, DAY_MINUTES)]
        self._named = [f"{one.start}-{one.end}" for one in validity.daily_windows]
        self._overnight = any(end > DAY_MINUTES for _, end in self._windows)

    @property
    def always(self) -> bool:
        """Whether nothing restricts the time."""
        return len(self._weekdays) == 7 and not self._excluded and not self._named

    def refusal(self, at: datetime) -> Refusal | None:
        """Why a voucher is not good at this instant, told about today; None where it is."""
        local = at.astimezone(self._zone)
        minute = local.hour * 60 + local.minute
        right_weekday = local.isoweekday() in self._weekdays
        in_window = self._in_window(minute)
        if right_weekday and in_window and not (self._excluded and local.date() in self._excluded):
            return None
        day = local.date()
        if self._overnight and self._in_window(minute + DAY_MINUTES):
            yesterday = day - timedelta(days=1)
            if yesterday.isoweekday() in self._weekdays and yesterday not in self._excluded:
                return None
        if not right_weekday:
            weekdays = [str(one) for one in sorted(self._weekdays)]
            return self._closed(OutcomeCode.WRONG_WEEKDAY, at, {"weekdays": weekdays})
        if not in_window:
            windows = list(self._named)
            return self._closed(OutcomeCode.OUTSIDE_DAILY_WINDOW, at, {"windows": windows})
        return self._closed(OutcomeCode.EXCLUDED_DATE, at, {"date": day.isoformat()})

    def next_opening(self, at: datetime) -> datetime | None:
        """The next moment that a window opens, on the issuer's wall clock; None: not in sight."""
        today = at.astimezone(self._zone).date()
        for ahead in range(DAYS_LOOKED_AHEAD):
            day = today + timedelta(days=ahead)
            if day.isoweekday() not in self._weekdays or day in self._excluded:
                continue
            for start, _ in self._windows:
                wall = datetime.combine(day, time(start // 60, start % 60), self._zone)
                opens_at = wall.astimezone(UTC)
                if opens_at > at:
                    return opens_at.astimezone(self._zone)
        return None

    def _in_window(self, minute: int) -> bool:
        for start, end in self._windows:  # noqa: SIM110  # any() costs twice as much here
            if start <= minute < end:
                return True
        return False

    def _closed(self, code: OutcomeCode, at: datetime, data: Data) -> Refusal:
        opens_at = self.next_opening(at)
        if opens_at is not None:
            data["next_opens_at"] = opens_at.isoformat(timespec="minutes")
        return Refusal(code, data)
