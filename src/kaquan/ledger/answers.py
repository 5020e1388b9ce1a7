"""What the ledger answered to requests before, for those who want to know without asking again."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import psycopg

from kaquan.engine.commands import RequestKey
from kaquan.engine.outcomes import Outcome
from kaquan.ledger.records import request_hash, unpack_body


def answers_given(
    connection: psycopg.Connection[Any], keys: Collection[RequestKey], operation: str
) -> dict[RequestKey, Outcome]:
    """The outcomes of those keys of one operation that are known; the others are left out."""
    by_hash = {request_hash(key, operation): key for key in keys}
    rows = connection.execute(
        "SELECT key_high, key_low, block, index FROM ledger_request WHERE key_high = any(%s)",
        [[high for high, _ in by_hash]],
    )
    places = {
        by_hash[high, low]: (block, index)
        for high, low, block, index in rows
        if (high, low) in by_hash
    }
    bodies = connection.execute(
        "SELECT block, body FROM ledger_block WHERE block = any(%s)",
        [sorted({block for block, _ in places.values()})],
    )
    records = {block: unpack_body(bytes(body)) for block, body in bodies}
    return {key: records[block][index].outcome for key, (block, index) in places.items()}
