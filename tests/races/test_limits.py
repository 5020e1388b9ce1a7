"""Many processes on one budget, limit or stock: never one fen, use or piece too many."""

import random
from collections import Counter
from typing import Any

import psycopg
import pytest

from kaquan.engine.commands import AnyCommand
from kaquan.ledger.door import Door
from tests.builders.books import number, row
from tests.builders.ledger import (
    a_batch,
    a_budget,
    a_claimed_voucher,
    at_the_till,
    claim,
    codes,
    done,
    redeem,
)
from tests.fixtures_database import Database
from tests.races.controls import SendSettingBudgets, SendWithoutLocks
from tests.races.racing import Call, Send, answers, race, send_at_once

Connection = psycopg.Connection[Any]
CUSTOMER = 7


def _together(database: Database, kind: type[Send], commands: list[AnyCommand]) -> list[Call]:
    """Each command in a process of its own."""
    parts = [kind([[command]]) for command in commands]
    return [call for calls in race(database.app_url, parts) for call in calls]


def _told(calls: list[Call]) -> Counter[str]:
    return Counter(codes(answers(calls)))


# Budget


def test_a_budget_with_room_for_exactly_k_pays_for_exactly_k(
    door: Door, database: Database, connection: Connection
) -> None:
    """Twenty random budgets, each fought for by all processes at once."""
    seed = random.Random(20_260_601)
    processes, room, scripts = 8, {}, [[] for _ in range(8)]
    for _ in range(20):
        face, fits = seed.randint(1, 5_000), seed.randint(0, 2 * processes)
        budget_id = a_budget(door, total_fen=face * fits + seed.randint(0, face - 1))
        benefit = {"kind": "amount_off", "amount_fen": face}
        batch = a_batch(door, budget_id=budget_id, quantity=2 * processes, benefit=benefit)
        room[budget_id] = (face, fits)
        for process, script in enumerate(scripts):
            script += [[redeem(batch.serial(2 * process + one))] for one in range(2)]
    calls = send_at_once(database.app_url, scripts)
    assert set(_told(calls)) <= {"DONE", "BUDGET_EXHAUSTED"}
    for budget_id, (face, fits) in room.items():
        budget = row(
            connection,
            "SELECT spent_fen, available_fen FROM ledger_budget WHERE budget_id = %s",
            budget_id,
        )
        assert budget["spent_fen"] == face * fits
        assert budget["available_fen"] < face or fits == 2 * processes


@pytest.mark.parametrize("control", [False, True])
def test_the_last_money_of_a_budget_is_spent_once(
    door: Door, database: Database, connection: Connection, control: bool
) -> None:
    """Control: where amounts are read without a lock and set instead of moved, everybody finds it,
    and everybody is told it was spent on them."""
    batch = a_batch(door, budget_id=a_budget(door, total_fen=2_000))
    commands: list[AnyCommand] = [redeem(batch.serial(index)) for index in range(4)]
    kind = SendSettingBudgets if control else Send
    calls = _together(database, kind, commands)
    given = sum(outcome.vouchers[0].discount_fen for outcome in answers(calls) if outcome.done)
    assert given == (8_000 if control else 2_000)
    assert number(connection, "SELECT spent_fen FROM ledger_budget") == 2_000


# Stock


def test_a_hot_batch_gives_out_its_stock_and_not_one_more(
    door: Door, database: Database, connection: Connection
) -> None:
    batch = a_batch(door, by_code=False, quantity=100)
    scripts = [
        [[claim(batch, customer_id=1 + process * 1_000 + turn)] for turn in range(15)]
        for process in range(8)
    ]
    calls = send_at_once(database.app_url, scripts)
    assert _told(calls) == {"DONE": 100, "STOCK_EXHAUSTED": 20}
    assert number(connection, "SELECT stock_left FROM ledger_slice") == 0
    assert number(connection, "SELECT count(DISTINCT serial) FROM ledger_voucher") == 100
    assert number(connection, "SELECT committed_fen FROM ledger_budget") == 200_000


@pytest.mark.parametrize("control", [False, True])
def test_the_last_piece_of_stock_goes_to_one(door: Door, database: Database, control: bool) -> None:
    """Control: without row locks it goes to everybody."""
    batch = a_batch(door, by_code=False, quantity=1, budget_id=0)
    customers = [1, 2, 3, 4]  # of four different buckets, so no key of a table saves the day
    commands: list[AnyCommand] = [claim(batch, customer_id=customer) for customer in customers]
    kind = SendWithoutLocks if control else Send
    calls = _together(database, kind, commands)
    assert _told(calls)["DONE"] == (4 if control else 1)


# Limits


def _limited(dimension: str, cap: int, **fields: Any) -> dict[str, Any]:
    return {"limits": [{"dimension": dimension, "at": "redeem", "cap": cap, **fields}]}


@pytest.mark.parametrize(
    ("terms", "refusal"),
    [
        (_limited("customer", 3), "LIMIT_PER_CUSTOMER"),
        (_limited("customer", 3, period="day"), "LIMIT_PER_CUSTOMER"),
        (_limited("store", 3, period="day"), "LIMIT_PER_STORE"),
        (_limited("batch", 3), "LIMIT_PER_BATCH"),
        (_limited("customer", 7_999, unit="fen"), "LIMIT_PER_CUSTOMER"),
    ],
    ids=["customer", "customer-day", "store-day", "batch", "customer-fen"],
)
def test_a_limit_that_nobody_has_touched_yet_lets_exactly_so_many_through(
    door: Door, database: Database, connection: Connection, terms: dict[str, Any], refusal: str
) -> None:
    """Its row is born in the race, by many at once."""
    batch = a_batch(door, **terms)
    facts = at_the_till(customer_id=CUSTOMER)
    scripts = [
        [[redeem(batch.serial(2 * process + one), facts=facts)] for one in range(2)]
        for process in range(8)
    ]
    told = _told(send_at_once(database.app_url, scripts))
    assert told == {"DONE": 3, refusal: 13}
    assert number(connection, "SELECT count(*) FROM ledger_limit") == 1
    assert number(connection, "SELECT spent_fen FROM ledger_budget") == 6_000


@pytest.mark.parametrize("control", [False, True])
def test_the_last_of_a_limit_is_used_once(
    door: Door, database: Database, connection: Connection, control: bool
) -> None:
    """Control: without row locks one customer takes it four times."""
    batch = a_batch(door, budget_id=0, **_limited("customer", 2))
    facts = at_the_till(customer_id=CUSTOMER)
    done(door, redeem(batch.serial(9), facts=facts))
    commands: list[AnyCommand] = [redeem(batch.serial(one), facts=facts) for one in range(4)]
    kind = SendWithoutLocks if control else Send
    calls = _together(database, kind, commands)
    assert _told(calls)["DONE"] == (4 if control else 1)
    assert number(connection, "SELECT used FROM ledger_limit") == 2


def test_one_customers_limit_counts_over_all_vouchers_they_hold(
    door: Door, database: Database
) -> None:
    batch = a_batch(door, **_limited("customer", 2))
    serials = [
        a_claimed_voucher(door, batch, index=index, customer_id=CUSTOMER) for index in range(8)
    ]
    # The till sends only codes: who holds them is the ledger's to know.
    calls = send_at_once(database.app_url, [[[redeem(serial)]] for serial in serials])
    assert _told(calls) == {"DONE": 2, "LIMIT_PER_CUSTOMER": 6}


def test_a_funder_who_pays_up_to_a_total_pays_exactly_that(
    door: Door, database: Database, connection: Connection
) -> None:
    funding = [
        {"kind": "first_to_cap", "funder_id": 3, "cap_fen": 7_777},
        {"kind": "remainder", "funder_id": 0},
    ]
    batch = a_batch(door, funding=funding)
    calls = send_at_once(
        database.app_url,
        [[[redeem(batch.serial(2 * process + one))] for one in range(2)] for process in range(8)],
    )
    assert _told(calls) == {"DONE": 16}
    shares = dict(
        connection.execute(
            "SELECT coalesce(funder_id, 0), sum(amount)::bigint FROM ledger_entry"
            " WHERE operation = 11 GROUP BY 1"
        ).fetchall()
    )
    assert shares == {3: 7_777, 0: 32_000 - 7_777}
