"""The counters are the ledger's numbers, whatever dies while they are counted."""

from collections import Counter as Sums
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import pytest

from kaquan.analytics import actions
from kaquan.analytics.actions import EVENTS_KEPT, Counters, record_proof
from kaquan.analytics.models import Counter
from kaquan.analytics.queries import funnels, last_events, last_proof, totals_by_day
from kaquan.engine.commands import Reverse, Void
from kaquan.engine.entries import OPERATION_NUMBER, Account, Unit
from kaquan.ledger.prove import prove
from tests.builders.books import number
from tests.builders.ledger import (
    NOON,
    STORE,
    Books,
    a_batch,
    a_key,
    a_sold_card,
    at_the_till,
    claim,
    done,
    redeem,
)
from tests.fixtures_database import Database
from tests.fixtures_ledger import OpenDoor
from tests.ledger.random_traffic import RandomTraffic
from tests.ledger.traffic import every_operation

Connection = psycopg.Connection[Any]
OpenCounters = Callable[[], Counters]

SHANGHAI = ZoneInfo("Asia/Shanghai")
TODAY = date(2026, 6, 1)
COSTS = (Account.BUDGET_AVAILABLE, Account.BUDGET_COMMITTED, Account.BATCH_COST)
CARDS = (Account.CARD, Account.CARD_HELD)


@pytest.fixture
def new_counters(database: Database) -> Iterator[OpenCounters]:
    """Opens consumers, as new processes would; closed after the test."""
    opened: list[Counters] = []

    def open_new() -> Counters:
        opened.append(Counters(database.connect, SHANGHAI))
        return opened[-1]

    yield open_new
    for counters in opened:
        counters.close()


def _counted() -> Sums[str]:
    """Every counter over all days and batches."""
    sums: Sums[str] = Sums()
    for name, value in Counter.objects.values_list("name", "value"):
        sums[name] += value
    return sums


def _rows() -> list[tuple[Any, ...]]:
    return sorted(Counter.objects.values_list("day", "batch_id", "name", "value"))


def _booked(connection: Connection) -> Sums[str]:
    """What the entries alone say about the counters that move money or pieces."""
    sums: Sums[str] = Sums()
    for operation, unit, debit, credit, amount in connection.execute(
        "SELECT operation, unit, debit, credit, sum(amount)::bigint FROM ledger_entry "
        "GROUP BY operation, unit, debit, credit"
    ):
        match Unit(unit), Account(debit), Account(credit):
            case Unit.PIECE, Account.OUTSIDE, Account.STOCK:
                sums["minted"] += amount
            case Unit.FEN, Account.OFFLINE_LOSS, Account.STORE:
                sums["offline_loss_fen"] += amount
            case Unit.FEN, source, Account.STORE:
                sums["cost_fen" if source in COSTS else "card_paid_fen"] += amount
            case Unit.FEN, Account.STORE, target:
                sums["card_returned_fen" if target in CARDS else "cost_returned_fen"] += amount
            case Unit.FEN, Account.PAYMENT, Account.SALES:
                sums["sold_fen"] += amount
            case Unit.PIECE, Account.HOLDER, Account.HOLDER:
                sums["transferred"] += amount
            case Unit.PIECE, _, Account.FROZEN if operation == OPERATION_NUMBER["freeze"]:
                sums["frozen"] += amount
    return sums


@pytest.mark.parametrize("seed", [1, 2])
def test_counters_equal_what_the_entries_say(
    new_door: OpenDoor, new_counters: OpenCounters, connection: Connection, seed: int
) -> None:
    traffic = RandomTraffic([new_door(), new_door()], Random(seed))
    traffic.open()
    traffic.run(400)
    every_operation(traffic.doors)
    new_counters().catch_up()
    counted, booked = _counted(), _booked(connection)
    assert len(booked) == 9
    assert {name: counted[name] for name in booked} == booked
    holders = number(connection, "SELECT count(*) FROM ledger_voucher WHERE customer_id > 0")
    assert counted["issued"] >= holders > 0
    assert counted["redeemed"] > counted["reversed"] > 0
    refusals = [value for name, value in counted.items() if name.startswith("refused.")]
    assert counted["refused"] == sum(refusals) > 0


class KilledError(Exception):
    """What the end of a process looks like from here."""


def test_a_consumer_that_dies_again_and_again_counts_each_block_once(
    new_door: OpenDoor,
    new_counters: OpenCounters,
    connection: Connection,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    every_operation([new_door(), new_door()])
    chance, events = Random(7), actions._events
    blocks = number(connection, "SELECT count(*) FROM ledger_block")

    def die_sometimes(*arguments: Any) -> Any:
        if chance.random() < 0.5:
            raise KilledError  # the counters are written by now, but not committed
        return events(*arguments)

    monkeypatch.setattr(actions, "_events", die_sometimes)
    deaths = 0
    while (
        number(connection, "SELECT sum(last_block & (1::bigint << 40) - 1) FROM ledger_cursor")
        < blocks
    ):
        try:
            new_counters().catch_up(limit_blocks=9)
        except KilledError:
            deaths += 1
    assert deaths > 3
    in_pieces = _rows()
    _forget_counters(connection)
    monkeypatch.undo()
    assert new_counters().catch_up() == blocks
    assert _rows() == in_pieces


def _forget_counters(connection: Connection) -> None:
    for table in ("analytics_counter", "analytics_event"):
        connection.execute(f"DELETE FROM {table}")  # type: ignore[arg-type]
    table = "ledger_cursor"
    connection.execute(f"UPDATE {table} SET last_block = lane::bigint << 40")  # type: ignore[arg-type]


def test_two_processes_that_count_do_not_count_twice(
    new_door: OpenDoor, new_counters: OpenCounters, connection: Connection
) -> None:
    batch = a_batch(new_door())
    one, other = new_counters(), new_counters()
    blocks = other._tail.read()
    assert one.catch_up() == len(blocks)
    with pytest.raises(actions.CursorMovedError), other._tail.advance(blocks):
        pass
    assert other.catch_up() == 0
    assert funnels([batch.batch_id])[batch.batch_id]["minted"] == batch.quantity


def test_the_day_is_that_of_the_issuers_zone(
    new_door: OpenDoor, new_counters: OpenCounters
) -> None:
    door = new_door()
    batch = a_batch(door)
    late = datetime(2026, 5, 31, 16, 30, tzinfo=UTC)  # half past midnight of 1 June in Shanghai
    done(door, redeem(batch.serial(), at=late))
    done(door, redeem(batch.serial(1), at=late - timedelta(hours=1)))
    new_counters().catch_up()
    days = totals_by_day(TODAY, 3)
    assert list(days) == [date(2026, 5, 30), date(2026, 5, 31), TODAY]
    assert [day.get("redeemed", 0) for day in days.values()] == [0, 1, 1]
    assert days[TODAY]["discount_fen"] == 2_000


def test_a_funnel_counts_each_step_of_its_batch(
    new_door: OpenDoor, new_counters: OpenCounters
) -> None:
    door = new_door()
    batch = a_batch(door, by_code=False, quantity=50)
    serials = [done(door, claim(batch, customer_id=one)).vouchers[0].serial for one in range(1, 6)]
    used = [done(door, redeem(serial)) for serial in serials[:3]]
    done(door, Reverse(at=NOON, redemption=used[0].place))
    done(door, Void(at=NOON, serial=serials[4], reason="丢失"))
    a_batch(door)
    new_counters().catch_up()
    found = funnels([batch.batch_id, 10**6])
    assert list(found) == [batch.batch_id]
    steps = ("minted", "issued", "redeemed", "reversed", "void", "discount_fen", "returned_fen")
    assert [found[batch.batch_id][name] for name in steps] == [50, 5, 3, 1, 1, 6_000, 2_000]


def test_what_a_prepaid_card_pays_is_no_discount(
    new_door: OpenDoor, new_counters: OpenCounters
) -> None:
    door = new_door()
    serial = a_sold_card(door)
    place = done(door, redeem(serial, amount_fen=1_500)).place
    done(door, Reverse(at=NOON, redemption=place, amount_fen=400))
    new_counters().catch_up()
    today = totals_by_day(TODAY, 1)[TODAY]
    assert (today["sold"], today["sold_fen"]) == (1, 19_000)
    assert (today["card_paid_fen"], today["card_returned_fen"]) == (1_500, 400)
    assert "discount_fen" not in today
    assert "cost_fen" not in today


def test_refusals_are_counted_by_reason_for_the_voucher_s_batch(
    new_door: OpenDoor, new_counters: OpenCounters
) -> None:
    door = new_door()
    batch = a_batch(door)
    done(door, redeem(batch.serial()))
    door.submit([redeem(batch.serial(), key=a_key()), redeem(2**37, key=a_key())])
    new_counters().catch_up()
    of_batch = funnels([batch.batch_id])[batch.batch_id]
    assert (of_batch["refused"], of_batch["refused.voucher_used"]) == (1, 1)
    assert totals_by_day(TODAY, 1)[TODAY]["refused.voucher_unknown"] == 1


def test_the_last_events_tell_what_was_booked_last(
    new_door: OpenDoor, new_counters: OpenCounters
) -> None:
    door = new_door()
    batch = a_batch(door)
    done(door, redeem(batch.serial(), facts=at_the_till(), at=NOON - timedelta(days=9)))
    door.submit([redeem(batch.serial(), key=a_key())])
    new_counters().catch_up()
    refused, used, *earlier = last_events(50)
    assert (used.operation, used.refusal, used.batch_id) == ("redeem", "", batch.batch_id)
    assert (used.store_id, used.amount_fen, used.at) == (STORE, 2_000, NOON - timedelta(days=9))
    assert (refused.refusal, refused.amount_fen) == ("VOUCHER_USED", 0)
    assert [event.operation for event in earlier] == ["mint", "define_batch", "open_budget"]
    assert [event.operation for event in last_events(1)] == ["redeem"]


def test_no_more_events_are_kept_than_the_page_needs(
    new_door: OpenDoor, new_counters: OpenCounters, connection: Connection
) -> None:
    """Even where all have the same time, as imported ones do."""
    door = new_door()
    batch = a_batch(door, quantity=EVENTS_KEPT + 300)
    counters = new_counters()
    _redeem_all(door, batch.serials[: EVENTS_KEPT // 2])
    counters.catch_up()
    _redeem_all(door, batch.serials[EVENTS_KEPT // 2 :])
    counters.catch_up()
    assert number(connection, "SELECT count(*) FROM analytics_event") == EVENTS_KEPT
    newest = number(connection, "SELECT max(block) FROM ledger_block")
    assert last_events(1)[0].block == newest


def _redeem_all(door: Books, serials: range) -> None:
    for first in range(0, len(serials), 400):
        done(door, *[redeem(serial) for serial in serials[first : first + 400]])


def test_a_proof_is_kept_for_the_page(database: Database, new_door: OpenDoor) -> None:
    assert last_proof() is None
    a_batch(new_door())
    proof = prove(database.connect, progress=lambda *_: None)
    record_proof(proof)
    kept = last_proof()
    assert kept is not None
    assert (kept.ok, kept.blocks, kept.entries, kept.fault) == (True, 2, 2, "")
    assert kept.head == proof.head_hashes[1]
