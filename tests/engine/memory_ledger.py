"""A door without a database: loads what the footprint names, decides, keeps what was touched.

Whatever a command needs and the footprint does not name is missing here too, so a hole in the
footprint shows as a wrong answer or a KeyError.
"""

from collections.abc import Sequence
from copy import deepcopy
from typing import Any

from kaquan.engine.commands import AnyCommand
from kaquan.engine.custody import untouched
from kaquan.engine.decide import decide
from kaquan.engine.entries import Entry
from kaquan.engine.footprint import (
    NOTHING,
    Footprint,
    coming_holders,
    footprint,
    limit_keys,
    settled_hold,
)
from kaquan.engine.outcomes import Outcome
from kaquan.engine.places import Place, block_number
from kaquan.engine.rows import Custody, Voucher
from kaquan.engine.shards import shard_of_serial
from kaquan.engine.world import Past, World

TABLES = (
    "batches",
    "slices",
    "custody",
    "vouchers",
    "budgets",
    "limits",
    "held",
    "reversed",
)


class MemoryLedger:
    """Rows of all tables by their keys, every entry, and every command with its answer."""

    def __init__(self) -> None:
        self.tables: dict[str, dict[Any, Any]] = {name: {} for name in TABLES}
        self.entries: list[tuple[Place, Entry]] = []
        self.past: dict[Place, Past] = {}
        self.next_serial = 0
        self.blocks = 0

    def fork(self) -> "MemoryLedger":
        """Another ledger that goes on from here, sharing rows: they are replaced, not changed."""
        other = MemoryLedger()
        other.tables = {name: dict(rows) for name, rows in self.tables.items()}
        other.entries, other.past = list(self.entries), dict(self.past)
        other.next_serial, other.blocks = self.next_serial, self.blocks
        return other

    def submit(self, *commands: AnyCommand) -> list[Outcome]:
        """Decide commands as one block and keep its effects."""
        self.blocks += 1
        world = self.world(commands)
        before = snapshot(world)
        outcomes = decide(commands, world)
        assert len(outcomes) == len(commands)
        if not any(outcome.done for outcome in outcomes):
            assert snapshot(world) == before, "a refusal moved something"
        check_world(world)
        self._keep(world)
        for index, (command, outcome) in enumerate(zip(commands, outcomes, strict=True)):
            place = Place(world.block, index)
            assert outcome.place == (place if outcome.done else None)
            self.past[place] = (command, outcome)
        return outcomes

    def do(self, command: AnyCommand) -> Outcome:
        """Submit one command."""
        return self.submit(command)[0]

    def voucher(self, serial: int) -> Voucher | None:
        """A voucher as it stands, untouched ones included."""
        if serial in self.tables["vouchers"]:
            return self.tables["vouchers"][serial]
        run = self._run_of(serial)
        if run is None or not self.tables["batches"][run.batch_id].by_code:
            return None
        state, withheld = untouched(
            active=run.active, piece=run.piece, hand_out_first=run.hand_out_first
        )
        return Voucher(
            shard_of_serial(serial), serial, run.batch_id, state=state, withheld=withheld
        )

    def world(self, commands: Sequence[AnyCommand]) -> World:
        """The rows that the commands name, and no others."""
        world = World(block_number(1, self.blocks), 0)
        wanted = [footprint(command) for command in commands]
        serials = {serial for names in wanted for serial in names.serials}
        for names in wanted:
            self._load_past(world, names.past, serials)
        self._load_vouchers(world, serials)
        batch_ids = {voucher.batch_id for voucher in world.vouchers.values()}
        batch_ids |= {names.batch_id for names in wanted if names.batch_id is not None}
        for batch_id in batch_ids:
            self._load("batches", world, batch_id)
            self._load("slices", world, batch_id)
        for names in wanted:
            if names.needs_custody:
                self._load("custody", world, names.batch_id)
            if names.needs_serials:
                world.next_serial = self.next_serial
            self._load("budgets", world, names.budget_id)
        for batch in world.batches.values():
            self._load("budgets", world, batch.budget_id)
        self._load_limits(world, commands, wanted)
        return world

    def _load_vouchers(self, world: World, serials: set[int]) -> None:
        for serial in serials:
            voucher = self.voucher(serial)
            if voucher is not None:
                world.vouchers[serial] = deepcopy(voucher)
                if voucher.holds:
                    world.held[serial] = deepcopy(self.tables["held"][serial])
        for rows in world.held.values():
            for row in rows:
                self._load_past(world, row.hold, set())
        for place in world.past:
            for serial in serials:
                self._load("reversed", world, (place, serial))

    def _load_limits(
        self, world: World, commands: Sequence[AnyCommand], wanted: Sequence[Footprint]
    ) -> None:
        named = [pair for pair in zip(commands, wanted, strict=True) if pair[1] is not NOTHING]
        coming = coming_holders(command for command, _ in named)
        for command, names in named:
            for key in limit_keys(command, names, world, coming):
                self._load("limits", world, key)

    def _load(self, table: str, world: World, key: Any) -> None:
        if key in self.tables[table]:
            row = self.tables[table][key]
            getattr(world, table)[key] = row if table == "batches" else deepcopy(row)

    def _load_past(self, world: World, place: Place | None, serials: set[int]) -> None:
        if place in self.past:
            world.past[place] = past = self.past[place]
            serials.update(result.serial for result in past[1].vouchers)
            self._load_past(world, settled_hold(past), serials)

    def _keep(self, world: World) -> None:
        for table, keys in world.touched.items():
            for key in keys:
                self.tables[table][key] = getattr(world, table)[key]
        if "custody" in world.touched:
            self.next_serial = max(self.next_serial, world.next_serial)
        self.entries += [(Place(world.block, entry.index), entry) for entry in world.entries]

    def _run_of(self, serial: int) -> Custody | None:
        for runs in self.tables["custody"].values():
            for run in runs:
                if run.first_serial <= serial < run.first_serial + run.quantity:
                    return run
        return None


def snapshot(world: World) -> Any:
    """Everything that a refusal must leave as it was."""
    tables = {name: dict(getattr(world, name)) for name in TABLES if name != "batches"}
    touched = {name: set(keys) for name, keys in world.touched.items() if keys}
    return deepcopy(
        (
            tables,
            set(world.batches),
            list(world.entries),
            touched,
            set(world.past),
            world.next_serial,
        )
    )


def check_world(world: World) -> None:
    """Every row is possible: nothing below zero, budgets add up, limits hold, holds are counted."""
    for budget in world.budgets.values():
        parts = (
            budget.available_fen,
            budget.committed_fen,
            budget.spent_fen,
            budget.released_fen,
        )
        assert min(parts) >= 0, budget
        assert sum(parts) == budget.total_fen, budget
    for share in world.slices.values():
        assert 0 <= share.stock_left <= share.minted, share
        assert all(count >= 0 for count in share.cursor), share
        if share.cursor:
            assert sum(share.cursor) == share.minted - share.stock_left, share
    for limit in world.limits.values():
        assert 0 <= limit.used <= limit.cap, limit
    for serial, voucher in world.vouchers.items():
        numbers = (voucher.balance_fen, voucher.uses_left, voucher.committed_fen, voucher.holds)
        assert min(numbers) >= 0, voucher
        assert voucher.serial == serial
        assert voucher.shard == shard_of_serial(serial)
        assert (voucher.version == 0) == (voucher.last is None)
        active = [row for row in world.held.get(serial, ()) if row.state == "active"]
        assert len(active) == voucher.holds, voucher
    for runs in world.custody.values():
        ends = [run.first_serial + run.quantity for run in runs]
        firsts = [run.first_serial for run in runs]
        assert all(run.quantity > 0 for run in runs), runs
        assert all(end <= first for end, first in zip(ends, firsts[1:], strict=False)), runs
    for index, entry in enumerate(world.entries):
        assert entry.index == index
        assert entry.amount > 0, entry
        assert (entry.debit, entry.debit_id) != (entry.credit, entry.credit_id), entry
