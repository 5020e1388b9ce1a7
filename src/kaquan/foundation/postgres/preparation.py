"""Roles, database and default privileges: what has to exist before the first migration."""

import psycopg
from psycopg import sql

from kaquan.foundation.configuration import Configuration
from kaquan.foundation.postgres.urls import (
    APP_ROLE,
    CONNECT_TIMEOUT_S,
    DATABASE,
    OWNER_ROLE,
    connection_urls,
    embedded_layout,
    load_or_create_passwords,
    may_use_app_role,
    superuser_url,
)

_TURN = 5_206_131_412  # advisory lock: processes that prepare at the same time take turns


def prepare_database(configuration: Configuration) -> None:
    """Make sure that roles, database and default privileges exist; cheap when they do.

    On an external server the role is created if the login may do that; `doctor` tells if not.
    """
    if configuration.database_url is None:
        _create_embedded_database(configuration)
    owner_url = connection_urls(configuration).owner
    with psycopg.connect(owner_url, connect_timeout=CONNECT_TIMEOUT_S) as connection:
        connection.execute("select pg_advisory_xact_lock(%s)", [_TURN])
        if configuration.database_url is not None:
            _create_external_app_role(connection)
        if may_use_app_role(connection) or configuration.database_url is None:
            _grant_to_app_role(connection)


def _create_embedded_database(configuration: Configuration) -> None:
    passwords = load_or_create_passwords(embedded_layout(configuration))
    url = superuser_url(configuration)
    with psycopg.connect(url, connect_timeout=CONNECT_TIMEOUT_S, autocommit=True) as connection:
        connection.execute("select pg_advisory_lock(%s)", [_TURN])
        exists = connection.execute(
            "select exists (select from pg_database where datname = %s)", [DATABASE]
        ).fetchone()
        if exists == (True,):
            return
        for role, password in ((OWNER_ROLE, passwords.owner), (APP_ROLE, passwords.app)):
            _create_login(connection, role, password)
        # The database comes last, so its existence says that everything before it was done.
        connection.execute(
            sql.SQL("create database {} owner {}").format(
                sql.Identifier(DATABASE), sql.Identifier(OWNER_ROLE)
            )
        )


def _create_login(connection: psycopg.Connection, role: str, password: str) -> None:
    exists = connection.execute("select from pg_roles where rolname = %s", [role]).fetchone()
    if exists is None:
        connection.execute(
            sql.SQL("create role {} login password {}").format(
                sql.Identifier(role), sql.Literal(password)
            )
        )


def _create_external_app_role(connection: psycopg.Connection) -> None:
    if may_use_app_role(connection):
        return
    try:
        with connection.transaction():
            connection.execute(f"create role {APP_ROLE} nologin")
    except (psycopg.errors.DuplicateObject, psycopg.errors.UniqueViolation):
        pass  # another process was first, or another login made it
    except psycopg.errors.InsufficientPrivilege:
        return
    try:
        with connection.transaction():
            connection.execute(f"grant {APP_ROLE} to session_user")
    except psycopg.errors.InsufficientPrivilege:
        return


def _grant_to_app_role(connection: psycopg.Connection) -> None:
    # For tables to come. A migration that makes a table append-only revokes what is too much.
    (granted,) = connection.execute(
        "select exists (select from pg_default_acl"
        " where defaclrole = current_user::regrole and defaclacl::text like %s)",
        [f"%{APP_ROLE}=%"],
    ).fetchone() or (False,)
    if granted:
        return
    (schema,) = connection.execute("select current_schema()").fetchone() or ("public",)
    # Every role may use the schema `public`; another one is the administrator's to open.
    for privileges in (
        sql.SQL("select, insert, update, delete on tables"),
        sql.SQL("usage, select on sequences"),
    ):
        connection.execute(
            sql.SQL("alter default privileges in schema {} grant {} to {}").format(
                sql.Identifier(schema), privileges, sql.Identifier(APP_ROLE)
            )
        )
