"""The same request has one effect and one answer, for ever."""

import subprocess
import sys
import threading
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import psycopg
import pytest
from msgspec import structs

from kaquan.engine.commands import AnyCommand, Extend, Freeze, Hold, Mint, RequestKey
from kaquan.engine.outcomes import Outcome, OutcomeCode
from kaquan.ledger import door as door_module
from kaquan.ledger.door import Door
from tests.builders.books import books, number
from tests.builders.ledger import (
    CLIENT,
    NOON,
    BuiltBatch,
    a_batch,
    a_claimed_voucher,
    a_key,
    a_sold_card,
    at_the_till,
    claim,
    codes,
    done,
    hold,
    redeem,
)
from tests.fixtures_database import Database
from tests.fixtures_ledger import OpenDoor

Connection = psycopg.Connection[Any]
SHANGHAI = ZoneInfo("Asia/Shanghai")


def _texts(outcomes: list[Outcome]) -> list[tuple[bytes, bytes]]:
    """Answers as the gateway and the evidence encode them."""
    return [(msgspec.json.encode(one), msgspec.msgpack.encode(one)) for one in outcomes]


@dataclass
class Requests:
    """Requests of several kinds, done and refused."""

    batch: BuiltBatch
    commands: list[AnyCommand]


@pytest.fixture
def requests(door: Door) -> Requests:
    """A keyed request of each kind of answer."""
    days = {"range": {"kind": "after_claim", "days": 7}}
    batch = a_batch(door, by_code=False, validity=days)
    card, held = a_sold_card(door), a_claimed_voucher(door)
    at = NOON.astimezone(SHANGHAI)
    until = datetime(2027, 3, 1, tzinfo=SHANGHAI)
    commands: list[AnyCommand] = [
        claim(batch, key=a_key(), at=at),
        redeem(card, key=a_key(), amount_fen=1_234, at=at),
        redeem(card, key=a_key(), amount_fen=99_999_999),
        redeem(12_345_678, key=a_key()),
        hold(held, key=a_key(), expires_at=NOON + timedelta(minutes=5)),
        Extend(at=NOON, key=a_key(), serial=card, valid_until=until, reason="延期"),
        Freeze(at=NOON, key=a_key(), serial=card, reason=""),
        Mint(at=NOON, key=a_key(), batch_id=batch.batch_id, quantity=64),
    ]
    return Requests(batch, commands)


EXPECTED = [
    "DONE",
    "DONE",
    "AMOUNT_NOT_ALLOWED",
    "VOUCHER_UNKNOWN",
    "DONE",
    "DONE",
    "MALFORMED_COMMAND",
    "DONE",
]


# The same request


def test_a_repeated_request_gets_the_same_answer_byte_for_byte_and_moves_nothing(
    door: Door, connection: Connection, requests: Requests
) -> None:
    first = door.submit(requests.commands)
    assert codes(first) == EXPECTED
    before = books(connection)
    again = door.submit(requests.commands)
    assert again == first
    assert _texts(again) == _texts(first)
    assert books(connection) == before


def test_each_is_answered_alone_as_it_was_among_others(
    door: Door, connection: Connection, requests: Requests
) -> None:
    first = door.submit(requests.commands)
    before = books(connection)
    for command, outcome in zip(requests.commands, first, strict=True):
        assert _texts(door.submit([command])) == _texts([outcome])
    assert books(connection) == before


def test_a_new_process_gives_the_old_answers(
    door: Door, new_door: OpenDoor, connection: Connection, requests: Requests
) -> None:
    first = door.submit(requests.commands)
    door.close()
    before = books(connection)
    assert _texts(new_door().submit(requests.commands)) == _texts(first)
    assert books(connection) == before


_RETRY = """
import os, sys
import msgspec
from kaquan.foundation.configuration import load_configuration
from kaquan.foundation.django_setup import setup
setup(load_configuration(os.environ))
from kaquan.engine.commands import AnyCommand
from kaquan.ledger.door import open_door
commands = msgspec.msgpack.decode(sys.stdin.buffer.read(), type=list[AnyCommand])
door = open_door()
for outcome in door.submit(commands):
    sys.stdout.write(msgspec.msgpack.encode(outcome).hex() + "\\n")
door.close()
"""


def test_another_program_gives_the_old_answers(
    door: Door, database: Database, requests: Requests
) -> None:
    """Commands arrive there decoded from bytes, as from the network."""
    first = door.submit(requests.commands)
    child = subprocess.run(
        [sys.executable, "-c", _RETRY],
        input=msgspec.msgpack.encode(requests.commands),
        env=database.child_environment(),
        capture_output=True,
        check=False,
    )
    assert child.returncode == 0, child.stderr.decode()
    assert child.stdout.decode().split() == [text.hex() for _, text in _texts(first)]


@pytest.mark.parametrize("days", [1, 400, 4_000])
def test_a_request_is_known_however_late_it_is_repeated(
    door: Door, connection: Connection, requests: Requests, days: int
) -> None:
    first = door.submit(requests.commands)
    before = books(connection)
    late = [_later(command, timedelta(days=days)) for command in requests.commands]
    assert _texts(door.submit(late)) == _texts(first)
    assert books(connection) == before


def _later(command: AnyCommand, lateness: timedelta) -> AnyCommand:
    """The same request at another time; a hold is asked for so long, not until a moment."""
    if isinstance(command, Hold):
        command = structs.replace(command, expires_at=command.expires_at + lateness)
    return structs.replace(command, at=command.at + lateness)


def test_a_hold_for_another_while_is_another_request(door: Door) -> None:
    batch = a_batch(door)
    asked = hold(batch.serial(), expires_at=NOON + timedelta(minutes=5), key=a_key())
    longer = structs.replace(asked, expires_at=NOON + timedelta(minutes=6))

    first, second = door.submit([asked])[0], door.submit([longer])[0]

    assert first.data == {"expires_at": "2026-06-01T04:05:00+00:00"}
    assert second.code is OutcomeCode.REQUEST_KEY_REUSED


def test_a_retry_may_find_other_facts_about_the_same_order(
    door: Door, connection: Connection
) -> None:
    """Tags and paths are gathered anew for a retry; what was asked is the same."""
    serial, key = a_sold_card(door), a_key()
    facts = at_the_till(customer_id=7)
    (first,) = door.submit([redeem(serial, key=key, amount_fen=100, facts=facts)])
    other = structs.replace(facts, tags=frozenset({"vip"}), store_path=(9,), first_order=True)
    (again,) = door.submit([redeem(serial, key=key, amount_fen=100, facts=other)])
    assert again == first
    assert number(connection, "SELECT version FROM ledger_voucher") == 2


def test_repeats_within_one_call_are_done_once(door: Door, connection: Connection) -> None:
    serial, key = a_sold_card(door), a_key()
    command = redeem(serial, key=key, amount_fen=100)
    outcomes = door.submit([command, redeem(serial, amount_fen=5), command, command])
    assert outcomes[0] == outcomes[2] == outcomes[3]
    assert number(connection, "SELECT balance_fen FROM ledger_voucher") == 19_895
    assert number(connection, "SELECT count(*) FROM ledger_request") == 1


def test_a_refusal_is_kept_even_when_its_cause_has_gone(door: Door, connection: Connection) -> None:
    serial = a_sold_card(door)
    refused = redeem(serial, key=a_key(), amount_fen=9_000, facts=at_the_till(amount_fen=100))
    (first,) = door.submit([refused])
    assert not first.done
    before = books(connection)
    (again,) = door.submit([refused])
    assert again == first
    assert books(connection) == before


def test_a_linked_group_is_answered_again_as_a_whole(door: Door, connection: Connection) -> None:
    batch = a_batch(door)
    group = [redeem(batch.serial(index), key=a_key(), link=3) for index in (0, 1, 1)]
    first = door.submit(group)
    before = books(connection)
    assert codes(first) == ["LINKED_COMMAND_FAILED", "LINKED_COMMAND_FAILED", "VOUCHER_USED"]
    assert door.submit(group) == first
    assert books(connection) == before


# The same key, something else


def _changes(door: Door) -> dict[str, tuple[AnyCommand, AnyCommand]]:
    one, other = a_sold_card(door), a_sold_card(door)
    facts = at_the_till(customer_id=7)
    asked = redeem(one, key=a_key(), amount_fen=100, facts=facts)
    other_order = at_the_till(customer_id=7, order_no="A-2")
    return {
        "amount": (asked, redeem(one, key=asked.key, amount_fen=101, facts=facts)),
        "voucher": (asked, redeem(other, key=asked.key, amount_fen=100, facts=facts)),
        "store": (
            asked,
            redeem(
                one, key=asked.key, amount_fen=100, facts=at_the_till(customer_id=7, store_id=502)
            ),
        ),
        "customer": (asked, redeem(one, key=asked.key, amount_fen=100, facts=at_the_till())),
        "order": (asked, redeem(one, key=asked.key, amount_fen=100, facts=other_order)),
        "no order": (
            asked,
            redeem(one, key=asked.key, amount_fen=100, facts=structs.replace(facts, order=None)),
        ),
        "channel": (
            asked,
            redeem(
                one, key=asked.key, amount_fen=100, facts=structs.replace(facts, channel="微信")
            ),
        ),
    }


@pytest.mark.parametrize(
    "what", ["amount", "voucher", "store", "customer", "order", "no order", "channel"]
)
@pytest.mark.parametrize("in_one_call", [True, False])
def test_a_key_used_again_for_something_else_is_refused_and_moves_nothing(
    door: Door, connection: Connection, what: str, in_one_call: bool
) -> None:
    asked, changed = _changes(door)[what]
    if in_one_call:
        first, second = door.submit([asked, changed])
    else:
        (first,), before = door.submit([asked]), books(connection)
        (second,) = door.submit([changed])
        assert books(connection) == before
    assert first.done
    assert second.code is OutcomeCode.REQUEST_KEY_REUSED
    assert door.submit([asked]) == [first]
    assert number(connection, "SELECT count(*) FROM ledger_request") == 1


def test_a_key_belongs_to_its_client_and_operation(door: Door) -> None:
    batch = a_batch(door)
    name = "order-1"
    mine = redeem(batch.serial(0), key=RequestKey(CLIENT, name))
    theirs = redeem(batch.serial(1), key=RequestKey(CLIENT + 1, name))
    other = claim(batch, serial=batch.serial(2), key=RequestKey(CLIENT, name))
    assert codes(door.submit([mine, theirs, other])) == ["DONE"] * 3


def test_names_that_run_together_are_not_mixed_up(door: Door) -> None:
    batch = a_batch(door)
    keys = [
        RequestKey(1, "1\0redeem\0x"),
        RequestKey(11, "x"),
        RequestKey(1, "1x"),
        RequestKey(1, ""),
    ]
    commands = [redeem(batch.serial(index), key=key) for index, key in enumerate(keys)]
    assert codes(door.submit(commands)) == ["DONE"] * 4


def test_of_two_requests_that_take_one_key_in_the_same_instant_one_has_an_effect(
    door: Door, new_door: OpenDoor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither could see the other when it decided; the database lets one of them write."""
    batch, key = a_batch(door, budget_id=0), a_key()
    commands = [redeem(batch.serial(index), key=key) for index in range(3)]
    gate = threading.Barrier(2)
    monkeypatch.setattr(
        door_module, "failpoint", lambda name: gate.wait(20) if name == "ledger.before_write" else 0
    )
    answers: dict[int, list[Outcome]] = {}

    def ask(index: int, own: Door) -> None:
        answers[index] = own.submit([commands[index]])

    threads = [threading.Thread(target=ask, args=(index, new_door())) for index in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    monkeypatch.undo()
    assert sorted(codes([*answers[0], *answers[1]])) == ["DONE", "REQUEST_KEY_REUSED"]
    for index in range(2):
        assert door.submit([commands[index]]) == answers[index]
    assert codes(door.submit([commands[2]])) == ["REQUEST_KEY_REUSED"]


# Not decided, not kept


def test_a_dry_run_leaves_its_key_free(door: Door) -> None:
    batch, key = a_batch(door), a_key()
    door.submit([redeem(batch.serial(0), key=key)], dry=True)
    assert codes(door.submit([redeem(batch.serial(1), key=key)])) == ["DONE"]


def test_without_a_key_every_request_is_new(door: Door, connection: Connection) -> None:
    serial = a_sold_card(door)
    done(door, *[redeem(serial, amount_fen=100)] * 3)
    assert number(connection, "SELECT balance_fen FROM ledger_voucher") == 19_700
    assert number(connection, "SELECT count(*) FROM ledger_request") == 0


def test_keys_are_kept_as_hashes_only_in_the_table_that_looks_them_up(
    door: Door, connection: Connection
) -> None:
    batch = a_batch(door)
    done(door, redeem(batch.serial(), key=RequestKey(CLIENT, "订单-0001")))
    columns = connection.execute(
        "SELECT data_type FROM information_schema.columns WHERE table_name = 'ledger_request'"
    ).fetchall()
    assert {name for (name,) in columns} == {"bigint", "integer", "smallint"}
