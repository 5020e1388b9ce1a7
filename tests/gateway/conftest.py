"""A server for each module of this folder, on the worker's own database: one that outlived its
tests would do the jobs of those that come after."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from django.db import connections

from kaquan.foundation.configuration import Configuration
from tests.database_cleaner import Cleaner

if TYPE_CHECKING:  # pytest reads this file before Django is set up
    from tests.gateway.site import Caller, Site


@pytest.fixture(scope="module")
def site(migrated_database: Configuration, cleaner: Cleaner) -> Iterator[Site]:
    """``kaquan up`` with an issuer. Its database is cleaned once: a server keeps what it knows."""
    from tests.gateway.site import end_site, start_site

    cleaner.clean()
    started = start_site(migrated_database)
    yield started
    end_site(started)
    connections.close_all()


@pytest.fixture
def till(site: Site) -> Caller:
    """Somebody who may redeem, reverse and issue anywhere."""
    return site.till


@pytest.fixture
def connection(site: Site) -> Iterator[psycopg.Connection[Any]]:
    """A session of the application, to look at the books."""
    with site.connect() as opened:
        yield opened
