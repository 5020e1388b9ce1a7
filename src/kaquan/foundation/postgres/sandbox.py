"""The sandbox: a second installation of the same program below the first one's home.

It has a home, a key file, a database and processes of its own, so that no code that serves test
keys can reach live data: not by a forgotten filter, and not by a role of the database either.
"""

from __future__ import annotations

import secrets
from dataclasses import replace
from pathlib import Path

import psycopg
from psycopg import sql

from kaquan.foundation.configuration import Configuration
from kaquan.foundation.errors import ExitCode, KaquanError
from kaquan.foundation.locks import locked
from kaquan.foundation.postgres.layout import Layout
from kaquan.foundation.postgres.urls import (
    APP_ROLE,
    CONNECT_TIMEOUT_S,
    DATABASE,
    OWNER_ROLE,
    embedded_url,
    superuser_url,
)
from kaquan.foundation.private_files import make_folder, read_private_file, write_private_file

SANDBOX_DATABASE = "kaquan_sandbox"
SANDBOX_ROLE = "kaquan_sandbox"
_PASSWORD_BYTES = 24
_TURN = 5_206_131_413  # advisory lock: processes that prepare at the same time take turns


def sandbox_home(configuration: Configuration) -> Path:
    """Where the sandbox of an installation lives."""
    return configuration.home / "sandbox"


def sandbox_configuration(configuration: Configuration) -> Configuration:
    """The configuration of an installation's sandbox; its database need not run for it.

    Raises `sandbox_off`.
    """
    if not configuration.sandbox:
        raise KaquanError(
            "sandbox_off",
            zh="没有启用沙箱；请设置 KAQUAN_SANDBOX=1 后重试。",
            en="There is no sandbox; set KAQUAN_SANDBOX=1 and try again.",
            exit_code=ExitCode.CONFIGURATION,
        )
    home = sandbox_home(configuration)
    url = configuration.sandbox_database_url
    if url is None:
        url = embedded_url(configuration, SANDBOX_ROLE, _password(home), SANDBOX_DATABASE)
    return replace(
        configuration,
        home=home,
        key_file=home / "keys.json",
        database_url=url,
        mode="test",
        workers=1,
        demo=False,
        sandbox=False,
        sandbox_database_url=None,
        failpoints="",
    )


def sandbox_socket(home: Path) -> Path:
    """Where the server of the sandbox with this home listens; nobody else may look in there."""
    return Layout(home.resolve()).socket_folder / "http.sock"


def prepare_sandbox_database(configuration: Configuration) -> None:
    """Make sure that the sandbox's database exists beside the live one in the embedded server.

    The role of one may not connect to the database of the other. An external one is not ours to
    create.
    """
    if configuration.sandbox_database_url is not None:
        return
    role, database = sql.Identifier(SANDBOX_ROLE), sql.Identifier(SANDBOX_DATABASE)
    url = superuser_url(configuration)
    with psycopg.connect(url, connect_timeout=CONNECT_TIMEOUT_S, autocommit=True) as connection:
        connection.execute("select pg_advisory_lock(%s)", [_TURN])
        password = sql.Literal(_password(sandbox_home(configuration)))
        if not _exists(connection, "pg_roles", "rolname", SANDBOX_ROLE):
            connection.execute(sql.SQL("create role {} login").format(role))
        connection.execute(sql.SQL("alter role {} password {}").format(role, password))
        connection.execute(
            # Without inheritance: as its member it might enter the live database too.
            sql.SQL("grant {} to {} with inherit false, set true").format(
                sql.Identifier(APP_ROLE), role
            )
        )
        if not _exists(connection, "pg_database", "datname", SANDBOX_DATABASE):
            connection.execute(sql.SQL("create database {} owner {}").format(database, role))
        for name, roles in ((DATABASE, (OWNER_ROLE, APP_ROLE)), (SANDBOX_DATABASE, ())):
            closed = sql.Identifier(name)
            connection.execute(sql.SQL("revoke connect on database {} from public").format(closed))
            for one in roles:
                connection.execute(
                    sql.SQL("grant connect on database {} to {}").format(
                        closed, sql.Identifier(one)
                    )
                )


def _exists(connection: psycopg.Connection, catalogue: str, column: str, name: str) -> bool:
    row = connection.execute(
        sql.SQL("select exists (select from {} where {} = %s)").format(
            sql.Identifier(catalogue), sql.Identifier(column)
        ),
        [name],
    ).fetchone()
    return row == (True,)


def _password(home: Path) -> str:
    """The password of the sandbox's role, made up on first use; only a superuser need know it
    before, so a lost one is simply replaced."""
    make_folder(home)
    path = home / "database.password"
    with locked(home / "database.lock"):
        if not path.exists():
            write_private_file(path, secrets.token_urlsafe(_PASSWORD_BYTES).encode())
        return read_private_file(path).decode()
