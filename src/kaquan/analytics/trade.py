"""What stores, channels and clerks did, day by day: fed by the tail like the other counters."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

import psycopg

from kaquan.analytics.counting import Cells
from kaquan.ledger.statements import bound

TRADE = (
    "issued", "redeemed", "reversed", "orders",
    "discount_fen", "returned_fen", "cost_fen", "cost_returned_fen",
)  # fmt: skip
CLERK = ("orders", "redeemed", "reversed", "refused", "discount_fen", "returned_fen")
_NAMED = "2"  # the third column of a key: a channel or an actor
CHANNEL_CHARACTERS_MAX = 32
ACTOR_CHARACTERS_MAX = 100

TradeKey = tuple[date, int, str]
"""Day, store (0: none), channel."""
ClerkKey = tuple[date, int, str]
"""Day, store, actor."""


class Trade(NamedTuple):
    """What some blocks add."""

    by_channel: dict[TradeKey, Counter[str]]
    by_clerk: dict[ClerkKey, Counter[str]]
    last_at: dict[ClerkKey, datetime]


def count_trade(cells: Cells) -> Trade:
    """The sums by channel and by clerk."""
    trade = Trade(defaultdict(Counter), defaultdict(Counter), {})
    for key, cell in cells.items():
        if key.channel is not None:
            channel = key.channel[:CHANNEL_CHARACTERS_MAX]
            _gather(trade.by_channel[key.day, key.store_id, channel], cell.sums, TRADE)
        if key.actor:
            clerk = (key.day, key.store_id, key.actor[:ACTOR_CHARACTERS_MAX])
            _gather(trade.by_clerk[clerk], cell.sums, CLERK)
            trade.last_at[clerk] = max(cell.last_at, trade.last_at.get(clerk, cell.last_at))
    return trade


def add_trade(connection: psycopg.Connection[Any], cells: Cells) -> None:
    """Add to the tables."""
    trade = count_trade(cells)
    # Sorted, so that two consumers that meet on two rows meet in one order.
    channels = sorted(key for key, sums in trade.by_channel.items() if sums)
    _upsert(
        connection,
        "analytics_tradeday (day, store_id, channel",
        TRADE,
        [[*key, *(trade.by_channel[key][name] for name in TRADE)] for key in channels],
    )
    clerks = sorted(trade.by_clerk)
    _upsert(
        connection,
        "analytics_clerkday (day, store_id, actor",
        CLERK,
        [
            [*key, *(trade.by_clerk[key][name] for name in CLERK), trade.last_at[key]]
            for key in clerks
        ],
        last_at=True,
    )


def _gather(kept: Counter[str], sums: Mapping[str, int], names: Sequence[str]) -> None:
    for name, amount in sums.items():
        if name in names:
            kept[name] += amount


def _upsert(
    connection: psycopg.Connection[Any],
    table: str,
    names: Sequence[str],
    rows: Sequence[Sequence[object]],
    *,
    last_at: bool = False,
) -> None:
    """Add rows to those with the same key; ``table`` goes up to the last column of the key."""
    if not rows:
        return
    name, _, key = table.partition(" (")
    moves = [f"{one} = kept.{one} + excluded.{one}" for one in names]
    types = ["date", "bigint", "text", *["bigint"] * len(names)]
    columns = list(names)
    if last_at:
        columns.append("last_at")
        types.append("timestamptz")
        moves.append("last_at = greatest(kept.last_at, excluded.last_at)")
    places = ", ".join(f"%({number})s::{one}[]" for number, one in enumerate(types))
    values = {str(number): list(column) for number, column in enumerate(zip(*rows, strict=True))}
    connection.execute(
        f"INSERT INTO {name} AS kept ({key}, {', '.join(columns)})"  # noqa: S608  # our own names
        f" SELECT * FROM unnest({places}) ON CONFLICT ({key}) DO UPDATE SET {', '.join(moves)}",
        {**bound(values), _NAMED: values[_NAMED]},  # a till's own words: quoted with care
    )
