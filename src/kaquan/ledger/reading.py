"""Reads the rows of one block, with or without their locks, in the order that ``loading``
promises."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any

import psycopg
from psycopg import errors

from kaquan.engine.custody import Piece
from kaquan.engine.lifecycle import State
from kaquan.engine.places import Place
from kaquan.engine.rows import (
    Budget,
    Custody,
    HeldVoucher,
    Limit,
    LimitKey,
    Reversed,
    Slice,
    Voucher,
)
from kaquan.engine.shards import SHARD_KEYS_64, shard_of_serial
from kaquan.engine.world import Past, World
from kaquan.ledger.catalogue import HOME_SHARD
from kaquan.ledger.connections import pipelined
from kaquan.ledger.records import unpack_body
from kaquan.ledger.statements import bound, statement

ALL_SHARDS = sorted(SHARD_KEYS_64)
HOME = [HOME_SHARD]

Cursor = psycopg.Cursor[Any]


class Reader:
    """Reads for one block."""

    def __init__(
        self, connection: psycopg.Connection[Any], *, lock: bool, lock_budgets: bool
    ) -> None:
        self._connection = connection
        self._lock = lock
        self._lock_budgets = lock and lock_budgets

    def _ask(self, name: str, values: dict[str, Any]) -> Cursor:
        cursor = self._connection.cursor(binary=True)
        lock = self._lock_budgets if name == "budgets" else self._lock
        return cursor.execute(statement(name, lock=lock), bound(values))

    def past(self, places: Iterable[Place]) -> dict[Place, Past]:
        """Commands and outcomes booked before, by place; what is not there is left out."""
        wanted = set(places)
        if not wanted:
            return {}
        blocks = sorted({place.block for place in wanted})
        found: dict[Place, Past] = {}
        for block, body in self._ask("bodies", {"shards": HOME, "blocks": blocks}):
            records = unpack_body(body)
            for place in wanted:
                if place.block == block and 0 <= place.index < len(records):
                    record = records[place.index]
                    found[place] = (record.command, record.outcome)
        return found

    def begin(self, hashes: Collection[tuple[int, int]]) -> Cursor | None:
        """Begin the transaction and ask for known keys; in a pipeline, for ``requests`` later."""
        self._connection.execute("BEGIN")
        if not hashes:
            return None
        return self._ask("requests", {"shards": HOME, "key_highs": [high for high, _ in hashes]})

    def requests(self, asked: Cursor | None) -> dict[tuple[int, int], Place]:
        """Where known keys were answered."""
        return {(row[0], row[1]): Place(row[2], row[3]) for row in asked or ()}

    def vouchers(self, serials: Sequence[int]) -> Cursor | None:
        """Ask for vouchers with their locks; in a pipeline, for ``put_vouchers`` later."""
        if not serials:
            return None
        shards = sorted({shard_of_serial(serial) for serial in serials})
        return self._ask("vouchers", {"shards": shards, "serials": list(serials)})

    def put_vouchers(self, asked: Cursor | None, world: World) -> None:
        """Put the vouchers that were asked for into ``world``."""
        for row in asked or ():
            world.vouchers[row[0]] = _voucher(row)

    def holds(self, serials: Sequence[int]) -> dict[int, list[HeldVoucher]]:
        """The holds on some vouchers, by serial."""
        shards = sorted({shard_of_serial(serial) for serial in serials})
        held: dict[int, list[HeldVoucher]] = {}
        for row in self._ask("holds", {"shards": shards, "serials": list(serials)}):
            held.setdefault(row[3], []).append(
                HeldVoucher(row[0], Place(row[1], row[2]), row[3], row[4], row[5], stored=True)
            )
        return held

    def fill(
        self,
        world: World,
        *,
        changed: Collection[int],
        with_custody: Collection[int],
        limit_keys: Collection[LimitKey],
        budget_ids: Collection[int],
        takes_serials: bool,
        lane: int,
    ) -> tuple[int, bytes]:
        """Lock the rows that batches share into ``world``, then the lane; return the lane's
        head."""
        read_only = sorted(set(world.batches) - set(changed))
        past_blocks = sorted({place.block for place in world.past})
        asked: list[tuple[str, Cursor]] = []
        with pipelined(self._connection):

            def ask(name: str, values: dict[str, Any], kind: str) -> None:
                asked.append((kind, self._ask(name, values)))

            if changed:
                ids = sorted(changed)
                ask("slices_to_change", {"shards": HOME, "batch_ids": ids}, "slice")
            if read_only:
                ask("slices_to_read", {"shards": HOME, "batch_ids": read_only}, "slice")
            if with_custody:
                ids = sorted(with_custody)
                ask("custody", {"shards": HOME, "batch_ids": ids}, "custody")
            if limit_keys:
                ask("limits", _limit_columns(limit_keys), "limit")
            if budget_ids:
                ask("budgets", {"shards": HOME, "budget_ids": sorted(budget_ids)}, "budget")
            if takes_serials:
                ask("next_serial", {"shards": HOME}, "next_serial")
            if past_blocks:
                serials = sorted(world.vouchers)
                ask(
                    "reversed",
                    {"shards": ALL_SHARDS, "serials": serials, "blocks": past_blocks},
                    "reversed",
                )
            head = self._ask("lane", {"shards": HOME, "lane": lane})
        for kind, cursor in asked:
            for row in cursor:
                _PUT[kind](world, row)
        at_rest = [batch_id for batch_id in read_only if batch_id not in world.slices]
        if at_rest:
            self._look_at(world, at_rest)
        last = head.fetchone()
        assert last is not None, lane
        return last[0], last[1]

    def _look_at(self, world: World, batch_ids: Sequence[int]) -> None:
        """Read the slices of batches that do not run, without a lock that keeps a pause waiting."""
        for row in self._ask("slices_at_rest", {"shards": HOME, "batch_ids": list(batch_ids)}):
            _put_slice(world, row)
        if any(batch_id not in world.slices for batch_id in batch_ids):
            raise errors.SerializationFailure("a batch was set running between two looks")


def _voucher(row: Sequence[Any]) -> Voucher:
    return Voucher(
        shard=row[1],
        serial=row[0],
        batch_id=row[2],
        state=State(row[3]),
        customer_id=row[4] or 0,
        balance_fen=row[5] or 0,
        uses_left=row[6],
        committed_fen=row[7] or 0,
        valid_from=row[8],
        valid_until=row[9],
        holds=row[10] or 0,
        version=row[11],
        last=Place(row[12], row[13]),
        hand=row[14] or 0,
        stored=True,
    )


def _limit_columns(keys: Collection[LimitKey]) -> dict[str, list[int]]:
    return {
        "shards": sorted({key.shard for key in keys}),
        "subject_ids": [key.subject_id for key in keys],
        "batch_ids": [key.batch_id for key in keys],
        "days": [key.day for key in keys],
        "dimensions": [key.dimension for key in keys],
        "units": [key.unit for key in keys],
        "moments": [key.moment for key in keys],
    }


def _put_slice(world: World, row: Sequence[Any]) -> None:
    world.slices[row[0]] = Slice(
        row[1], row[0], row[2], row[3], row[4], row[5], list(row[6]), stored=True
    )


def _put_custody(world: World, row: Sequence[Any]) -> None:
    world.custody.setdefault(row[1], []).append(
        Custody(
            *(row[0], row[1], row[2], row[3], row[4], row[5]),
            stored=True,
            piece=Piece(row[6]),
            hand_out_first=row[7],
        )
    )


def _put_limit(world: World, row: Sequence[Any]) -> None:
    key = LimitKey(*row[:7])
    world.limits[key] = Limit(key, row[7], row[8], stored=True)


def _put_budget(world: World, row: Sequence[Any]) -> None:
    world.budgets[row[0]] = Budget(
        row[1], row[0], row[2], row[3], row[4], row[5], row[6], stored=True
    )


def _put_next_serial(world: World, row: Sequence[Any]) -> None:
    world.next_serial = row[0]


def _put_reversed(world: World, row: Sequence[Any]) -> None:
    place = Place(row[1], row[2])
    world.reversed[place, row[3]] = Reversed(
        row[0], place, row[3], row[4], row[5], list(row[6]), stored=True
    )


_PUT = {
    "slice": _put_slice,
    "custody": _put_custody,
    "limit": _put_limit,
    "budget": _put_budget,
    "next_serial": _put_next_serial,
    "reversed": _put_reversed,
}
