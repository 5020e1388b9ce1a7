"""What nearly every command starts with: a running database, set up and up to date."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from django.db import connections

from kaquan.foundation import django_setup, keys
from kaquan.foundation.configuration import Configuration, current_configuration
from kaquan.foundation.errors import ExitCode, KaquanError
from kaquan.foundation.postgres.sessions import running_database
from kaquan.foundation.postgres.urls import connection_urls
from kaquan.ledger.door import close_door
from kaquan.ledger.known_keys import know_keys
from kaquan.surfaces.cli.output import plain, stderr


def report(zh: str, en: str) -> None:
    """One line about what is being done, on the error stream."""
    stderr().print(f"▸ {plain(zh)} · {plain(en)}", style="dim")


def address_of(configuration: Configuration) -> str:
    """Where a browser on this machine finds the pages, with a slash at the end."""
    host, port = configuration.http_host, configuration.http_port
    return f"http://{f'[{host}]' if ':' in host else host}:{port}/"


@contextmanager
def open_installation(*, migrate: bool = False) -> Iterator[Configuration]:
    """Have the database running and migrated inside the block.

    The embedded one is migrated here, as nobody else uses its schema, an external one only when
    told to; else `not_migrated` is raised where it lacks migrations. Raises also `keys_lost` where
    the key file is not the database's, and what `running_database` raises.
    """
    configuration = current_configuration()
    with running_database(configuration, report=report):
        django_setup.setup(configuration)
        try:
            if migrate or configuration.database_url is None:
                django_setup.migrate(configuration)
            else:
                _refuse_unmigrated()
            with psycopg.connect(connection_urls(configuration).app, autocommit=True) as session:
                know_keys(session, keys.load_or_create(configuration.key_file))
            yield configuration
        finally:
            # An open session would keep the embedded server from stopping with its last user.
            close_door()
            connections.close_all()


def _refuse_unmigrated() -> None:
    missing = django_setup.unapplied_migrations()
    if missing:
        raise KaquanError(
            "not_migrated",
            zh=f"数据库缺少 {len(missing)} 个迁移；请先运行 kaquan migrate。",
            en=f"The database lacks {len(missing)} migrations; run kaquan migrate first.",
            exit_code=ExitCode.CONFIGURATION,
        )
