"""kill -9 of the process that books, wherever it matters: what was answered is there, once."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import psycopg
import pytest

from kaquan.engine.commands import AnyCommand
from kaquan.ledger.door import Door
from tests.builders.books import books, faults, number
from tests.builders.ledger import (
    a_batch,
    a_budget,
    a_claimed_voucher,
    a_key,
    a_sold_card,
    claim,
    redeem,
)
from tests.crash.clients import Client, read_journal
from tests.fixtures_database import Database
from tests.history.checker import check
from tests.history.recording import recorded
from tests.races.racing import Call, Runner

Connection = psycopg.Connection[Any]
CALLS = 8


def _work(door: Door) -> tuple[dict[int, int], list[list[AnyCommand]]]:
    """Keyed uses of several kinds in calls of two or three, and what their vouchers open with."""
    batch = a_batch(door, budget_id=a_budget(door, total_fen=1_000_000))
    stock = a_batch(door, by_code=False, kind="count", limits=_PER_CUSTOMER, budget_id=0)
    card = a_sold_card(door, stack={"policy": "always"})
    calls: list[list[AnyCommand]] = []
    for turn in range(CALLS):
        own = a_claimed_voucher(door, batch, index=50 + turn)
        calls.append(
            [
                redeem(batch.serial(turn), key=a_key()),
                redeem(card, key=a_key(), amount_fen=900),
                claim(stock, customer_id=turn + 1, key=a_key()),
                redeem(own, key=a_key()),
            ]
        )
    return {batch.serial(turn): 1 for turn in range(CALLS)}, calls


_PER_CUSTOMER = [{"dimension": "customer", "at": "claim", "cap": 1}]


@pytest.mark.parametrize("passage", [1, 5])
@pytest.mark.parametrize("verb", ["kill", "exit"])
@pytest.mark.parametrize("place", ["before_write", "before_commit", "after_commit"])
def test_what_was_answered_is_there_and_a_retry_does_the_rest_once(
    *,
    door: Door,
    database: Database,
    connection: Connection,
    tmp_path: Path,
    place: str,
    verb: str,
    passage: int,
) -> None:
    opening, calls = _work(door)
    before = number(connection, "SELECT count(*) FROM ledger_block")
    first = _run(database, tmp_path / "first", calls, f"ledger.{place}={verb}@{passage}")
    blocks = number(connection, "SELECT count(*) FROM ledger_block") - before
    assert len(first[0]) == passage - 1
    assert len(first[1]) == 1
    assert blocks == passage - (place != "after_commit")
    assert faults(database.connect) == []
    second = _run(database, tmp_path / "second", calls, "")
    assert len(second[0]) == CALLS
    assert all(outcome.done for call in second[0] for outcome in call.outcomes)
    assert number(connection, "SELECT count(*) FROM ledger_request") == CALLS * 4
    history = recorded(
        connection,
        opening=opening,
        calls=_of(opening, first[0] + second[0]),
        unanswered=_of(opening, first[1]),
    )
    assert check(history) == []
    assert faults(database.connect) == []


def _run(
    database: Database, journal: Path, calls: list[list[AnyCommand]], failpoints: str
) -> tuple[list[Call], list[Call]]:
    runner = Runner(database.app_url, Client(journal, calls, failpoints))
    answered = runner.result()
    runner.close()
    assert answered == (None if failpoints else CALLS)
    return read_journal(journal, calls)


def _of(opening: dict[int, int], calls: list[Call]) -> list[Call]:
    """Of each call the use of the untouched voucher, which is the first of its commands."""
    assert opening
    return [
        Call(call.process, call.called_ns, call.returned_ns, call.commands[:1], call.outcomes[:1])
        for call in calls
    ]


def test_a_process_that_dies_before_commit_leaves_nothing(
    door: Door, database: Database, connection: Connection, tmp_path: Path
) -> None:
    _, calls = _work(door)
    before = books(connection)
    _run(database, tmp_path / "journal", calls, "ledger.before_commit=kill@1")
    after = books(connection)
    before.pop("ledger_lane")  # a new lane is noted when its writer connects
    after.pop("ledger_lane")
    assert after == before


_PROGRAM = """
import os, sys
import msgspec
from kaquan.foundation.configuration import load_configuration
from kaquan.foundation.django_setup import setup
setup(load_configuration(os.environ))
from kaquan.engine.commands import AnyCommand
from kaquan.ledger.door import open_door
commands = msgspec.msgpack.decode(sys.stdin.buffer.read(), type=list[AnyCommand])
door = open_door()
for command in commands:
    (outcome,) = door.submit([command])
    sys.stdout.write(outcome.code.name + "\\n")
    sys.stdout.flush()
door.close()
"""


@pytest.mark.parametrize("place", ["before_commit", "after_commit"])
def test_the_installed_program_dies_where_its_settings_say_and_goes_on_where_it_died(
    door: Door, database: Database, connection: Connection, place: str
) -> None:
    """The whole way: settings from the environment, Django's connection, a real exec."""
    batch = a_batch(door)
    commands = [redeem(batch.serial(index), key=a_key()) for index in range(5)]

    def run(**settings: str) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            [sys.executable, "-c", _PROGRAM],
            input=msgspec.msgpack.encode(commands),
            env=database.child_environment(KAQUAN_DEBUG="1", **settings),
            capture_output=True,
            check=False,
        )

    killed = run(KAQUAN_FAILPOINTS=f"ledger.{place}=kill@3")
    assert killed.returncode == -9, killed.stderr.decode()
    assert killed.stdout.split() == [b"DONE"] * 2
    done = 2 + (place == "after_commit")
    assert number(connection, "SELECT count(*) FROM ledger_voucher") == done
    finished = run()
    assert finished.stdout.split() == [b"DONE"] * 5, finished.stderr.decode()
    assert number(connection, "SELECT spent_fen FROM ledger_budget") == 10_000
