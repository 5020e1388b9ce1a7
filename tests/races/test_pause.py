"""A batch that is paused: once the pause is answered, nothing of it succeeds any more."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest

from kaquan.engine.commands import AnyCommand
from kaquan.engine.outcomes import Outcome
from kaquan.ledger import door as door_module
from kaquan.ledger.door import Door
from tests.builders.books import number
from tests.builders.ledger import a_batch, codes, done, redeem
from tests.fixtures_database import Database
from tests.fixtures_ledger import OpenDoor
from tests.races.pausing import PauseLater, UseUntilRefused, pause_of
from tests.races.racing import race

Connection = psycopg.Connection[Any]
PROCESSES = 6
USES = 2_000
WITHIN_S = 20.0


def test_nothing_succeeds_after_a_pause_is_answered_though_all_go_on_trying(
    door: Door, database: Database
) -> None:
    batch = a_batch(door, quantity=PROCESSES * USES)
    uses = [
        UseUntilRefused(batch.serials[number * USES : (number + 1) * USES])
        for number in range(PROCESSES)
    ]
    *used, ((pause),) = race(database.app_url, [*uses, PauseLater(batch.batch_id, 10 * PROCESSES)])
    assert pause.outcomes[0].done
    for calls in used:
        assert codes(calls[-1].outcomes) == ["BATCH_PAUSED"], "the pause never came through"
        assert all(call.called_ns < pause.returned_ns for call in calls[:-1])


# The same, step by step


@contextmanager
def _in_flight(door: Door, command: AnyCommand) -> Iterator[tuple[threading.Event, list[Outcome]]]:
    """A use that has been judged and waits before its first write; the event lets it go on."""
    judged, go_on = threading.Event(), threading.Event()
    answers: list[Outcome] = []

    def use() -> None:
        answers.extend(door.submit([command]))

    thread = threading.Thread(target=use, name="in-flight")

    def wait_there(name: str) -> None:
        if name == "ledger.before_write" and threading.current_thread() is thread:
            judged.set()
            assert go_on.wait(WITHIN_S)

    original = door_module.failpoint
    door_module.failpoint = wait_there
    thread.start()
    try:
        assert judged.wait(WITHIN_S)
        yield go_on, answers
    finally:
        go_on.set()
        thread.join(WITHIN_S)
        door_module.failpoint = original


def _submit(door: Door, command: AnyCommand) -> tuple[threading.Thread, list[Outcome]]:
    answers: list[Outcome] = []
    thread = threading.Thread(target=lambda: answers.extend(door.submit([command])))
    thread.start()
    return thread, answers


def test_a_pause_waits_for_the_use_that_was_judged_before_it(
    new_door: OpenDoor, database: Database
) -> None:
    user, boss = new_door(), new_door()
    batch = a_batch(boss, budget_id=0)
    watch = database.connect(database.owner_url)
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE %s = ANY (pg_blocking_pids(pid))"
    with _in_flight(user, redeem(batch.serial())) as (go_on, used):
        pausing, paused = _submit(boss, pause_of(batch.batch_id))
        deadline_s = time.monotonic() + WITHIN_S
        while not number(watch, waiting, user._connection.raw.info.backend_pid):
            assert time.monotonic() < deadline_s, "the pause does not wait"
        assert paused == []
        go_on.set()
        pausing.join(WITHIN_S)
    assert codes(used) == ["DONE"]
    assert codes(paused) == ["DONE"]
    assert codes(user.submit([redeem(batch.serial(1))])) == ["BATCH_PAUSED"]


def test_control_without_row_locks_a_use_succeeds_after_the_pause_was_answered(
    new_door: OpenDoor,
) -> None:
    user, boss = new_door(), new_door()
    batch = a_batch(boss, budget_id=0)
    load = user._loader.load
    user._loader.load = lambda commands, **_: load(commands, lock=False)  # type: ignore[method-assign]
    with _in_flight(user, redeem(batch.serial())) as (go_on, used):
        done(boss, pause_of(batch.batch_id))
        assert used == []
        go_on.set()
    assert codes(used) == ["DONE"]


@pytest.mark.parametrize("doors", [2, 5])
def test_uses_of_one_batch_do_not_wait_for_each_other(new_door: OpenDoor, doors: int) -> None:
    """They share the lock that a pause takes alone; without a budget nothing else is common."""
    user, *others = (new_door() for _ in range(doors))
    batch = a_batch(others[0], budget_id=0)
    with _in_flight(user, redeem(batch.serial(0))) as (_, used):
        for index, other in enumerate(others, start=1):
            done(other, redeem(batch.serial(index)))
        assert used == []
