"""Fills the world of one block: reads, and locks in one sorted order, every row that the commands
name.

Order of locks, the same in every writer: vouchers, holds, slices, custody, limits, budgets, next
serial, reversals, lane; within a table by key. Rows that do not exist yet are born while writing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from copy import copy

from msgspec import Struct

from kaquan.engine.commands import AnyCommand, Redeem
from kaquan.engine.custody import untouched
from kaquan.engine.fields import field_fault
from kaquan.engine.footprint import (
    NOTHING,
    Footprint,
    coming_holders,
    footprint,
    limit_keys,
    settled_hold,
)
from kaquan.engine.outcomes import Outcome, OutcomeCode
from kaquan.engine.places import Place
from kaquan.engine.rows import Budget, Custody, LimitKey, Voucher
from kaquan.engine.shards import SERIAL_END, shard_of_serial
from kaquan.engine.world import Past, World
from kaquan.ledger.catalogue import Catalogue
from kaquan.ledger.connections import LedgerConnection, pipelined
from kaquan.ledger.reading import Reader
from kaquan.ledger.records import request_hash

Hash = tuple[int, int]


class Loaded(Struct):
    """A filled world, and which commands are still to be decided.

    ``answers`` holds the outcomes already known by request key, and those of commands that cannot
    mean anything; ``fresh`` the indexes of the commands to decide, ``repeats`` those that repeat
    an earlier one of the same call (index → that one's index). ``budgets_before`` holds budgets as
    they were read: what is written is the difference.
    """

    world: World
    lane_hash: bytes
    answers: dict[int, Outcome]
    fresh: list[int]
    repeats: dict[int, int]
    request_hashes: dict[int, Hash]
    budgets_before: dict[int, Budget]
    budgets_locked: bool


class Loader:
    """Loads worlds for one writer."""

    def __init__(self, connection: LedgerConnection, catalogue: Catalogue) -> None:
        self._connection = connection
        self._catalogue = catalogue

    def load(
        self, commands: Sequence[AnyCommand], *, lock: bool, lock_budgets: bool = True
    ) -> Loaded:
        """Begin a transaction and read what ``commands`` need; without ``lock`` only to look.

        Without ``lock_budgets`` other writers may change budgets until this one writes.
        """
        connection = self._connection.raw
        reader = Reader(connection, lock=lock, lock_budgets=lock_budgets)
        hashes = {
            index: request_hash(command.key, command.operation)
            for index, command in enumerate(commands)
            if command.key is not None
        }
        world = World(block=0, next_serial=0)
        with pipelined(connection):
            asked = reader.begin(hashes.values())
            # While the server looks for the keys:
            wanted = [footprint(command) for command in commands]
            malformed = _malformed(commands, wanted)
            for index in malformed:
                hashes.pop(index, None)
            world.past = reader.past({names.past for names in wanted if names.past is not None})
            settled = {one for past in world.past.values() if (one := settled_hold(past))}
            world.past |= reader.past(settled - set(world.past))
            serials = _named_serials(wanted, world.past.values())
            runs = self._catalogue.find(connection, serials)
            rows = reader.vouchers(serials)
        reader.put_vouchers(rows, world)
        requests = reader.requests(asked)
        answers, repeats = _known_answers(
            commands, hashes, reader.past(requests.values()), requests
        )
        answers |= malformed
        fresh = [i for i in range(len(commands)) if i not in answers and i not in repeats]
        head = self._fill(reader, world, [(commands[i], wanted[i]) for i in fresh], serials, runs)
        world.block = head[0] + 1
        before = {budget_id: copy(row) for budget_id, row in world.budgets.items()}
        return Loaded(world, head[1], answers, fresh, repeats, hashes, before, lock_budgets)

    def _fill(
        self,
        reader: Reader,
        world: World,
        fresh: Sequence[tuple[AnyCommand, Footprint]],
        serials: Sequence[int],
        runs: dict[int, Custody],
    ) -> tuple[int, bytes]:
        held = {serial for serial, row in world.vouchers.items() if row.holds}
        if held:
            world.held = reader.holds(sorted(held))
            world.past |= reader.past(
                {row.hold for rows in world.held.values() for row in rows} - set(world.past)
            )
        self._add_untouched(world, runs)
        self._name_batches(world, [names for _, names in fresh])
        changed = {n.batch_id for _, n in fresh if n.changes_slice and n.batch_id is not None}
        with_custody = {n.batch_id for _, n in fresh if n.needs_custody and n.batch_id is not None}
        keys = self._limit_keys(world, fresh)
        budget_ids = {batch.budget_id for batch in world.batches.values()} | {
            names.budget_id for _, names in fresh if names.budget_id is not None
        }
        head = reader.fill(
            world,
            changed=changed,
            with_custody=with_custody,
            limit_keys=keys,
            budget_ids=budget_ids - {0},
            takes_serials=any(names.needs_serials for _, names in fresh),
            lane=self._connection.lane,
        )
        stale = [
            row.batch_id
            for row in world.slices.values()
            if self._catalogue.is_stale(row.batch_id, row.custody_version)
        ]
        if stale:
            self._catalogue.reload(self._connection.raw, stale)
            self._add_untouched(world, self._catalogue.find(self._connection.raw, serials))
        # Terms that got better meanwhile move no limit that those before did not: all are loaded.
        for batch_id, batch in world.batches.items():
            world.batches[batch_id] = self._catalogue.newest(batch)
        return head

    def _limit_keys(
        self, world: World, fresh: Sequence[tuple[AnyCommand, Footprint]]
    ) -> set[LimitKey]:
        coming = coming_holders(command for command, _ in fresh)
        # Most batches limit no use: then a use moves no limit row, and there is nothing to name.
        uses_move_none = not world.held and not any(
            batch.rules.limits_at("redeem") or batch.rules.capped_funders
            for batch in world.batches.values()
        )
        keys: set[LimitKey] = set()
        for command, names in fresh:
            if uses_move_none and type(command) is Redeem and command.hold is None:
                continue
            keys.update(limit_keys(command, names, world, coming))
        return keys

    def _name_batches(self, world: World, fresh: Iterable[Footprint]) -> None:
        batch_ids = {row.batch_id for row in world.vouchers.values()}
        batch_ids.update(names.batch_id for names in fresh if names.batch_id is not None)
        for batch_id in batch_ids - set(world.batches):
            batch = self._catalogue.batch(self._connection.raw, batch_id)
            if batch is not None:
                world.batches[batch_id] = batch

    def _add_untouched(self, world: World, runs: dict[int, Custody]) -> None:
        """Add the vouchers that nothing has happened to yet, as their custody says they are."""
        vouchers = world.vouchers
        seen: Custody | None = None
        for serial, run in runs.items():
            if serial in vouchers and vouchers[serial].stored:
                continue
            if run is not seen:
                batch = self._catalogue.batch(self._connection.raw, run.batch_id)
                assert batch is not None, run
                by_code, seen = batch.by_code, run
                state, withheld = untouched(
                    active=run.active, piece=run.piece, hand_out_first=run.hand_out_first
                )
            if by_code:
                voucher = Voucher(shard_of_serial(serial), serial, run.batch_id, state)
                voucher.withheld = withheld
                vouchers[serial] = voucher


def _named_serials(wanted: Iterable[Footprint], past: Iterable[Past]) -> list[int]:
    serials = {serial for names in wanted for serial in names.serials if 0 <= serial < SERIAL_END}
    for _, outcome in past:
        serials.update(result.serial for result in outcome.vouchers)
    return sorted(serials)


def _malformed(commands: Sequence[AnyCommand], wanted: Sequence[Footprint]) -> dict[int, Outcome]:
    """Answers to what cannot mean anything, and to what is linked to it.

    They come from the commands alone and will be the same again, so nothing of them is kept: such
    a command may have no place in a block, nor its key among the keys.
    """
    answers: dict[int, Outcome] = {}
    for index, names in enumerate(wanted):
        if names is NOTHING:
            field = field_fault(commands[index])
            assert field is not None, commands[index]
            answers[index] = Outcome(OutcomeCode.MALFORMED_COMMAND, {"field": field})
    for index in list(answers):
        for step in (-1, 1):
            other = index + step
            while 0 <= other < len(commands) and 0 < commands[other].link == commands[index].link:
                answers.setdefault(other, LINK_FAILED)
                other += step
    return answers


def _known_answers(
    commands: Sequence[AnyCommand],
    hashes: dict[int, Hash],
    past: dict[Place, Past],
    requests: dict[Hash, Place],
) -> tuple[dict[int, Outcome], dict[int, int]]:
    """Answers by request key, and repeats within the call. Same key, other content: refused."""
    answers: dict[int, Outcome] = {}
    repeats: dict[int, int] = {}
    first: dict[Hash, int] = {}
    if not requests and len(set(hashes.values())) == len(hashes):
        return answers, repeats  # as nearly always: all of them are new
    for index, name in hashes.items():
        command = commands[index]
        if name in requests:
            asked, answer = past[requests[name]]
            answers[index] = answer if _same(asked, command) else REUSED
        elif name not in first:
            first[name] = index
        elif _same(commands[first[name]], command):
            repeats[index] = first[name]
        else:
            answers[index] = REUSED
    return answers, repeats


LINK_FAILED = Outcome(OutcomeCode.LINKED_COMMAND_FAILED)
REUSED = Outcome(OutcomeCode.REQUEST_KEY_REUSED)


def _same(one: AnyCommand, other: AnyCommand) -> bool:
    return (
        type(one) is type(other)
        and one.key == other.key
        and one.content_hash() == other.content_hash()
    )
