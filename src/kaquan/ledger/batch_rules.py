"""The frozen terms of batches, compiled, for those who only read the books."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

import psycopg

from kaquan.engine.rules.check import Rules, compile_terms
from kaquan.engine.rules.reading import read_terms
from kaquan.engine.rules.terms import Terms

Connection = psycopg.Connection[Any]


def rules_of(connection: Connection, batch_ids: Collection[int]) -> dict[int, Rules]:
    """The rules of each batch that the ledger knows."""
    rows = connection.execute(
        "SELECT batch_id, terms FROM ledger_batch WHERE batch_id = any(%s)", [list(batch_ids)]
    )
    found = {}
    for batch_id, packed in rows:
        terms = read_terms(bytes(packed))
        assert isinstance(terms, Terms), (batch_id, terms)
        found[batch_id] = compile_terms(terms)
    return found


def batch_ends(connection: Connection, batch_ids: Collection[int]) -> dict[int, datetime]:
    """When vouchers end that keep no last moment of their own; batches whose vouchers begin with a
    claim are left out."""
    windows = {
        batch_id: rules.unclaimed_window
        for batch_id, rules in rules_of(connection, batch_ids).items()
    }
    return {batch_id: window[1] for batch_id, window in windows.items() if window is not None}
