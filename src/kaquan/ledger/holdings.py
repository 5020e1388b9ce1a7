"""Which vouchers a customer holds."""

from __future__ import annotations

from typing import Any

import psycopg

from kaquan.engine.lifecycle import State

HOLDINGS_MAX = 200
_LIVE = [int(State.LIVE), int(State.ISSUED)]


def held_serials(
    connection: psycopg.Connection[Any], customer_id: int, *, limit: int = HOLDINGS_MAX
) -> list[int]:
    """The vouchers of a customer that are neither used nor ended nor frozen, those that end first
    before others; at most ``limit``."""
    rows = connection.execute(
        "SELECT serial FROM ledger_voucher WHERE customer_id = %s AND state = any(%s) "
        "ORDER BY valid_until NULLS LAST, serial LIMIT %s",
        [customer_id, _LIVE, min(limit, HOLDINGS_MAX)],
    )
    return [serial for (serial,) in rows]
