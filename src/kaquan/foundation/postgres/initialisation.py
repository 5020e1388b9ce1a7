"""Creating the data directory: it appears whole or not at all."""

import shutil
import subprocess
from pathlib import Path

from kaquan.foundation.errors import ExitCode, KaquanError
from kaquan.foundation.postgres.account import give_to_server
from kaquan.foundation.postgres.layout import Layout
from kaquan.foundation.postgres.programs import (
    home_not_reachable,
    process_arguments,
    usable_binaries,
)
from kaquan.foundation.postgres.tuning import SETTINGS_FILE
from kaquan.foundation.private_files import fsync_folder
from kaquan.foundation.reporting import Report

SUPERUSER = "postgres"
_TIMEOUT_S = 300
_OPTIONS = (
    f"--username={SUPERUSER}",
    "--encoding=UTF8",
    "--locale=C",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--lc-ctype=C.UTF-8",  # with C, trigram search finds no Chinese
    "--data-checksums",
    "--auth=scram-sha-256",
)


def initialise(layout: Layout, superuser_password: str, *, report: Report) -> bool:
    """Create the data directory unless there is one; tells whether it did.

    Raises `postgres_initialise_failed` and `home_not_reachable`.
    """
    if layout.data.exists():
        return False
    report("正在建立内置数据库……", "Creating the embedded database …")
    unfinished = layout.root / "data.unfinished"
    password_file = layout.root / "data.password"
    shutil.rmtree(unfinished, ignore_errors=True)
    password_file.unlink(missing_ok=True)
    try:
        unfinished.mkdir(mode=0o700)
        password_file.touch(mode=0o600)
        password_file.write_text(superuser_password + "\n", encoding="ascii")
        give_to_server(unfinished, password_file)
        _run_initdb(layout, unfinished, password_file)
    finally:
        password_file.unlink(missing_ok=True)
    with (unfinished / "postgresql.conf").open("a", encoding="utf-8") as file:
        file.write(f"\ninclude = '{SETTINGS_FILE}'\n")
    unfinished.rename(layout.data)
    fsync_folder(layout.root)
    return True


def _run_initdb(layout: Layout, target: Path, password_file: Path) -> None:
    command: list[str | Path] = [
        usable_binaries(layout).folder / "initdb",
        f"--pwfile={password_file}",
        *_OPTIONS,
        target,
    ]
    try:
        done: subprocess.CompletedProcess[bytes] = subprocess.run(
            command,
            capture_output=True,
            check=False,
            timeout=_TIMEOUT_S,
            **process_arguments(),
        )
    except PermissionError:
        raise home_not_reachable(layout) from None
    if done.returncode != 0:
        said = done.stderr.decode("utf-8", "replace").strip()[-2000:]
        raise KaquanError(
            "postgres_initialise_failed",
            zh=f"建立内置数据库失败：{said}",
            en=f"The embedded database could not be created: {said}",
            exit_code=ExitCode.UNAVAILABLE,
        )
