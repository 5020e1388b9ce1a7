"""The one door: the only way anything happens to a voucher, a limit or money.

One call is one transaction and at most one block: known request keys answer what they answered,
the rows that the commands name are read and locked in one order, the engine decides, a handful of
statements write all effects. Where two writers give birth to the same row, the later one starts
anew and finds it.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import psycopg
from msgspec import structs
from psycopg import errors

from kaquan.engine.commands import AnyCommand, Assign, Claim, Redeem, SetBatchState
from kaquan.engine.decide import decide
from kaquan.engine.outcomes import Outcome, OutcomeCode
from kaquan.engine.places import lane_of
from kaquan.foundation import clock
from kaquan.foundation.actor import Actor
from kaquan.foundation.failpoints import failpoint
from kaquan.ledger.catalogue import HOME_SHARD, Catalogue
from kaquan.ledger.connections import LOST, LedgerConnection, connect_default, pipelined
from kaquan.ledger.loading import Loaded, Loader
from kaquan.ledger.records import Record, block_hash, entry_line, pack_body
from kaquan.ledger.statements import bound, statement
from kaquan.ledger.writing import add_entries, add_requests, write_budgets, write_rows

COMMANDS_MAX = 1_000
ATTEMPTS_MAX = 30

#: What only takes from a budget. While there is enough, such commands of several writers may decide
#: at once: each moves the amounts, and the table's checks hold (docs/decisions/0012).
SHARING_BUDGETS = frozenset({Redeem, Claim, Assign})
#: For so many blocks after one that met a budget's end, a writer locks budgets before it decides.
TIGHT_BLOCKS = 20

#: For so long after a lock that did not come, a writer waits for locks only shortly.
HURRIED_S = 20.0

#: Another writer was there first, or stood in the way: begin anew and see what it left.
BEGIN_ANEW = (
    errors.UniqueViolation,
    errors.DeadlockDetected,
    errors.SerializationFailure,
)


class _BudgetMovedError(Exception):
    """A budget read without its lock does not have enough: only under the lock is that certain."""


class Door:
    """A writer: one connection, one lane. Not to be shared between threads.

    A ``patient`` one has nobody waiting behind it, and begins anew where a row is held for long.
    """

    def __init__(
        self, connection: LedgerConnection, catalogue: Catalogue, *, patient: bool = False
    ) -> None:
        self._connection = connection
        self._patient = patient
        self._loader = Loader(connection, catalogue)
        self._committing: tuple[int, bytes, list[Outcome]] | None = None
        self._tight_blocks_left = 0
        self._hurried_until_s: float | None = None

    def submit(self, commands: Sequence[AnyCommand], *, dry: bool = False) -> list[Outcome]:
        """Decide and book commands, in order, in one transaction; one outcome each.

        With ``dry`` nothing is locked or written: what would happen now. Refusals are outcomes.
        Where the database stays out of reach every outcome is ``UNAVAILABLE``: whether it happened
        is then not known, and a retry with the same request keys is safe. Where somebody else
        holds a row for too long every outcome is ``BUSY``, and nothing happened.
        """
        assert 0 < len(commands) <= COMMANDS_MAX, len(commands)
        outcomes = self._submit(commands, dry=dry)
        stopped = {
            command.batch_id
            for command, outcome in zip(commands, outcomes, strict=True)
            if isinstance(command, SetBatchState) and outcome.done and command.state != "running"
        }
        if stopped and not dry and not self._await_uses(sorted(stopped)):
            return [Outcome(OutcomeCode.UNAVAILABLE)] * len(commands)
        return outcomes

    def _submit(self, commands: Sequence[AnyCommand], *, dry: bool) -> list[Outcome]:
        for _attempt in range(ATTEMPTS_MAX):
            self._committing = None
            try:
                return self._attempt(commands, dry=dry)
            except BEGIN_ANEW:
                self._connection.rollback()
            except errors.LockNotAvailable:
                self._connection.rollback()
                if not self._patient:  # whoever holds the row may do so for long
                    self._hurry()
                    return [Outcome(OutcomeCode.BUSY)] * len(commands)
            except _BudgetMovedError:
                self._connection.rollback()
                self._tight_blocks_left = TIGHT_BLOCKS
            except LOST:
                if not self._connection.reopen():
                    break
                try:
                    outcomes = self._outcomes_if_committed()
                except psycopg.OperationalError:  # lost again, or the lost session holds on
                    break
                if outcomes is not None:
                    return outcomes
            except BaseException:
                self._connection.rollback()
                raise
        else:
            return [Outcome(OutcomeCode.BUSY)] * len(commands)
        return [Outcome(OutcomeCode.UNAVAILABLE)] * len(commands)

    def close(self) -> None:
        """Give the connection and its lane back."""
        self._connection.close()

    def _hurry(self) -> None:
        """Wait for locks only shortly for a while: what comes next may want the same row.

        Not longer than that, or writers who merely stand in each other's way would never get on.
        """
        if self._hurried_until_s is not None:
            self._calm_down(self._hurried_until_s)
            return
        self._hurried_until_s = clock.monotonic_s() + HURRIED_S
        with suppress(psycopg.OperationalError):  # it is lost, and the next statement says so
            self._connection.wait_for_locks(shortly=True)

    def _calm_down(self, hurried_until_s: float) -> None:
        if clock.monotonic_s() >= hurried_until_s:
            self._hurried_until_s = None
            with suppress(psycopg.OperationalError):
                self._connection.wait_for_locks(shortly=False)

    def _attempt(self, commands: Sequence[AnyCommand], *, dry: bool) -> list[Outcome]:
        share = not self._tight_blocks_left and all(
            type(command) in SHARING_BUDGETS for command in commands
        )
        loaded = self._loader.load(commands, lock=not dry, lock_budgets=not share)
        answers, fresh = loaded.answers, loaded.fresh
        if fresh:
            decided = decide([commands[i] for i in fresh], loaded.world, are_sound=True)
            assert len(decided) == len(fresh), (len(decided), len(fresh))
            if (
                share
                and not dry
                and any(outcome.code is OutcomeCode.BUDGET_EXHAUSTED for outcome in decided)
            ):
                raise _BudgetMovedError
            answers.update(zip(fresh, decided, strict=True))
        answers.update((index, answers[first]) for index, first in loaded.repeats.items())
        outcomes = [answers[index] for index in range(len(commands))]
        records = [Record(commands[i], answers[i]) for i in fresh]
        if dry or not any(r.outcome.done or r.command.key is not None for r in records):
            self._connection.rollback()
            return outcomes
        self._write(loaded, records, outcomes)
        if self._tight_blocks_left:
            self._tight_blocks_left -= 1
        if self._hurried_until_s is not None:
            self._calm_down(self._hurried_until_s)
        return outcomes

    def _write(self, loaded: Loaded, records: list[Record], outcomes: list[Outcome]) -> None:
        """Write everything and commit, in one round trip; after the first statement here nothing
        fails for a business reason.

        The server works on what was sent while the next statement is prepared.
        """
        connection, world, lane = self._connection.raw, loaded.world, self._connection.lane
        failpoint("ledger.before_write")
        try:
            with pipelined(connection):
                write_rows(connection, world, lane)
                add_requests(connection, lane, self._request_lines(loaded, records))
                entries = "".join([entry_line(entry) for entry in world.entries])
                add_entries(connection, lane, world.block, entries)
                digest = self._append_block(loaded, records, entries)
                write_budgets(connection, world, loaded.budgets_before)
                failpoint("ledger.before_commit")
                self._committing = (world.block, digest, outcomes)
                connection.execute("COMMIT")
        except errors.CheckViolation as error:
            if loaded.budgets_locked:
                raise
            raise _BudgetMovedError from error
        failpoint("ledger.after_commit")

    def _append_block(self, loaded: Loaded, records: Sequence[Record], entries: str) -> bytes:
        """Add the block and move the lane's head to it; returns the block's hash."""
        connection, block = self._connection.raw, loaded.world.block
        entry_count = len(loaded.world.entries)
        body = pack_body(records)
        committed_at = clock.now()
        digest = block_hash(
            previous_hash=loaded.lane_hash,
            block=block,
            committed_at=committed_at,
            record_count=len(records),
            body=body,
            entry_count=entry_count,
            entries=entries.encode(),
        )
        values: dict[str, Any] = {
            "block": block,
            "shard": HOME_SHARD,
            "lane": self._connection.lane,
            "committed_at": committed_at,
            "entry_count": entry_count,
            "record_count": len(records),
            "previous_hash": loaded.lane_hash,
            "hash": digest,
            "body": body,
        }
        connection.execute(statement("add_block"), values)
        connection.execute(statement("update_lane"), values)
        return digest

    def _request_lines(self, loaded: Loaded, records: Sequence[Record]) -> str:
        """Rows of request keys; sorted, so that two writers who meet on two keys meet in one
        order."""
        block, hashes = loaded.world.block, loaded.request_hashes
        named = [
            (*hashes[asked], index)
            for index, (asked, record) in enumerate(zip(loaded.fresh, records, strict=True))
            if record.command.key is not None
        ]
        named.sort()
        return "".join([f"{high}\t{low}\t{block}\t{index}\n" for high, low, index in named])

    def _await_uses(self, batch_ids: list[int]) -> bool:
        """Wait for the uses that began before these batches were stopped; whether they have ended.

        So nothing succeeds any more once a pause is answered.
        """
        values = bound({"shards": [HOME_SHARD], "batch_ids": batch_ids})
        for _attempt in range(ATTEMPTS_MAX):
            try:
                self._connection.raw.execute(statement("slices_to_await"), values)
            except (*BEGIN_ANEW, errors.LockNotAvailable):
                continue
            except psycopg.OperationalError:
                if not self._connection.reopen():
                    break
            else:
                return True
        return False

    def _outcomes_if_committed(self) -> list[Outcome] | None:
        """What was being committed when the connection broke, if it is in the books.

        The lane's lock makes this exact: a server process that still works on the lost commit
        holds it.
        """
        if self._committing is None:
            return None
        block, digest, outcomes = self._committing
        with self._connection.raw.transaction():
            self._connection.raw.execute(
                "SELECT FROM ledger_lane WHERE lane = %s FOR UPDATE", [lane_of(block)]
            )
            row = self._connection.raw.execute(
                "SELECT hash FROM ledger_block WHERE block = %s", [block]
            ).fetchone()
        return outcomes if row is not None and bytes(row[0]) == digest else None


_catalogue = Catalogue()
_local = threading.local()


def open_door(*, patient: bool = False) -> Door:
    """A new writer on this process's database (Django's default)."""
    return Door(LedgerConnection(connect_default), _catalogue, patient=patient)


def submit(commands: Sequence[AnyCommand], *, actor: Actor, dry: bool = False) -> list[Outcome]:
    """``Door.submit`` through this thread's own writer, signed by ``actor``."""
    door = getattr(_local, "door", None)
    if door is None:
        door = _local.door = open_door(patient=True)
    signed = [
        command if command.actor else structs.replace(command, actor=actor.id)
        for command in commands
    ]
    return door.submit(signed, dry=dry)


def close_door() -> None:
    """Give this thread's writer back; the next ``submit`` opens another."""
    door: Door | None = getattr(_local, "door", None)
    if door is not None:
        _local.door = None
        door.close()
