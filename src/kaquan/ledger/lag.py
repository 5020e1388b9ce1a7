"""How far behind the books a consumer of the blocks is."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import psycopg

Connection = psycopg.Connection[Any]


def waiting_since(connection: Connection, consumer: str) -> datetime | None:
    """When the first block was booked that a consumer has not taken yet; None where it has all."""
    row = connection.execute(
        "SELECT min(b.committed_at) FROM ledger_lane l"
        " LEFT JOIN ledger_cursor c"
        "   ON c.consumer = %s AND c.lane = l.lane AND c.shard = l.shard"
        " CROSS JOIN LATERAL ("
        "   SELECT committed_at FROM ledger_block"
        "   WHERE block > coalesce(c.last_block, l.lane::bigint << 40) ORDER BY block LIMIT 1"
        " ) AS b"
        " WHERE l.last_block > coalesce(c.last_block, l.lane::bigint << 40)",
        [consumer],
    ).fetchone()
    return None if row is None else row[0]
