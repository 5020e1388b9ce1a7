"""A clean, migrated database for every test that asks for one.

All workers share one server, a copy of the installation that the first worker migrated; each has
its own database, cloned from that one's. The server's settings are the product's own: fsync stays
on.
"""

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connections
from psycopg import sql
from psycopg.pq import TransactionStatus

from kaquan.foundation.configuration import Configuration, load_configuration
from kaquan.foundation.django_setup import setup
from kaquan.foundation.locks import locked
from kaquan.foundation.postgres.embedded import EmbeddedServer
from kaquan.foundation.postgres.urls import DATABASE, OWNER_ROLE, connection_urls, superuser_url
from tests.database_cleaner import Cleaner
from tests.session_folder import (
    copy_home,
    create_session_folder,
    home_configuration,
    remove_session_folder,
)

_FOLDER = pytest.StashKey[Path]()
_CONFIGURATION = pytest.StashKey[Configuration]()


def pytest_configure(config: pytest.Config) -> None:
    """Set Django up before test modules import models; nothing is started yet."""
    worker = getattr(config, "workerinput", None)
    if worker is None:
        folder, _ = create_session_folder()
        name = "kaquan_test_main"
    else:
        folder, name = Path(worker["kaquan_session_folder"]), f"kaquan_test_{worker['workerid']}"
    config.stash[_FOLDER] = folder
    url = _for_database(connection_urls(_shared_home(folder)).owner, name)
    config.stash[_CONFIGURATION] = load_configuration(
        {"KAQUAN_HOME": str(folder / name), "DATABASE_URL": url}
    )
    setup(config.stash[_CONFIGURATION])
    Path(settings.STATIC_ROOT).mkdir(parents=True)  # WhiteNoise warns when it is missing


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a worker of pytest-xdist where the run's folder is."""
    node.workerinput["kaquan_session_folder"] = str(node.config.stash[_FOLDER])


def pytest_unconfigure(config: pytest.Config) -> None:
    """Leave nothing behind: no server, no folder."""
    if not hasattr(config, "workerinput") and _FOLDER in config.stash:
        remove_session_folder(config.stash[_FOLDER])


@dataclass
class Database:
    """The worker's database; connections are closed after the test."""

    configuration: Configuration
    opened: list[psycopg.Connection[Any]] = field(default_factory=list)

    @property
    def app_url(self) -> str:
        """For sessions with the rights of the application."""
        return connection_urls(self.configuration).app

    @property
    def owner_url(self) -> str:
        """For sessions that own the schema, bound by the ledger's triggers all the same."""
        return connection_urls(self.configuration).owner

    def connect(
        self, url: str | None = None, *, autocommit: bool = True
    ) -> psycopg.Connection[Any]:
        """Another real session, as the application unless told otherwise."""
        connection = psycopg.connect(url or self.app_url, autocommit=autocommit)
        self.opened.append(connection)
        return connection

    def child_environment(self, **settings: str) -> dict[str, str]:
        """The environment of a child process that works on this same database."""
        return {**os.environ, **self.configuration.environment(), **settings}


@pytest.fixture(scope="session")
def session_folder(pytestconfig: pytest.Config) -> Path:
    """The run's folder, shared by all workers."""
    return pytestconfig.stash[_FOLDER]


@pytest.fixture(scope="session")
def migrated_database(
    pytestconfig: pytest.Config, session_folder: Path, pristine_home: Path, static_files: None
) -> Iterator[Configuration]:
    """The worker's database, migrated; its rows are those of the migrations.

    With the pages' files: an error can be told on a page wherever there is something to ask for.
    """
    shared_home = _shared_home(session_folder)
    configuration = pytestconfig.stash[_CONFIGURATION]
    with locked(session_folder / "shared.lock"):
        if not EmbeddedServer(shared_home).layout.data.exists():
            copy_home(pristine_home, shared_home.home)
    with EmbeddedServer(shared_home).in_use():
        with locked(session_folder / "shared.lock"):
            _create_database(shared_home, configuration)
        yield configuration
        connections.close_all()


@pytest.fixture(scope="session")
def cleaner(migrated_database: Configuration, session_folder: Path) -> Iterator[Cleaner]:
    """What puts the worker's database back to the rows of the migrations."""
    url = superuser_url(_shared_home(session_folder), _database_name(migrated_database))
    with psycopg.connect(url, autocommit=True) as connection:
        yield Cleaner(connection)


@pytest.fixture
def database(migrated_database: Configuration, cleaner: Cleaner) -> Iterator[Database]:
    """The worker's database as the migrations left it, with real commits."""
    cleaner.clean()
    database = Database(migrated_database)
    yield database
    for connection in database.opened:
        connection.close()
    _rest_sessions()


def _rest_sessions() -> None:
    """Close Django's sessions, but for one as good as new: a new one has to read the catalogue."""
    for session in connections.all(initialized_only=True):
        raw: psycopg.Connection[Any] | None = session.connection
        is_idle = (
            raw is not None
            and not raw.closed
            and raw.info.transaction_status == TransactionStatus.IDLE
            and not session.in_atomic_block
        )
        if raw is None or not is_idle or session.alias != DEFAULT_DB_ALIAS:
            session.close()
            continue
        try:
            raw.execute("discard all")
        except psycopg.Error:  # the test ended it, and nobody has noticed yet
            session.close()


@pytest.fixture(scope="session")
def static_files(pristine_home: Path) -> None:
    """Collected static files, for pages that name them."""
    shutil.copytree(pristine_home / "static", settings.STATIC_ROOT, dirs_exist_ok=True)


@pytest.fixture
def app_url(database: Database) -> str:
    """For sessions with the rights of the application."""
    return database.app_url


@pytest.fixture
def owner_url(database: Database) -> str:
    """For sessions that own the schema."""
    return database.owner_url


def _shared_home(folder: Path) -> Configuration:
    return home_configuration(folder / "shared")


def _database_name(configuration: Configuration) -> str:
    assert configuration.database_url is not None
    return urlsplit(configuration.database_url).path.removeprefix("/")


def _for_database(url: str, name: str) -> str:
    return urlsplit(url)._replace(path=f"/{name}").geturl()


def _create_database(shared_home: Configuration, configuration: Configuration) -> None:
    with psycopg.connect(superuser_url(shared_home), autocommit=True) as connection:
        # A test session logs in as the owner and acts as the application, as with an external
        # server; so child processes need nothing but DATABASE_URL.
        connection.execute("grant kaquan_app to kaquan_owner")
        create = sql.SQL("create database {} template {} owner {}")
        name = sql.Identifier(_database_name(configuration))
        connection.execute(
            create.format(name, sql.Identifier(DATABASE), sql.Identifier(OWNER_ROLE))
        )
