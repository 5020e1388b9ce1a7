"""Counters by the hour, for some days: so that today is compared with yesterday by this hour."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import psycopg

from kaquan.analytics.counting import amounts_in_stores
from kaquan.engine.places import Place
from kaquan.ledger.tail import BlockRecords

DAYS_KEPT = 3
HOURLY = frozenset({"issued", "redeemed", "reversed", "discount_fen", "returned_fen"})

HourKey = tuple[date, int, int, str]
"""Day and hour on the issuer's clock, store (0: none), name."""


def count_by_hour(
    blocks: Iterable[BlockRecords], zone: ZoneInfo, store_of: Mapping[Place, int]
) -> Counter[HourKey]:
    """The sums of `HOURLY` over some blocks; ``store_of`` as `count_by_store` has it."""
    sums: Counter[HourKey] = Counter()
    for block in blocks:
        for record in block.records:
            at = record.command.at.astimezone(zone)
            for store_id, name, amount in amounts_in_stores(record, store_of):
                if name in HOURLY:
                    sums[at.date(), at.hour, store_id, name] += amount
    return +sums


def add_hours(
    connection: psycopg.Connection[Any],
    blocks: Sequence[BlockRecords],
    zone: ZoneInfo,
    store_of: Mapping[Place, int],
) -> None:
    """Add blocks to the counters, and let go of the days that nobody asks for any more."""
    # Sorted, so that two consumers that meet on two counters meet in one order.
    rows = sorted(count_by_hour(blocks, zone, store_of).items())
    columns = [[key[part] for key, _ in rows] for part in range(4)]
    connection.execute(
        "INSERT INTO analytics_hourcounter AS kept (day, hour, store_id, name, value)"
        " SELECT * FROM"
        " unnest(%s::date[], %s::smallint[], %s::bigint[], %s::text[], %s::bigint[])"
        " ON CONFLICT (day, hour, store_id, name)"
        " DO UPDATE SET value = kept.value + excluded.value",
        [*columns, [value for _, value in rows]],
    )
    if rows:
        last: date = rows[-1][0][0]
        connection.execute(
            "DELETE FROM analytics_hourcounter WHERE day <= %s", [last - timedelta(days=DAYS_KEPT)]
        )
