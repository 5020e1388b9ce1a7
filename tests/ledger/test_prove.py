"""The proof: what the books say is recomputed, and what is wrong is named."""

import threading
from collections.abc import Sequence
from datetime import timedelta
from itertools import pairwise
from random import Random
from typing import Any

import psycopg
import pytest
from psycopg import sql

from kaquan.engine.commands import Reverse
from kaquan.engine.shards import shard_of_serial
from kaquan.ledger.proof.faults import FAULTS_MAX
from kaquan.ledger.prove import Proof, prove
from kaquan.ledger.records import ENTRY_COLUMNS, block_hash, pack_body, unpack_body
from tests.builders.books import number
from tests.builders.ledger import (
    NOON,
    a_batch,
    a_claimed_voucher,
    a_key,
    done,
    hold,
    redeem,
)
from tests.fixtures_database import Database
from tests.fixtures_ledger import OpenDoor
from tests.ledger.random_traffic import RandomTraffic
from tests.ledger.traffic import STACKING, every_operation

Connection = psycopg.Connection[Any]


def _prove(database: Database) -> Proof:
    return prove(database.connect, progress=lambda *_: None)


def test_empty_books_hold_together(database: Database) -> None:
    proof = _prove(database)
    assert proof.ok
    assert (proof.blocks, proof.entries, proof.vouchers, proof.head_hashes) == (0, 0, 0, {})


def test_books_with_every_operation_hold_together(
    database: Database, new_door: OpenDoor, connection: Connection
) -> None:
    every_operation([new_door(), new_door()])
    told: list[tuple[str, int, int]] = []
    proof = prove(database.connect, progress=lambda *step: told.append(step))
    assert proof.faults == []
    assert number(connection, "SELECT count(DISTINCT operation) FROM ledger_entry") >= 16
    for table, counted in (("block", proof.blocks), ("entry", proof.entries)):
        assert number(connection, f"SELECT count(*) FROM ledger_{table}") == counted
    heads = connection.execute("SELECT lane, encode(hash, 'hex') FROM ledger_lane").fetchall()
    assert proof.head_hashes == dict(heads)
    assert told[-1][1] == told[-1][2]
    assert {stage for stage, _, _ in told} == {"blocks", "tables"}
    assert all(before[1] <= after[1] for before, after in _steps_within_stages(told))


def _steps_within_stages(
    told: Sequence[tuple[str, int, int]],
) -> list[tuple[tuple[str, int, int], tuple[str, int, int]]]:
    return [(before, after) for before, after in pairwise(told) if before[0] == after[0]]


@pytest.mark.parametrize("seed", range(4))
def test_books_of_a_random_life_hold_together(
    database: Database, new_door: OpenDoor, seed: int
) -> None:
    traffic = RandomTraffic([new_door(), new_door(), new_door()], Random(seed))
    traffic.open()
    traffic.run(700)
    assert traffic.done > 200
    assert _prove(database).faults == []


def test_the_proof_holds_while_the_door_goes_on_writing(
    database: Database, new_door: OpenDoor
) -> None:
    door = new_door()
    batch = a_batch(door, quantity=5_000)
    stop = threading.Event()
    written = threading.Event()

    def write() -> None:
        for serial in batch.serials:
            done(door, redeem(serial, key=a_key()))
            written.set()
            if stop.is_set():
                return

    writer = threading.Thread(target=write)
    writer.start()
    try:
        proofs = []
        for _ in range(3):
            written.clear()
            assert written.wait(30)
            proofs.append(_prove(database))
    finally:
        stop.set()
        writer.join()
    assert all(proof.ok for proof in proofs), [proof.faults for proof in proofs]
    assert proofs[0].blocks < proofs[1].blocks < proofs[2].blocks


def test_a_hold_that_ran_out_is_left_alone_with_a_voucher_that_is_not_reversed_again(
    database: Database, new_door: OpenDoor
) -> None:
    """The one voucher is reversed already; reversing the rest must not touch its holds."""
    door = new_door()
    serials = [a_batch(door, **STACKING).serial() for _ in range(2)]
    used = done(door, redeem(*serials))
    assert used.place is not None
    done(door, Reverse(at=NOON, redemption=used.place, serial=serials[0]))
    done(door, hold(serials[0], expires_at=NOON + timedelta(hours=1)))
    rest = done(door, Reverse(at=NOON + timedelta(hours=2), redemption=used.place))
    assert [result.serial for result in rest.vouchers] == [serials[1]]
    assert _prove(database).faults == []


# Wrong books --------------------------------------------------------------------------------------


def _tamper(superuser: Connection, statement: str, table: str, *values: Any) -> None:
    superuser.execute("SET session_replication_role = replica")
    superuser.execute(sql.SQL(statement).format(sql.Identifier(table)), values)  # type: ignore[arg-type]


def test_one_fen_is_found_and_its_block_named(
    database: Database, new_door: OpenDoor, superuser: Connection
) -> None:
    door = new_door()
    batch = a_batch(door)
    places = [done(door, redeem(batch.serial(index))).place for index in range(10)]
    assert places[6] is not None
    block = places[6].block
    _tamper(superuser, "UPDATE {} SET amount = amount - 1 WHERE block = %s", "ledger_entry", block)
    proof = _prove(database)
    assert not proof.ok
    first, second = proof.faults[:2]
    assert (first.table, first.key) == ("ledger_block", f"block {block} (lane 1, sequence 9)")
    assert f"serial {batch.serial(6)} version 1" in second.key
    assert (second.expected, second.found) == (
        "{'balance': 0, 'uses': 1, 0: 2000}",
        "{0: 1999}",
    )


def test_a_changed_voucher_is_named_with_what_should_stand_there(
    database: Database, new_door: OpenDoor, superuser: Connection
) -> None:
    serial = a_claimed_voucher(new_door())
    change = "UPDATE {} SET customer_id = 99, hand = 1 WHERE serial = %s"
    _tamper(superuser, change, "ledger_voucher", serial)
    fault = _prove(database).faults[0]
    assert (fault.table, fault.expected, fault.found) == (
        "ledger_voucher",
        "customer_id=7 hand=None",
        "customer_id=99 hand=1",
    )
    assert f"serial={serial} " in fault.key


def test_only_the_first_faults_are_kept(
    database: Database, new_door: OpenDoor, superuser: Connection
) -> None:
    door = new_door()
    batch = a_batch(door)
    done(door, *[redeem(serial) for serial in batch.serials])
    _tamper(superuser, "UPDATE {} SET uses_left = uses_left + 1", "ledger_voucher")
    faults = _prove(database).faults
    assert len(faults) == FAULTS_MAX
    assert faults[0].key.startswith(f"serial={batch.serial()} ")


def test_a_deleted_tail_of_a_lane_is_found(
    database: Database, new_door: OpenDoor, superuser: Connection
) -> None:
    door = new_door()
    batch = a_batch(door)
    place = done(door, redeem(batch.serial())).place
    assert place is not None
    for table in ("ledger_entry", "ledger_block"):
        _tamper(superuser, "DELETE FROM {} WHERE block = %s", table, place.block)
    first = _prove(database).faults[0]
    assert (first.table, first.key) == ("ledger_lane", "lane 1")


def test_a_second_head_of_a_lane_is_found(
    database: Database, new_door: OpenDoor, superuser: Connection
) -> None:
    """The shard is part of the key, so the database itself would take it."""
    a_batch(new_door())
    forge = "INSERT INTO {0} SELECT last_block, lane, 61, hash FROM {0}"
    _tamper(superuser, forge, "ledger_lane")
    first = _prove(database).faults[0]
    assert (first.table, first.key, first.en) == ("ledger_lane", "lane 1", "it has two heads")


def test_a_chain_written_anew_over_a_changed_entry_is_found_all_the_same(
    database: Database, new_door: OpenDoor, superuser: Connection
) -> None:
    """Every hash fits again, but the answers still say what was booked; and the head is another."""
    door = new_door()
    batch = a_batch(door)
    places = [done(door, redeem(batch.serial(index))).place for index in range(4)]
    heads = _prove(database).head_hashes
    assert places[1] is not None
    changed = places[1].block
    _tamper(superuser, "UPDATE {} SET amount = 1 WHERE block = %s", "ledger_entry", changed)
    _hash_anew(superuser, changed)
    proof = _prove(database)
    assert proof.head_hashes != heads
    assert {fault.table for fault in proof.faults} == {"ledger_entry", "ledger_budget"}
    assert f"serial {batch.serial(1)} version 1" in proof.faults[0].key


def test_records_that_changed_places_are_found_though_the_chain_was_written_anew(
    database: Database, new_door: OpenDoor, superuser: Connection
) -> None:
    door = new_door()
    batch = a_batch(door)
    outcomes = door.submit([redeem(batch.serial()), redeem(batch.serial(1))])
    assert outcomes[0].place is not None
    block, table = outcomes[0].place.block, "ledger_block"
    (body,) = superuser.execute(
        f"SELECT body FROM {table} WHERE block = %s", [block]
    ).fetchone() or (b"",)
    swapped = pack_body(unpack_body(body)[::-1])
    _tamper(superuser, "UPDATE {} SET body = %s WHERE block = %s", table, swapped, block)
    _hash_anew(superuser, block)
    first, second = _prove(database).faults[:2]
    assert (first.key, second.key) == tuple(
        f"block {block} (lane 1, sequence 3) index {index}" for index in range(2)
    )


def _hash_anew(superuser: Connection, first_block: int) -> None:
    """What somebody with all rights would do after changing a block of lane 1."""
    superuser.execute("SET TimeZone = 'UTC'")
    previous: bytes | None = None
    table = "ledger_block"
    for block, committed_at, records, stored, body in superuser.execute(
        f"SELECT block, committed_at, record_count, previous_hash, body FROM {table} "
        "WHERE block >= %s ORDER BY block",
        [first_block],
    ).fetchall():
        with superuser.cursor() as cursor:
            entries = (
                f"SELECT {ENTRY_COLUMNS} FROM ledger_entry WHERE block = {block} ORDER BY index"
            )
            with cursor.copy(f"COPY ({entries}) TO STDOUT") as copy:
                lines = [bytes(line) for line in copy]
        previous_hash = previous or bytes(stored)
        previous = block_hash(
            previous_hash=previous_hash,
            block=block,
            committed_at=committed_at,
            record_count=records,
            body=bytes(body),
            entry_count=len(lines),
            entries=b"".join(lines),
        )
        rehash = "UPDATE {} SET previous_hash = %s, hash = %s WHERE block = %s"
        _tamper(superuser, rehash, table, previous_hash, previous, block)
    _tamper(superuser, "UPDATE {} SET hash = %s WHERE lane = 1", "ledger_lane", previous)


def test_bodies_that_cannot_be_read_are_a_fault_and_no_crash(
    database: Database, new_door: OpenDoor, superuser: Connection
) -> None:
    door = new_door()
    batch = a_batch(door)
    place = done(door, redeem(batch.serial())).place
    assert place is not None
    _tamper(
        superuser, "UPDATE {} SET body = 'nonsense' WHERE block = %s", "ledger_block", place.block
    )
    tables = {fault.table for fault in _prove(database).faults}
    assert tables >= {"ledger_block", "ledger_entry", "ledger_voucher"}


@pytest.mark.parametrize(
    ("column", "value"),
    [("serial", 10**9), ("serial", None), ("batch_id", 77), ("shard", 61)],
)
def test_a_code_made_elsewhere_that_fits_no_voucher_is_found(
    database: Database,
    new_door: OpenDoor,
    superuser: Connection,
    column: str,
    value: int | None,
) -> None:
    """None: the serial of another code, so that two codes open one voucher."""
    batch = a_batch(new_door())
    add = "INSERT INTO {} (serial, batch_id, shard, code_hash) VALUES (%s, %s, %s, %s)"
    hashes = [bytes([number]) * 16 for number in range(2)]
    for serial, code_hash in zip(batch.serials, hashes, strict=False):
        shard = shard_of_serial(serial)
        _tamper(superuser, add, "ledger_pool_code", serial, batch.batch_id, shard, code_hash)
    assert _prove(database).ok
    change = f"UPDATE {{}} SET {column} = %s WHERE code_hash = %s"
    wrong = batch.serial(1) if value is None else value
    _tamper(superuser, change, "ledger_pool_code", wrong, hashes[0])
    assert {fault.table for fault in _prove(database).faults} == {"ledger_pool_code"}


@pytest.mark.parametrize("beyond", [True, False])
def test_a_cursor_outside_its_lane_is_found(
    database: Database, new_door: OpenDoor, superuser: Connection, beyond: bool
) -> None:
    a_batch(new_door())
    add = "INSERT INTO {} (consumer, lane, shard, last_block) VALUES ('test', %s, 60, %s)"
    lane, block = (1, (1 << 40) + 99) if beyond else (5, 5 << 40)
    _tamper(superuser, add, "ledger_cursor", lane, block)
    assert [fault.table for fault in _prove(database).faults] == ["ledger_cursor"]


PERSONAL = ("phone", "mobile", "name", "email", "address", "birth", "identity", "wechat", "openid")


def test_no_table_of_the_ledger_has_a_column_for_a_person(connection: Connection) -> None:
    """I10: customers are numbers here; who they are stands elsewhere, encrypted."""
    columns = connection.execute(
        "SELECT table_name, column_name FROM information_schema.columns "
        "WHERE starts_with(table_name, 'ledger_')"
    ).fetchall()
    assert len(columns) > 80
    assert [
        (table, column) for table, column in columns if any(word in column for word in PERSONAL)
    ] == []
