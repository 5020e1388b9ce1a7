"""kill -9 of PostgreSQL under load, sessions ended by force, and what an answer says of a disk."""

import random
import threading
import time
from pathlib import Path
from typing import Any

import psycopg
import pytest

from kaquan.ledger import door as door_module
from kaquan.ledger.door import Door
from tests.builders.books import faults, number
from tests.builders.ledger import a_batch, a_key, a_sold_card, codes, done, redeem
from tests.crash.load import CARD_FEN, LOOK_S, Load, kept_promises
from tests.fixtures_cluster import OwnCluster
from tests.fixtures_database import Database
from tests.fixtures_ledger import OpenDoor

Connection = psycopg.Connection[Any]
WITHIN_S = 60.0


def test_nothing_answered_is_lost_and_nothing_is_doubled_when_postgresql_is_killed_under_load(
    fresh_cluster: OwnCluster, new_door: OpenDoor, tmp_path: Path
) -> None:
    door = new_door(fresh_cluster.urls.app)
    cards = [a_sold_card(door) for _ in range(3)]
    with Load(fresh_cluster.urls.app, tmp_path, cards) as load:
        for _ in range(3):
            load.wait_for_progress()
            fresh_cluster.kill()
            fresh_cluster.server.start()
        load.wait_for_progress()
        answered, unanswered = load.stop()
    assert len(answered) > 50
    with fresh_cluster.connect() as connection:
        assert kept_promises(connection, cards, answered, unanswered) == []
    assert faults(fresh_cluster.connect) == []


def test_a_door_that_was_idle_during_a_crash_goes_on_after_it(
    fresh_cluster: OwnCluster, new_door: OpenDoor
) -> None:
    door = new_door(fresh_cluster.urls.app)
    batch = a_batch(door)
    fresh_cluster.kill()
    fresh_cluster.server.start()
    assert codes(door.submit([redeem(batch.serial(0))])) == ["DONE"]


def test_a_door_says_unavailable_while_there_is_no_database_and_comes_back(
    fresh_cluster: OwnCluster, new_door: OpenDoor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kaquan.ledger.connections.RECONNECT_S_MAX", 0.2)
    door = new_door(fresh_cluster.urls.app)
    batch = a_batch(door)
    use = redeem(batch.serial(0), key=a_key())
    fresh_cluster.server.stop()
    assert codes(door.submit([use])) == ["UNAVAILABLE"]
    assert codes(door.submit([use])) == ["UNAVAILABLE"]
    fresh_cluster.server.start()
    assert codes(door.submit([use])) == ["DONE"]


# Sessions ended by force

_END = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid = %s"


@pytest.mark.parametrize("keyed", [True, False])
@pytest.mark.parametrize("place", ["ledger.before_write", "ledger.before_commit"])
def test_a_session_ended_in_the_middle_is_replaced_and_the_use_booked_once(
    *,
    door: Door,
    database: Database,
    connection: Connection,
    monkeypatch: pytest.MonkeyPatch,
    place: str,
    keyed: bool,
) -> None:
    serial = a_sold_card(door)
    owner = database.connect(database.owner_url)
    ended = []

    def end_session(name: str) -> None:
        if name == place and not ended:
            ended.append(door._connection.raw.info.backend_pid)
            owner.execute(_END, ended)

    monkeypatch.setattr(door_module, "failpoint", end_session)
    outcome = done(door, redeem(serial, amount_fen=500, key=a_key() if keyed else None))
    assert ended
    assert outcome.vouchers[0].version == 2
    assert number(connection, "SELECT balance_fen FROM ledger_voucher") == CARD_FEN - 500


def test_sessions_ended_all_the_time_lose_and_double_nothing(
    door: Door, database: Database, connection: Connection, tmp_path: Path
) -> None:
    cards = [a_sold_card(door) for _ in range(3)]
    owner = database.connect(database.owner_url)
    chance = random.Random(7)
    with Load(database.app_url, tmp_path, cards) as load:
        load.wait_for_progress()  # a session that ends while its door is opened is no case of this
        for _ in range(25):
            victims = owner.execute(
                "SELECT a.pid FROM pg_stat_activity a JOIN pg_locks l ON l.pid = a.pid"
                " WHERE l.locktype = 'advisory' AND a.datname = current_database()"
                " AND a.pid <> %s ORDER BY 1",
                [door._connection.raw.info.backend_pid],
            ).fetchall()
            for victim in chance.sample(victims, min(2, len(victims))):
                owner.execute(_END, victim)
            _advance(connection, 5)
        answered, unanswered = load.stop()
    assert kept_promises(connection, cards, answered, unanswered) == []
    assert faults(database.connect) == []


def _advance(connection: Connection, blocks: int) -> None:
    """Until some more blocks have been booked."""
    query = "SELECT count(*) FROM ledger_block"
    enough = number(connection, query) + blocks
    deadline_s = time.monotonic() + WITHIN_S
    while number(connection, query) < enough:
        assert time.monotonic() < deadline_s, "nothing is booked any more"
        time.sleep(LOOK_S)


# What an answer says about the disk


def _unflushed_answers(
    door: Door, watch: Connection, monkeypatch: pytest.MonkeyPatch, calls: int
) -> int:
    """How many answers came before everything up to their COMMIT was flushed."""
    inserted: list[int] = []
    position = "SELECT (pg_current_wal_insert_lsn() - '0/0')::bigint"
    flushed = "SELECT (pg_current_wal_flush_lsn() - '0/0')::bigint"

    def look(name: str) -> None:
        if name == "ledger.before_commit":
            inserted.append(number(watch, position))

    monkeypatch.setattr(door_module, "failpoint", look)
    serial = a_sold_card(door)
    early = 0
    for _ in range(calls):
        done(door, redeem(serial, amount_fen=1))
        early += number(watch, flushed) < inserted[-1]
    monkeypatch.undo()
    return early


def test_an_answer_means_that_its_log_is_flushed(
    door: Door, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert _unflushed_answers(door, connection, monkeypatch, 100) == 0


def test_control_with_asynchronous_commit_answers_come_before_the_flush(
    door: Door, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    door._connection.raw.execute("SET synchronous_commit = off")
    assert _unflushed_answers(door, connection, monkeypatch, 100) > 0


def test_many_threads_find_the_database_gone_and_back_without_an_exception(
    fresh_cluster: OwnCluster, new_door: OpenDoor
) -> None:
    """Whatever statement the crash meets, it ends in an answer."""
    first = new_door(fresh_cluster.urls.app)
    batch = a_batch(first, quantity=100_000)
    stop = threading.Event()
    problems: list[BaseException] = []

    def work(door: Door, lane: int) -> None:
        try:
            for turn in range(10_000):
                if stop.is_set():
                    return
                door.submit([redeem(batch.serial(10_000 * lane + turn), key=a_key())])
        except BaseException as error:
            problems.append(error)

    threads = [
        threading.Thread(target=work, args=(new_door(fresh_cluster.urls.app), lane))
        for lane in range(4)
    ]
    for thread in threads:
        thread.start()
    with fresh_cluster.connect() as connection:
        _advance(connection, 20)
    fresh_cluster.kill()
    fresh_cluster.server.start()
    with fresh_cluster.connect() as connection:
        _advance(connection, 20)
    stop.set()
    for thread in threads:
        thread.join(WITHIN_S)
    assert problems == []
