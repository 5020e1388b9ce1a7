"""Is this installation healthy? One list of checks, for `kaquan doctor` and for start-up."""

import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psycopg

from kaquan.foundation import clock, keys
from kaquan.foundation.configuration import Configuration
from kaquan.foundation.doctor_sandbox import sandbox_state
from kaquan.foundation.errors import KaquanError
from kaquan.foundation.postgres.safety import Level, check_settings
from kaquan.foundation.postgres.sessions import server_in_use
from kaquan.foundation.postgres.tuning import machine_memory_mb
from kaquan.foundation.postgres.urls import CONNECT_TIMEOUT_S, connection_urls, embedded_layout

PYTHON_MIN = (3, 11)
FREE_DISK_MB_MIN = 1024  # less than this cannot even hold the write-ahead log of a busy hour
FREE_DISK_MB_GOOD = 8192
MEMORY_MB_GOOD = 1024
CLOCK_DIFFERENCE_S_MAX = 2.0
_EARLIEST_SANE_TIME = datetime(2026, 11, 1, tzinfo=UTC)  # when this was written


@dataclass(frozen=True, slots=True)
class Check:
    """One question and its answer; a check that is not `ok` says what to do."""

    name: str
    ok: bool
    level: Level
    zh: str
    en: str


MoreChecks = Callable[[psycopg.Connection], Iterator[Check]]
"""What those above this layer want to ask of the database, such as unapplied migrations."""


def run_checks(configuration: Configuration, *, more: MoreChecks | None = None) -> list[Check]:
    """Ask everything, and go on after bad answers.

    An embedded server at rest is started for the questions; one that was never created stays so.
    """
    return [
        _check_python(),
        _check_memory(),
        _check_disk(configuration.home),
        _check_clock(configuration),
        _check_keys(configuration),
        Check("sandbox", *_sandbox(configuration)),
        *_check_database(configuration, more),
    ]


def _check_python() -> Check:
    found = ".".join(str(part) for part in sys.version_info[:3])
    return Check(
        "python",
        sys.version_info >= PYTHON_MIN,
        Level.ERROR,
        f"Python {found}（需要 3.11 及以上）",
        f"Python {found} (3.11 or newer is needed)",
    )


def _check_memory() -> Check:
    memory_mb = machine_memory_mb()
    return Check(
        "memory",
        memory_mb >= MEMORY_MB_GOOD,
        Level.WARNING,
        f"内存 {memory_mb} MB（建议至少 {MEMORY_MB_GOOD} MB）",
        f"{memory_mb} MB of memory ({MEMORY_MB_GOOD} MB or more is good)",
    )


def _check_disk(home: Path) -> Check:
    existing = next(path for path in (home, *home.parents) if path.exists())
    free_mb = shutil.disk_usage(existing).free // 2**20
    return Check(
        "disk",
        free_mb >= FREE_DISK_MB_GOOD,
        Level.WARNING if free_mb >= FREE_DISK_MB_MIN else Level.ERROR,
        f"{home} 剩余 {free_mb} MB（建议至少 {FREE_DISK_MB_GOOD} MB）",
        f"{free_mb} MB free for {home} ({FREE_DISK_MB_GOOD} MB or more is good)",
    )


def _check_clock(configuration: Configuration) -> Check:
    now = clock.now()
    local = now.astimezone(configuration.time_zone).strftime("%Y-%m-%d %H:%M (UTC%z)")
    zone = configuration.time_zone.key
    return Check(
        "clock",
        now >= _EARLIEST_SANE_TIME,
        Level.ERROR,
        f"发行方当地时间 {local}，时区 {zone}（若不对，请校准系统时钟）",
        f"the issuer's local time is {local}, zone {zone} (if it is wrong, set the clock)",
    )


def _check_keys(configuration: Configuration) -> Check:
    path = configuration.key_file
    if not path.exists() and not _has_database(configuration):
        return Check(
            "keys",
            ok=True,
            level=Level.ERROR,
            zh=f"密钥文件 {path} 将在首次启动时建立",
            en=f"the key file {path} will be created at the first start",
        )
    try:
        keys.load(path)
    except KaquanError as error:
        return Check("keys", ok=False, level=Level.ERROR, zh=error.zh, en=error.en)
    return Check(
        "keys",
        ok=True,
        level=Level.ERROR,
        zh=f"密钥文件 {path} 完好，仅本用户可读（请与数据库分开备份）",
        en=f"the key file {path} is sound and private (back it up apart from the database)",
    )


def _sandbox(configuration: Configuration) -> tuple[bool, Level, str, str]:
    ok, zh, en = sandbox_state(configuration)
    return ok, Level.WARNING, zh, en


def _has_database(configuration: Configuration) -> bool:
    return configuration.database_url is not None or embedded_layout(configuration).data.exists()


def _check_database(configuration: Configuration, more: MoreChecks | None) -> Iterator[Check]:
    if not _has_database(configuration):
        yield Check(
            "database",
            ok=True,
            level=Level.ERROR,
            zh="内置数据库将在首次启动时建立",
            en="the embedded database will be created at the first start",
        )
        return
    try:
        with (
            server_in_use(configuration),
            psycopg.connect(
                connection_urls(configuration).app, connect_timeout=CONNECT_TIMEOUT_S
            ) as connection,
        ):
            yield from _ask_database(connection)
            if more is not None:
                yield from more(connection)
    except KaquanError as error:
        yield Check("database", ok=False, level=Level.ERROR, zh=error.zh, en=error.en)
    except psycopg.Error as error:
        yield Check(
            "database",
            ok=False,
            level=Level.ERROR,
            zh=f"数据库出错：{error}",
            en=f"the database fails: {error}",
        )


def _ask_database(connection: psycopg.Connection) -> Iterator[Check]:
    version, size_mb, their_time = connection.execute(
        "select current_setting('server_version'),"
        " pg_database_size(current_database()) / 1048576, clock_timestamp()"
    ).fetchone() or ("?", 0, clock.now())
    yield Check(
        "database",
        ok=True,
        level=Level.ERROR,
        zh=f"PostgreSQL {version}，数据库 {size_mb} MB",
        en=f"PostgreSQL {version}, database of {size_mb} MB",
    )
    apart_s = abs((clock.now() - their_time).total_seconds())
    yield Check(
        "database_clock",
        apart_s <= CLOCK_DIFFERENCE_S_MAX,
        Level.ERROR,
        f"与数据库服务器的时钟相差 {apart_s:.1f} 秒（至多 {CLOCK_DIFFERENCE_S_MAX:.0f} 秒）",
        f"{apart_s:.1f} s apart from the database's clock ({CLOCK_DIFFERENCE_S_MAX:.0f} s at most)",
    )
    problems = check_settings(connection)
    for problem in problems:
        yield Check(problem.name, ok=False, level=problem.level, zh=problem.zh, en=problem.en)
    if not problems:
        yield Check(
            "database_settings",
            ok=True,
            level=Level.ERROR,
            zh="数据库设置安全",
            en="the database's settings are safe",
        )
