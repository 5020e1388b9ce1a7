"""The terms of batches as they are now, compiled, for those who only read the books."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from functools import lru_cache
from typing import Any

import psycopg

from kaquan.engine.rules.check import Rules, compile_terms
from kaquan.engine.rules.reading import read_terms
from kaquan.engine.rules.terms import Terms

Connection = psycopg.Connection[Any]


def rules_of(connection: Connection, batch_ids: Collection[int]) -> dict[int, Rules]:
    """The rules of each batch that the ledger knows."""
    rows = connection.execute(
        "SELECT batch_id, terms FROM ledger_batch_now WHERE batch_id = any(%s)", [list(batch_ids)]
    )
    return {batch_id: _compiled(bytes(packed)) for batch_id, packed in rows}


def terms_now(connection: Connection, batch_id: int) -> tuple[int, Terms]:
    """How often the terms of a batch that the ledger knows were revised, and what they are."""
    row = connection.execute(
        "SELECT terms_version, terms FROM ledger_batch_now WHERE batch_id = %s", [batch_id]
    ).fetchone()
    assert row is not None, batch_id
    terms = read_terms(bytes(row[1]))
    assert isinstance(terms, Terms), (batch_id, terms)
    return row[0], terms


def batch_windows(
    connection: Connection, batch_ids: Collection[int]
) -> dict[int, tuple[datetime, datetime]]:
    """When vouchers begin and end that keep no moments of their own; batches whose vouchers begin
    with a claim are left out."""
    found = rules_of(connection, batch_ids)
    windows = {batch_id: rules.unclaimed_window for batch_id, rules in found.items()}
    return {batch_id: window for batch_id, window in windows.items() if window is not None}


def batch_ends(connection: Connection, batch_ids: Collection[int]) -> dict[int, datetime]:
    """When vouchers end that keep no last moment of their own."""
    return {one: window[1] for one, window in batch_windows(connection, batch_ids).items()}


def later_end(own: datetime | None, of_batch: datetime | None) -> datetime | None:
    """When a voucher ends: it was extended beyond its batch's end, or that was moved since."""
    if own is None or of_batch is None:
        return own or of_batch
    return max(own, of_batch)


@lru_cache(maxsize=1_024)
def _compiled(packed: bytes) -> Rules:
    terms = read_terms(packed)
    assert isinstance(terms, Terms), terms
    return compile_terms(terms)
