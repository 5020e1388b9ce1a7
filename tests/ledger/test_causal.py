"""The blocks of all lanes in one order, within a cut, in constant memory; and damage is told."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import psycopg
import pytest

from kaquan.engine.commands import Freeze, Unfreeze
from kaquan.engine.places import Place, lane_of
from kaquan.foundation.errors import KaquanError
from kaquan.ledger.causal import blocks_between, consumer_cut, heads, records_at
from kaquan.ledger.tail import Tail
from tests.builders.ledger import NOON, a_batch, done, redeem
from tests.fixtures_database import Database
from tests.fixtures_ledger import OpenDoor

Connection = psycopg.Connection[Any]


def told(connection: Connection, after: dict[int, int], until: dict[int, int]) -> list[int]:
    return [one.block for one in blocks_between(connection, after, until)]


def test_every_block_within_the_cut_comes_once_and_in_the_order_of_its_lane(
    new_door: OpenDoor, connection: Connection
) -> None:
    doors = [new_door(), new_door(), new_door()]
    batch = a_batch(doors[0], quantity=40)
    for index, serial in enumerate(batch.serials):
        done(doors[index % 3], redeem(serial))
    until = heads(connection)
    done(doors[1], Freeze(at=NOON, serial=a_batch(doors[1]).serial(), reason="检查"))
    found = told(connection, {}, until)
    assert len(found) == len(set(found)) == 42
    for lane, head in until.items():
        own = [block for block in found if lane_of(block) == lane]
        assert own == list(range((lane << 40) + 1, head + 1))
    assert told(connection, until, until) == []
    half = found[:20]
    after = {lane_of(block): block for block in half}
    assert told(connection, after, until) == found[20:]


def test_a_change_never_comes_before_the_one_it_built_on(
    new_door: OpenDoor, connection: Connection
) -> None:
    doors = [new_door(), new_door(), new_door()]
    batch = a_batch(doors[0], quantity=6)
    for serial, order in zip(batch.serials, permutations(doors), strict=True):
        done(order[0], Freeze(at=NOON, serial=serial, reason="检查"))
        done(order[1], Unfreeze(at=NOON, serial=serial))
        done(order[2], redeem(serial))
    seen: dict[int, int] = {}
    for block in blocks_between(connection, {}, heads(connection)):
        for record in block.records:
            for result in record.outcome.vouchers:
                assert result.version == seen.get(result.serial, 0) + 1
                seen[result.serial] = result.version
    assert seen == dict.fromkeys(batch.serials, 3)


def test_a_consumers_cut_is_where_its_cursors_stand(
    database: Database, new_door: OpenDoor, connection: Connection
) -> None:
    a_batch(new_door())
    tail = Tail(database.connect, "test")
    with tail.advance(tail.read()):
        pass
    assert consumer_cut(connection, "test") == heads(connection)
    assert consumer_cut(connection, "other") == {}
    tail.close()


def test_records_are_found_by_their_place_and_nothing_stands_elsewhere(
    new_door: OpenDoor, connection: Connection
) -> None:
    door = new_door()
    batch = a_batch(door)
    place = done(door, redeem(batch.serial())).place
    assert place is not None
    nowhere = [Place(place.block, 9), Place(place.block, -1), Place(place.block + 9, 0)]
    found = records_at(connection, [place, *nowhere])
    assert {one: record.command.operation for one, record in found.items()} == {place: "redeem"}
    assert records_at(connection, []) == {}


@pytest.mark.parametrize("sequence", [2, 3])
def test_a_missing_block_is_named(
    new_door: OpenDoor, connection: Connection, superuser: Connection, sequence: int
) -> None:
    door = new_door()
    batch = a_batch(door)
    done(door, redeem(batch.serial()))
    superuser.execute("SET session_replication_role = replica")
    table = "ledger_block"
    superuser.execute(f"DELETE FROM {table} WHERE block = (1::bigint << 40) + {sequence}")
    with pytest.raises(KaquanError) as caught:
        told(connection, {}, heads(connection))
    assert caught.value.code == "ledger_damaged"
    assert f"Block {sequence} of lane 1" in caught.value.en


def test_what_cannot_follow_from_what_is_there_is_named(
    new_door: OpenDoor, connection: Connection
) -> None:
    """As if a whole lane had been taken out of the books."""
    one, other = new_door(), new_door()
    batch = a_batch(one)
    done(one, Freeze(at=NOON, serial=batch.serial(), reason="检查"))
    done(other, Unfreeze(at=NOON, serial=batch.serial()))
    until = {lane: head for lane, head in heads(connection).items() if lane == 2}
    with pytest.raises(KaquanError) as caught:
        told(connection, {}, until)
    assert caught.value.code == "ledger_damaged"
