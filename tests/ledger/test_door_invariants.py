"""The invariants of the books by name, over a long random life that went through several writers.

``I5`` (acknowledged is present after recovery) is in ``tests/crash``. Each is asked of the database
in its own words here, without the code of ``kaquan prove``.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from random import Random
from typing import Any

import psycopg
import pytest

from kaquan.engine.commands import Redeem, Reverse
from kaquan.engine.entries import OPERATION_NUMBER, Account, Unit
from kaquan.engine.places import lane_of
from kaquan.ledger.records import ENTRY_COLUMNS, FIRST_HASH, Record, request_hash
from tests.builders.books import faults, number, records
from tests.builders.ledger import a_batch, a_sold_card, done, redeem
from tests.fixtures_database import Database
from tests.fixtures_ledger import OpenDoor
from tests.ledger.random_traffic import RandomTraffic
from tests.ledger.traffic import every_operation

Connection = psycopg.Connection[Any]
COMMANDS = 600


@dataclass
class Life:
    """Books in which much has happened."""

    database: Database
    connection: Connection
    records: list[Record]


@pytest.fixture
def life(database: Database, new_door: OpenDoor, connection: Connection) -> Life:
    """Every operation at least once, then what chance brings."""
    doors = [new_door() for _ in range(3)]
    every_operation(doors)
    traffic = RandomTraffic(doors, Random(20_260_601))
    traffic.open()
    traffic.run(COMMANDS)
    return Life(database, connection, records(connection))


def test_all_ten_hold_over_one_life(life: Life) -> None:
    """One life for all of them: building it takes longer than asking."""
    assert number(life.connection, "SELECT count(DISTINCT block >> 40) FROM ledger_block") == 3
    for invariant in (
        i1_every_transaction_balances_in_every_unit,
        i2_no_balance_is_below_zero_or_above_what_went_in,
        i3_a_budget_is_the_sum_of_its_parts_and_of_its_entries,
        i4_each_request_key_names_one_effect_and_each_keyed_command_has_one,
        i6_the_head_of_each_lane_is_the_recomputed_one,
        i7_every_row_is_what_its_history_says,
        i9_what_stores_are_owed_is_redemptions_less_reversals,
    ):
        assert list(invariant(life)) == [], invariant.__name__


def i1_every_transaction_balances_in_every_unit(life: Life) -> Iterator[Any]:
    """Σ debit = Σ credit per block and unit; and no entry is empty or from an account to itself."""
    yield from life.connection.execute(
        "SELECT block, unit, sum(moved) FROM ("
        " SELECT block, unit, -amount AS moved FROM ledger_entry"
        " UNION ALL SELECT block, unit, amount FROM ledger_entry) AS sides"
        " GROUP BY block, unit HAVING sum(moved) <> 0"
    )
    yield from life.connection.execute(
        "SELECT block, index FROM ledger_entry"
        " WHERE amount <= 0 OR (debit = credit AND debit_id = credit_id)"
    )
    counted = (
        "SELECT block FROM ledger_block b WHERE entry_count <> (SELECT count(*) FROM ledger_entry e"
    )
    yield from life.connection.execute(counted + " WHERE e.block = b.block)")


def i2_no_balance_is_below_zero_or_above_what_went_in(life: Life) -> Iterator[Any]:
    """What is on a card is what its entries put there, and at none was it less than nothing."""
    for unit, account, held, column in (
        (Unit.FEN, Account.CARD, Account.CARD_HELD, "balance_fen"),
        (Unit.USE, Account.USES, Account.USES_HELD, "uses_left"),
    ):
        yield from life.connection.execute(
            "SELECT serial, version, left_then FROM ("
            " SELECT serial, version, sum(sum(moved)) OVER (PARTITION BY serial ORDER BY version)"
            "   AS left_then FROM ("
            "  SELECT serial, version, amount AS moved FROM ledger_entry"
            "   WHERE unit = %(unit)s AND credit = %(account)s"
            "  UNION ALL SELECT serial, version, -amount FROM ledger_entry"
            "   WHERE unit = %(unit)s AND debit = %(account)s) AS sides"
            " GROUP BY serial, version) AS histories WHERE left_then < 0",
            {"unit": unit, "account": account},
        )
        yield from life.connection.execute(
            f"SELECT serial, {column}, moved FROM ledger_voucher JOIN ("
            " SELECT serial, sum(CASE WHEN credit = %(account)s THEN amount ELSE -amount END)"
            "   AS moved FROM ledger_entry WHERE unit = %(unit)s"
            "   AND (credit = %(account)s) <> (debit = %(account)s) GROUP BY serial"
            f" ) AS entries USING (serial) WHERE coalesce({column}, 0) <> moved",
            {"unit": unit, "account": account, "held": held},
        )


def i3_a_budget_is_the_sum_of_its_parts_and_of_its_entries(life: Life) -> Iterator[Any]:
    """issued + reserved + spent + released = budget, and each part is what entries moved there."""
    moved: dict[tuple[int, int], int] = defaultdict(int)
    for account, budget_id, amount in life.connection.execute(
        "SELECT credit, credit_id, amount FROM ledger_entry WHERE unit = 1"
        " UNION ALL SELECT debit, debit_id, -amount FROM ledger_entry WHERE unit = 1"
    ):
        moved[account, budget_id] += amount
    for row in life.connection.execute(
        "SELECT budget_id, total_fen, available_fen, committed_fen, spent_fen, released_fen"
        " FROM ledger_budget"
    ):
        budget_id, total, available, committed, spent, released = row
        if total != available + committed + spent + released or (
            available,
            committed,
            released,
        ) != (
            moved[Account.BUDGET_AVAILABLE, budget_id],
            moved[Account.BUDGET_COMMITTED, budget_id],
            moved[Account.BUDGET_RELEASED, budget_id],
        ):
            yield row


def i4_each_request_key_names_one_effect_and_each_keyed_command_has_one(
    life: Life,
) -> Iterator[Any]:
    """The table of keys and the keyed records are the same set, one to one."""
    keyed = [
        (*request_hash(record.command.key, record.command.operation), record.command.key)
        for record in life.records
        if record.command.key is not None
    ]
    if len({(high, low) for high, low, _ in keyed}) != len(keyed):
        yield "a key was good for two"
    known = life.connection.execute("SELECT key_high, key_low FROM ledger_request").fetchall()
    yield from set(known) ^ {(high, low) for high, low, _ in keyed}


def i6_the_head_of_each_lane_is_the_recomputed_one(life: Life) -> Iterator[Any]:
    """By the recipe of the books' own description, from what COPY prints."""
    heads = dict(life.connection.execute("SELECT lane, hash FROM ledger_lane").fetchall())
    computed: dict[int, bytes] = dict.fromkeys(heads, FIRST_HASH)
    life.connection.execute("SET timezone = 'UTC'")
    blocks = life.connection.execute(
        "SELECT block, committed_at::text, record_count, entry_count, body FROM ledger_block"
        " ORDER BY block"
    ).fetchall()
    for block, committed_at, record_count, entry_count, body in blocks:
        lines = hashlib.sha256()
        copy = (
            f"COPY (SELECT {ENTRY_COLUMNS} FROM ledger_entry WHERE block = {block} ORDER BY index)"
            " TO STDOUT"
        )
        with life.connection.cursor() as cursor, cursor.copy(copy.encode()) as printed:
            for line in printed:
                lines.update(line)
        lane = lane_of(block)
        head = (
            f"kaquan block 1\n{computed[lane].hex()}\n{block}\n{committed_at}\n{record_count}\n"
            f"{entry_count}\n{hashlib.sha256(body).hexdigest()}\n{lines.hexdigest()}\n"
        )
        computed[lane] = hashlib.sha256(head.encode()).digest()
    yield from (lane for lane, head in heads.items() if computed[lane] != bytes(head))


def i7_every_row_is_what_its_history_says(life: Life) -> Iterator[Any]:
    """Materialised = replayed; and the proof agrees."""
    last: dict[int, Any] = {}
    for record in life.records:
        for result in record.outcome.vouchers:
            if result.serial not in last or last[result.serial].version < result.version:
                last[result.serial] = result
    for row in life.connection.execute(
        "SELECT serial, version, state, coalesce(customer_id, 0), coalesce(balance_fen, 0),"
        " uses_left, coalesce(committed_fen, 0), coalesce(holds, 0), valid_from, valid_until"
        " FROM ledger_voucher"
    ):
        one = last.pop(row[0])
        told = (one.serial, one.version, one.state, one.customer_id, one.balance_fen, one.uses_left)
        if row != (*told, one.committed_fen, one.holds, one.valid_from, one.valid_until):
            yield row, one
    yield from last
    yield from faults(life.database.connect)


def i9_what_stores_are_owed_is_redemptions_less_reversals(life: Life) -> Iterator[Any]:
    """Σ settlements per store, day and funder = Σ what redemptions answered − Σ what came back."""
    owed: dict[tuple[Any, ...], int] = defaultdict(int)
    by_place = {record.outcome.place: record for record in life.records if record.outcome.place}
    for record in life.records:
        command = record.command
        if not record.outcome.done or not isinstance(command, Redeem | Reverse):
            continue
        used = command
        if isinstance(command, Reverse):
            used = by_place[command.redemption].command  # type: ignore[assignment]
        assert isinstance(used, Redeem)
        # A hold is settled with the facts that it was made with.
        facts = by_place[used.hold].command.facts if used.hold else used.facts  # type: ignore[union-attr]
        for result in record.outcome.vouchers:
            for funder, fen in result.funding:
                owed[facts.store_id, command.at.date(), funder] += fen
            if not result.funding:
                owed[facts.store_id, command.at.date(), 0] += result.balance_used_fen
    booked: dict[tuple[Any, ...], int] = defaultdict(int)
    for store, day, funder, amount in life.connection.execute(
        "SELECT CASE WHEN credit = %(store)s THEN credit_id ELSE debit_id END,"
        " (at AT TIME ZONE 'UTC')::date, coalesce(funder_id, 0),"
        " CASE WHEN credit = %(store)s THEN amount ELSE -amount END"
        " FROM ledger_entry WHERE unit = 1 AND %(store)s IN (credit, debit)"
        " AND operation = any(%(operations)s)",
        {
            "store": Account.STORE,
            "operations": [OPERATION_NUMBER["redeem"], OPERATION_NUMBER["reverse"]],
        },
    ):
        booked[store, day, funder] += amount
    for key in sorted(owed.keys() | booked.keys(), key=str):
        if owed[key] != booked[key]:
            yield key, owed[key], booked[key]


# Those that need something of their own


def test_i8_what_was_answered_before_another_was_asked_comes_before_it(
    new_door: OpenDoor, connection: Connection
) -> None:
    """Through whichever lane it went: versions of a voucher, and blocks of a lane."""
    doors = [new_door() for _ in range(4)]
    serial = a_sold_card(doors[0])
    places = []
    for turn in range(60):
        outcome = done(doors[turn * 7 % 4], redeem(serial, amount_fen=1))
        assert outcome.vouchers[0].version == turn + 2
        assert outcome.place is not None
        places.append(outcome.place)
    by_lane: dict[int, list[int]] = defaultdict(list)
    for place in places:
        by_lane[lane_of(place.block)].append(place.block)
    assert len(by_lane) == 4
    for blocks in by_lane.values():
        assert all(earlier < later for earlier, later in pairwise(blocks))
    times = connection.execute(
        "SELECT block >> 40, committed_at FROM ledger_block ORDER BY block"
    ).fetchall()
    for (lane, earlier), (same, later) in pairwise(times):
        assert lane != same or earlier <= later


def test_i8_a_lane_has_no_gaps_though_many_blocks_were_given_up(
    new_door: OpenDoor, connection: Connection
) -> None:
    door = new_door()
    batch = a_batch(door)
    for serial in batch.serials[:10]:
        done(door, redeem(serial))
        door.submit([redeem(serial)])  # refused: nothing is booked
        door.submit([redeem(serial)], dry=True)
    sequences = connection.execute(
        "SELECT array_agg(block & ((1::bigint << 40) - 1) ORDER BY block) FROM ledger_block"
        " GROUP BY block >> 40"
    ).fetchall()
    for (sequence,) in sequences:
        assert sequence == list(range(1, len(sequence) + 1))


PERSONAL = {"name", "phone", "mobile", "mail", "email", "address", "birthday", "gender", "ip"}


def test_i10_no_column_of_the_ledger_can_hold_anything_about_a_person(
    connection: Connection,
) -> None:
    """Numbers, times, flags and hashes only; the two texts have a fixed vocabulary."""
    columns = connection.execute(
        "SELECT table_name, column_name, data_type FROM information_schema.columns"
        " WHERE table_schema = 'public' AND table_name LIKE 'ledger\\_%'"
    ).fetchall()
    assert len({table for table, _, _ in columns}) >= 14
    texts = {
        f"{table}.{column}"
        for table, column, kind in columns
        if kind in ("text", "character varying", "json", "jsonb")
    }
    assert texts <= {"ledger_slice.state", "ledger_hold.state", "ledger_cursor.consumer"}
    for _, column, _ in columns:
        assert PERSONAL.isdisjoint(column.split("_")), column
