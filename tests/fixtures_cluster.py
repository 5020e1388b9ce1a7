"""Servers of a test's own, which it may kill; fsync is on."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from kaquan.foundation.configuration import Configuration
from kaquan.foundation.locks import locked
from kaquan.foundation.postgres.embedded import EmbeddedServer
from kaquan.foundation.postgres.sessions import running_database
from kaquan.foundation.postgres.urls import (
    DatabaseUrls,
    connection_urls,
    embedded_layout,
    superuser_url,
)
from tests.session_folder import copy_home, home_configuration, remove_home

_MIGRATE = """
import os
from kaquan.foundation.configuration import load_configuration
from kaquan.foundation.django_setup import collect_static_files, migrate, setup
configuration = load_configuration(os.environ)
setup(configuration)
migrate(configuration)
collect_static_files()
"""


@dataclass(frozen=True)
class OwnCluster:
    """An installation with an embedded server that belongs to one test."""

    configuration: Configuration

    @property
    def server(self) -> EmbeddedServer:
        """To start, stop and ask."""
        return EmbeddedServer(self.configuration)

    @property
    def urls(self) -> DatabaseUrls:
        """Of the application and of the schema's owner."""
        return connection_urls(self.configuration)

    @property
    def superuser_url(self) -> str:
        """To change what the application may not."""
        return superuser_url(self.configuration)

    def connect(self) -> psycopg.Connection[Any]:
        """A session of the application; the caller closes it."""
        return psycopg.connect(self.urls.app, autocommit=True)

    def kill(self) -> None:
        """kill -9 of the server's main process, as a power cut for the processes (not the disk)."""
        status = self.server.status()
        assert status is not None, "only a living server can be killed"
        os.kill(status.pid, signal.SIGKILL)
        while self.server.status() is not None:
            time.sleep(0.001)

    def child_environment(self, **settings: str) -> dict[str, str]:
        """The environment of a child process that works on this installation."""
        return {**os.environ, **self.configuration.environment(), **settings}


@pytest.fixture
def empty_home(session_folder: Path) -> Iterator[Configuration]:
    """An installation where nothing has been created yet."""
    configuration = home_configuration(session_folder / f"home-{uuid4().hex[:8]}")
    configuration.home.mkdir()
    configuration.home.chmod(0o711)
    yield configuration
    remove_home(configuration)


@pytest.fixture(scope="session")
def pristine_home(session_folder: Path) -> Path:
    """An installation at rest, migrated, with the pages' files; for copying, never for use."""
    configuration = home_configuration(session_folder / "pristine")
    with locked(session_folder / "pristine.lock"):
        if not configuration.key_file.exists():
            _take_passwords(home_configuration(session_folder / "shared"), configuration)
            with running_database(configuration):
                subprocess.run(
                    [sys.executable, "-c", _MIGRATE],
                    env={**os.environ, **configuration.environment()},
                    check=True,
                )
    return configuration.home


def _take_passwords(source: Configuration, target: Configuration) -> None:
    """Those of the shared installation, which were told before it existed: it becomes a copy."""
    connection_urls(source)
    layout = embedded_layout(target)
    layout.prepare_folders()
    shutil.copy2(embedded_layout(source).passwords, layout.passwords)


@pytest.fixture
def cluster_at_rest(session_folder: Path, pristine_home: Path) -> Iterator[OwnCluster]:
    """A migrated server of the test's own, which it starts, kills and starts again."""
    configuration = copy_home(pristine_home, session_folder / f"own-{uuid4().hex[:8]}")
    yield OwnCluster(configuration)
    remove_home(configuration)


@pytest.fixture
def fresh_cluster(cluster_at_rest: OwnCluster) -> OwnCluster:
    """The same, started."""
    cluster_at_rest.server.start()
    return cluster_at_rest
