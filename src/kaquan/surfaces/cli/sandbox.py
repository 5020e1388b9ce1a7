"""Commands and processes of the sandbox: the same program on another installation."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from kaquan.foundation.configuration import Configuration, current_configuration
from kaquan.foundation.errors import ExitCode, KaquanError
from kaquan.foundation.postgres.sandbox import (
    prepare_sandbox_database,
    sandbox_configuration,
    sandbox_socket,
)
from kaquan.foundation.postgres.sessions import running_database
from kaquan.foundation.private_files import make_folder
from kaquan.surfaces.cli.installation import report


def sandbox_environment(configuration: Configuration) -> dict[str, str]:
    """What a process of the sandbox is told; its database exists when this returns.

    The live database runs by now. Raises `sandbox_off`.
    """
    sandbox = sandbox_configuration(configuration)
    prepare_sandbox_database(configuration)
    return sandbox.environment()


def run_in_sandbox(arguments: Sequence[str]) -> int:
    """Run a command on the sandbox's books instead; returns its exit code."""
    configuration = current_configuration()
    sandbox_configuration(configuration)  # refuses before a server is started for nothing
    with running_database(configuration, report=report):
        environment = {**os.environ, **sandbox_environment(configuration)}
        command = [sys.executable, "-m", "kaquan", *arguments]
        return subprocess.run(command, env=environment, check=False).returncode


def private_socket(configuration: Configuration) -> Path:
    """Where the server of this sandbox listens, in a folder of ours alone.

    Raises `socket_folder_unsafe`.
    """
    path = sandbox_socket(configuration.home)
    make_folder(path.parent.parent)
    path.parent.mkdir(mode=0o700, exist_ok=True)
    status = path.parent.lstat()
    if status.st_uid != os.geteuid() or status.st_mode & 0o077:
        raise KaquanError(
            "socket_folder_unsafe",
            zh=f"套接字目录 {path.parent} 不属于当前用户，或他人可以进入；请删除后重试。",
            en=f"The socket folder {path.parent} is not this user's alone; "
            "remove it and try again.",
            exit_code=ExitCode.PERMISSION_DENIED,
        )
    path.unlink(missing_ok=True)  # left by a server that was killed
    return path
