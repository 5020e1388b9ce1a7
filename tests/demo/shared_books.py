"""The books that the tests of a demonstration look at."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import NamedTuple

import psycopg

from kaquan.ledger.connections import connect_default
from kaquan.ledger.prove import Proof, prove


class Size(NamedTuple):
    """How much is in the books."""

    blocks: int
    entries: int
    vouchers: int
    requests: int


class Books:
    """The books of the shared database, to look at."""

    def __init__(self, url: str) -> None:
        self._url = url

    def number(self, query: str) -> int:
        """The one number that a query gives."""
        with psycopg.connect(self._url) as connection:
            row = connection.execute(query).fetchone()
        assert row is not None
        return int(row[0])

    def size(self) -> Size:
        """How much there is now."""
        tables = ("ledger_block", "ledger_entry", "ledger_voucher", "ledger_request")
        return Size(*(self.number(f"SELECT count(*) FROM {table}") for table in tables))

    def proof(self) -> Proof:
        """The proof of all of it."""
        return prove(connect_default, progress=lambda _stage, _done, _total: None)


CleanBooks = Callable[[], AbstractContextManager[Books]]
