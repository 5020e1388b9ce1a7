"""How much customers do: uses of vouchers from the blocks, orders from what tills tell.

The first are added up by the consumer that keeps all counters, in its transaction, each block once;
the second are recomputed from the orders whenever some of them changed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Any, NamedTuple

import psycopg
from django.db import connection as django_connection

from kaquan.engine import commands as c
from kaquan.engine.facts import Facts
from kaquan.engine.places import Place
from kaquan.ledger.records import Record
from kaquan.ledger.tail import BlockRecords

_ROWS_PER_STATEMENT = 10_000
_NO_FACTS = Facts()

Connection = psycopg.Connection[Any]


class _Use(NamedTuple):
    customer_id: int
    uses: int
    discount_fen: int
    at: datetime
    place: Place
    serial: int
    is_bearers: bool


class PurchasesTotal(NamedTuple):
    """All orders of one customer."""

    customer_id: int
    orders: int
    spend_fen: int
    last_ordered_at: datetime


def add_uses(
    connection: Connection, blocks: Sequence[BlockRecords], facts_of: Mapping[Place, Facts]
) -> None:
    """Add what some blocks booked; part of the transaction that moves past them.

    ``facts_of`` knows the facts of the uses and holds that commands in them undo or settle. A use
    counts for whom the voucher belongs to, else for whom the till named. A reversal takes off the
    money and the uses that it gave back; whoever brought something back was there again.
    """
    uses = [
        use
        for block in blocks
        for index, record in enumerate(block.records)
        for use in _uses(Place(block.block, index), record, facts_of)
    ]
    if not uses:
        return
    sums: dict[int, list[Any]] = {}
    for one in uses:
        kept = sums.setdefault(one.customer_id, [0, 0, one.at])
        kept[0] += one.uses
        kept[1] += one.discount_fen
        kept[2] = max(kept[2], one.at)
    rows = sorted((customer_id, *kept) for customer_id, kept in sums.items())
    connection.execute(_ADD_USES, [[row[column] for row in rows] for column in range(4)])
    bearer = [one for one in uses if one.is_bearers]
    if bearer:
        connection.execute(_ADD_BEARER_USES, [
            [one.customer_id for one in bearer],
            [one.place.block for one in bearer],
            [one.place.index for one in bearer],
            [one.serial for one in bearer],
            [one.at for one in bearer],
        ])  # fmt: skip


# Whom the ledger names and we do not know (a till may name anyone) is left out.
_ADD_USES = """
INSERT INTO customers_uses AS kept (customer_id, uses, discount_fen, last_used_at)
SELECT told.customer_id, told.uses, told.discount_fen, told.at
FROM unnest(%s::bigint[], %s::int[], %s::bigint[], %s::timestamptz[])
  AS told (customer_id, uses, discount_fen, at)
JOIN customers_customer AS customer ON customer.id = told.customer_id
ORDER BY told.customer_id
ON CONFLICT (customer_id) DO UPDATE SET uses = kept.uses + excluded.uses,
  discount_fen = kept.discount_fen + excluded.discount_fen,
  last_used_at = greatest(kept.last_used_at, excluded.last_used_at)
"""
_ADD_BEARER_USES = """
INSERT INTO customers_bearer_use (customer_id, block, index, serial, at)
SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::int[], %s::bigint[], %s::timestamptz[])
ON CONFLICT DO NOTHING
"""


def lock_purchases(customer_ids: Collection[int]) -> None:
    """Let nobody else write these customers' sums until the transaction ends: what is summed up
    after this sees every order that others have brought in."""
    with django_connection.cursor() as cursor:
        for part in _parts(sorted(customer_ids)):
            cursor.execute(
                "INSERT INTO customers_purchases (customer_id, orders, spend_fen, last_ordered_at)"
                " SELECT id, 0, 0, 'epoch' FROM unnest(%s::bigint[]) AS id ORDER BY id"
                " ON CONFLICT (customer_id) DO NOTHING",
                [part],
            )
            cursor.execute(
                "SELECT FROM customers_purchases WHERE customer_id = ANY (%s)"
                " ORDER BY customer_id FOR UPDATE",
                [part],
            )


def record_purchases(customer_ids: Collection[int], totals: Iterable[PurchasesTotal]) -> None:
    """Let these be the sums of those customers, none for who has no total; part of the caller's
    transaction, after `lock_purchases` of the same."""
    without = set(customer_ids)
    with django_connection.cursor() as cursor:
        for part in _parts(totals):
            cursor.execute(
                "UPDATE customers_purchases AS kept SET orders = told.orders,"
                "   spend_fen = told.spend_fen, last_ordered_at = told.at"
                " FROM unnest(%s::bigint[], %s::int[], %s::bigint[], %s::timestamptz[])"
                "   AS told (customer_id, orders, spend_fen, at)"
                " WHERE kept.customer_id = told.customer_id",
                [[row[column] for row in part] for column in range(4)],
            )
            without.difference_update(row[0] for row in part)
        for ids in _parts(without):
            cursor.execute("DELETE FROM customers_purchases WHERE customer_id = ANY (%s)", [ids])


def _parts(rows: Iterable[Any]) -> Iterator[list[Any]]:
    left = iter(rows)
    while part := list(islice(left, _ROWS_PER_STATEMENT)):
        yield part


def _uses(place: Place, record: Record, facts_of: Mapping[Place, Facts]) -> Iterator[_Use]:
    command, outcome = record.command, record.outcome
    if not outcome.done or not isinstance(command, c.Redeem | c.Reverse):
        return
    is_use = isinstance(command, c.Redeem)
    named = _named(command, facts_of)
    for result in outcome.vouchers:
        customer_id = result.customer_id or named
        if not customer_id:
            continue
        # What nobody funds out of a balance is the customer's own money on a card.
        by_card = bool(result.balance_used_fen) and not result.funding
        yield _Use(
            customer_id=customer_id,
            uses=max(1, result.uses_used) if is_use else min(0, result.uses_used),
            discount_fen=0 if by_card else result.discount_fen,
            at=command.at,
            place=place,
            serial=result.serial,
            is_bearers=is_use and not result.customer_id,
        )


def _named(command: c.Redeem | c.Reverse, facts_of: Mapping[Place, Facts]) -> int:
    """Whom the till named, now or when it was held or used; 0 for nobody."""
    if isinstance(command, c.Reverse):
        return facts_of.get(command.redemption, _NO_FACTS).customer_id
    if command.facts.customer_id or command.hold is None:
        return command.facts.customer_id
    return facts_of.get(command.hold, _NO_FACTS).customer_id
