"""A server for all tests of this folder, on the worker's own database."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from kaquan.foundation.configuration import Configuration
from tests.database_cleaner import Cleaner

if TYPE_CHECKING:  # pytest reads this file before Django is set up
    from tests.gateway.site import Caller, Site


@pytest.fixture(scope="package")
def site(migrated_database: Configuration, cleaner: Cleaner) -> Iterator[Site]:
    """``kaquan up`` with an issuer; what a test makes is there for all tests after it."""
    from tests.gateway.site import serving

    with serving(migrated_database, cleaner) as started:
        yield started


@pytest.fixture
def till(site: Site) -> Caller:
    """Somebody who may redeem, reverse and issue anywhere."""
    return site.till


@pytest.fixture
def connection(site: Site) -> Iterator[psycopg.Connection[Any]]:
    """A session of the application, to look at the books."""
    with site.connect() as opened:
        yield opened
