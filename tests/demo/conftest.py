"""Demonstrations take seconds to load, so the tests of a module share one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import connections

from kaquan.foundation.configuration import Configuration
from kaquan.foundation.postgres.urls import connection_urls
from kaquan.ledger.catalogue import Catalogue
from kaquan.ledger.door import close_door
from tests.database_cleaner import Cleaner
from tests.demo.shared_books import Books, CleanBooks


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
