"""The way in: a database that runs, is prepared and is safe."""

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

import psycopg

from kaquan.foundation.configuration import Configuration
from kaquan.foundation.errors import ExitCode, KaquanError
from kaquan.foundation.postgres.embedded import EmbeddedServer
from kaquan.foundation.postgres.preparation import prepare_database
from kaquan.foundation.postgres.safety import refuse_unsafe
from kaquan.foundation.postgres.urls import CONNECT_TIMEOUT_S, DatabaseUrls, connection_urls
from kaquan.foundation.reporting import Report, silent


@contextmanager
def running_database(
    configuration: Configuration, *, report: Report = silent
) -> Iterator[DatabaseUrls]:
    """Have a usable database inside the block; starts and stops the embedded server as needed.

    Raises `database_unreachable`, `postgres_unsafe` and what `EmbeddedServer` raises. Migrations
    are not applied here.
    """
    with server_in_use(configuration, report=report):
        try:
            prepare_database(configuration)
            urls = connection_urls(configuration)
            with psycopg.connect(urls.app, connect_timeout=CONNECT_TIMEOUT_S) as connection:
                refuse_unsafe(connection)
        except psycopg.OperationalError as error:
            raise KaquanError(
                "database_unreachable",
                zh=f"无法连接数据库：{error}",
                en=f"The database cannot be reached: {error}",
                exit_code=ExitCode.UNAVAILABLE,
            ) from None
        yield urls


@contextmanager
def server_kept_running(configuration: Configuration, *, report: Report = silent) -> Iterator[None]:
    """Start the embedded server again should it die inside the block; an external one looks after
    itself."""
    if configuration.database_url is not None:
        yield
        return
    stop = threading.Event()
    watch = EmbeddedServer(configuration, report=report).keep_running
    thread = threading.Thread(target=watch, args=(stop,), name="kaquan-database", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def server_in_use(
    configuration: Configuration, *, report: Report = silent
) -> AbstractContextManager[None]:
    """Keep the embedded server running inside the block; an external one looks after itself."""
    if configuration.database_url is not None:
        return nullcontext()
    return EmbeddedServer(configuration, report=report).in_use()
