"""Codes made elsewhere: which voucher each stands for, known only by its keyed hash.

The codes of a pool name the serials of one by-code batch, in their order. Like the books, the table
only grows.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from msgspec import Struct

from kaquan.engine.shards import SHARD_KEYS_64
from kaquan.ledger.connections import connect_default

Connection = psycopg.Connection[Any]


class PoolCounts(Struct, frozen=True):
    """What a pool's rows are: new codes, this batch's already, another batch's, repeated ones."""

    new: int
    existing: int
    elsewhere: int
    repeated: int


def serials_of(connection: Connection, hashes: Collection[bytes]) -> dict[bytes, int]:
    """The serials that these 16-byte hashes stand for; unknown ones are left out."""
    rows = connection.execute(
        "SELECT code_hash, serial FROM ledger_pool_code WHERE code_hash = any(%s)", [list(hashes)]
    )
    return {bytes(code_hash): serial for code_hash, serial in rows}


def has_pools(connection: Connection, batch_id: int | None = None) -> bool:
    """Whether any code made elsewhere is known, or any of one batch."""
    row = connection.execute(
        "SELECT exists (SELECT FROM ledger_pool_code WHERE %s::int IS NULL OR batch_id = %s)",
        [batch_id, batch_id],
    ).fetchone()
    return row is not None and bool(row[0])


class StagedPool:
    """A pool's hashes in a session of their own; nothing of it lasts before `keep`."""

    def __init__(self, connection: Connection, batch_id: int) -> None:
        self._connection = connection
        self._batch_id = batch_id
        connection.execute(
            "CREATE TEMPORARY TABLE pool_row (row_number bigint, code_hash bytea) ON COMMIT DROP"
        )

    def stage(self, rows: Iterable[tuple[int, bytes]]) -> None:
        """Take rows: their number in the file and the code's hash."""
        copying = "COPY pool_row FROM STDIN"
        with self._connection.cursor() as cursor, cursor.copy(copying) as copy:
            for row_number, code_hash in rows:
                copy.write_row((row_number, code_hash))

    def judge(self) -> PoolCounts:
        """Tell new codes from known and repeated ones; call it once, after the last row."""
        self._connection.execute(
            "CREATE TEMPORARY TABLE pool_judged ON COMMIT DROP AS "
            "SELECT row_number, code_hash, CASE "
            "  WHEN row_number <> min(row_number) OVER (PARTITION BY code_hash) THEN 'repeated' "
            "  WHEN p.batch_id = %s THEN 'existing' "
            "  WHEN p.batch_id IS NOT NULL THEN 'elsewhere' "
            "  ELSE 'new' END AS verdict "
            "FROM pool_row LEFT JOIN ledger_pool_code p USING (code_hash)",
            [self._batch_id],
        )
        counts: dict[str, int] = dict(
            self._connection.execute(
                "SELECT verdict, count(*) FROM pool_judged GROUP BY verdict"
            ).fetchall()
        )
        return PoolCounts(**{name: counts.get(name, 0) for name in PoolCounts.__struct_fields__})

    def rows(self, verdict: str) -> Iterator[int]:
        """The numbers of the rows with a verdict, in order."""
        with self._connection.cursor(f"pool_{verdict}") as cursor:
            cursor.execute(
                "SELECT row_number FROM pool_judged WHERE verdict = %s ORDER BY row_number",
                [verdict],
            )
            for (row_number,) in cursor:
                yield row_number

    def keep(self, first_serial: int) -> None:
        """Let the new codes stand for the serials from ``first_serial`` on."""
        self._connection.execute(
            "INSERT INTO ledger_pool_code (serial, batch_id, shard, code_hash) "
            "SELECT serial, %s, (%s::smallint[])[(serial & 63) + 1], code_hash FROM ("
            "  SELECT %s::bigint - 1 + row_number() OVER (ORDER BY row_number) AS serial, code_hash"
            "  FROM pool_judged WHERE verdict = 'new') AS fresh",
            [self._batch_id, list(SHARD_KEYS_64), first_serial],
        )


@contextmanager
def staged_pool(batch_id: int) -> Iterator[StagedPool]:
    """One transaction for one pool: committed at the end, undone by an error."""
    with connect_default() as connection, connection.transaction():
        # Two files into one batch at once would both call the same codes new.
        connection.execute("SELECT pg_advisory_xact_lock(%s, %s)", [_POOL_LOCK, batch_id])
        yield StagedPool(connection, batch_id)


_POOL_LOCK = 0x6B70  # "kp"
