"""A door of the test's own on the worker's database."""

from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest

from kaquan.ledger import door as door_of_process
from kaquan.ledger import rehearsal
from kaquan.ledger.catalogue import Catalogue
from kaquan.ledger.connections import LedgerConnection
from kaquan.ledger.door import Door, close_door
from tests.fixtures_database import Database

OpenDoor = Callable[..., Door]


@pytest.fixture(autouse=True)
def forget_batches() -> Iterator[None]:
    """A process keeps batches for ever; with each test's clean books, their numbers begin anew.

    Forgotten afterwards, too: what several tests share is made before this is asked again.
    """
    _forget()
    yield
    close_door()
    _forget()


def _forget() -> None:
    for remembering in (door_of_process, rehearsal):
        remembering._catalogue = Catalogue()


@pytest.fixture
def new_door(database: Database) -> Iterator[OpenDoor]:
    """Opens doors that know nothing yet, as a new process would; closed after the test."""
    opened: list[Door] = []

    def open_new(url: str | None = None) -> Door:
        connection = LedgerConnection(lambda: psycopg.connect(url or database.app_url))
        opened.append(Door(connection, Catalogue()))
        return opened[-1]

    yield open_new
    for door in opened:
        door.close()


@pytest.fixture
def door(new_door: OpenDoor) -> Door:
    """One door."""
    return new_door()


@pytest.fixture
def connection(database: Database) -> psycopg.Connection[Any]:
    """A session of the application, to look at the books."""
    return database.connect()
