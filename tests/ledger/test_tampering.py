"""Nobody changes the books unnoticed: not the application, not the owner, not a superuser."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from kaquan.foundation.postgres.urls import superuser_url
from tests.fixtures_database import Database
from tests.fixtures_ledger import OpenDoor
from tests.ledger.tampering import tamper_campaign
from tests.ledger.traffic import every_operation
from tests.session_folder import home_configuration

Connection = psycopg.Connection[Any]


@pytest.fixture
def superuser(database: Database, session_folder: Path) -> Iterator[Connection]:
    """A session that may do anything with the worker's database."""
    name = database.connect().info.dbname
    url = superuser_url(home_configuration(session_folder / "shared"), name)
    with psycopg.connect(url, autocommit=True) as connection:
        yield connection


def test_every_single_change_of_the_books_is_found(
    superuser: Connection, new_door: OpenDoor
) -> None:
    every_operation([new_door(), new_door()])
    import time

    t = time.monotonic()
    campaign = tamper_campaign(superuser, 600)
    print(campaign.tried, campaign.refused, time.monotonic() - t)
    for m in campaign.missed:
        print("MISSED", m)
    assert not campaign.missed
