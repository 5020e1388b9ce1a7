"""Paper in pieces, read from the books: what lies where, on any day, and how it came there.

Every list is bounded; scope is the caller's: ``organisation_ids`` and ``batch_ids`` None stand for
the whole issuer.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

import psycopg
from msgspec import Struct

from kaquan.engine.commands import MovePieces, RequestKey
from kaquan.engine.custody import ACCOUNTS, Piece
from kaquan.engine.entries import OPERATION_NUMBER
from kaquan.engine.places import Place
from kaquan.engine.rows import Custody
from kaquan.ledger.catalogue import custody_of
from kaquan.ledger.records import request_hash, unpack_body
from kaquan.ledger.trace import record_at

ROWS_MAX = 5_000
RUNS_MAX = 1_000
MOVES_MAX = 500

_MOVE = OPERATION_NUMBER["move_pieces"]
_RUN = (
    "shard, batch_id, first_serial, quantity, active, organisation_id, true, piece, hand_out_first"
)

Connection = psycopg.Connection[Any]


class Stock(Struct, frozen=True, order=True):
    """So many pieces of a batch in one state, for which one organisation answers."""

    batch_id: int
    organisation_id: int
    piece: Piece
    quantity: int


class Movement(Struct, frozen=True):
    """One act with a range, as the books keep it."""

    place: Place
    committed_at: datetime
    command: MovePieces
    piece_before: Piece
    piece: Piece


def stock_at(
    connection: Connection,
    *,
    before: datetime,
    organisation_ids: Collection[int] | None = None,
    batch_ids: Collection[int] | None = None,
    limit: int = ROWS_MAX,
) -> list[Stock]:
    """What lay where when ``before`` came: what was booked until then, summed up.

    By the moment of booking, so that a day that is over never changes.
    """
    rows = connection.execute(
        "SELECT side.batch_id, side.holder, side.account, sum(side.amount)::bigint"  # noqa: S608  # a number of ours
        " FROM ledger_entry e JOIN ledger_block b USING (block), LATERAL (VALUES"
        "  (e.batch_id, e.credit_id, e.credit, e.amount),"
        "  (e.batch_id, e.debit_id, e.debit, -e.amount)"
        " ) AS side (batch_id, holder, account, amount)"
        f" WHERE e.operation = {_MOVE} AND b.committed_at < %(before)s"
        " AND (%(batch_ids)s::int[] IS NULL OR e.batch_id = any(%(batch_ids)s))"
        " AND side.account <> %(untracked)s"
        " AND (%(holders)s::int[] IS NULL OR side.holder = any(%(holders)s))"
        " GROUP BY side.batch_id, side.holder, side.account HAVING sum(side.amount) <> 0"
        " ORDER BY side.batch_id, side.holder, side.account LIMIT %(limit)s",
        {
            "before": before,
            "batch_ids": _listed(batch_ids),
            "holders": _listed(organisation_ids),
            "untracked": int(ACCOUNTS[Piece.UNTRACKED]),
            "limit": min(limit, ROWS_MAX),
        },
    )
    return [
        Stock(batch, holder, _PIECES[account], number) for batch, holder, account, number in rows
    ]


def paper_runs(
    connection: Connection,
    *,
    batch_id: int,
    after_serial: int = -1,
    limit: int = RUNS_MAX,
) -> list[Custody]:
    """A batch's runs that are on paper, in the order of their serials."""
    rows = connection.execute(
        f"SELECT {_RUN} FROM ledger_custody"  # noqa: S608  # names of our own
        " WHERE batch_id = %s AND piece <> 0 AND first_serial > %s ORDER BY first_serial LIMIT %s",
        [batch_id, after_serial, min(limit, RUNS_MAX)],
    )
    return [custody_of(row) for row in rows]


def runs_within(
    connection: Connection, batch_id: int, first_serial: int, end_serial: int
) -> list[Custody]:
    """The runs of a batch that a range of serials touches, paper or not, ``RUNS_MAX`` at most."""
    rows = connection.execute(
        f"SELECT {_RUN} FROM ledger_custody"  # noqa: S608  # names of our own
        " WHERE batch_id = %s AND first_serial < %s AND first_serial + quantity > %s"
        " ORDER BY first_serial LIMIT %s",
        [batch_id, end_serial, first_serial, RUNS_MAX],
    )
    return [custody_of(row) for row in rows]


def movements(
    connection: Connection,
    *,
    batch_id: int,
    serial: int | None = None,
    before: Place | None = None,
    limit: int = MOVES_MAX,
) -> list[Movement]:
    """What was done with a batch's paper (or with one piece of it), the latest first.

    Lanes have no order among each other, so it goes by when they were booked.
    """
    rows = connection.execute(
        "SELECT block, committed_at, body FROM ("  # noqa: S608  # a number of ours
        " SELECT DISTINCT b.block, b.committed_at FROM ledger_entry e"
        " JOIN ledger_block b USING (block)"
        f" WHERE e.operation = {_MOVE} AND e.batch_id = %(batch_id)s"
        " AND (%(serial)s::bigint IS NULL"
        "  OR %(serial)s BETWEEN e.serial AND e.serial + e.amount - 1)"
        " AND (%(before)s::bigint IS NULL OR (b.committed_at, b.block) <"
        "  (SELECT committed_at, block FROM ledger_block WHERE block = %(before)s))"
        " ORDER BY b.committed_at DESC, b.block DESC LIMIT %(limit)s) AS moved"
        " JOIN ledger_block USING (block, committed_at) ORDER BY committed_at DESC, block DESC",
        {
            "batch_id": batch_id,
            "serial": serial,
            "before": None if before is None else before.block,
            "limit": min(limit, MOVES_MAX),
        },
    )
    found: list[Movement] = []
    for block, committed_at, body in rows:
        records = unpack_body(body)
        for index in reversed(range(len(records))):
            command, outcome = records[index].command, records[index].outcome
            if (
                isinstance(command, MovePieces)
                and outcome.done
                and command.batch_id == batch_id
                and (serial is None or 0 <= serial - command.first_serial < command.quantity)
            ):
                told = outcome.data
                found.append(
                    Movement(
                        Place(block, index),
                        committed_at,
                        command,
                        Piece(int(str(told["piece_before"]))),
                        Piece(int(str(told["piece"]))),
                    )
                )
    return found


def is_known(connection: Connection, key: RequestKey, operation: str) -> bool:
    """Whether something was asked under this request key and done."""
    high, low = request_hash(key, operation)
    row = connection.execute(
        "SELECT block, index FROM ledger_request WHERE key_high = %s AND key_low = %s", [high, low]
    ).fetchone()
    found = None if row is None else record_at(connection, Place(*row))
    return found is not None and found[1].outcome.done


def _listed(ids: Collection[int] | None) -> list[int] | None:
    return None if ids is None else sorted(ids)


_PIECES = {int(account): piece for piece, account in ACCOUNTS.items()}
