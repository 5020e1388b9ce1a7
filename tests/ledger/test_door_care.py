"""Transfer, extend, freeze, unfreeze, void, expire and adjust, as the database has them after."""

from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from kaquan.engine.commands import (
    Adjust,
    AnyCommand,
    Expire,
    Extend,
    Freeze,
    Transfer,
    Unfreeze,
    Void,
)
from kaquan.engine.lifecycle import State
from kaquan.engine.outcomes import OutcomeCode
from kaquan.ledger.door import Door
from kaquan.ledger.voucher_pages import passed_on_among
from tests.builders.books import books, entries, faults, row
from tests.builders.ledger import (
    NOON,
    a_batch,
    a_claimed_voucher,
    a_sold_card,
    at_the_till,
    claim,
    codes,
    done,
    hold,
    redeem,
)
from tests.fixtures_database import Database

Connection = psycopg.Connection[Any]
VOUCHER = "SELECT * FROM ledger_voucher WHERE serial = %s"
BUDGET = "SELECT available_fen, committed_fen, spent_fen, released_fen FROM ledger_budget"
NEW_YEAR = datetime(2026, 12, 31, 16, tzinfo=UTC)  # midnight in Shanghai, when this year's end
PASSED_ON = {"transferable": True}


def _transfer(serial: int, source: int, target: int) -> Transfer:
    return Transfer(at=NOON, serial=serial, from_customer_id=source, to_customer_id=target)


def test_a_transfer_changes_the_holder_and_the_old_one_can_use_it_no_more(
    door: Door, connection: Connection
) -> None:
    serial = a_claimed_voucher(door, **PASSED_ON)
    outcome = done(door, _transfer(serial, 7, 8))
    assert row(connection, VOUCHER, serial)["customer_id"] == 8
    assert outcome.place is not None
    assert entries(connection, outcome.place.block) == ["PIECE 1 HOLDER:7 > HOLDER:8"]
    before = books(connection)
    outcomes = door.submit(
        [_transfer(serial, 7, 9), redeem(serial, facts=at_the_till(customer_id=7))]
    )
    assert set(codes(outcomes)) == {"VOUCHER_NOT_YOURS"}
    assert books(connection) == before
    done(door, redeem(serial, facts=at_the_till(customer_id=8)))


def test_a_voucher_is_passed_on_as_often_as_its_terms_say(
    door: Door, connection: Connection
) -> None:
    serial = a_claimed_voucher(door, **PASSED_ON, transfer_limit=2)
    outcomes = door.submit([_transfer(serial, 7, 8), _transfer(serial, 8, 9)])
    outcomes += door.submit([_transfer(serial, 9, 7)])
    assert codes(outcomes) == ["DONE", "DONE", "TRANSFER_FORBIDDEN"]
    assert row(connection, VOUCHER, serial)["customer_id"] == 9
    assert row(connection, VOUCHER, serial)["hand"] == 2


def test_a_voucher_that_is_claimed_and_passed_on_at_once_is_in_its_second_hand(
    door: Door, connection: Connection, database: Database
) -> None:
    batch = a_batch(door, **PASSED_ON)
    serial, other = batch.serial(0), batch.serial(1)
    claims = [claim(batch, serial=one, customer_id=7) for one in (serial, other)]
    outcomes = door.submit([*claims, _transfer(serial, 7, 8), redeem(serial, hand=0)])

    assert codes(outcomes) == ["DONE", "DONE", "DONE", "CODE_PASSED_ON"]
    assert row(connection, VOUCHER, serial)["hand"] == 1
    assert row(connection, VOUCHER, other)["hand"] is None
    assert passed_on_among(connection, range(serial, other + 1)) == 1
    assert faults(database.connect) == []


def test_a_frozen_voucher_stands_still_until_it_is_unfrozen(
    door: Door, connection: Connection
) -> None:
    serial = a_claimed_voucher(door)
    frozen = done(door, Freeze(at=NOON, serial=serial, reason="疑似盗刷"))
    assert row(connection, VOUCHER, serial)["state"] == State.FROZEN_ISSUED
    before = books(connection)
    (refused,) = door.submit([redeem(serial)])
    assert refused.code is OutcomeCode.VOUCHER_FROZEN
    assert books(connection) == before
    thawed = done(door, Unfreeze(at=NOON, serial=serial))
    assert frozen.place is not None
    assert thawed.place is not None
    (there,), (back,) = (entries(connection, one.place.block) for one in (frozen, thawed))
    assert there.startswith("PIECE 1 HOLDER:7 > FROZEN")
    assert back.endswith("> HOLDER:7")
    done(door, redeem(serial))


def test_a_void_voucher_releases_what_was_committed_and_never_comes_back(
    door: Door, connection: Connection
) -> None:
    serial = a_claimed_voucher(door)
    done(door, Void(at=NOON, serial=serial, reason="客户投诉"))
    assert row(connection, BUDGET) == {
        "available_fen": 9_998_000,
        "committed_fen": 0,
        "spent_fen": 0,
        "released_fen": 2_000,
    }
    before = books(connection)
    commands: list[AnyCommand] = [
        redeem(serial),
        Void(at=NOON, serial=serial, reason="再次"),
        Extend(at=NOON, serial=serial, valid_until=NEW_YEAR + timedelta(days=1)),
    ]
    assert set(codes(door.submit(commands))) == {"VOUCHER_VOID"}
    assert books(connection) == before


def test_an_untouched_voucher_can_be_voided(door: Door, connection: Connection) -> None:
    batch = a_batch(door, active=False)
    outcome = done(door, Void(at=NOON, serial=batch.serial(3), reason="印刷破损"))
    assert row(connection, VOUCHER, batch.serial(3))["state"] == State.VOID
    assert outcome.place is not None
    assert entries(connection, outcome.place.block) == [
        f"PIECE 1 STOCK:{batch.batch_id} > ENDED:{batch.batch_id}"
    ]


def test_the_balance_of_a_void_card_is_owed_to_its_buyer(
    door: Door, connection: Connection
) -> None:
    serial = a_sold_card(door)
    done(door, redeem(serial, amount_fen=5_000))
    outcome = done(door, Void(at=NOON, serial=serial, reason="退卡"))
    assert row(connection, VOUCHER, serial)["balance_fen"] is None
    assert outcome.place is not None
    moved = entries(connection, outcome.place.block)
    assert any(line.startswith(f"FEN 15000 CARD:{serial} > PAYMENT:") for line in moved)


def test_expiry_is_booked_when_its_time_has_come(door: Door, connection: Connection) -> None:
    serial = a_claimed_voucher(door)
    before = books(connection)
    (early,) = door.submit([Expire(at=NEW_YEAR - timedelta(microseconds=1), serial=serial)])
    assert early.code is OutcomeCode.NOT_EXPIRED_YET
    assert books(connection) == before
    done(door, Expire(at=NEW_YEAR, serial=serial))
    assert row(connection, VOUCHER, serial)["state"] == State.EXPIRED
    assert row(connection, BUDGET)["released_fen"] == 2_000
    (late,) = door.submit([redeem(serial)])
    assert late.code is OutcomeCode.VOUCHER_EXPIRED


def test_through_that_day_means_the_last_moment_of_it_in_the_issuers_zone(door: Door) -> None:
    batch = a_batch(door)
    last, first_too_late = NEW_YEAR - timedelta(microseconds=1), NEW_YEAR
    outcomes = door.submit(
        [redeem(batch.serial(0), at=last), redeem(batch.serial(1), at=first_too_late)]
    )
    assert codes(outcomes) == ["DONE", "VOUCHER_EXPIRED"]


def test_an_expired_voucher_that_is_extended_has_its_money_set_aside_again(
    door: Door, connection: Connection
) -> None:
    serial = a_claimed_voucher(door)
    done(door, Expire(at=NEW_YEAR, serial=serial))
    until = NEW_YEAR + timedelta(days=31)
    done(door, Extend(at=NEW_YEAR, serial=serial, valid_until=until, reason="疫情"))
    voucher = row(connection, VOUCHER, serial)
    assert (voucher["state"], voucher["valid_until"]) == (State.ISSUED, until)
    assert voucher["committed_fen"] == 2_000
    done(door, redeem(serial, at=until - timedelta(seconds=1)))


def test_a_card_is_adjusted_with_a_reason_and_never_below_zero(
    door: Door, connection: Connection
) -> None:
    serial = a_sold_card(door)
    outcome = done(door, Adjust(at=NOON, serial=serial, balance_fen=-1_500, reason="多充更正"))
    assert row(connection, VOUCHER, serial)["balance_fen"] == 18_500
    assert outcome.place is not None
    assert entries(connection, outcome.place.block) == [f"FEN 1500 CARD:{serial} > OUTSIDE:0"]
    before = books(connection)
    outcomes = door.submit(
        [
            Adjust(at=NOON, serial=serial, balance_fen=-18_501, reason="过多"),
            Adjust(at=NOON, serial=serial, balance_fen=1, reason=" "),
            Adjust(at=NOON, serial=serial, uses=1, reason="不是次卡"),
        ]
    )
    assert codes(outcomes) == ["BALANCE_INSUFFICIENT", "MALFORMED_COMMAND", "COMMAND_NOT_FOR_KIND"]
    assert books(connection) == before


def test_the_uses_of_a_count_card_are_adjusted(door: Door, connection: Connection) -> None:
    batch = a_batch(door, kind="count")
    done(door, redeem(batch.serial()))
    done(door, Adjust(at=NOON, serial=batch.serial(), uses=3, reason="补偿"))
    assert row(connection, VOUCHER, batch.serial())["uses_left"] == 7


@pytest.mark.parametrize(
    "make",
    [
        lambda serial: Void(at=NOON, serial=serial, reason="作废"),
        lambda serial: _transfer(serial, 7, 8),
        lambda serial: Adjust(at=NOON, serial=serial, balance_fen=1, reason="调整"),
    ],
    ids=["void", "transfer", "adjust"],
)
def test_what_is_held_cannot_be_ended_or_passed_on(
    door: Door, connection: Connection, make: Any
) -> None:
    serial = a_claimed_voucher(door, kind="partial_cash", **PASSED_ON)
    done(door, hold(serial, amount_fen=100, expires_at=NOON + timedelta(minutes=15)))
    before = books(connection)
    assert codes(door.submit([make(serial)])) == ["VOUCHER_HELD"]
    assert books(connection) == before


def test_a_hold_that_ran_out_does_not_keep_a_voucher_from_expiring(
    door: Door, connection: Connection
) -> None:
    serial = a_claimed_voucher(door)
    done(door, hold(serial, expires_at=NOON + timedelta(minutes=15)))
    done(door, Expire(at=NEW_YEAR, serial=serial))
    assert row(connection, "SELECT state FROM ledger_hold") == {"state": "expired"}
    assert row(connection, BUDGET)["released_fen"] == 2_000
