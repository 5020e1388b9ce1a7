"""Counters by the hour, for some days: so that today is compared with yesterday by this hour."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from typing import Any

import psycopg

from kaquan.analytics.counting import Cells
from kaquan.ledger.statements import bound

DAYS_KEPT = 3
HOURLY = frozenset({"issued", "redeemed", "reversed", "discount_fen", "returned_fen"})

EVERYWHERE = -1
"""In the place of a store: all of the issuer, so that nobody adds thousands of stores up."""

HourKey = tuple[date, int, int, str]
"""Day and hour on the issuer's clock, store (0: none) or `EVERYWHERE`, name."""


def count_by_hour(cells: Cells) -> Counter[HourKey]:
    """The sums of `HOURLY`."""
    sums: Counter[HourKey] = Counter()
    for key, cell in cells.items():
        for name, amount in cell.sums.items():
            if name in HOURLY:
                sums[key.day, key.hour, key.store_id, name] += amount
                sums[key.day, key.hour, EVERYWHERE, name] += amount
    return sums


def add_hours(connection: psycopg.Connection[Any], cells: Cells) -> None:
    """Add to the counters, and let go of the days that nobody asks for any more."""
    # Sorted, so that two consumers that meet on two counters meet in one order.
    rows = sorted(count_by_hour(cells).items())
    connection.execute(
        "INSERT INTO analytics_hourcounter AS kept (day, hour, store_id, name, value)"
        " SELECT * FROM unnest(%(days)s::date[], %(hours)s::smallint[], %(store_ids)s::bigint[],"
        " %(names)s::text[], %(values)s::bigint[])"
        " ON CONFLICT (day, hour, store_id, name)"
        " DO UPDATE SET value = kept.value + excluded.value",
        bound(
            {
                "days": [key[0] for key, _ in rows],
                "hours": [key[1] for key, _ in rows],
                "store_ids": [key[2] for key, _ in rows],
                "names": [key[3] for key, _ in rows],
                "values": [value for _, value in rows],
            }
        ),
    )
    if rows:
        last: date = rows[-1][0][0]
        connection.execute(
            "DELETE FROM analytics_hourcounter WHERE day <= %s", [last - timedelta(days=DAYS_KEPT)]
        )
