"""Demonstrations take seconds to load, so a module's tests share one; they only look, or repeat it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import NamedTuple

import psycopg
import pytest
from django.db import connections

from kaquan.foundation.configuration import Configuration
from kaquan.foundation.postgres.urls import connection_urls
from kaquan.ledger.catalogue import Catalogue
from kaquan.ledger.connections import connect_default
from kaquan.ledger.door import close_door
from kaquan.ledger.prove import Proof, prove
from tests.database_cleaner import Cleaner


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


@pytest.fixture(scope="module")
def clean_books(migrated_database: Configuration, cleaner: Cleaner) -> CleanBooks:
    """Empty books for longer than one test."""

    @contextmanager
    def open_clean() -> Iterator[Books]:
        cleaner.clean()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("kaquan.ledger.door._catalogue", Catalogue())
            close_door()
            yield Books(connection_urls(migrated_database).app)
        close_door()
        connections.close_all()

    return open_clean
