"""What stores, channels and clerks did, day by day: fed by the tail like the other counters."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import psycopg

from kaquan.analytics.counting import amounts_in_stores, facts_in
from kaquan.engine.commands import Hold, Redeem, Reverse
from kaquan.engine.facts import Facts
from kaquan.engine.places import Place
from kaquan.ledger.records import Record
from kaquan.ledger.tail import BlockRecords

TRADE = (
    "issued", "redeemed", "reversed", "orders",
    "discount_fen", "returned_fen", "cost_fen", "cost_returned_fen",
)  # fmt: skip
CLERK = ("orders", "redeemed", "reversed", "refused", "discount_fen", "returned_fen")
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


def count_trade(
    blocks: Iterable[BlockRecords], zone: ZoneInfo, facts_of: Mapping[Place, Facts]
) -> Trade:
    """The sums over some blocks; ``facts_of`` knows the facts of ``places_elsewhere``."""
    trade = Trade(defaultdict(Counter), defaultdict(Counter), {})
    for block in blocks:
        for record in block.records:
            facts = facts_in(record, facts_of)
            if facts is not None:
                _add(trade, record, facts, zone)
    return trade


def add_trade(
    connection: psycopg.Connection[Any],
    blocks: Sequence[BlockRecords],
    zone: ZoneInfo,
    facts_of: Mapping[Place, Facts],
) -> None:
    """Add blocks to the tables."""
    trade = count_trade(blocks, zone, facts_of)
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


def _add(trade: Trade, record: Record, facts: Facts, zone: ZoneInfo) -> None:
    command, is_done = record.command, record.outcome.done
    day = command.at.astimezone(zone).date()
    sums: dict[str, int] = {}
    if is_done:
        for _, name, amount in amounts_in_stores(record, {}):
            sums[name] = sums.get(name, 0) + amount
        if isinstance(command, Redeem):
            sums["orders"] = 1
        channel = facts.channel[:CHANNEL_CHARACTERS_MAX]
        _gather(trade.by_channel[day, facts.store_id, channel], sums, TRADE)
    if not facts.store_id or not command.actor or not isinstance(command, Redeem | Hold | Reverse):
        return
    if not is_done:
        sums["refused"] = 1
    key = (day, facts.store_id, command.actor[:ACTOR_CHARACTERS_MAX])
    _gather(trade.by_clerk[key], sums, CLERK)
    trade.last_at[key] = max(command.at, trade.last_at.get(key, command.at))


def _gather(kept: Counter[str], sums: Mapping[str, int], names: Sequence[str]) -> None:
    # One by one: ``Counter.update`` costs as much as everything else about a record.
    for name, amount in sums.items():
        if amount and name in names:
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
    places = ", ".join(f"%s::{one}[]" for one in types)
    connection.execute(
        f"INSERT INTO {name} AS kept ({key}, {', '.join(columns)})"  # noqa: S608  # our own names
        f" SELECT * FROM unnest({places}) ON CONFLICT ({key}) DO UPDATE SET {', '.join(moves)}",
        [list(column) for column in zip(*rows, strict=True)],
    )
