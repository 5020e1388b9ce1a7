"""When a delivery that failed is tried again. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

FIRST_DELAY_S = 5
FACTOR = 3
DELAY_S_MAX = 8 * 3_600
JITTER_PERCENT = 20
GIVE_UP_AFTER = timedelta(hours=72)

#: After so many failures in a row a webhook is tried with one delivery at a time,
PROBING_FROM = 5
#: and after so many it is left alone for a while in between.
RESTING_FROM = 10
_REST_S_MAX = 300


def delay_s(attempt: int, jitter: float) -> int:
    """Seconds from a failed attempt (from 1) to the next; ``jitter`` from 0 to 1 spreads them."""
    assert attempt > 0, attempt
    assert 0 <= jitter <= 1, jitter
    grown_s = min(FIRST_DELAY_S * FACTOR ** min(attempt - 1, 10), DELAY_S_MAX)
    spread = 1 + (2 * jitter - 1) * JITTER_PERCENT / 100
    return max(FIRST_DELAY_S, round(grown_s * spread))


def next_attempt(
    *, now: datetime, due_since: datetime, attempt: int, jitter: float, retry_after_s: int = 0
) -> datetime | None:
    """When to try again; None when the 72 hours are over. The last try is at their very end."""
    ends = due_since + GIVE_UP_AFTER
    if now >= ends:
        return None
    return min(now + timedelta(seconds=max(delay_s(attempt, jitter), retry_after_s)), ends)


def rest_until(*, now: datetime, failures: int) -> datetime | None:
    """Until when a webhook that failed so often in a row is left alone; None: it is not."""
    if failures < RESTING_FROM:
        return None
    grown_s = min(FIRST_DELAY_S * 2 ** min(failures - RESTING_FROM, 10), _REST_S_MAX)
    return now + timedelta(seconds=grown_s)
