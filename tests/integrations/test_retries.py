"""When a delivery that failed is tried again: ever later, never together, never after 72 hours."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from kaquan.integrations.retries import (
    DELAY_S_MAX,
    FIRST_DELAY_S,
    GIVE_UP_AFTER,
    delay_s,
    next_attempt,
    rest_until,
)
from tests.builders.ledger import NOON

attempts = st.integers(1, 1_000)
chances = st.floats(0, 1)


@given(attempts, chances)
def test_a_delay_is_never_short_and_never_much_too_long(attempt: int, chance: float) -> None:
    assert FIRST_DELAY_S <= delay_s(attempt, chance) <= DELAY_S_MAX * 1.2


@given(attempts)
def test_jitter_spreads_those_who_failed_together(attempt: int) -> None:
    early, late = delay_s(attempt, 0.0), delay_s(attempt, 1.0)
    assert early < late or attempt == 1


@given(attempts, chances, st.integers(0, 80 * 3_600), st.integers(0, 3_600))
def test_the_next_try_is_later_than_now_and_within_72_hours(
    attempt: int, chance: float, waited_s: int, asked_s: int
) -> None:
    now = NOON + timedelta(seconds=waited_s)
    again = next_attempt(
        now=now, due_since=NOON, attempt=attempt, jitter=chance, retry_after_s=asked_s
    )
    if now - NOON >= GIVE_UP_AFTER:
        assert again is None
    else:
        assert again is not None
        assert now < again <= NOON + GIVE_UP_AFTER


@given(st.integers(0, 10**6))
def test_a_webhook_that_fails_now_and_then_is_not_left_alone(failures: int) -> None:
    until = rest_until(now=NOON, failures=failures)
    assert (until is None) == (failures < 10)
    assert until is None or until - NOON <= timedelta(minutes=5)
