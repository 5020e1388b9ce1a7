"""Writers share a budget while there is enough, and take turns at its end."""

from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest

from kaquan.engine.outcomes import OutcomeCode
from kaquan.ledger.door import Door, open_door
from kaquan.ledger.loading import Loaded
from tests.builders.books import number, row
from tests.builders.ledger import a_batch, a_budget, done, redeem

Connection = psycopg.Connection[Any]
BUDGET = "SELECT available_fen, spent_fen FROM ledger_budget"


@pytest.fixture
def other_door(door: Door) -> Iterator[Door]:
    """Another writer on the same books."""
    other = open_door()
    yield other
    other.close()


def _between_reading_and_writing(door: Door, happens: Callable[[], None]) -> list[bool]:
    """Let something happen, once, after ``door`` has read; tells whether each read locked."""
    load, locked = door._loader.load, []

    def load_then(*args: Any, **options: Any) -> Loaded:
        loaded = load(*args, **options)
        locked.append(loaded.budgets_locked)
        if len(locked) == 1:
            happens()
        return loaded

    door._loader.load = load_then  # type: ignore[method-assign]
    return locked


def test_two_writers_spend_from_one_budget_at_once_and_both_amounts_are_booked(
    door: Door, other_door: Door, connection: Connection
) -> None:
    batch = a_batch(door, budget_id=a_budget(door, total_fen=10_000))
    locked = _between_reading_and_writing(door, lambda: _spend(other_door, batch.serial(1)))
    done(door, redeem(batch.serial(0)))
    assert locked == [False]
    assert row(connection, BUDGET) == {"available_fen": 6_000, "spent_fen": 4_000}


def test_money_that_another_writer_took_in_the_meantime_is_not_spent_again(
    door: Door, other_door: Door, connection: Connection
) -> None:
    batch = a_batch(door, budget_id=a_budget(door, total_fen=2_500))
    locked = _between_reading_and_writing(door, lambda: _spend(other_door, batch.serial(1)))
    (refused,) = door.submit([redeem(batch.serial(0))])
    assert refused.code is OutcomeCode.BUDGET_EXHAUSTED
    assert refused.data == {"available_fen": 500, "shortfall_fen": 1_500}
    assert locked == [False, True]
    assert row(connection, BUDGET) == {"available_fen": 500, "spent_fen": 2_000}
    assert number(connection, "SELECT count(*) FROM ledger_voucher") == 1


def test_a_budget_that_looked_empty_without_its_lock_is_looked_at_again_under_it(
    door: Door, connection: Connection
) -> None:
    batch = a_batch(door, budget_id=a_budget(door, total_fen=3_000))
    locked = _between_reading_and_writing(door, lambda: None)
    first, second = door.submit([redeem(batch.serial(0)), redeem(batch.serial(1))])
    assert first.done
    assert second.code is OutcomeCode.BUDGET_EXHAUSTED
    assert locked == [False, True]
    assert row(connection, BUDGET) == {"available_fen": 1_000, "spent_fen": 2_000}


def _spend(door: Door, serial: int) -> None:
    done(door, redeem(serial))
