"""``kaquan up`` as faults happen to it: on one port for ever, killed with all its processes."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO

from tests.http_faults.callers import Connection
from tests.programs import start_program
from tests.waiting import soon

WITHIN_S = 60.0


class ServerProcess:
    """A server of an installation, which may be ended in any way and started again."""

    def __init__(self, environment: Mapping[str, str], said: Path, *, workers: int = 1) -> None:
        self.port = _free_port()
        self._said = said
        self._workers = workers
        self._environment = {**environment, "KAQUAN_HTTP_PORT": str(self.port)}
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def lives(self) -> bool:
        """Whether it was started and has not ended."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start it and wait until each of its addresses is answered, if it does not run."""
        if self.lives:
            return
        with self._said.open("ab") as said:
            self._process = _launch(self._environment, self._workers, said)
        assert soon(self._answers), self.said()

    def kill(self) -> None:
        """kill -9 of all of its processes at once, as when a machine's power goes."""
        assert self._process is not None
        family = [self._process.pid, *descendants(self._process.pid)]
        for pid in family:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._process.wait(WITHIN_S)
        assert soon(lambda: not any(_is_running(pid) for pid in family))

    def kill_workers(self) -> None:
        """kill -9 of those processes that serve; their parent starts new ones."""
        assert self._process is not None
        for pid in descendants(self._process.pid):
            if _command(pid) == _command(self._process.pid):
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)

    def kill_writers(self) -> None:
        """kill -9 of those processes that write for the ones that serve."""
        assert self._process is not None
        for worker in children(self._process.pid):
            for pid in children(worker):
                if _command(pid) == _command(self._process.pid):
                    with suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)

    def tell_to_end(self) -> None:
        """SIGTERM; returns at once."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)

    def wait(self) -> int:
        """Its exit code once it has ended."""
        assert self._process is not None
        return self._process.wait(WITHIN_S)

    def end(self) -> None:
        """End it in order, if it runs."""
        if self.lives:
            self.tell_to_end()
            self.wait()

    def said(self) -> str:
        """What it has written so far."""
        return self._said.read_text(encoding="utf-8", errors="replace")

    def _answers(self) -> bool:
        assert self.lives, self.said()
        connection = Connection(self.port)
        try:
            return connection.ask("GET", "problems").status == 200
        except OSError:
            return False
        finally:
            connection.close()


def _launch(
    environment: Mapping[str, str], workers: int, said: IO[bytes]
) -> subprocess.Popen[bytes]:
    up = ("-m", "kaquan", "up", "--workers", str(workers))
    return start_program(*up, env=dict(environment), stdout=said, stderr=said)


def descendants(pid: int) -> list[int]:
    """The processes below one."""
    found = [pid]
    for one in found:
        found += children(one)
    return found[1:]


def children(pid: int) -> list[int]:
    """The processes that one started, from Linux's /proc."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
            if int(fields[1]) == pid:
                found.append(int(folder.name))
    return found


def _is_running(pid: int) -> bool:
    """Whether a process still does anything: a zombie does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def _command(pid: int) -> bytes:
    """What a process was started as; a forked worker has its parent's."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b"gone"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
