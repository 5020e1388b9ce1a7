"""What the issuer owes stores, read from the books: entries of STORE accounts booked in a period.

A period is that of booking, not of business time: what was booked is never added to later, so the
same period gives the same lines for ever (invariant I9 is about these entries).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

import psycopg
from msgspec import Struct

from kaquan.engine.commands import AnyCommand, Redeem, Reverse
from kaquan.engine.entries import Account, Entry, Unit
from kaquan.engine.facts import Facts
from kaquan.engine.places import Place
from kaquan.ledger.entry_pages import Scope
from kaquan.ledger.records import ENTRY_COLUMNS, Record, unpack_body
from kaquan.ledger.trace import entry_of

_BLOCKS_AT_ONCE = 200
_RECORDS_AT_ONCE = 2_000
_RECORDS_KEPT = 2_000

Connection = psycopg.Connection[Any]


class StoreEntries(Struct, frozen=True, kw_only=True):
    """Which of them: booked from ``since`` until just before ``until``; None does not restrict."""

    since: datetime
    until: datetime
    store_id: int | None = None
    funder_id: int | None = None
    scope: Scope | None = None


class SettledUse(Struct, frozen=True):
    """One entry of a store's account; ``returns``: it takes back what a redemption gave.

    ``place`` is that of the redemption or reversal, ``redemption`` always that of the redemption.
    """

    place: Place
    redemption: Place
    order_no: str
    committed_at: datetime
    returns: bool
    entry: Entry

    @property
    def store_id(self) -> int:
        """Whose account it is."""
        return self.entry.debit_id if self.returns else self.entry.credit_id

    @property
    def paid_from(self) -> Account:
        """The account on the other side."""
        return self.entry.credit if self.returns else self.entry.debit


class Settlement(Struct, frozen=True):
    """What one store's uses and refunds come to, for one funder (0: the issuer)."""

    store_id: int
    funder_id: int
    uses: int
    uses_fen: int
    refunds: int
    refunds_fen: int


def settlements(connection: Connection, wanted: StoreEntries) -> list[Settlement]:
    """The sums by store and funder, in the order of their ids; there is one row for each."""
    rows = connection.execute(
        _SETTLEMENTS, {"since": wanted.since, "until": wanted.until, **_values(wanted)}
    )
    return [Settlement(*row) for row in rows]


def settled_uses(connection: Connection, wanted: StoreEntries) -> Iterator[SettledUse]:
    """The entries one by one, in the order of booking; memory does not grow with their number.

    To be called in a transaction: it reads through a cursor of the server's.
    """
    bodies = _Bodies(connection)
    with connection.cursor("settled_blocks") as cursor:
        cursor.execute(
            "SELECT block, committed_at, record_count FROM ledger_block"
            " WHERE committed_at >= %s AND committed_at < %s ORDER BY committed_at, block",
            [wanted.since, wanted.until],
        )
        for some in _handfuls(cursor):
            yield from _of_blocks(connection, wanted, some, bodies)


def _handfuls(heads: Iterable[tuple[int, datetime, int]]) -> Iterator[dict[int, datetime]]:
    """Blocks in their order, so many at a time that neither questions nor memory are wasted."""
    some: dict[int, datetime] = {}
    records = 0
    for block, committed_at, record_count in heads:
        some[block] = committed_at
        records += record_count
        if records >= _RECORDS_AT_ONCE or len(some) == _BLOCKS_AT_ONCE:
            yield some
            some, records = {}, 0
    if some:
        yield some


def _of_blocks(
    connection: Connection, wanted: StoreEntries, blocks: dict[int, datetime], bodies: _Bodies
) -> Iterator[SettledUse]:
    by_block: dict[int, list[Entry]] = {block: [] for block in blocks}
    rows = connection.execute(
        f"SELECT block, {ENTRY_COLUMNS} FROM ledger_entry"  # noqa: S608  # names of our own
        f" WHERE block = any(%(blocks)s) AND {_CONDITIONS} ORDER BY block, index",
        {"blocks": list(blocks), **_values(wanted)},
    )
    for block, *row in rows:
        by_block[block].append(entry_of(row))
    bodies.load([block for block, entries in by_block.items() if entries])
    for block, entries in by_block.items():
        if not entries:
            continue
        records = bodies.of(block)
        index_of = {
            (result.serial, result.version): index
            for index, record in enumerate(records)
            for result in record.outcome.vouchers
        }
        for entry in entries:
            place = Place(block, index_of[entry.serial, entry.version])
            returns = entry.debit == Account.STORE
            redemption = entry.reverses or place
            order_no = bodies.order_no(records[place.index].command)
            yield SettledUse(place, redemption, order_no, blocks[block], returns, entry)


class _Bodies:
    """What blocks hold; the last ones are kept, for reversals often follow soon."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._kept: OrderedDict[int, list[Record]] = OrderedDict()
        self._records_kept = 0

    def load(self, blocks: Sequence[int]) -> None:
        """Read some blocks; of those read before, some may be forgotten."""
        while self._kept and self._records_kept > _RECORDS_KEPT:
            self._records_kept -= len(self._kept.popitem(last=False)[1])
        rows = self._connection.execute(
            "SELECT block, body FROM ledger_block WHERE block = any(%s)",
            [[block for block in blocks if block not in self._kept]],
        )
        for block, body in rows:
            self._kept[block] = unpack_body(bytes(body))
            self._records_kept += len(self._kept[block])

    def of(self, block: int) -> list[Record]:
        if block not in self._kept:
            self.load([block])
        return self._kept[block]

    def order_no(self, command: AnyCommand) -> str:
        """The order of a use, also where it stands with the hold that was settled, or the use that
        was reversed."""
        match command:
            case Reverse(redemption=place) | Redeem(hold=Place() as place):
                return self.order_no(self.of(place.block)[place.index].command)
        facts: Facts | None = getattr(command, "facts", None)
        return "" if facts is None or facts.order is None else facts.order.order_no


_CONDITIONS = """
    unit = %(fen)s AND (
        (credit = %(store)s AND credit_id = coalesce(%(store_id)s::bigint, credit_id))
        OR (debit = %(store)s AND debit_id = coalesce(%(store_id)s::bigint, debit_id)))
    AND coalesce(funder_id, 0) = coalesce(%(funder_id)s::int, funder_id, 0)
    AND (%(scope_batch_ids)s::int[] IS NULL
        OR batch_id = any(%(scope_batch_ids)s::int[])
        OR (credit = %(store)s AND credit_id = any(%(scope_store_ids)s::bigint[]))
        OR (debit = %(store)s AND debit_id = any(%(scope_store_ids)s::bigint[])))
"""

_SETTLEMENTS = f"""
SELECT CASE WHEN credit = %(store)s THEN credit_id ELSE debit_id END AS store_id,
    coalesce(funder_id, 0) AS funder_id,
    count(*) FILTER (WHERE credit = %(store)s),
    coalesce(sum(amount) FILTER (WHERE credit = %(store)s), 0)::bigint,
    count(*) FILTER (WHERE debit = %(store)s),
    coalesce(sum(amount) FILTER (WHERE debit = %(store)s), 0)::bigint
FROM ledger_block JOIN ledger_entry USING (block)
WHERE committed_at >= %(since)s AND committed_at < %(until)s AND {_CONDITIONS}
GROUP BY 1, 2 ORDER BY 1, 2
"""  # noqa: S608  # a constant of ours


def _values(wanted: StoreEntries) -> dict[str, Any]:
    scope = wanted.scope
    return {
        "fen": Unit.FEN,
        "store": Account.STORE,
        "store_id": wanted.store_id,
        "funder_id": wanted.funder_id,
        "scope_batch_ids": None if scope is None else list(scope.batch_ids),
        "scope_store_ids": None if scope is None else list(scope.store_ids),
    }
