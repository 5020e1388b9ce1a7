"""What a till without a network must know of batches: the serials that are live, and those that
are good no more."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import psycopg

from kaquan.engine.lifecycle import State

Connection = psycopg.Connection[Any]
Heads = tuple[tuple[int, int, int, bytes], ...]

_GOOD = [int(State.LIVE), int(State.ISSUED)]


def heads_of(connection: Connection) -> Heads:
    """The last block of each lane: while they are the same, so is everything that follows."""
    rows = connection.execute(
        "SELECT shard, lane, last_block, hash FROM ledger_lane ORDER BY shard, lane"
    )
    return tuple((shard, lane, block, bytes(mark)) for shard, lane, block, mark in rows)


def running_batches(connection: Connection, batch_ids: Collection[int]) -> set[int]:
    """Those of these batches whose vouchers may be used now."""
    rows = connection.execute(
        "SELECT batch_id FROM ledger_slice WHERE batch_id = any(%s)"
        " GROUP BY batch_id HAVING bool_and(state <> 'paused')",
        [list(batch_ids)],
    )
    return {batch_id for (batch_id,) in rows}


def live_runs(connection: Connection, batch_id: int, *, limit: int) -> list[range] | None:
    """The serials of a batch that may be live, neighbours as one run; None: in too many runs."""
    runs: list[range] = []
    for first, quantity in connection.execute(
        "SELECT first_serial, quantity FROM ledger_custody"
        " WHERE batch_id = %s AND active ORDER BY first_serial",
        [batch_id],
    ):
        if runs and runs[-1].stop == first:
            runs[-1] = range(runs[-1].start, first + quantity)
        elif len(runs) == limit:
            return None
        else:
            runs.append(range(first, first + quantity))
    return runs


def dead_serials(connection: Connection, runs: Sequence[range], *, limit: int) -> list[int] | None:
    """The vouchers of these runs that may not be used: used, frozen, ended, or passed on, for only
    the first hand has a signed code; None: too many."""
    found: list[int] = []
    for run in runs:
        rows = connection.execute(
            "SELECT serial FROM ledger_voucher WHERE serial >= %s AND serial < %s"
            " AND (state <> all(%s::int[]) OR hand > 0) ORDER BY serial LIMIT %s",
            [run.start, run.stop, _GOOD, limit + 1 - len(found)],
        )
        found += [serial for (serial,) in rows]
        if len(found) > limit:
            return None
    return found
