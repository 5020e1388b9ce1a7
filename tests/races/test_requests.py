"""One request key from many processes at once: one effect, one answer."""

from collections import Counter
from typing import Any

import msgspec
import psycopg
import pytest

from kaquan.engine.commands import AnyCommand
from kaquan.ledger.door import Door
from tests.builders.books import number, row
from tests.builders.ledger import (
    a_batch,
    a_claimed_voucher,
    a_key,
    a_sold_card,
    claim,
    codes,
    redeem,
)
from tests.fixtures_database import Database
from tests.races.controls import SendWithoutMemory
from tests.races.racing import Send, answers, race, send_at_once

Connection = psycopg.Connection[Any]
PROCESSES = 12


@pytest.mark.parametrize("control", [False, True])
def test_one_key_from_many_processes_has_one_effect_and_one_answer(
    door: Door, database: Database, connection: Connection, control: bool
) -> None:
    """Control: a door that does not remember keys takes the money each time."""
    serial = a_sold_card(door)
    command = redeem(serial, key=a_key(), amount_fen=1_000)
    kind = SendWithoutMemory if control else Send
    parts = [kind([[command]]) for _ in range(PROCESSES)]
    calls = [call for calls in race(database.app_url, parts) for call in calls]
    told = {msgspec.msgpack.encode(outcome) for outcome in answers(calls)}
    effects = PROCESSES if control else 1
    assert len(told) == effects
    assert row(connection, "SELECT balance_fen FROM ledger_voucher") == {
        "balance_fen": 20_000 - effects * 1_000
    }


def test_one_key_is_kept_for_a_refusal_too(
    door: Door, database: Database, connection: Connection
) -> None:
    serial = a_sold_card(door)
    key = a_key()
    command = redeem(serial, key=key, amount_fen=20_001)
    calls = send_at_once(database.app_url, [[[command]]] * PROCESSES)
    assert len({msgspec.msgpack.encode(outcome) for outcome in answers(calls)}) == 1
    assert number(connection, "SELECT count(*) FROM ledger_request") == 1


def test_one_key_with_different_contents_has_one_effect(
    door: Door, database: Database, connection: Connection
) -> None:
    serial, key = a_sold_card(door), a_key()
    scripts = [[[redeem(serial, key=key, amount_fen=100 + one)]] for one in range(PROCESSES)]
    calls = send_at_once(database.app_url, scripts)
    told = Counter(codes(answers(calls)))
    assert told == {"DONE": 1, "REQUEST_KEY_REUSED": PROCESSES - 1}
    assert row(connection, "SELECT version FROM ledger_voucher") == {"version": 2}


def test_one_key_for_different_vouchers_has_one_effect(
    door: Door, database: Database, connection: Connection
) -> None:
    batch, key = a_batch(door), a_key()
    commands = [redeem(batch.serial(one), key=key) for one in range(PROCESSES)]
    calls = send_at_once(database.app_url, [[[command]] * 3 for command in commands])
    told = Counter(codes(answers(calls)))
    assert told == {"DONE": 3, "REQUEST_KEY_REUSED": 3 * (PROCESSES - 1)}
    assert number(connection, "SELECT count(*) FROM ledger_voucher") == 1
    assert number(connection, "SELECT count(*) FROM ledger_request") == 1


def test_one_key_for_different_operations_is_two_requests(door: Door, database: Database) -> None:
    batch = a_batch(door, quantity=2)
    serial = a_claimed_voucher(door, batch, index=0)
    key = a_key()
    commands: list[AnyCommand] = [
        redeem(serial, key=key),
        claim(batch, serial=batch.serial(1), key=key),
    ]
    calls = send_at_once(database.app_url, [[[command]] for command in commands])
    assert codes(answers(calls)) == ["DONE", "DONE"]


def test_the_same_requests_in_different_orders_end_and_are_done_once(
    door: Door, database: Database, connection: Connection
) -> None:
    """Each process sends all of them in one call, in an order of its own: no deadlock is left."""
    batch = a_batch(door)
    commands = [redeem(serial, key=a_key()) for serial in batch.serials[:20]]
    orders = [
        commands,
        commands[::-1],
        commands[10:] + commands[:10],
        commands[::2] + commands[1::2],
    ]
    calls = send_at_once(database.app_url, [[order] for order in orders])
    assert Counter(codes(answers(calls))) == {"DONE": 80}
    assert number(connection, "SELECT spent_fen FROM ledger_budget") == 40_000
    by_key: dict[str, set[bytes]] = {}
    for call in calls:
        for command, outcome in zip(call.commands, call.outcomes, strict=True):
            assert command.key is not None
            by_key.setdefault(command.key.key, set()).add(msgspec.msgpack.encode(outcome))
    assert {len(told) for told in by_key.values()} == {1}
