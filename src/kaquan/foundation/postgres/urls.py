"""How to reach the database: one URL for everything, one for changing the schema."""

import secrets
from dataclasses import dataclass, field
from urllib.parse import quote, urlencode

import msgspec
import psycopg
from psycopg.conninfo import conninfo_to_dict

from kaquan.foundation.configuration import Configuration
from kaquan.foundation.errors import ExitCode, KaquanError
from kaquan.foundation.locks import locked
from kaquan.foundation.postgres.initialisation import SUPERUSER
from kaquan.foundation.postgres.layout import Layout
from kaquan.foundation.postgres.tuning import socket_port
from kaquan.foundation.private_files import (
    make_folder,
    read_private_file,
    write_private_file,
)

DATABASE = "kaquan"
APP_ROLE = "kaquan_app"
OWNER_ROLE = "kaquan_owner"
CONNECT_TIMEOUT_S = 10
_PASSWORD_BYTES = 24


@dataclass(frozen=True, slots=True)
class DatabaseUrls:
    """`app` may not change the schema or the ledger's past; `owner` runs migrations only."""

    app: str = field(repr=False)
    owner: str = field(repr=False)


class Passwords(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The passwords of the embedded server's roles."""

    superuser: str
    owner: str
    app: str

    def __repr__(self) -> str:
        return "<passwords>"


_decoder = msgspec.json.Decoder(Passwords)  # once, for threads: see engine.rules.reading


def embedded_layout(configuration: Configuration) -> Layout:
    """Where the embedded server's files lie."""
    # Resolved, so that all processes mean the same socket whichever way they name the home.
    return Layout(configuration.home.resolve())


def connection_urls(configuration: Configuration) -> DatabaseUrls:
    """Both URLs; the embedded server need not run for it.

    On an external server the application keeps its login and takes on the role `kaquan_app`,
    unless that role is known not to exist (`doctor` warns then).
    """
    external = configuration.database_url
    if external is not None:
        app = external if _lacks_app_role(external) else with_role(external, APP_ROLE)
        return DatabaseUrls(app=app, owner=external)
    passwords = load_or_create_passwords(embedded_layout(configuration))
    return DatabaseUrls(
        app=embedded_url(configuration, APP_ROLE, passwords.app, DATABASE),
        owner=embedded_url(configuration, OWNER_ROLE, passwords.owner, DATABASE),
    )


def superuser_url(configuration: Configuration, database: str = "postgres") -> str:
    """The embedded server's superuser, needed only to create roles and databases."""
    passwords = load_or_create_passwords(embedded_layout(configuration))
    return embedded_url(configuration, SUPERUSER, passwords.superuser, database)


def load_or_create_passwords(layout: Layout) -> Passwords:
    """The passwords beside the data directory, made up on first use.

    Raises `passwords_missing` when there is already a database that they are lost for.
    """
    make_folder(layout.root)
    with locked(layout.passwords_lock):
        if layout.passwords.exists():
            return _decoder.decode(read_private_file(layout.passwords))
        if layout.data.exists():
            raise KaquanError(
                "passwords_missing",
                zh=f"找不到内置数据库的密码文件 {layout.passwords}；请从备份恢复。",
                en=f"The embedded database's password file {layout.passwords} is missing; "
                "restore it from the backup.",
                exit_code=ExitCode.CONFIGURATION,
            )
        passwords = Passwords(*(secrets.token_urlsafe(_PASSWORD_BYTES) for _ in range(3)))
        write_private_file(layout.passwords, msgspec.json.encode(passwords))
        return passwords


def with_role(url: str, role: str) -> str:
    """The same URL, with sessions that act as another role from their first statement."""
    options = conninfo_to_dict(url).get("options")
    combined = f"{options} -c role={role}" if options else f"-c role={role}"
    # libpq takes the last of two equal parameters.
    return f"{url}{'&' if '?' in url else '?'}{urlencode({'options': combined}, quote_via=quote)}"


def embedded_url(configuration: Configuration, user: str, password: str, database: str) -> str:
    """The URL of one database of the embedded server."""
    layout = embedded_layout(configuration)
    parameters = {
        "host": str(layout.socket_folder),
        "port": str(socket_port(configuration.postgres_port)),
    }
    return f"postgresql://{user}:{password}@/{database}?{urlencode(parameters, quote_via=quote)}"


def _lacks_app_role(url: str) -> bool:
    # Unreachable counts as present: the safe side, and loud if it is wrong.
    try:
        with psycopg.connect(url, connect_timeout=CONNECT_TIMEOUT_S) as connection:
            return not may_use_app_role(connection)
    except psycopg.OperationalError:
        return False


def may_use_app_role(connection: psycopg.Connection) -> bool:
    """Whether this login may act as `kaquan_app`; False when there is no such role."""
    row = connection.execute(
        "select pg_has_role(session_user, oid, 'SET') from pg_roles where rolname = %s", [APP_ROLE]
    ).fetchone()
    return row is not None and bool(row[0])
