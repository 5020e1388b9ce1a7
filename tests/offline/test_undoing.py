"""What a till took back before it knew an answer; and what chance keeps online."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import psycopg
import pytest

from kaquan.ledger.door import close_door
from kaquan.offline.granting import is_online_only
from kaquan.offline.models import Grant, OfflineUndo
from kaquan.organisations.issuer_settings import (
    COUNTER_UNDO_MINUTES,
    OFFLINE_GRANT_HOURS,
    change_settings,
)
from tests.builders.books import books, faults, number
from tests.builders.issuer import NOON, SYSTEM
from tests.fixtures_database import Database
from tests.offline.test_syncing import EVENING, LATER, a_place, faults_of, lost_fen, verdicts
from tests.offline.till import a_till, signed

Connection = psycopg.Connection[tuple[object, ...]]
SOON = LATER + timedelta(minutes=3)


@pytest.fixture(autouse=True)
def _own_door(database: Database) -> Iterator[None]:
    yield
    close_door()


def operations(connection: Connection) -> dict[str, int]:
    """How many entries of uses and of reversals the books hold of vouchers."""
    used = number(connection, "SELECT count(*) FROM ledger_voucher WHERE state = 3")
    back = number(connection, "SELECT count(*) FROM ledger_reversed")
    return {"used": used, "reversed": back}


def test_what_was_taken_back_on_the_till_is_in_no_books_and_the_voucher_is_good_again(
    connection: Connection, database: Database
) -> None:
    counter, store = a_place()
    till = a_till(store, NOON, total_fen=4_000)
    codes = [signed(counter, index) for index in range(3)]
    assert till.take(codes[0], LATER)
    assert till.take(codes[1], LATER)
    assert not till.take(codes[2], LATER), "its grant is used up"
    assert till.undo(1, SOON)
    assert till.undo(2, SOON)
    counter.redeem(1)  # somebody else's, meanwhile
    assert till.take(codes[0], SOON)

    told = till.hand_in(EVENING, 2) + till.hand_in(EVENING)

    assert [one.verdict for one in told] == ["undone"] * 4 + ["booked"]
    assert operations(connection) == {"used": 2, "reversed": 0}
    assert lost_fen(connection) == 0
    assert Grant.objects.get(device=till.device).spent_fen == 2_000
    done = books(connection)
    assert till.send([use for _, use in till.lines], EVENING) == told
    assert books(connection) == done
    assert faults_of(till) == set()
    assert faults(database.connect) == []


def test_a_use_whose_answer_was_lost_is_reversed_in_the_books_before_it_is_used_again(
    connection: Connection, database: Database
) -> None:
    counter, store = a_place()
    till = a_till(store, NOON, total_fen=4_000)
    codes = [signed(counter, index) for index in range(2)]
    till.take(codes[0], LATER)
    till.send([till.lines[0][1]], SOON)  # and the answer never came
    till.undo(1, SOON)
    till.take(codes[0], SOON)
    till.take(codes[1], SOON)

    told = till.hand_in(EVENING)

    assert [one.verdict for one in told] == ["booked", "undone", "booked", "booked"]
    assert operations(connection) == {"used": 2, "reversed": 1}
    assert [one for one, _, _ in verdicts(till)] == ["undone", "booked", "booked"]
    assert Grant.objects.get(device=till.device).spent_fen == 4_000
    assert [one.verdict for one in till.send([use for _, use in till.lines], EVENING)] == [
        "undone", "undone", "booked", "booked",
    ]  # fmt: skip
    assert faults_of(till) == set()
    assert faults(database.connect) == []


def test_taking_back_too_late_twice_or_what_is_a_loss_counts_for_nothing_and_is_told(
    connection: Connection, database: Database
) -> None:
    counter, store = a_place()
    till, other = a_till(store, NOON), a_till(store, NOON)
    for index in range(3):
        till.take(signed(counter, index), LATER)
    counter.redeem(2)
    till.undo(1, LATER + timedelta(minutes=10, seconds=1))
    till.send([use for _, use in till.lines[:3]], EVENING)  # the third is a loss
    till.undo(3, SOON)
    till.undo(2, SOON)
    (second, told), *_ = till.lines[1:]
    till.lines[1] = (second, type(told)(told.text, told.signature, told.code))
    till.undo(2, SOON)  # as a copy of the journal would
    before = books(connection)
    other.lines = till.lines[4:5]
    assert [one.known for one in other.hand_in(EVENING)] == [False]
    assert books(connection) == before

    till.hand_in(EVENING)

    kept = list(OfflineUndo.objects.order_by("counter").values_list("counted", "reason"))
    assert kept == [
        (False, "undone_too_late"), (False, "loss_booked"), (True, ""), (False, "undone_before"),
    ]  # fmt: skip
    assert {one for one in faults_of(till) if one[0] != "clock_back"} == {
        ("undo", 4), ("undo", 5), ("undo", 7),
    }  # fmt: skip
    assert [one for one, _, _ in verdicts(till)] == ["booked", "undone", "loss"]
    assert lost_fen(connection) == 2_000
    assert faults(database.connect) == []


def test_what_chance_keeps_online_is_booked_if_a_till_takes_it_and_no_loss_is_the_issuers(
    connection: Connection, database: Database
) -> None:
    counter, store = a_place()
    till = a_till(store, NOON, online_percent=100)
    assert not till.take(signed(counter, 0), LATER)
    counter.redeem(1)
    for index in range(2):
        till.take(signed(counter, index), LATER, honest=False)

    till.hand_in(EVENING)

    assert verdicts(till) == [
        ("booked", "", "online_only"),
        ("refused", "voucher_used", "online_only"),
    ]
    assert faults_of(till) == {("online_only", 1), ("online_only", 2)}
    assert lost_fen(connection) == 0
    grant = Grant.objects.get(device=till.device)
    grant.online_percent = 5
    picked = [serial for serial in range(4_000) if is_online_only(grant, serial)]
    assert 120 < len(picked) < 280
    assert picked == [serial for serial in range(4_000) if is_online_only(grant, serial)]
    grant.pk += 1
    assert picked != [serial for serial in range(4_000) if is_online_only(grant, serial)]
    assert faults(database.connect) == []


def test_a_grant_lasts_and_lets_take_back_for_as_long_as_the_issuer_says() -> None:
    _counter, store = a_place()
    till = a_till(store, NOON)
    hours, minutes = OFFLINE_GRANT_HOURS.name, COUNTER_UNDO_MINUTES.name
    change_settings(actor=SYSTEM, values={hours: 3, minutes: 2}, expected={})

    told = till.renew(EVENING)

    assert told["endsAtMs"] - told["madeAtMs"] == 3 * 3_600_000
    assert told["undoMs"] == 120_000
