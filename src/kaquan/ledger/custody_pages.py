"""Runs of serials page by page: in whose hands they are, and how many of each were touched."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import psycopg
from msgspec import Struct

from kaquan.engine.rows import Custody
from kaquan.ledger.catalogue import custody_of

TOUCHED_COUNTED_MAX = 5_000

Connection = psycopg.Connection[Any]


class RunFilter(Struct, frozen=True, kw_only=True):
    """Which runs; None does not restrict. ``allotted``: in an organisation's hands, or still in
    those of the batch."""

    active: bool | None = None
    allotted: bool | None = None


def runs_after(
    connection: Connection,
    *,
    batch_ids: Collection[int] | None,
    wanted: RunFilter,
    after_serial: int = -1,
    limit: int,
) -> list[Custody]:
    """In the order of their serials; ``batch_ids`` None: of the whole issuer."""
    rows = connection.execute(
        "SELECT shard, batch_id, first_serial, quantity, active, organisation_id, true, piece,"
        " hand_out_first"
        " FROM ledger_custody WHERE first_serial > %(after)s"
        " AND (%(batch_ids)s::int[] IS NULL OR batch_id = any(%(batch_ids)s))"
        " AND (%(active)s::bool IS NULL OR active = %(active)s)"
        " AND (%(allotted)s::bool IS NULL OR (organisation_id <> 0) = %(allotted)s)"
        " ORDER BY first_serial LIMIT %(limit)s",
        {
            "after": after_serial,
            "batch_ids": None if batch_ids is None else list(batch_ids),
            "active": wanted.active,
            "allotted": wanted.allotted,
            "limit": limit,
        },
    )
    return [custody_of(row) for row in rows]


def run_at(connection: Connection, serial: int) -> Custody | None:
    """The run that holds a serial."""
    row = connection.execute(
        "SELECT shard, batch_id, first_serial, quantity, active, organisation_id, true, piece,"
        " hand_out_first"
        " FROM ledger_custody WHERE first_serial <= %s ORDER BY first_serial DESC LIMIT 1",
        [serial],
    ).fetchone()
    run = None if row is None else custody_of(row)
    return run if run is not None and serial < run.first_serial + run.quantity else None


def touched_in(connection: Connection, runs: Sequence[Custody]) -> list[int]:
    """How many vouchers of each run something has happened to, counted up to
    ``TOUCHED_COUNTED_MAX``."""
    rows = connection.execute(
        "SELECT counted.number FROM unnest(%s::bigint[], %s::bigint[]) WITH ORDINALITY"
        " AS run (first_serial, end_serial, place), LATERAL ("
        "  SELECT count(*) FROM (SELECT FROM ledger_voucher WHERE serial >= run.first_serial"
        "   AND serial < run.end_serial LIMIT %s) AS touched) AS counted (number)"
        " ORDER BY run.place",
        [
            [run.first_serial for run in runs],
            [run.first_serial + run.quantity for run in runs],
            TOUCHED_COUNTED_MAX,
        ],
    )
    return [number for (number,) in rows]


def allotted_quantities(connection: Connection, batch_ids: Collection[int]) -> dict[int, int]:
    """How many of each batch's serials are in an organisation's hands; batches with none are left
    out."""
    rows = connection.execute(
        "SELECT batch_id, sum(quantity)::bigint FROM ledger_custody"
        " WHERE batch_id = any(%s) AND organisation_id <> 0 AND piece = 0 GROUP BY batch_id",
        [list(batch_ids)],
    )
    return dict(rows.fetchall())
