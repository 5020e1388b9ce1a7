"""Many callers, few writers: everybody gets their own answer, nobody suffers for another."""

import threading
from collections.abc import Iterator, Sequence
from typing import Any

import psycopg
import pytest

from kaquan.engine.commands import AnyCommand
from kaquan.engine.outcomes import Outcome, OutcomeCode
from kaquan.ledger import batcher as batcher_module
from kaquan.ledger.batcher import Batcher, QueueFullError
from kaquan.ledger.door import Door
from tests.builders.books import number
from tests.builders.ledger import (
    BuiltBatch,
    a_batch,
    a_budget,
    a_key,
    claim,
    codes,
    redeem,
)
from tests.fixtures_ledger import OpenDoor

Connection = psycopg.Connection[Any]
ANSWER_WITHIN_S = 20.0


@pytest.fixture
def batcher(new_door: OpenDoor) -> Iterator[Batcher]:
    """Two writers on the worker's database."""
    made = Batcher(writers=2, opened=new_door)
    yield made
    made.close()


class HeldUp:
    """A door that lets nobody in until it is opened, so that a queue builds up before it."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self.asked, self.opened = threading.Event(), threading.Event()
        self.calls: list[int] = []

    def submit(self, commands: Sequence[AnyCommand]) -> list[Outcome]:
        """Wait, then submit."""
        self.asked.set()
        assert self.opened.wait(ANSWER_WITHIN_S)
        self.calls.append(len(commands))
        return self._door.submit(commands)

    def close(self) -> None:
        """The fixture closes the real one."""


@pytest.fixture
def held_up(door: Door) -> Iterator[tuple[HeldUp, Batcher]]:
    """One writer that waits at a closed door, with something to do already."""
    closed = HeldUp(door)
    made = Batcher(writers=1, opened=lambda: closed)  # type: ignore[arg-type,return-value]
    yield closed, made
    closed.opened.set()
    made.close()


def _occupy(held_up: tuple[HeldUp, Batcher], batch: BuiltBatch) -> None:
    """Let the writer take something and wait with it."""
    closed, batcher = held_up
    batcher.submit([redeem(batch.serial(99))])
    assert closed.asked.wait(ANSWER_WITHIN_S)


def test_each_caller_gets_its_own_answers_in_its_own_order(
    batcher: Batcher, door: Door, connection: Connection
) -> None:
    batch = a_batch(door, quantity=400)
    answers: dict[int, list[Outcome]] = {}

    def call(caller: int) -> None:
        for turn in range(10):
            first = batch.serial(caller * 20 + turn * 2)
            future = batcher.submit([redeem(first), redeem(first), redeem(first + 1)])
            answers[first] = future.result(ANSWER_WITHIN_S)

    threads = [threading.Thread(target=call, args=(caller,)) for caller in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 200
    for first, outcomes in answers.items():
        assert codes(outcomes) == ["DONE", "VOUCHER_USED", "DONE"]
        assert [outcomes[0].vouchers[0].serial, outcomes[2].vouchers[0].serial] == [
            first,
            first + 1,
        ]
    assert number(connection, "SELECT count(*) FROM ledger_voucher") == 400


def test_what_has_queued_up_becomes_one_block(
    held_up: tuple[HeldUp, Batcher], door: Door, connection: Connection
) -> None:
    batch = a_batch(door)
    _occupy(held_up, batch)
    futures = [held_up[1].submit([redeem(serial)]) for serial in batch.serials[:50]]
    held_up[0].opened.set()
    blocks = {future.result(ANSWER_WITHIN_S)[0].place.block for future in futures}  # type: ignore[union-attr]
    assert len(blocks) == 1
    assert held_up[0].calls == [1, 50]


def test_no_block_is_bigger_than_its_limit(
    held_up: tuple[HeldUp, Batcher], door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batcher_module, "BLOCK_COMMANDS_MAX", 10)
    batch = a_batch(door)
    _occupy(held_up, batch)
    sizes = [4, 4, 4, 10, 1, 9]
    serials = iter(batch.serials)
    futures = [held_up[1].submit([redeem(next(serials)) for _ in range(size)]) for size in sizes]
    held_up[0].opened.set()
    assert all(one.done for future in futures for one in future.result(ANSWER_WITHIN_S))
    assert held_up[0].calls == [1, 8, 4, 10, 10]


def test_a_full_queue_turns_callers_away_and_queues_nothing(
    held_up: tuple[HeldUp, Batcher],
    door: Door,
    connection: Connection,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(batcher_module, "QUEUE_COMMANDS_MAX", 3)
    batch = a_batch(door)
    _occupy(held_up, batch)
    futures = [held_up[1].submit([redeem(batch.serial(index))]) for index in range(3)]
    with pytest.raises(QueueFullError):
        held_up[1].submit([redeem(batch.serial(3))])
    held_up[0].opened.set()
    assert all(future.result(ANSWER_WITHIN_S)[0].done for future in futures)
    held_up[1].submit([redeem(batch.serial(4))]).result(ANSWER_WITHIN_S)
    assert number(connection, "SELECT count(*) FROM ledger_voucher") == 5


def test_what_its_caller_no_longer_wants_is_not_booked(
    held_up: tuple[HeldUp, Batcher], door: Door, connection: Connection
) -> None:
    batch = a_batch(door)
    _occupy(held_up, batch)
    given_up, wanted = (held_up[1].submit([redeem(batch.serial(index))]) for index in (0, 1))
    assert given_up.cancel()
    held_up[0].opened.set()
    assert wanted.result(ANSWER_WITHIN_S)[0].done
    assert number(connection, "SELECT count(*) FROM ledger_voucher") == 2


def test_linked_commands_of_two_callers_are_two_groups(
    held_up: tuple[HeldUp, Batcher], door: Door
) -> None:
    """Both count their links from 1, and their requests lie side by side in one block."""
    batch = a_batch(door)
    _occupy(held_up, batch)
    well = held_up[1].submit([redeem(batch.serial(index), link=1) for index in (0, 1)])
    ill = held_up[1].submit([redeem(batch.serial(index), link=1) for index in (2, 2)])
    held_up[0].opened.set()
    assert codes(well.result(ANSWER_WITHIN_S)) == ["DONE", "DONE"]
    assert codes(ill.result(ANSWER_WITHIN_S)) == ["LINKED_COMMAND_FAILED", "VOUCHER_USED"]


def test_a_bug_of_ours_in_one_command_fails_only_its_own_caller(
    door: Door, new_door: OpenDoor, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = a_batch(door)
    poison = redeem(batch.serial(5), key=a_key("poison"))

    class Brittle(HeldUp):
        def submit(self, commands: Sequence[AnyCommand]) -> list[Outcome]:
            assert not any(command.key == poison.key for command in commands), "our bug"
            return super().submit(commands)

    brittle = Brittle(new_door())
    batcher = Batcher(writers=1, opened=lambda: brittle)  # type: ignore[arg-type,return-value]
    _occupy((brittle, batcher), batch)
    futures = [
        batcher.submit([command])
        for command in (redeem(batch.serial(0)), poison, redeem(batch.serial(1)))
    ]
    brittle.opened.set()
    assert futures[0].result(ANSWER_WITHIN_S)[0].done
    assert futures[2].result(ANSWER_WITHIN_S)[0].done
    with pytest.raises(AssertionError, match="our bug"):
        futures[1].result(ANSWER_WITHIN_S)
    batcher.close()
    assert number(connection, "SELECT count(*) FROM ledger_voucher") == 3


def test_closing_books_what_is_queued_and_takes_no_more(
    held_up: tuple[HeldUp, Batcher], door: Door
) -> None:
    batch = a_batch(door)
    _occupy(held_up, batch)
    futures = [held_up[1].submit([redeem(serial)]) for serial in batch.serials[:5]]
    closing = threading.Thread(target=held_up[1].close)
    closing.start()
    held_up[0].opened.set()
    closing.join(ANSWER_WITHIN_S)
    assert all(future.result(0)[0].done for future in futures)
    with pytest.raises(QueueFullError):
        held_up[1].submit([redeem(batch.serial(6))])


def test_writers_that_cannot_reach_the_database_say_so_and_come_back_when_it_does(
    door: Door, new_door: OpenDoor
) -> None:
    """A gateway may start before its database."""
    batch = a_batch(door)
    away = threading.Event()
    away.set()

    def open_later() -> Door:
        if away.is_set():
            raise psycopg.OperationalError("connection refused")
        return new_door()

    batcher = Batcher(writers=1, opened=open_later)
    (lost,) = batcher.submit([redeem(batch.serial())]).result(ANSWER_WITHIN_S)
    assert lost.code is OutcomeCode.UNAVAILABLE
    away.clear()
    (found,) = batcher.submit([redeem(batch.serial())]).result(ANSWER_WITHIN_S)
    assert found.done
    batcher.close()


def test_writers_share_a_hot_batch_without_giving_out_too_much(
    new_door: OpenDoor, door: Door, connection: Connection
) -> None:
    batch = a_batch(door, by_code=False, quantity=150, budget_id=a_budget(door, total_fen=240_000))
    batcher = Batcher(writers=4, opened=new_door)
    futures = [batcher.submit([claim(batch, customer_id=customer)]) for customer in range(1, 201)]
    told = codes(future.result(ANSWER_WITHIN_S)[0] for future in futures)
    batcher.close()
    assert (told.count("DONE"), told.count("BUDGET_EXHAUSTED")) == (120, 80)
    assert number(connection, "SELECT stock_left FROM ledger_slice") == 30
    assert number(connection, "SELECT available_fen FROM ledger_budget") == 0


def test_a_block_gives_its_answers_back_in_one_piece(
    held_up: tuple[HeldUp, Batcher], door: Door
) -> None:
    """Another thread is woken once for all of them, not once for each."""
    batch = a_batch(door)
    _occupy(held_up, batch)
    deliveries: list[list[tuple[Any, Any]]] = []
    arrived = threading.Event()

    def deliver(answers: list[tuple[Any, Any]]) -> None:
        deliveries.append(answers)
        arrived.set()

    for index in range(20):
        held_up[1].post([redeem(batch.serial(index))], index, deliver)
    held_up[0].opened.set()

    assert arrived.wait(ANSWER_WITHIN_S)
    (answers,) = deliveries
    assert [token for token, _ in answers] == list(range(20))
    assert [one.vouchers[0].serial for _, (one,) in answers] == list(batch.serials[:20])
