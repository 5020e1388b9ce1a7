"""Many processes on one voucher: never used beyond its allowance, whatever else happens to it."""

from collections import Counter
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from kaquan.engine.commands import AnyCommand, Release, Reverse, TopUp, Transfer, Void
from kaquan.engine.facts import Facts
from kaquan.ledger.door import Door
from tests.builders.books import number, row
from tests.builders.ledger import (
    NOON,
    a_batch,
    a_claimed_voucher,
    a_key,
    a_sold_card,
    at_the_till,
    codes,
    done,
    hold,
    redeem,
)
from tests.fixtures_database import Database
from tests.history.checker import check
from tests.history.recording import recorded
from tests.races.controls import SendWithoutKeys, SendWithoutLocks, vouchers_without_key
from tests.races.racing import Call, Send, answers, race, send_at_once

Connection = psycopg.Connection[Any]
SOON = NOON + timedelta(minutes=15)
RACERS = 16
SOLD = 1  # the version of a card that was sold and not used yet


def _together(database: Database, kind: type[Send], commands: list[AnyCommand]) -> list[Call]:
    """Each command in a process of its own."""
    parts = [kind([[command]]) for command in commands]
    return [call for calls in race(database.app_url, parts) for call in calls]


def _told(calls: list[Call]) -> Counter[str]:
    return Counter(codes(answers(calls)))


# One single-use voucher


def test_a_bearer_voucher_is_used_by_exactly_one_of_many(
    door: Door, database: Database, connection: Connection
) -> None:
    batch = a_batch(door)
    calls = _together(database, Send, [redeem(batch.serial(), key=a_key()) for _ in range(RACERS)])
    assert _told(calls) == {"DONE": 1, "VOUCHER_USED": RACERS - 1}
    assert number(connection, "SELECT spent_fen FROM ledger_budget") == 2_000
    history = recorded(connection, opening={batch.serial(): 1}, calls=calls)
    assert check(history) == []


def test_control_without_the_key_of_the_table_a_bearer_voucher_is_used_by_all(
    door: Door, database: Database
) -> None:
    batch = a_batch(door, budget_id=0)  # its lock alone would let them in one by one
    with vouchers_without_key(database.connect(database.owner_url)):
        calls = _together(database, SendWithoutKeys, [redeem(batch.serial())] * 4)
    assert _told(calls) == {"DONE": 4}


def test_a_claimed_voucher_is_used_by_exactly_one_of_many(
    door: Door, database: Database, connection: Connection
) -> None:
    serial = a_claimed_voucher(door)
    calls = _together(database, Send, [redeem(serial, key=a_key()) for _ in range(RACERS)])
    assert _told(calls) == {"DONE": 1, "VOUCHER_USED": RACERS - 1}
    assert number(connection, "SELECT spent_fen FROM ledger_budget") == 2_000


def test_control_without_row_locks_a_claimed_voucher_is_used_by_all(
    door: Door, database: Database
) -> None:
    serial = a_claimed_voucher(door, budget_id=0)  # money set aside for it would stop the others
    calls = _together(database, SendWithoutLocks, [redeem(serial)] * 4)
    assert _told(calls) == {"DONE": 4}


# One card used in parts


def _uses_and_looks(door: Door, serials: list[int]) -> list[Send]:
    together = {"facts": at_the_till(amount_fen=20_000), "amount_fen": 900}
    uses = [Send([[redeem(*serials, key=a_key(), **together)] for _ in range(6)]) for _ in range(6)]
    looks = [Send([[redeem(*serials, **together)]] * 8, dry=True) for _ in range(2)]
    return [*uses, *looks]


def test_two_cards_used_together_have_one_order_that_explains_every_answer_and_every_look(
    door: Door, database: Database, connection: Connection
) -> None:
    """36 uses of ¥9 each race for cards of ¥200, in both orders, while others look."""
    serials = [a_sold_card(door, stack={"policy": "always"}) for _ in range(2)]
    parts = _uses_and_looks(door, serials) + _uses_and_looks(door, serials[::-1])
    calls = [call for calls in race(database.app_url, parts) for call in calls]
    dry = [call for call in calls if call.commands[0].key is None]
    real = [call for call in calls if call.commands[0].key is not None]
    assert _told(real) == {"DONE": 22, "BALANCE_INSUFFICIENT": 50}
    opening = dict.fromkeys(serials, 20_000)
    history = recorded(connection, opening=opening, calls=real, dry=dry, before=SOLD)
    assert history.reads
    assert check(history) == []


def test_control_without_row_locks_the_history_checker_finds_lost_updates(
    door: Door, database: Database, connection: Connection
) -> None:
    serial = a_sold_card(door)
    commands = [redeem(serial, key=a_key(), amount_fen=900) for _ in range(4)]
    calls = _together(database, SendWithoutLocks, commands)
    history = recorded(connection, opening={serial: 20_000}, calls=calls, before=SOLD)
    assert "lost_update" in {one.kind for one in check(history)}


def test_top_ups_and_uses_of_a_card_add_up(
    door: Door, database: Database, connection: Connection
) -> None:
    serial = a_sold_card(door)
    top_up = [
        TopUp(at=NOON, key=a_key(), serial=serial, amount_fen=300, payment_no="P", facts=Facts())
        for _ in range(24)
    ]
    use = [redeem(serial, key=a_key(), amount_fen=4_000) for _ in range(24)]
    scripts = [[[one] for one in some] for some in (top_up[:12], top_up[12:], use[:12], use[12:])]
    calls = send_at_once(database.app_url, scripts)
    told = _told(calls)
    used = sum(outcome.vouchers[0].balance_used_fen for outcome in answers(calls) if outcome.done)
    assert row(connection, "SELECT coalesce(balance_fen, 0) AS left FROM ledger_voucher") == {
        "left": 20_000 - used
    }
    assert told["DONE"] >= 24 + 5
    history = recorded(connection, opening={serial: 20_000}, calls=calls, before=SOLD)
    assert check(history) == []


def test_control_without_row_locks_top_ups_and_uses_do_not_add_up(
    door: Door, database: Database, connection: Connection
) -> None:
    serial = a_sold_card(door)
    top_up = TopUp(at=NOON, serial=serial, amount_fen=300, payment_no="P", facts=Facts())
    calls = _together(database, SendWithoutLocks, [top_up, redeem(serial, amount_fen=4_000)])
    assert _told(calls) == {"DONE": 2}
    assert row(connection, "SELECT balance_fen FROM ledger_voucher")["balance_fen"] != 16_300


# Two different things happen to one voucher: only one of them can


def _rivals(door: Door, name: str) -> tuple[int, AnyCommand, AnyCommand]:
    """A claimed voucher, a use of it by its first code, and something that use rules out; no budget
    is between them."""
    serial = a_claimed_voucher(door, transferable=True, budget_id=0)
    use = redeem(serial, hand=0)
    rival: AnyCommand = {
        "hold": hold(serial, expires_at=SOON),
        "void": Void(at=NOON, serial=serial, reason="作废"),
        "transfer": Transfer(at=NOON, serial=serial, from_customer_id=7, to_customer_id=8),
    }[name]
    return serial, use, rival


@pytest.mark.parametrize(
    ("name", "lost"),
    [
        ("hold", {"VOUCHER_HELD", "VOUCHER_USED"}),
        ("void", {"VOUCHER_VOID", "VOUCHER_USED"}),
        ("transfer", {"CODE_PASSED_ON", "VOUCHER_NOT_YOURS", "VOUCHER_USED"}),
    ],
)
def test_of_a_use_and_its_rival_exactly_one_happens(
    door: Door, database: Database, connection: Connection, name: str, lost: set[str]
) -> None:
    serial, use, rival = _rivals(door, name)
    told = _told(_together(database, Send, [use, rival] * 5))
    assert told["DONE"] == 1
    assert set(told) <= {"DONE"} | lost
    assert row(connection, "SELECT version FROM ledger_voucher WHERE serial = %s", serial) == {
        "version": 2
    }


@pytest.mark.parametrize("name", ["hold", "void", "transfer"])
def test_control_without_row_locks_a_use_and_its_rival_both_happen(
    door: Door, database: Database, name: str
) -> None:
    _, use, rival = _rivals(door, name)
    assert _told(_together(database, SendWithoutLocks, [use, rival])) == {"DONE": 2}


def test_a_hold_is_settled_or_released_once(door: Door, database: Database) -> None:
    batch = a_batch(door)
    held = done(door, hold(batch.serial(), expires_at=SOON)).place
    assert held is not None
    commands: list[AnyCommand] = [redeem(hold=held), Release(at=NOON, hold=held)] * 5
    told = _told(_together(database, Send, commands))
    assert told["DONE"] == 1
    assert set(told) <= {"DONE", "HOLD_SETTLED", "VOUCHER_USED"}


def test_a_redemption_is_reversed_once(
    door: Door, database: Database, connection: Connection
) -> None:
    serial = a_sold_card(door)
    place = done(door, redeem(serial, amount_fen=9_000)).place
    assert place is not None
    commands: list[AnyCommand] = [Reverse(at=NOON, redemption=place)] * 10
    assert _told(_together(database, Send, commands)) == {"DONE": 1, "ALREADY_REVERSED": 9}
    assert row(connection, "SELECT balance_fen FROM ledger_voucher") == {"balance_fen": 20_000}


def test_parts_reversed_at_once_never_exceed_the_use(
    door: Door, database: Database, connection: Connection
) -> None:
    serial = a_sold_card(door)
    place = done(door, redeem(serial, amount_fen=9_000)).place
    assert place is not None
    part = Reverse(at=NOON, redemption=place, amount_fen=2_000)
    told = _told(_together(database, Send, [part] * 8))
    assert told == {"DONE": 4, "REVERSAL_EXCEEDS_USE": 4}
    assert row(connection, "SELECT balance_fen FROM ledger_voucher") == {"balance_fen": 19_000}


def test_control_without_row_locks_more_is_reversed_than_was_used(
    door: Door, database: Database
) -> None:
    serial = a_sold_card(door)
    place = done(door, redeem(serial, amount_fen=9_000)).place
    assert place is not None
    done(door, Reverse(at=NOON, redemption=place, amount_fen=1_000))
    rest = Reverse(at=NOON, redemption=place)
    calls = _together(database, SendWithoutLocks, [rest] * 3)
    returned = -sum(outcome.vouchers[0].balance_used_fen for outcome in answers(calls))
    assert returned == 3 * 8_000
