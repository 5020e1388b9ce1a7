"""Somebody is told once for each time that a budget comes to a share of its total."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from kaquan.budgets.actions import change_budget, close_budget, set_warnings
from kaquan.budgets.alerts import (
    alerts_of,
    count_open_alerts,
    look,
    mark_seen,
    open_alerts,
    used_fen,
)
from kaquan.budgets.models import Budget, BudgetAlert
from kaquan.budgets.queries import amounts_of
from kaquan.foundation.errors import KaquanError
from kaquan.ledger.door import close_door
from tests.budgets.people import finance
from tests.builders.issuer import NOON, SYSTEM
from tests.fixtures_database import Database
from tests.redemption.counter import Counter, a_counter

FACE_FEN = 2_000
LATER = NOON + timedelta(minutes=1)


@pytest.fixture(autouse=True)
def _own_door(database: Database) -> Iterator[None]:
    yield
    close_door()


@pytest.fixture
def counter() -> Counter:
    """One whose budget pays for ten vouchers."""
    return a_counter(budget_fen=10 * FACE_FEN, commit="redeem")


def budget_of(counter: Counter) -> Budget:
    return Budget.objects.get(id=counter.by_code.budget_id)


def redeem(counter: Counter, *numbers: int) -> None:
    for number in numbers:
        assert counter.redeem(number).done


def told() -> list[tuple[int, bool]]:
    """Each alert, and whether it is over."""
    rows = BudgetAlert.objects.order_by("id").values_list("percent", "ended_at")
    return [(percent, ended_at is not None) for percent, ended_at in rows]


def test_an_alert_is_raised_once_for_each_share_that_is_reached(counter: Counter) -> None:
    redeem(counter, *range(7))
    look(NOON)
    assert told() == []

    redeem(counter, 7)
    for _ in range(3):
        look(NOON)
    assert told() == [(80, False)]
    (alert,) = open_alerts(counter.clerk)
    assert (alert.used_fen, alert.total_fen) == (8 * FACE_FEN, 10 * FACE_FEN)

    redeem(counter, 8, 9)
    look(LATER)
    assert told() == [(80, False), (95, False)]
    assert count_open_alerts(counter.clerk) == 2


def test_an_alert_ends_below_its_share_and_comes_again(counter: Counter) -> None:
    budget = budget_of(counter)
    redeem(counter, *range(8))
    look(NOON)

    total_fen = 10 * FACE_FEN
    change_budget(
        actor=SYSTEM,
        budget_id=budget.id,
        expected_fen=total_fen,
        total_fen=2 * total_fen,
        at=NOON,
    )
    look(NOON)
    assert told() == [(80, True)]
    change_budget(
        actor=SYSTEM,
        budget_id=budget.id,
        expected_fen=2 * total_fen,
        total_fen=total_fen,
        at=NOON,
    )
    look(LATER)
    assert told() == [(80, True), (80, False)]


def test_shares_are_chosen_for_each_budget(counter: Counter) -> None:
    budget = budget_of(counter)
    redeem(counter, *range(5))
    set_warnings(actor=counter.clerk, budget_id=budget.id, percents=[50, 51, 50])

    look(NOON)
    assert told() == [(50, False)]
    set_warnings(actor=counter.clerk, budget_id=budget.id, percents=[])
    look(NOON)

    assert told() == [(50, True)]
    for wrong in ([0], [101], [1, 2, 3, 4, 5, 6]):
        with pytest.raises(KaquanError) as error:
            set_warnings(actor=counter.clerk, budget_id=budget.id, percents=wrong)
        assert error.value.code == "value_invalid"
    assert budget_of(counter).warn_percents == []


def test_who_says_that_they_know_is_kept_and_the_to_do_goes_away(counter: Counter) -> None:
    budget = budget_of(counter)
    redeem(counter, *range(8))
    look(NOON)
    with pytest.raises(KaquanError) as error:
        mark_seen(actor=counter.stranger, budget_id=budget.id, at=NOON)
    assert error.value.code == "alert_unknown"
    assert count_open_alerts(counter.stranger) == 0

    assert mark_seen(actor=finance(counter.region, 7), budget_id=budget.id, at=LATER) == 1

    look(LATER)
    assert open_alerts(counter.clerk) == []
    (alert,) = alerts_of(counter.clerk, budget)
    assert (alert.seen_by, alert.seen_at, alert.ended_at) == ("财务7", LATER, None)


def test_a_closed_budget_warns_nobody(counter: Counter) -> None:
    budget = budget_of(counter)
    redeem(counter, *range(8))
    look(NOON)

    close_budget(actor=SYSTEM, budget_id=budget.id, reason="完", at=NOON)
    look(LATER)

    assert told() == [(80, True)]
    assert used_fen(amounts_of([budget.id])[budget.id]) == 8 * FACE_FEN
