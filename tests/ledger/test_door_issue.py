"""Claim, assign, sell and top up, through the door and as the database has them after."""

from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest

from kaquan.engine.commands import Assign, Sell, TopUp
from kaquan.engine.facts import Facts
from kaquan.engine.lifecycle import State
from kaquan.engine.outcomes import OutcomeCode
from kaquan.engine.shards import bucket_of_customer, bucket_of_serial
from kaquan.ledger.door import Door
from tests.builders.books import books, entries, number, row
from tests.builders.ledger import (
    NOON,
    BuiltBatch,
    a_batch,
    a_budget,
    a_sold_card,
    claim,
    codes,
    done,
)

Connection = psycopg.Connection[Any]
VOUCHER = "SELECT * FROM ledger_voucher WHERE serial = %s"
PER_CUSTOMER = {"dimension": "customer", "at": "claim", "cap": 2}


def _sell(
    batch: BuiltBatch, *, customer_id: int = 0, paid_fen: int = 19_000, **fields: Any
) -> Sell:
    return Sell(
        at=NOON,
        batch_id=batch.batch_id,
        serial=batch.serial(),
        facts=Facts(customer_id=customer_id),
        paid_fen=paid_fen,
        payment_no="P-7",
        **fields,
    )


def test_a_claim_takes_one_from_stock_and_commits_its_highest_cost(
    door: Door, connection: Connection
) -> None:
    batch = a_batch(door, by_code=False, quantity=10)
    outcome = done(door, claim(batch, customer_id=7))
    (result,) = outcome.vouchers
    voucher = row(connection, VOUCHER, result.serial)
    assert (voucher["customer_id"], voucher["state"]) == (7, State.ISSUED)
    assert (voucher["version"], voucher["committed_fen"]) == (1, 2_000)
    assert outcome.place is not None
    assert (voucher["last_block"], voucher["last_index"]) == (outcome.place.block, 0)
    assert number(connection, "SELECT stock_left FROM ledger_slice") == 9
    budget = row(connection, "SELECT available_fen, committed_fen FROM ledger_budget")
    assert budget == {"available_fen": 9_998_000, "committed_fen": 2_000}
    assert sorted(entries(connection, outcome.place.block)) == [
        f"FEN 2000 BUDGET_AVAILABLE:{batch.budget_id} > BUDGET_COMMITTED:{batch.budget_id}",
        f"PIECE 1 STOCK:{batch.batch_id} > HOLDER:7",
    ]


def test_a_claimed_serial_lies_in_its_customers_bucket(door: Door) -> None:
    batch = a_batch(door, by_code=False, quantity=640)
    outcomes = door.submit([claim(batch, customer_id=customer) for customer in range(1, 65)])
    for customer, outcome in enumerate(outcomes, start=1):
        serial = outcome.vouchers[0].serial
        assert bucket_of_serial(serial) == bucket_of_customer(customer)
    assert len({outcome.vouchers[0].serial for outcome in outcomes}) == 64


def test_the_last_of_the_stock_is_the_last(door: Door, connection: Connection) -> None:
    batch = a_batch(door, by_code=False, quantity=3)
    outcomes = door.submit([claim(batch, customer_id=customer) for customer in range(1, 5)])
    assert codes(outcomes) == ["DONE", "DONE", "DONE", "STOCK_EXHAUSTED"]
    before = books(connection)
    (refused,) = door.submit([claim(batch, customer_id=9)])
    assert refused.code is OutcomeCode.STOCK_EXHAUSTED
    assert books(connection) == before
    assert number(connection, "SELECT stock_left FROM ledger_slice") == 0


def test_a_budget_that_covers_two_lets_a_third_claim_wait(
    door: Door, connection: Connection
) -> None:
    batch = a_batch(door, by_code=False, budget_id=a_budget(door, total_fen=5_999))
    outcomes = door.submit([claim(batch, customer_id=customer) for customer in (1, 2, 3)])
    assert codes(outcomes) == ["DONE", "DONE", "BUDGET_EXHAUSTED"]
    assert outcomes[2].data == {"available_fen": 1_999, "shortfall_fen": 1}
    assert number(connection, "SELECT available_fen FROM ledger_budget") == 1_999


def test_a_limit_per_customer_is_a_row_with_its_cap(door: Door, connection: Connection) -> None:
    batch = a_batch(door, by_code=False, limits=[PER_CUSTOMER])
    outcomes = door.submit([claim(batch), claim(batch), claim(batch), claim(batch, customer_id=8)])
    assert codes(outcomes) == ["DONE", "DONE", "LIMIT_PER_CUSTOMER", "DONE"]
    limits = connection.execute(
        "SELECT subject_id, used, cap, moment FROM ledger_limit ORDER BY subject_id"
    ).fetchall()
    assert limits == [(7, 2, 2, 1), (8, 1, 2, 1)]
    (later,) = door.submit([claim(batch)])
    assert later.code is OutcomeCode.LIMIT_PER_CUSTOMER
    done(door, claim(batch, customer_id=8))
    assert number(connection, "SELECT sum(used) FROM ledger_limit") == 4


def test_a_daily_limit_counts_each_day_of_the_issuers_zone(
    door: Door, connection: Connection
) -> None:
    batch = a_batch(door, by_code=False, limits=[{**PER_CUSTOMER, "cap": 1, "period": "day"}])
    before_midnight = datetime(2026, 6, 1, 15, 59, tzinfo=UTC)
    midnight = datetime(2026, 6, 1, 16, tzinfo=UTC)  # 2 June in Shanghai
    outcomes = door.submit([claim(batch, at=at) for at in (NOON, before_midnight, midnight)])
    assert codes(outcomes) == ["DONE", "LIMIT_PER_CUSTOMER", "DONE"]
    assert number(connection, "SELECT count(*) FROM ledger_limit") == 2


def test_validity_that_starts_with_the_claim_is_written_on_the_voucher(
    door: Door, connection: Connection
) -> None:
    days = {"range": {"kind": "after_claim", "days": 7, "start_after_days": 1}}
    batch = a_batch(door, by_code=False, validity=days)
    serial = done(door, claim(batch)).vouchers[0].serial
    voucher = row(connection, VOUCHER, serial)
    assert voucher["valid_from"] == datetime(2026, 6, 1, 16, tzinfo=UTC)
    assert voucher["valid_until"] == datetime(2026, 6, 8, 16, tzinfo=UTC)


def test_a_printed_voucher_can_be_assigned_once(door: Door, connection: Connection) -> None:
    batch = a_batch(door, quantity=2)
    assign = Assign(
        at=NOON, batch_id=batch.batch_id, serial=batch.serial(1), facts=Facts(customer_id=7)
    )
    done(door, assign)
    voucher = row(connection, VOUCHER, batch.serial(1))
    assert (voucher["customer_id"], voucher["state"]) == (7, State.ISSUED)
    before = books(connection)
    (again,) = door.submit([assign])
    assert again.code is OutcomeCode.VOUCHER_ALREADY_ISSUED
    assert books(connection) == before


def test_a_claim_without_a_customer_is_refused(door: Door, connection: Connection) -> None:
    batch = a_batch(door, by_code=False)
    before = books(connection)
    (outcome,) = door.submit([claim(batch, customer_id=0)])
    assert outcome.code is OutcomeCode.CUSTOMER_REQUIRED
    assert books(connection) == before


@pytest.mark.parametrize("customer_id", [0, 7])
def test_a_sold_card_carries_its_face_and_the_payment_is_booked(
    door: Door, connection: Connection, customer_id: int
) -> None:
    batch = a_batch(door, kind="prepaid", quantity=1, budget_id=0)
    outcome = done(door, _sell(batch, customer_id=customer_id))
    voucher = row(connection, VOUCHER, batch.serial())
    assert (voucher["balance_fen"], voucher["state"]) == (20_000, State.ISSUED)
    assert voucher["customer_id"] == (customer_id or None)
    assert outcome.place is not None
    assert sorted(entries(connection, outcome.place.block)) == [
        f"FEN 19000 PAYMENT:{batch.batch_id} > SALES:{batch.batch_id}",
        f"FEN 20000 CARD_ISSUED:{batch.batch_id} > CARD:{batch.serial()}",
        f"PIECE 1 STOCK:{batch.batch_id} > HOLDER:{customer_id}",
    ]
    before = books(connection)
    (again,) = door.submit([_sell(batch, customer_id=customer_id)])
    assert again.code is OutcomeCode.VOUCHER_ALREADY_ISSUED
    assert books(connection) == before


def test_a_card_without_a_face_is_loaded_with_what_the_buyer_chooses(
    door: Door, connection: Connection
) -> None:
    card = {"kind": "prepaid_card", "face_fen": 0, "max_balance_fen": 100_000}
    batch = a_batch(door, kind="prepaid", quantity=1, budget_id=0, benefit=card)
    too_much = _sell(batch, paid_fen=100_001, face_fen=100_001)
    (refused,) = door.submit([too_much])
    assert refused.code is OutcomeCode.AMOUNT_NOT_ALLOWED
    done(door, _sell(batch, paid_fen=33_300, face_fen=33_300))
    assert row(connection, VOUCHER, batch.serial())["balance_fen"] == 33_300


def test_a_sold_count_card_opens_with_its_uses(door: Door, connection: Connection) -> None:
    batch = a_batch(door, kind="count", quantity=1, price_fen=6_000)
    outcome = done(door, _sell(batch, customer_id=7, paid_fen=6_000))
    assert row(connection, VOUCHER, batch.serial())["uses_left"] == 5
    assert outcome.place is not None
    assert f"USE 5 OUTSIDE:0 > USES:{batch.serial()}" in entries(connection, outcome.place.block)


def test_a_card_can_be_topped_up_to_its_highest_balance(door: Door, connection: Connection) -> None:
    serial = a_sold_card(door)

    def top_up(amount_fen: int) -> TopUp:
        return TopUp(at=NOON, serial=serial, amount_fen=amount_fen, payment_no="P-8", facts=Facts())

    outcome = done(door, top_up(80_000))
    assert row(connection, VOUCHER, serial)["balance_fen"] == 100_000
    assert outcome.place is not None
    assert len(entries(connection, outcome.place.block)) == 2
    before = books(connection)
    (refused,) = door.submit([top_up(100)])
    assert refused.code is OutcomeCode.AMOUNT_NOT_ALLOWED
    assert books(connection) == before
