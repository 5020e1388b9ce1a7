"""``kaquan up`` as a real process: it serves, ends in order, and leaves nobody behind."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from kaquan.foundation.configuration import Configuration
from kaquan.foundation.postgres.embedded import EmbeddedServer
from kaquan.foundation.postgres.sandbox import sandbox_home, sandbox_socket
from tests.programs import end_programs_in, programs_in, start_program
from tests.session_folder import copy_home, remove_home
from tests.waiting import soon

SOON_S = 30.0


@pytest.fixture
def home(session_folder: Path, pristine_home: Path) -> Iterator[Configuration]:
    """An installation at rest, of this test's own; whatever a failed test left running ends."""
    configuration = copy_home(pristine_home, session_folder / f"up-{os.getpid()}")
    yield configuration
    end_programs_in(configuration.home)
    remove_home(configuration)


class Up:
    """A running ``kaquan up``."""

    def __init__(self, home: Configuration, *arguments: str, **settings: str) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        environment = {**os.environ, **home.environment(), "KAQUAN_HTTP_PORT": str(self.port)}
        self.process = start_program(
            "-m", "kaquan", "up", *arguments,
            env=environment | settings, stderr=subprocess.PIPE, encoding="utf-8",
        )  # fmt: skip
        self.said = ""
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.said += line
            if "Kaquan is up" in line:
                break

    def status(self) -> int | None:
        """What the first page answers; None where nobody does."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/", timeout=5) as response:
                return int(response.status)
        except (urllib.error.URLError, OSError):
            return None

    def end(self, number: signal.Signals) -> int:
        """Send a signal; the exit code."""
        self.process.send_signal(number)
        code: int = self.process.wait(SOON_S)
        assert self.process.stderr is not None
        self.process.stderr.close()
        return code


def test_a_database_that_was_killed_is_started_again_and_the_pages_are_back(
    home: Configuration,
) -> None:
    up = Up(home)
    server = EmbeddedServer(home)
    killed = server.status()
    assert killed is not None
    assert up.status() == 200
    os.kill(killed.pid, signal.SIGKILL)
    assert soon(lambda: (now := server.status()) is not None and now.pid != killed.pid)
    assert soon(lambda: up.status() == 200)
    assert up.end(signal.SIGTERM) == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_serves_and_stops_everything_on_a_signal(
    home: Configuration, number: signal.Signals
) -> None:
    up = Up(home)
    assert soon(lambda: up.status() == 200)
    with urllib.request.urlopen(f"http://127.0.0.1:{up.port}/live") as stream:
        assert stream.readline().startswith(b"retry:")  # someone is watching while it stops
        started_s = time.monotonic()
        exit_code = up.end(number)

    assert exit_code == 0, up.said
    assert time.monotonic() - started_s < 10
    assert EmbeddedServer(home).status() is None
    assert up.status() is None
    assert "Traceback" not in up.said


def test_killed_outright_with_a_sandbox_and_several_workers_it_leaves_no_process_behind(
    home: Configuration,
) -> None:
    up = Up(home, "--workers", "2", KAQUAN_SANDBOX="1")
    assert soon(lambda: up.status() == 200)
    assert soon(lambda: _sandbox_answers(home))
    assert len([command for command in _processes_of(home) if "--workers" in command]) >= 3

    up.end(signal.SIGKILL)

    assert soon(lambda: up.status() is None)
    assert soon(lambda: not _processes_of(home))
    again = Up(home)
    assert soon(lambda: again.status() == 200)
    assert again.end(signal.SIGTERM) == 0
    assert EmbeddedServer(home).status() is None


def _sandbox_answers(home: Configuration) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(str(sandbox_socket(sandbox_home(home)))) == 0


def _processes_of(home: Configuration) -> list[str]:
    """Python processes that work on this installation, or on its sandbox inside it."""
    return [command for _, command in programs_in(home.home)]


def test_nothing_is_first_imported_by_a_thread_while_workers_are_forked_off() -> None:
    # A worker born meanwhile would wait for the import for ever, as every lookup of a name did.
    loads = "import sys, kaquan.surfaces.cli.up; print('encodings.idna' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", loads], capture_output=True, encoding="utf-8", check=True
    )

    assert done.stdout == "True\n"
