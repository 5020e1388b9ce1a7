"""``kaquan up`` as the benchmarks run it: a process of its own, and what it weighs."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from kaquan.foundation.configuration import Configuration

START_S = 60.0


@dataclass(frozen=True)
class Served:
    """A running server."""

    process: subprocess.Popen[bytes]
    port: int

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    def peak_memory_mb(self) -> list[float]:
        """The most that each of its processes ever held in memory, the biggest first."""
        peaks = [
            kilobytes / 1024
            for pid in (self.process.pid, *_descendants(self.process.pid))
            for kilobytes in _peak_kilobytes(pid)
        ]
        return sorted(peaks, reverse=True)


@contextmanager
def served(configuration: Configuration, *, workers: int, **settings: str) -> Iterator[Served]:
    """Start a server on the installation; it ends with the block."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    environment = {
        **os.environ,
        **configuration.environment(),
        "KAQUAN_HTTP_PORT": str(port),
        "KAQUAN_WORKERS": str(workers),
        **settings,
    }
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(
            [sys.executable, "-m", "kaquan", "up"], env=environment, stdout=said, stderr=said
        )
        try:
            _wait_until_listening(process, port)
            yield Served(process, port)
        except BaseException:
            said.seek(0)
            sys.stderr.write(said.read().decode(errors="replace")[-4_000:])
            raise
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(START_S)


def _wait_until_listening(process: subprocess.Popen[bytes], port: int) -> None:
    deadline_s = time.monotonic() + START_S
    while True:
        assert process.poll() is None, "the server ended"
        assert time.monotonic() < deadline_s, "the server does not listen"
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return


def _descendants(pid: int) -> list[int]:
    parents = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parents[int(folder.name)] = int(
                (folder / "stat").read_text().rpartition(")")[2].split()[1]
            )
        except OSError:
            continue
    found = [pid]
    for one in found:
        found += [child for child, parent in parents.items() if parent == one]
    return found[1:]


def _peak_kilobytes(pid: int) -> list[int]:
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
    except OSError:
        return []
    return [int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:")]
