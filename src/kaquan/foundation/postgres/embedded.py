"""The embedded server as all Kaquan processes share it: the first starts it, the last stops it."""

import fcntl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from kaquan.foundation.clock import monotonic_s
from kaquan.foundation.configuration import Configuration
from kaquan.foundation.errors import ExitCode, KaquanError
from kaquan.foundation.locks import locked, open_lock_file, try_lock
from kaquan.foundation.postgres.cluster import Cluster, ServerStatus
from kaquan.foundation.postgres.initialisation import initialise
from kaquan.foundation.postgres.tuning import socket_port
from kaquan.foundation.postgres.urls import (
    CONNECT_TIMEOUT_S,
    embedded_layout,
    load_or_create_passwords,
    superuser_url,
)
from kaquan.foundation.reporting import Report, silent

WATCH_S = 1.0
LEAVING_S = 1.0
"""How long somebody who has just closed a session may still be seen in it."""
_POLL_S = 0.02


class EmbeddedServer:
    """The server of one home; any number of processes may hold one of these.

    Raises what `Layout.prepare_folders`, `initialise` and `Cluster` raise.
    """

    def __init__(self, configuration: Configuration, *, report: Report = silent) -> None:
        self._configuration = configuration
        self._report = report
        self.layout = embedded_layout(configuration)
        self._cluster = Cluster(
            self.layout, configuration.postgres_memory_mb, configuration.postgres_port
        )

    def status(self) -> ServerStatus | None:
        """The living server, or None."""
        if not self.layout.root.exists():
            return None
        return self._cluster.status()

    def start(self) -> bool:
        """Create and start what is missing; tells whether the server had to be started."""
        with self._turn():
            return self._ensure_running()

    def stop(self) -> None:
        """Stop the server, even if others use it."""
        with self._turn():
            self._cluster.stop(report=self._report)

    def restart(self) -> None:
        """Stop and start; open connections are lost."""
        with self._turn():
            self._cluster.stop(report=self._report)
            self._ensure_running()

    @contextmanager
    def in_use(self) -> Iterator[None]:
        """Have the server running inside the block; the last user stops it at the end.

        It is left running if it is configured so, or if someone else (psql, a backup) is
        connected. A user killed with -9 stops counting at once.
        """
        self.layout.prepare_folders()
        with open_lock_file(self.layout.users_lock) as users:
            with self._turn():
                self._ensure_running()
                fcntl.flock(users, fcntl.LOCK_SH)
            try:
                yield
            finally:
                with self._turn():
                    if try_lock(users, fcntl.LOCK_EX) and self._is_unwanted():
                        self._cluster.stop(report=self._report)

    def keep_running(self, stop: threading.Event) -> None:
        """Start the server again whenever it is found dead, until told to stop."""
        while not stop.wait(WATCH_S):
            if self._cluster.status() is not None:
                continue
            self._report(
                "内置数据库意外退出，正在重新启动……",
                "The embedded database died; starting it again …",
            )
            try:
                self.start()
            except KaquanError as error:  # tried again: whatever stands in its way may pass
                self._report(error.zh, error.en)
            else:
                self._report("内置数据库已恢复。", "The embedded database is back.")

    @contextmanager
    def _turn(self) -> Iterator[None]:
        self.layout.prepare_folders()
        with locked(self.layout.turn_lock):
            yield

    def _ensure_running(self) -> bool:
        status = self._cluster.status()
        if status is not None and status.is_ready:
            self._refuse_other_address(status)
            return False
        passwords = load_or_create_passwords(self.layout)
        initialise(self.layout, passwords.superuser, report=self._report)
        self._cluster.start(report=self._report)
        return True

    def _is_unwanted(self) -> bool:
        if self._configuration.postgres_keep_running or self._cluster.status() is None:
            return False
        deadline_s = monotonic_s() + LEAVING_S
        try:
            with psycopg.connect(
                superuser_url(self._configuration), connect_timeout=CONNECT_TIMEOUT_S
            ) as connection:
                while _has_others(connection):
                    if monotonic_s() > deadline_s:
                        return False
                    time.sleep(_POLL_S)
        except psycopg.OperationalError:
            return True  # it does not even answer
        return True

    def _refuse_other_address(self, status: ServerStatus) -> None:
        expected = (socket_port(self._configuration.postgres_port), str(self.layout.socket_folder))
        if (status.port, status.socket_folder) == expected:
            return
        raise KaquanError(
            "postgres_other_address",
            zh=f"内置数据库正以其他设置运行（端口 {status.port}，{status.socket_folder}）；"
            "请先停止使用它的卡券进程，再以新的 KAQUAN_POSTGRES_PORT 启动。",
            en=f"The embedded database runs with other settings (port {status.port}, "
            f"{status.socket_folder}); end the Kaquan processes that use it before you change "
            "KAQUAN_POSTGRES_PORT.",
            exit_code=ExitCode.CONFIGURATION,
        )


def _has_others(connection: psycopg.Connection) -> bool:
    # Else the connection's transaction would see the same people for ever.
    connection.rollback()
    row = connection.execute(
        "select exists (select from pg_stat_activity"
        " where backend_type = 'client backend' and pid <> pg_backend_pid())"
    ).fetchone()
    return row != (False,)
