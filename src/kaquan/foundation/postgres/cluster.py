"""One data directory and its server: start, stop, status. Whose turn it is, others decide."""

import atexit
import fcntl
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from kaquan.foundation.clock import monotonic_s
from kaquan.foundation.errors import ExitCode, KaquanError
from kaquan.foundation.locks import open_lock_file, try_lock
from kaquan.foundation.postgres.account import give_to_server
from kaquan.foundation.postgres.layout import Layout
from kaquan.foundation.postgres.programs import (
    home_not_reachable,
    process_arguments,
    refuse_other_version,
    usable_binaries,
)
from kaquan.foundation.postgres.tuning import (
    SETTINGS_FILE,
    machine_memory_mb,
    render_settings,
    server_settings,
)
from kaquan.foundation.reporting import Report, silent

START_TIMEOUT_S = 1800  # recovery replays up to max_wal_size, on a slow disk too
STOP_TIMEOUT_S = 600
_POLL_S = 0.01
_SAY_SOMETHING_AFTER_S = 2.0
_TAKES_CONNECTIONS = {"ready", "standby"}  # a standby is refused later, with its own reason

# A parent keeps hold of the servers it started, to collect them when they end.
_children: dict[int, subprocess.Popen[bytes]] = {}


@atexit.register
def _let_go() -> None:
    """A server may outlive whoever started it, and Python would warn of each that does."""
    for child in _children.values():
        if child.poll() is None:
            child.returncode = 0  # in Python's own books alone


@dataclass(frozen=True, slots=True)
class ServerStatus:
    """What a living server says about itself in `postmaster.pid`."""

    pid: int
    is_ready: bool
    port: int
    socket_folder: str


@dataclass(frozen=True, slots=True)
class Cluster:
    """A data directory; `memory_mb` 0 means this machine's, `port` 0 means socket only.

    Whether a server lives is asked of a lock that its processes inherit, not of a process number:
    numbers are reused, zombies keep theirs, and containers number anew. The home must be on a
    local disk, where such locks work.
    """

    layout: Layout
    memory_mb: int = 0
    port: int = 0

    def status(self) -> ServerStatus | None:
        """The living server, or None."""
        lines = self._pid_file_lines()
        if not lines or not _is_alive(int(lines[0])) or not self._is_server_lock_held():
            return None
        is_complete = len(lines) >= 8
        return ServerStatus(
            pid=int(lines[0]),
            is_ready=is_complete and lines[7].strip() in _TAKES_CONNECTIONS,
            port=int(lines[3]) if is_complete else 0,
            socket_folder=lines[4] if is_complete else "",
        )

    def start(self, *, report: Report = silent, timeout_s: float = START_TIMEOUT_S) -> None:
        """Start the server and wait until it takes connections, after crash recovery if needed.

        The server outlives this process. Raises `postgres_other_version`, `home_not_reachable`
        and `postgres_start_failed`.
        """
        assert self.layout.data.is_dir(), "the data directory is initialised first"
        deadline_s = monotonic_s() + timeout_s
        with self._server_lock(deadline_s) as server_lock:
            # No process of a server is left, so these files are wrong. PostgreSQL would believe
            # them if their number were a zombie's, or someone else's by now.
            (self.layout.data / "postmaster.pid").unlink(missing_ok=True)
            for leftover in self.layout.socket_folder.glob(".s.PGSQL.*"):
                leftover.unlink(missing_ok=True)
            child = self._launch(server_lock)
        started_s = monotonic_s()
        has_reported = False
        while not self._is_ready():
            if child.poll() is not None:
                raise self._start_failed(self._start_log_tail())
            if monotonic_s() > deadline_s:
                child.send_signal(signal.SIGINT)
                raise self._start_failed(f"not ready after {timeout_s:.0f} s")
            if monotonic_s() - started_s > _SAY_SOMETHING_AFTER_S and not has_reported:
                report(
                    "内置数据库正在启动；若上次异常中断，正在恢复数据，请稍候……",
                    "The embedded database is starting, and recovering if it was interrupted; "
                    "please wait …",
                )
                has_reported = True
            time.sleep(_POLL_S)

    def stop(self, *, report: Report = silent, timeout_s: float = STOP_TIMEOUT_S) -> None:
        """Close all connections, roll back what is open, write a checkpoint, end.

        Does nothing when no server lives. Raises `postgres_stop_failed`.
        """
        status = self.status()
        if status is None:
            return
        with suppress(ProcessLookupError):  # it may end by itself meanwhile
            os.kill(status.pid, signal.SIGINT)  # PostgreSQL's "fast shutdown"
        started_s = monotonic_s()
        has_reported = False
        while self._is_server_lock_held():
            waited_s = monotonic_s() - started_s
            if waited_s > timeout_s:
                raise self._stop_failed(timeout_s)
            if waited_s > _SAY_SOMETHING_AFTER_S and not has_reported:
                report("正在停止内置数据库……", "Stopping the embedded database …")
                has_reported = True
            time.sleep(_POLL_S)
        if status.pid in _children:
            _children.pop(status.pid).wait(STOP_TIMEOUT_S)

    def _launch(self, server_lock: int) -> subprocess.Popen[bytes]:
        binaries = usable_binaries(self.layout)
        refuse_other_version(self.layout.data, binaries)
        self._write_settings()
        with self.layout.start_log.open("wb") as log:
            try:
                child = subprocess.Popen(
                    [binaries.folder / "postgres", "-D", self.layout.data],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    pass_fds=[server_lock],
                    start_new_session=True,  # Ctrl-C at the terminal is not for the database
                    **process_arguments(),
                )
            except PermissionError:
                raise home_not_reachable(self.layout) from None
        _children[child.pid] = child
        return child

    def _write_settings(self) -> None:
        settings = server_settings(
            memory_mb=self.memory_mb or machine_memory_mb(),
            socket_folder=self.layout.socket_folder,
            port=self.port,
        )
        path = self.layout.data / SETTINGS_FILE
        path.write_text(render_settings(settings), encoding="utf-8")
        path.chmod(0o600)
        give_to_server(path)

    @contextmanager
    def _server_lock(self, deadline_s: float) -> Iterator[int]:
        # After kill -9 of the main process its orphans need a moment to notice and end.
        with open_lock_file(self.layout.server_lock) as lock:
            while not try_lock(lock, fcntl.LOCK_EX):
                if monotonic_s() > deadline_s:
                    raise self._start_failed("processes of the former server are still alive")
                time.sleep(_POLL_S)
            yield lock

    def _is_server_lock_held(self) -> bool:
        with open_lock_file(self.layout.server_lock) as lock:
            return not try_lock(lock, fcntl.LOCK_SH)

    def _is_ready(self) -> bool:
        status = self.status()
        return status is not None and status.is_ready

    def _pid_file_lines(self) -> list[str]:
        try:
            text = (self.layout.data / "postmaster.pid").read_text(encoding="utf-8")
        except FileNotFoundError:
            return []
        lines = text.splitlines()
        return lines if lines and lines[0].isdigit() else []

    def _start_log_tail(self) -> str:
        return self.layout.start_log.read_text(encoding="utf-8", errors="replace").strip()[-2000:]

    def _start_failed(self, said: str) -> KaquanError:
        return KaquanError(
            "postgres_start_failed",
            zh=f"内置数据库未能启动（日志：{self.layout.data}/log）：{said}",
            en=f"The embedded database did not start (log: {self.layout.data}/log): {said}",
            exit_code=ExitCode.UNAVAILABLE,
        )

    def _stop_failed(self, timeout_s: float) -> KaquanError:
        return KaquanError(
            "postgres_stop_failed",
            zh=f"内置数据库在 {timeout_s:.0f} 秒内未能停止（日志：{self.layout.data}/log）。",
            en=f"The embedded database did not stop within {timeout_s:.0f} s "
            f"(log: {self.layout.data}/log).",
            exit_code=ExitCode.UNAVAILABLE,
        )


def _is_alive(pid: int) -> bool:
    _collect(pid)
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _collect(pid: int) -> None:
    if pid in _children and _children[pid].poll() is not None:
        del _children[pid]
