"""A session that may do anything, for what only somebody with all rights could do."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from kaquan.foundation.postgres.urls import superuser_url
from tests.fixtures_database import Database
from tests.session_folder import home_configuration


@pytest.fixture
def superuser(database: Database, session_folder: Path) -> Iterator[psycopg.Connection[Any]]:
    """A superuser's session on the worker's database."""
    name = database.connect().info.dbname
    url = superuser_url(home_configuration(session_folder / "shared"), name)
    with psycopg.connect(url, autocommit=True) as connection:
        yield connection
