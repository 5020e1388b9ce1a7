"""The entries that some commands wrote for some vouchers, where both are known."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from typing import Any, NamedTuple

import psycopg

from kaquan.engine.entries import Entry
from kaquan.ledger.records import ENTRY_COLUMNS
from kaquan.ledger.trace import entry_of

VOUCHERS_MAX = 10_000

Connection = psycopg.Connection[Any]


class ChangeKey(NamedTuple):
    """One change of one voucher: its block, and which of the voucher's changes it is."""

    block: int
    serial: int
    version: int


def entries_of_changes(
    connection: Connection, changes: Collection[ChangeKey]
) -> dict[ChangeKey, list[Entry]]:
    """The entries of each change, in the order of booking."""
    assert len(changes) <= VOUCHERS_MAX, len(changes)
    rows = connection.execute(
        f"SELECT block, {ENTRY_COLUMNS} FROM ledger_entry"  # noqa: S608  # names of our own
        " WHERE block = any(%s) AND serial = any(%s) ORDER BY block, index",
        [[one.block for one in changes], [one.serial for one in changes]],
    )
    wanted = set(changes)
    found: defaultdict[ChangeKey, list[Entry]] = defaultdict(list)
    for block, *row in rows:
        entry = entry_of(row)
        key = ChangeKey(block, entry.serial, entry.version)
        if key in wanted:
            found[key].append(entry)
    return dict(found)
