"""The only place that reads the clock; everyone else is given the time."""

import time
from datetime import UTC, datetime


def now() -> datetime:
    """The present instant, aware, in UTC."""
    return datetime.now(UTC)


def monotonic_s() -> float:
    """Seconds from an arbitrary start, never going back: for deadlines and durations only."""
    return time.monotonic()


def unix_s() -> float:
    """The present instant in seconds since 1970, where formats and expiries count in them."""
    return time.time()
