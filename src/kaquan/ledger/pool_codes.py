"""Codes made elsewhere: which voucher each stands for, known only by its keyed hash.

A pool's codes name the serials of one by-code batch, in order; like the books the table only grows.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import psycopg
from msgspec import Struct

from kaquan.engine.outcomes import Outcome

Connection = psycopg.Connection[Any]


class PoolAnswer(Struct, frozen=True):
    """What became of a pool. ``elsewhere``: row numbers whose code another batch has already."""

    outcome: Outcome | None
    added: int
    existing: int
    elsewhere: list[int]


def serials_of(connection: Connection, hashes: Collection[bytes]) -> dict[bytes, int]:
    """The serials that these 16-byte hashes stand for; unknown ones are left out."""
    rows = connection.execute(
        "SELECT code_hash, serial FROM ledger_pool_code WHERE code_hash = any(%s)", [list(hashes)]
    )
    return {bytes(code_hash): serial for code_hash, serial in rows}


def has_pools(connection: Connection) -> bool:
    """Whether any code made elsewhere is known."""
    row = connection.execute("SELECT exists (SELECT FROM ledger_pool_code)").fetchone()
    return row is not None and bool(row[0])
