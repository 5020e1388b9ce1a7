"""When the vouchers of a batch are good, where that does not depend on each voucher's claim."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import psycopg

from kaquan.engine.rules.opening import Window, compile_window
from kaquan.engine.rules.reading import read_terms
from kaquan.engine.rules.terms import Terms


def validity_windows(
    connection: psycopg.Connection[Any], batch_ids: Collection[int]
) -> dict[int, Window | None]:
    """The window of each batch, None where it begins with a claim; only better terms move it."""
    rows = connection.execute(
        "SELECT batch_id, terms FROM ledger_batch_now WHERE batch_id = any(%s)", [list(batch_ids)]
    )
    windows: dict[int, Window | None] = {}
    for batch_id, packed in rows:
        terms = read_terms(bytes(packed))
        assert isinstance(terms, Terms), (batch_id, terms)
        windows[batch_id] = compile_window(terms.validity)(None)
    return windows
