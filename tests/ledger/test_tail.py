"""The tail: every block once, in order within its lane, whatever dies in between."""

from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest

from kaquan.foundation.errors import KaquanError
from kaquan.ledger.tail import CursorMovedError, Tail
from tests.builders.ledger import a_batch, done, redeem
from tests.fixtures_database import Database
from tests.fixtures_ledger import OpenDoor

Connection = psycopg.Connection[Any]
OpenTail = Callable[..., Tail]


@pytest.fixture
def new_tail(database: Database) -> Iterator[OpenTail]:
    """Opens consumers; closed after the test."""
    opened: list[Tail] = []

    def open_new(consumer: str = "test") -> Tail:
        opened.append(Tail(database.connect, consumer))
        return opened[-1]

    yield open_new
    for tail in opened:
        tail.close()


def _consume(tail: Tail, limit_blocks: int = 200) -> list[int]:
    blocks = tail.read(limit_blocks)
    with tail.advance(blocks):
        return [block.block for block in blocks]


def _consume_all(tail: Tail) -> None:
    while _consume(tail, limit_blocks=1):
        pass


def _all_blocks(connection: Connection) -> list[int]:
    rows = connection.execute("SELECT block FROM ledger_block ORDER BY block").fetchall()
    return [block for (block,) in rows]


def test_each_block_is_read_once_in_the_order_of_its_lane(
    new_door: OpenDoor, new_tail: OpenTail, connection: Connection
) -> None:
    one, other = new_door(), new_door()
    batch = a_batch(one, quantity=20)
    for index in range(10):
        done(one if index % 2 else other, redeem(batch.serial(index)))
    tail, seen = new_tail(), []
    while blocks := _consume(tail, limit_blocks=3):
        assert len(blocks) <= 3
        seen += blocks
    assert sorted(seen) == _all_blocks(connection)
    for lane in {block >> 40 for block in seen}:
        own = [block for block in seen if block >> 40 == lane]
        assert own == sorted(own)


def test_records_come_with_their_answers(new_door: OpenDoor, new_tail: OpenTail) -> None:
    door = new_door()
    batch = a_batch(door)
    outcomes = door.submit([redeem(batch.serial()), redeem(batch.serial())])
    (*_, last) = new_tail().read()
    assert [record.outcome for record in last.records] == outcomes


def test_a_lane_that_appears_later_is_found(new_door: OpenDoor, new_tail: OpenTail) -> None:
    batch = a_batch(new_door())
    tail = new_tail()
    _consume_all(tail)
    done(new_door(), redeem(batch.serial()))
    (block,) = tail.read()
    assert block.lane == 2


def test_a_waiting_lane_is_not_starved_by_a_long_one(
    new_door: OpenDoor, new_tail: OpenTail
) -> None:
    long, short = new_door(), new_door()
    batch = a_batch(long, quantity=40)
    for index in range(30):
        done(long, redeem(batch.serial(index)))
    done(short, redeem(batch.serial(35)))
    assert {block.lane for block in new_tail().read(4)} == {1, 2}


class HandlerDiedError(Exception):
    """What a handler's bug or a killed process looks like from here."""


def _die_while_handling(tail: Tail) -> None:
    with tail.advance(tail.read()) as session:
        session.execute("CREATE TEMP TABLE handled ()")
        raise HandlerDiedError


def _move_then_die(tail: Tail) -> None:
    """The control: a cursor that is moved in a transaction of its own."""
    with tail.advance(tail.read()):
        pass
    raise HandlerDiedError


def test_a_handler_that_dies_gets_its_blocks_again(new_door: OpenDoor, new_tail: OpenTail) -> None:
    a_batch(new_door())
    tail, control = new_tail(), new_tail("control")
    blocks = tail.read()
    with pytest.raises(HandlerDiedError):
        _die_while_handling(tail)
    assert tail.read() == blocks
    with pytest.raises(HandlerDiedError):
        _move_then_die(control)
    assert control.read() == []
    with tail.advance(blocks) as session:
        session.execute("CREATE TEMP TABLE handled ()")  # nothing of the first attempt is there
    assert tail.read() == []


def test_a_second_process_of_the_same_consumer_does_not_count_twice(
    new_door: OpenDoor, new_tail: OpenTail
) -> None:
    a_batch(new_door())
    one, other = new_tail(), new_tail()
    blocks = one.read()
    assert other.read() == blocks
    with one.advance(blocks):
        pass
    with pytest.raises(CursorMovedError), other.advance(blocks):
        raise AssertionError("the handler must not run")
    assert other.read() == []


def test_consumers_do_not_know_each_other(new_door: OpenDoor, new_tail: OpenTail) -> None:
    a_batch(new_door())
    assert _consume(new_tail("one")) == _consume(new_tail("other"))


@pytest.mark.parametrize("sequence", [2, 3])
def test_a_missing_block_stops_the_tail_and_names_it(
    new_door: OpenDoor, new_tail: OpenTail, superuser: Connection, sequence: int
) -> None:
    """In the middle of a lane, and at its end."""
    door = new_door()
    batch = a_batch(door)
    done(door, redeem(batch.serial()))
    superuser.execute("SET session_replication_role = replica")
    table = "ledger_block"
    superuser.execute(f"DELETE FROM {table} WHERE block = (1::bigint << 40) + {sequence}")
    tail = new_tail()
    with pytest.raises(KaquanError) as caught:
        _consume_all(tail)
    assert caught.value.code == "ledger_damaged"
    assert f"Block {sequence} of lane 1" in caught.value.en
