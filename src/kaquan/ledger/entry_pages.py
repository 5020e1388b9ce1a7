"""Reading the books page by page, newest first, within a scope and a bound.

There is no index by store or batch: it would cost every redemption. So a page looks at so many
entries or records at most and then says where to go on, even where it found fewer than asked for.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, Generic, TypeVar

import psycopg
from msgspec import Struct

from kaquan.engine.entries import Account, Entry
from kaquan.engine.places import Place
from kaquan.ledger.block_walk import BlockHead, Position, blocks_back, newest_position, passed
from kaquan.ledger.glances import Glance, Sign, glances_in, glances_with
from kaquan.ledger.records import ENTRY_COLUMNS, Record, unpack_some
from kaquan.ledger.trace import entry_of

ENTRIES_LOOKED_AT_MAX = 50_000
RECORDS_LOOKED_AT_MAX = 20_000
_AT_ONCE, _AT_ONCE_MAX = 256, 16_384
"""Most pages are full soon; one that looks far back asks for more and more at once."""
BUDGET_ACCOUNTS = (
    Account.BUDGET_AVAILABLE,
    Account.BUDGET_COMMITTED,
    Account.BUDGET_RELEASED,
)

Connection = psycopg.Connection[Any]
Item = TypeVar("Item")


class Bookmark(Struct, frozen=True):
    """Where to go on: a position, and what of its newest block was shown (``index`` and above)."""

    position: Position
    block: int = 0
    index: int = 0


class BookedEntry(Struct, frozen=True):
    """An entry, where it stands and when it was booked."""

    block: int
    committed_at: datetime
    entry: Entry


class BookedRecord(Struct, frozen=True):
    """A command with its answer, where it stands and when it was booked."""

    place: Place
    committed_at: datetime
    record: Record


class Page(Struct, Generic[Item]):
    """What was found, and where to go on; None at the end."""

    items: list[Item]
    following: Bookmark | None


class Scope(Struct, frozen=True):
    """What a reader may see: entries of these batches, or with these stores' accounts."""

    batch_ids: frozenset[int]
    store_ids: frozenset[int]


class EntryFilter(Struct, frozen=True, kw_only=True):
    """Which entries are wanted; None does not restrict. ``account`` is either side; ``budget_id``:
    with one of the accounts of this budget."""

    operation: int | None = None
    batch_ids: Collection[int] | None = None
    store_ids: Collection[int] | None = None
    account: tuple[Account, int | None] | None = None
    budget_id: int | None = None


def is_wanted(entry: Entry, wanted: EntryFilter, scope: Scope | None) -> bool:
    """Whether an entry passes a filter and lies in a scope, as `entries_back` has it."""
    sides = ((entry.debit, entry.debit_id), (entry.credit, entry.credit_id))
    stores = {account_id for account, account_id in sides if account is Account.STORE}
    if wanted.operation is not None and entry.operation != wanted.operation:
        return False
    if wanted.batch_ids is not None and entry.batch_id not in wanted.batch_ids:
        return False
    if wanted.store_ids is not None and stores.isdisjoint(wanted.store_ids):
        return False
    if wanted.account is not None:
        kind, number = wanted.account
        if not any(account is kind and number in (None, side) for account, side in sides):
            return False
    if wanted.budget_id is not None and not any(
        account in BUDGET_ACCOUNTS and side == wanted.budget_id for account, side in sides
    ):
        return False
    return (
        scope is None or entry.batch_id in scope.batch_ids or not stores.isdisjoint(scope.store_ids)
    )


class Period(Struct, frozen=True):
    """From ``since`` until just before ``until``, by when it was booked."""

    since: datetime | None = None
    until: datetime | None = None


def entries_back(
    connection: Connection,
    *,
    wanted: EntryFilter,
    scope: Scope | None,
    period: Period,
    after: Bookmark | None,
    limit: int,
) -> Page[BookedEntry]:
    """Entries, the latest first; ``scope`` None sees all."""

    def read(heads: Sequence[BlockHead]) -> Iterator[tuple[int, int, BookedEntry]]:
        committed_at = {head.block: head.committed_at for head in heads}
        rows = connection.execute(
            f"SELECT block, {ENTRY_COLUMNS} FROM ledger_entry WHERE {_CONDITIONS}"  # noqa: S608
            " ORDER BY block DESC, index DESC",
            {"blocks": [head.block for head in heads], **_values(wanted, scope)},
        )
        for block, *row in rows:
            entry = entry_of(row)
            yield block, entry.index, BookedEntry(block, committed_at[block], entry)

    walk = _Walk(connection, period, after, limit, ENTRIES_LOOKED_AT_MAX)
    return walk.page(lambda head: head.entry_count, read)


def records_back(
    connection: Connection,
    *,
    wanted: Callable[[Glance], bool],
    signs: Sequence[Sign] = (),
    prepare: Callable[[Sequence[Glance]], None] = lambda _: None,
    period: Period,
    after: Bookmark | None,
    limit: int,
) -> Page[BookedRecord]:
    """Commands with their answers, the latest first, as far as ``wanted`` says so; ``prepare`` is
    given those of several blocks before ``wanted`` is asked about each. Those whose bytes have not
    all ``signs`` are passed unasked."""

    def read(heads: Sequence[BlockHead]) -> Iterator[tuple[int, int, BookedRecord]]:
        committed_at = {head.block: head.committed_at for head in heads}
        bodies = connection.execute(
            "SELECT block, body FROM ledger_block WHERE block = any(%s)",
            [[head.block for head in heads]],
        ).fetchall()
        passed_by = [
            (block, body, glances_with(body, signs) if signs else list(enumerate(glances_in(body))))
            for block, body in bodies
        ]
        prepare([one for _, _, glances in passed_by for _, one in glances])
        for block, body, glances in passed_by:
            kept = [index for index, one in glances if wanted(one)]
            if kept:
                records = unpack_some(body, kept)
                for index in reversed(kept):
                    place = Place(block, index)
                    found = BookedRecord(place, committed_at[block], records[index])
                    yield block, index, found

    walk = _Walk(connection, period, after, limit, RECORDS_LOOKED_AT_MAX)
    return walk.page(lambda head: head.record_count, read)


Read = Callable[[Sequence[BlockHead]], Iterator[tuple[int, int, Item]]]


class _Walk:
    """One page's way back through the blocks."""

    def __init__(
        self,
        connection: Connection,
        period: Period,
        after: Bookmark | None,
        limit: int,
        looked_at_max: int,
    ) -> None:
        if after is None:
            after = Bookmark(newest_position(connection, period.until))
        self._heads = blocks_back(connection, after.position, period.since)
        self._position = after.position
        self._shown = {after.block: after.index} if after.block else {}
        self._limit = limit
        self._looked_at_max = looked_at_max

    def page(self, weigh: Callable[[BlockHead], int], read: Read[Item]) -> Page[Item]:
        items: list[Item] = []
        looked_at, at_once = 0, _AT_ONCE
        while heads := self._some(weigh, min(at_once, self._looked_at_max - looked_at)):
            at_once = min(4 * at_once, _AT_ONCE_MAX)
            by_block = _grouped(read(heads))
            for head in heads:
                looked_at += weigh(head)
                shown_from = self._shown.get(head.block, 0)
                for index, item in by_block.get(head.block, ()):
                    if shown_from and index >= shown_from:
                        continue
                    if len(items) == self._limit:
                        block = head.block if shown_from else 0
                        return Page(items, Bookmark(self._position, block, shown_from))
                    items.append(item)
                    shown_from = index
                self._position = passed(self._position, head.block)
            if looked_at >= self._looked_at_max or len(items) == self._limit:
                more = next(self._heads, None) is not None
                return Page(items, Bookmark(self._position) if more else None)
        return Page(items, None)

    def _some(self, weigh: Callable[[BlockHead], int], at_once: int) -> list[BlockHead]:
        """The next blocks, until they weigh so much that they are worth one question to the
        database."""
        heads: list[BlockHead] = []
        weight = 0
        for head in self._heads:
            heads.append(head)
            weight += weigh(head) + 1
            if weight >= at_once:
                break
        return heads


_CONDITIONS = """
    block = any(%(blocks)s)
    AND (%(operation)s::int IS NULL OR operation = %(operation)s)
    AND (%(batch_ids)s::int[] IS NULL OR batch_id = any(%(batch_ids)s::int[]))
    AND (%(store_ids)s::bigint[] IS NULL
        OR (credit = %(store)s AND credit_id = any(%(store_ids)s::bigint[]))
        OR (debit = %(store)s AND debit_id = any(%(store_ids)s::bigint[])))
    AND (%(account)s::int IS NULL
        OR (credit = %(account)s AND credit_id = coalesce(%(account_id)s::bigint, credit_id))
        OR (debit = %(account)s AND debit_id = coalesce(%(account_id)s::bigint, debit_id)))
    AND (%(budget_id)s::bigint IS NULL
        OR (credit = any(%(budget_accounts)s) AND credit_id = %(budget_id)s)
        OR (debit = any(%(budget_accounts)s) AND debit_id = %(budget_id)s))
    AND (%(scope_batch_ids)s::int[] IS NULL
        OR batch_id = any(%(scope_batch_ids)s::int[])
        OR (credit = %(store)s AND credit_id = any(%(scope_store_ids)s::bigint[]))
        OR (debit = %(store)s AND debit_id = any(%(scope_store_ids)s::bigint[])))
"""


def _values(wanted: EntryFilter, scope: Scope | None) -> dict[str, Any]:
    account, account_id = wanted.account or (None, None)
    return {
        "operation": wanted.operation,
        "batch_ids": _listed(wanted.batch_ids),
        "store_ids": _listed(wanted.store_ids),
        "account": account,
        "account_id": account_id,
        "store": Account.STORE,
        "budget_id": wanted.budget_id,
        "budget_accounts": list(BUDGET_ACCOUNTS),
        "scope_batch_ids": None if scope is None else list(scope.batch_ids),
        "scope_store_ids": None if scope is None else list(scope.store_ids),
    }


def _listed(ids: Collection[int] | None) -> list[int] | None:
    return None if ids is None else list(ids)


def _grouped(found: Iterable[tuple[int, int, Item]]) -> dict[int, list[tuple[int, Item]]]:
    by_block: defaultdict[int, list[tuple[int, Item]]] = defaultdict(list)
    for block, index, item in found:
        by_block[block].append((index, item))
    return by_block
