"""How much of a batch's limits its stores or channels have used, and how much of it lies where."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, NamedTuple

import psycopg

from kaquan.engine.rules.check import Dimension

SUBJECTS_MAX = 1_000

Connection = psycopg.Connection[Any]


class LimitUse(NamedTuple):
    """One store's or channel's row of a limit: day 0 is all time; the rest as `LimitKey` has it."""

    subject_id: int
    day: int
    unit: int
    moment: int


def limits_used(
    connection: Connection,
    batch_id: int,
    dimension: Dimension,
    subject_ids: Collection[int],
    *,
    days: Collection[int],
) -> dict[LimitUse, int]:
    """What stores or channels have used of a batch's limits; rows that nothing has moved are left
    out."""
    assert len(subject_ids) <= SUBJECTS_MAX, len(subject_ids)
    rows = connection.execute(
        "SELECT subject_id, day, unit, moment, sum(used)::bigint FROM ledger_limit"
        " WHERE subject_id = any(%s) AND batch_id = %s AND day = any(%s) AND dimension = %s"
        " GROUP BY subject_id, day, unit, moment",
        [list(subject_ids), batch_id, list(days), dimension],
    )
    return {LimitUse(*key): used for *key, used in rows}


def allotted_to(
    connection: Connection, batch_id: int, organisation_ids: Collection[int]
) -> dict[int, int]:
    """How many serials of a batch lie in the hands of some organisations, paper left out (that is
    counted in pieces); those with none are left out."""
    assert len(organisation_ids) <= SUBJECTS_MAX, len(organisation_ids)
    rows = connection.execute(
        "SELECT organisation_id, sum(quantity)::bigint FROM ledger_custody"
        " WHERE batch_id = %s AND organisation_id = any(%s) AND piece = 0"
        " GROUP BY organisation_id",
        [batch_id, list(organisation_ids)],
    )
    return dict(rows.fetchall())


def frozen_terms(connection: Connection, batch_id: int) -> bytes | None:
    """The terms of a batch as the ledger keeps them; None where it does not know the batch."""
    row = connection.execute(
        "SELECT terms FROM ledger_batch_now WHERE batch_id = %s", [batch_id]
    ).fetchone()
    return None if row is None else bytes(row[0])
