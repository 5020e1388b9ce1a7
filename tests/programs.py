"""Programs that tests start: none of them outlives the tests, however those end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

# It asks Linux to be killed when the process that started it ends, then becomes the program.
_LAUNCH = (
    "import ctypes, os, sys\n"
    f"ctypes.CDLL(None).prctl(1, {int(signal.SIGKILL)})\n"
    "os.execv(sys.argv[1], sys.argv[1:])\n"
)


def start_program(*arguments: str, **options: Any) -> subprocess.Popen[Any]:
    """Start Python with these arguments, from the thread that will end it: with that it dies.

    A run that is killed ends nobody, and its servers would go on in the middle of later runs.
    """
    launcher = [sys.executable, "-IS", "-c", _LAUNCH] if sys.platform == "linux" else []
    return subprocess.Popen([*launcher, sys.executable, *arguments], **options)


def programs_in(folder: Path) -> Iterator[tuple[int, str]]:
    """The processes of ours that work on an installation in this folder, with their commands."""
    wanted = f"KAQUAN_HOME={folder}".encode()
    for process in Path("/proc").glob("[0-9]*"):
        try:
            settings = (process / "environ").read_bytes().split(b"\0")
            command = (process / "cmdline").read_bytes().replace(b"\0", b" ").strip()
        except OSError:
            continue
        is_database = b"postgres" in command.partition(b" ")[0]
        if any(one.startswith(wanted) for one in settings) and command and not is_database:
            yield int(process.name), command.decode(errors="replace")


def end_programs_in(folder: Path) -> list[str]:
    """Kill whatever still works on an installation in this folder; tells what it was."""
    found = []
    for process_id, command in programs_in(folder):
        if process_id != os.getpid():
            with suppress(ProcessLookupError):
                os.kill(process_id, signal.SIGKILL)
            found.append(command)
    return found
