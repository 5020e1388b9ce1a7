"""Movements of paper against an auditor of our own: a table of where each serial is."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise
from random import Random
from typing import Any

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kaquan.engine.commands import MovePieces
from kaquan.engine.custody import ACCOUNTS, Piece, Span, joined, without
from kaquan.engine.outcomes import OutcomeCode
from kaquan.ledger.door import Door
from kaquan.ledger.paper import movements, paper_runs, stock_at
from tests.builders.books import books, faults
from tests.builders.ledger import NOON, BuiltBatch, a_batch, done, redeem
from tests.fixtures_database import Database
from tests.fixtures_ledger import OpenDoor

#: act → from which states, to which; "on hand" is as it was activated. Written down by hand, apart
#: from the engine's own table.
RULES: dict[str, tuple[set[str], str]] = {
    "print": ({"UNTRACKED"}, "PRINTED"),
    "receive": ({"PRINTED"}, "RECEIVED"),
    "activate": ({"RECEIVED"}, "READY"),
    "send": ({"RECEIVED", "READY"}, "SENT"),
    "accept": ({"SENT"}, "on hand"),
    "call_back": ({"SENT"}, "on hand"),
    "miss": ({"PRINTED", "SENT", "RECEIVED", "READY"}, "MISSING"),
    "find": ({"MISSING"}, "on hand"),
    "hand_out": ({"READY"}, "HANDED_OUT"),
    "take_back": ({"HANDED_OUT"}, "READY"),
    "spoil": ({"PRINTED", "RECEIVED", "READY", "HANDED_OUT"}, "SPOILED"),
    "lose": ({"MISSING", "RECEIVED", "READY"}, "LOST"),
    "destroy": ({"SPOILED", "RECEIVED", "READY"}, "DESTROYED"),
}
MOVES_ON = {"accept", "find", "take_back"}
FAR = datetime(2098, 1, 1, tzinfo=UTC)
USABLE = {"READY", "HANDED_OUT"}

spans = st.lists(
    st.tuples(st.integers(0, 60), st.integers(1, 12)).map(lambda at: Span(at[0], at[0] + at[1])),
    max_size=6,
)


def move(batch: BuiltBatch, act: str, first: int, number: int, **about: Any) -> MovePieces:
    return MovePieces(
        at=NOON,
        batch_id=batch.batch_id,
        first_serial=batch.serial(first),
        quantity=number,
        act=act,
        actor="staff:1",
        witness="staff:2" if act == "destroy" else "",
        **{"organisation_id": 30, **about},
    )


class Auditor:
    """Where every serial is, one by one."""

    def __init__(self, quantity: int) -> None:
        self.at: list[tuple[str, int, bool]] = [("UNTRACKED", 0, True)] * quantity

    def takes(self, act: str, first: int, number: int, holder: int, target: int) -> bool:
        """Whether it may happen; if so it does."""
        part = self.at[first : first + number]
        sources, state = RULES[act]
        if len(part) < number or len(set(part)) > 1:
            return False
        was, lies_with, live = part[0]
        if was not in sources or lies_with != (0 if act == "print" else holder):
            return False
        live = {"print": False, "activate": True}.get(act, live)
        if state == "on hand":
            state = "READY" if live else "RECEIVED"
        self.at[first : first + number] = [(state, target or holder, live)] * number
        return True


@pytest.mark.parametrize("seed", range(3))
def test_random_movements_leave_every_serial_where_an_auditor_says(
    seed: int, door: Door, database: Database
) -> None:
    random, quantity = Random(seed), 48
    batch = a_batch(door, quantity=quantity)
    auditor = Auditor(quantity)
    happened = 0
    for _step in range(150):
        first = random.randrange(quantity)
        alike = next(
            (
                n
                for n in range(1, 6)
                if auditor.at[first + n : first + n + 1] != [auditor.at[first]]
            ),
            6,
        )
        number = random.randint(1, alike if random.random() < 0.8 else 6)
        state, lies_with, _live = auditor.at[first]
        likely = [act for act, (sources, _to) in RULES.items() if state in sources]
        act = random.choice(likely if likely and random.random() < 0.8 else list(RULES))
        holder = lies_with if lies_with and random.random() < 0.9 else random.choice((30, 31, 32))
        target = random.choice((0, 31, 32)) if act in MOVES_ON else 0
        command = move(batch, act, first, number, organisation_id=holder, to_organisation_id=target)
        (outcome,) = door.submit([command])
        assert outcome.done == auditor.takes(act, first, number, holder, target), command
        happened += outcome.done
    assert 50 < happened < 150  # there were many of both

    with database.connect() as connection:
        found = [("UNTRACKED", 0, True)] * quantity
        for run in paper_runs(connection, batch_id=batch.batch_id):
            begin = run.first_serial - batch.first_serial
            found[begin : begin + run.quantity] = [
                (run.piece.name, run.organisation_id, run.active)
            ] * run.quantity
        assert found == auditor.at
        stock = stock_at(connection, before=FAR, batch_ids=[batch.batch_id])
        counted: dict[tuple[str, int], int] = {}
        for state, holder, _live in auditor.at:
            if state != "UNTRACKED":
                counted[state, holder] = counted.get((state, holder), 0) + 1
        assert {(one.piece.name, one.organisation_id): one.quantity for one in stock} == counted
        told = movements(connection, batch_id=batch.batch_id)
        assert len(told) == happened
        last = told[0].command
        assert auditor.at[last.first_serial - batch.first_serial][0] == told[0].piece.name
        one = movements(connection, batch_id=batch.batch_id, serial=batch.serial(3))
        assert {move.place for move in one} <= {move.place for move in told}
    for index, (state, _holder, live) in enumerate(auditor.at):
        (used,) = door.submit([redeem(batch.serial(index))])
        assert used.done == (state == "UNTRACKED" or (live and state in USABLE)), (index, state)
    assert faults(database.connect) == []


def test_overlapping_ranges_are_refused_and_move_nothing(
    door: Door, connection: psycopg.Connection[Any]
) -> None:
    batch = a_batch(door, quantity=20)
    done(door, move(batch, "print", 0, 10))
    before = books(connection)
    tried = [
        move(batch, "print", 5, 10),
        move(batch, "print", 15, 10),
        move(batch, "receive", 5, 10),
        move(batch, "receive", 0, 10, organisation_id=31),
        move(batch, "hand_out", 0, 1),
    ]
    outcomes = [door.submit([one])[0].code for one in tried]
    elsewhere = OutcomeCode.PIECES_ELSEWHERE
    not_there = OutcomeCode.RANGE_NOT_AVAILABLE
    assert outcomes == [elsewhere, not_there, elsewhere, elsewhere, elsewhere]
    assert books(connection) == before


def test_another_process_refuses_lost_paper_at_once(new_door: OpenDoor) -> None:
    """Its map of serials is stale, and the slice that it locks says so."""
    one, other = new_door(), new_door()
    batch = a_batch(one, quantity=10)
    for act in ("print", "receive", "activate"):
        done(one, move(batch, act, 0, 10))
    done(other, redeem(batch.serial(0)))
    done(one, move(batch, "lose", 1, 9))
    (lost,) = other.submit([redeem(batch.serial(1))])
    assert lost.code is OutcomeCode.VOUCHER_LOST


def test_only_by_code_vouchers_are_on_paper(door: Door) -> None:
    batch = a_batch(door, quantity=10, by_code=False)
    (refused,) = door.submit([move(batch, "print", 0, 10)])
    assert refused.code is OutcomeCode.COMMAND_NOT_FOR_KIND


@pytest.mark.parametrize(
    "change", ["piece = 7 WHERE piece = 3", "hand_out_first = true", "organisation_id = 31"]
)
def test_prove_finds_paper_that_somebody_moved_in_the_database(
    door: Door, database: Database, connection: psycopg.Connection[Any], change: str
) -> None:
    batch = a_batch(door, quantity=10)
    for act in ("print", "receive", "activate"):
        done(door, move(batch, act, 0, 10))
    assert faults(database.connect) == []
    # kaquan-allow: ledger-writes because somebody who edits the database is what is looked for
    connection.execute(f"UPDATE ledger_custody SET {change}".encode())
    connection.commit()
    assert "ledger_custody" in {fault.table for fault in faults(database.connect)}


@given(spans, spans)
def test_joining_and_cutting_out_keep_every_serial(some: list[Span], taken: list[Span]) -> None:
    def serials(of: list[Span]) -> set[int]:
        return {serial for span in of for serial in range(span.first, span.end)}

    for result, expected in (
        (joined(some), serials(some)),
        (without(some, taken), serials(some) - serials(taken)),
    ):
        assert serials(result) == expected
        assert sum(span.quantity for span in result) == len(expected)
        assert all(one.end < two.first for one, two in pairwise(result))


def test_every_state_has_an_account_of_its_own() -> None:
    assert len(set(ACCOUNTS.values())) == len(Piece)
    assert all(account == 18 + piece for piece, account in ACCOUNTS.items())
