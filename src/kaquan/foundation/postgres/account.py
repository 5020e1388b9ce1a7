"""The operating system user that runs the server: PostgreSQL refuses to run as root."""

import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from kaquan.foundation.errors import ExitCode, KaquanError

NAME = "kaquan-postgres"
_CREATE_TIMEOUT_S = 60
_WAYS_TO_CREATE = (
    ("useradd", "--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent",
     "--shell", "/usr/sbin/nologin", NAME),
    ("adduser", "--system", "--group", "--no-create-home", "--home", "/nonexistent", NAME),
    ("adduser", "-S", "-D", "-H", NAME),  # BusyBox
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Account:
    """Whom the server runs as; `is_dropped_to` when that is not who we are."""

    name: str
    uid: int
    gid: int
    is_dropped_to: bool


def give_to_server(*paths: Path) -> None:
    """Make the server's user the owner, where that is not ourselves."""
    account = server_account()
    if account.is_dropped_to:
        for path in paths:
            os.chown(path, account.uid, account.gid)


def server_account() -> Account:
    """Ourselves, or as root the system user `kaquan-postgres`, created when missing.

    Raises `postgres_account_missing`.
    """
    if os.geteuid() != 0:
        return Account(f"uid {os.geteuid()}", os.geteuid(), os.getegid(), is_dropped_to=False)
    entry = _find() or _create()
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid, is_dropped_to=True)


def _find() -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam(NAME)
    except KeyError:
        return None


def _create() -> pwd.struct_passwd:
    for command in _WAYS_TO_CREATE:
        program = shutil.which(command[0])
        if program is None:
            continue
        subprocess.run(
            [program, *command[1:]], capture_output=True, check=False, timeout=_CREATE_TIMEOUT_S
        )
        entry = _find()  # asked instead of the exit status: another process may have been first
        if entry is not None:
            return entry
    raise KaquanError(
        "postgres_account_missing",
        zh=f"内置数据库不能以 root 运行，也无法自动建立系统用户 {NAME}。"
        f"请执行 useradd --system {NAME}，或以普通用户运行卡券，或设置 DATABASE_URL。",
        en=f"The embedded database cannot run as root, and the system user {NAME} could not be "
        f"created. Run useradd --system {NAME}, or run Kaquan as an ordinary user, "
        "or set DATABASE_URL.",
        exit_code=ExitCode.PERMISSION_DENIED,
    )
