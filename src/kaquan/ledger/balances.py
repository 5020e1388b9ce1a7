"""What budgets and batches stand at: the rows that the door keeps in place, read as they are."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import psycopg
from msgspec import Struct

from kaquan.engine.rows import Custody
from kaquan.ledger.catalogue import custody_of

RUNS_MAX = 1_000

Connection = psycopg.Connection[Any]


class BudgetAmounts(Struct, frozen=True):
    """A budget's money: ``total = available + committed + spent + released``."""

    total_fen: int
    available_fen: int
    committed_fen: int
    spent_fen: int
    released_fen: int


class Supply(Struct, frozen=True):
    """How a batch stands. ``stock_left`` says how many may still be claimed; by code it is 0."""

    state: str
    minted: int
    stock_left: int


def budget_amounts(connection: Connection, budget_ids: Collection[int]) -> dict[int, BudgetAmounts]:
    """The amounts of each budget that the ledger knows."""
    rows = connection.execute(
        "SELECT budget_id, sum(total_fen)::bigint, sum(available_fen)::bigint,"
        " sum(committed_fen)::bigint, sum(spent_fen)::bigint, sum(released_fen)::bigint"
        " FROM ledger_budget WHERE budget_id = any(%s) GROUP BY budget_id",
        [list(budget_ids)],
    )
    return {budget_id: BudgetAmounts(*amounts) for budget_id, *amounts in rows}


def supplies(connection: Connection, batch_ids: Collection[int]) -> dict[int, Supply]:
    """The state and stock of each batch that the ledger knows."""
    rows = connection.execute(
        "SELECT batch_id, min(state), sum(minted)::bigint, sum(stock_left)::bigint"
        " FROM ledger_slice WHERE batch_id = any(%s) GROUP BY batch_id",
        [list(batch_ids)],
    )
    return {batch_id: Supply(*numbers) for batch_id, *numbers in rows}


def custody_runs(
    connection: Connection, batch_id: int, *, after_serial: int = -1, limit: int = RUNS_MAX
) -> list[Custody]:
    """In whose hands a batch's serials are, run by run, in the order of the serials."""
    rows = connection.execute(
        "SELECT shard, batch_id, first_serial, quantity, active, organisation_id, true, piece,"
        " hand_out_first"
        " FROM ledger_custody WHERE batch_id = %s AND first_serial > %s"
        " ORDER BY first_serial LIMIT %s",
        [batch_id, after_serial, min(limit, RUNS_MAX)],
    )
    return [custody_of(row) for row in rows]
