"""Wrong codes: guessers are slowed down, one event tells of the storm, and no till feels it."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from kaquan.access import limit_table
from kaquan.access.callers import Caller
from kaquan.access.health import check_storms
from kaquan.access.limits import GATEWAY
from kaquan.access.models import AccessEvent, FailureCount, KeyUse
from kaquan.access.queries import keys, storms
from tests.access.entrances import NOON, Clocks, Entrance
from tests.builders.access import a_key
from tests.builders.issuer import SYSTEM, an_organisation, staff_of
from tests.fixtures_database import Database

pytestmark = pytest.mark.usefixtures("database")

ADDRESSES = [f"127.0.{number // 250}.{number % 250 + 1}" for number in range(1_000)]


def a_till(entrance: Entrance) -> Caller:
    caller = entrance.call(a_key("redemption.redeem").authorization)
    assert isinstance(caller, Caller)
    return caller


def guess(entrance: Entrance, source: str, times: int = 1, **guessed: Any) -> None:
    for _ in range(times):
        entrance.limits.note_code_failure(
            **{"source": source, "caller": None, "forged": False} | guessed
        )


def stopped(entrance: Entrance, source: str, caller: Caller | None = None) -> bool:
    refusal = entrance.limits.code_attempts_refusal(source=source, caller=caller)
    assert refusal is None or (refusal.code, refusal.status) == ("code_attempts_limited", 429)
    return refusal is not None


def test_a_storm_from_a_thousand_addresses_is_one_event_within_seconds_and_no_till_feels_it(
    database: Database, clocks: Clocks, caplog: pytest.LogCaptureFixture
) -> None:
    first, _ = processes = [Entrance(database, clocks) for _ in range(2)]
    till = a_till(first)
    with caplog.at_level(logging.WARNING, "kaquan.access.storms"):
        for turn in range(6):
            for number, address in enumerate(ADDRESSES):
                guess(processes[number % 2], address)
            clocks.pass_s(1)
            for process in processes:
                process.exchange()
            if turn == 0:
                assert len(storms(SYSTEM)) == 1  # within two seconds of its beginning
            assert first.limits.admit(till, lane=GATEWAY).refusal is None
            assert not stopped(first, ADDRESSES[0], till)  # though it sits behind a guesser

    (event,) = storms(SYSTEM)
    assert (event.kind, event.sources, event.key_id) == ("guess_storm", 1_000, None)
    assert event.count == 6_000
    assert (event.at, event.last_at) == (NOON + timedelta(seconds=1), NOON + timedelta(seconds=6))
    assert event.summary.startswith("127.0.0.0/24 (")
    assert not set(ADDRESSES) & set(event.summary.replace(",", " ").split())
    assert len(caplog.records) == 1
    assert all(stopped(process, address) for process in processes for address in ADDRESSES)


def test_a_storm_that_comes_back_is_an_event_of_its_own_only_after_a_pause(
    entrance: Entrance, clocks: Clocks
) -> None:
    def storm() -> int:
        guess(entrance, "192.0.2.1", limit_table.STORM_PER_MIN)
        clocks.pass_s(1)
        entrance.exchange()
        return len(storms(SYSTEM))

    assert storm() == 1
    clocks.pass_s(limit_table.STORM_COOLDOWN_S - 2)
    assert storm() == 1
    clocks.pass_s(limit_table.STORM_COOLDOWN_S)
    assert storm() == 2


def test_slips_of_the_finger_make_no_storm(entrance: Entrance, clocks: Clocks) -> None:
    for number in range(30):
        guess(entrance, f"192.0.2.{number}", 3)
        clocks.pass_s(2)
        entrance.exchange()

    assert storms(SYSTEM) == []
    assert not stopped(entrance, "192.0.2.1")


def test_an_address_that_guesses_is_stopped_and_its_neighbour_is_not(
    entrance: Entrance, clocks: Clocks
) -> None:
    guess(entrance, "192.0.2.1", limit_table.SOURCE_FAILURES_PER_MIN - 1)
    assert not stopped(entrance, "192.0.2.1")
    guess(entrance, "192.0.2.1")
    assert stopped(entrance, "192.0.2.1")
    assert not stopped(entrance, "192.0.2.2")

    clocks.pass_s(120)

    assert not stopped(entrance, "192.0.2.1")


def test_a_whole_network_that_guesses_is_stopped(
    entrance: Entrance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limit_table, "STORM_PER_MIN", 10_000)
    for number in range(limit_table.NETWORK_FAILURES_PER_MIN):
        guess(entrance, f"2001:db8:1:{number:x}::1")

    assert stopped(entrance, "2001:db8:1:ffff::1")
    assert not stopped(entrance, "2001:db8:2::1")


def test_failures_in_one_process_count_in_the_others(database: Database, clocks: Clocks) -> None:
    processes = [Entrance(database, clocks) for _ in range(3)]
    for process in processes:
        guess(process, "192.0.2.1", limit_table.SOURCE_FAILURES_PER_MIN // 3)
    assert not any(stopped(process, "192.0.2.1") for process in processes)

    for _ in range(2):
        clocks.pass_s(1)
        for process in processes:
            process.exchange()

    assert all(stopped(process, "192.0.2.1") for process in processes)


def test_a_restart_forgets_no_guesses(database: Database, clocks: Clocks) -> None:
    before = Entrance(database, clocks)
    guess(before, "192.0.2.1", limit_table.SOURCE_FAILURES_PER_MIN)
    before.exchange()

    after = Entrance(database, clocks)
    after.exchange()

    assert stopped(after, "192.0.2.1")


def test_while_a_storm_lasts_a_customer_may_still_mistype_a_little(entrance: Entrance) -> None:
    for address in ADDRESSES[: limit_table.STORM_PER_MIN]:
        guess(entrance, address)
    mine = "192.0.2.1"

    guess(entrance, mine, limit_table.SOURCE_FAILURES_IN_STORM_PER_MIN - 1)
    assert not stopped(entrance, mine)
    guess(entrance, mine)

    assert stopped(entrance, mine)


def test_a_secret_key_answers_for_its_own_guesses_alone(entrance: Entrance, clocks: Clocks) -> None:
    thief, till = a_till(entrance), a_till(entrance)
    for _ in range(limit_table.KEY_FAILURES_PER_MIN // limit_table.FORGED_WEIGHT):
        guess(entrance, "192.0.2.1", caller=thief, forged=True)
    clocks.pass_s(1)
    entrance.exchange()

    assert stopped(entrance, "192.0.2.99", thief)  # wherever it calls from
    assert not stopped(entrance, "192.0.2.1", till)
    assert not stopped(entrance, "192.0.2.1")
    (event,) = storms(SYSTEM)
    assert (event.key_id, event.summary) == (thief.key_id, f"API key {thief.key_id}")


def test_a_shop_of_slow_fingers_is_not_stopped(entrance: Entrance) -> None:
    till = a_till(entrance)
    guess(entrance, "192.0.2.1", 100, caller=till)

    assert not stopped(entrance, "192.0.2.1", till)


def test_guesses_at_keys_are_a_storm_too(entrance: Entrance, clocks: Clocks) -> None:
    for address in ADDRESSES[: limit_table.STORM_PER_MIN]:
        assert entrance.answer(f"Bearer kq_live_{'a' * 49}", source=address) == "key_invalid"
    till = a_key("redemption.redeem")
    assert entrance.answer(till.authorization, source=ADDRESSES[0]) == "in"
    clocks.pass_s(1)
    entrance.exchange()

    (event,) = storms(SYSTEM)
    assert (event.kind, event.count, event.sources) == ("key_storm", 200, 200)
    assert event.summary == "127.0.0.0/24 (200)"


def test_a_flood_of_addresses_is_no_flood_of_memory(
    entrance: Entrance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kaquan.access.failures.SUBJECTS_MAX", 100)
    for number in range(5_000):
        guess(entrance, f"2001:db8:{number:x}::1")

    counts = entrance.authentication.counts
    assert sum(len(minute) for minute in counts._totals) <= 101
    assert counts.take_pending()[int(NOON.timestamp()) // 60][("all", "")] == 5_000  # type: ignore[index]


class LosingConnection:
    """A session that is cut in the middle of an exchange."""

    def __init__(self, real: psycopg.Connection[Any]) -> None:
        self._real = real

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def execute(self, query: str, *arguments: Any) -> Any:
        if "SELECT minute" in query:
            self._real.close()
        return self._real.execute(query, *arguments)


def test_a_lost_connection_loses_no_failures(entrance: Entrance, database: Database) -> None:
    guess(entrance, "192.0.2.1", 7)
    with pytest.raises(psycopg.OperationalError):
        entrance._exchange.tick(LosingConnection(database.connect()))  # type: ignore[arg-type]
    assert not FailureCount.objects.exists()

    entrance._exchange._exchanged_s = 0
    entrance.exchange()

    assert FailureCount.objects.get(scope="source").count == 7


def test_old_counts_go(entrance: Entrance, clocks: Clocks) -> None:
    guess(entrance, "192.0.2.1")
    entrance.exchange()
    assert FailureCount.objects.count() == 3

    clocks.pass_s(3_700)
    entrance.exchange()

    assert not FailureCount.objects.exists()


def test_the_last_use_is_written_once_a_minute_and_by_no_call(
    entrance: Entrance, clocks: Clocks
) -> None:
    till = a_key("redemption.redeem")
    entrance.exchange()
    for _ in range(100):
        assert entrance.answer(till.authorization) == "in"
    assert not KeyUse.objects.exists()

    clocks.pass_s(60)
    entrance.exchange()
    assert entrance.answer(till.authorization) == "in"
    clocks.pass_s(30)
    entrance.exchange()

    (line,) = keys(SYSTEM)
    assert line.last_used_at == NOON + timedelta(seconds=60)
    clocks.pass_s(30)
    entrance.exchange()
    (line,) = keys(SYSTEM)
    assert line.last_used_at == NOON + timedelta(seconds=120)


def test_storms_are_the_whole_issuers_to_see(entrance: Entrance, clocks: Clocks) -> None:
    guess(entrance, "192.0.2.1", limit_table.STORM_PER_MIN)
    clocks.pass_s(1)
    entrance.exchange()

    assert len(storms(staff_of(None, "keys.view"))) == 1
    assert storms(staff_of(an_organisation("华北", None), "keys.view")) == []
    with pytest.raises(Exception, match=r"keys\.view"):
        storms(staff_of(None, "jobs.view"))


def test_the_doctor_tells_of_storms(entrance: Entrance, database: Database) -> None:
    connection = database.connect()
    (calm,) = check_storms(connection)
    assert calm.ok
    now = "now()"
    connection.execute(
        "insert into access_event (kind, at, last_at, count, sources, summary)"
        f" values ('guess_storm', {now}, {now}, 6000, 1000, '127.0.0.0/24 (250)')"
    )

    (stormy,) = check_storms(connection)

    assert not stormy.ok
    assert "6000" in stormy.zh
    assert AccessEvent.objects.count() == 1
