"""How much of redemptions came back."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import psycopg

from kaquan.engine.places import Place


def returned_fen(
    connection: psycopg.Connection[Any], serials: Collection[int]
) -> dict[tuple[int, Place], int]:
    """What came back of the redemptions of vouchers, by serial and redemption; those of which
    nothing did are left out."""
    rows = connection.execute(
        "SELECT serial, redemption_block, redemption_index, amount_fen FROM ledger_reversed"
        " WHERE serial = any(%s)",
        [list(serials)],
    )
    return {(serial, Place(block, index)): amount for serial, block, index, amount in rows}
