"""What Kaquan asks of a PostgreSQL before it trusts it with money."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

import psycopg

from kaquan.foundation.errors import ExitCode, KaquanError
from kaquan.foundation.postgres.urls import APP_ROLE

VERSION_MIN = 160000


class Level(StrEnum):
    """An error stops the start; a warning is for `doctor`."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is not as it should be, and what to do about it."""

    name: str
    level: Level
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class _Rule:
    setting: str
    is_safe: Callable[[str], bool]
    level: Level
    zh: str
    en: str


_RULES = (
    _Rule(
        "server_version_num", lambda value: int(value) >= VERSION_MIN, Level.ERROR,
        "PostgreSQL 版本低于 16；请升级。",
        "PostgreSQL is older than 16; upgrade it.",
    ),
    _Rule(
        "fsync", lambda value: value == "on", Level.ERROR,
        "fsync 已关闭，断电会毁掉已确认的核销；请设为 on。",
        "fsync is off, so a power cut destroys confirmed redemptions; set it to on.",
    ),
    _Rule(
        "full_page_writes", lambda value: value == "on", Level.ERROR,
        "full_page_writes 已关闭，断电会损坏数据页；请设为 on。",
        "full_page_writes is off, so a power cut damages pages; set it to on.",
    ),
    # `local` and every higher value wait for this server's own disk; only `off` answers before.
    _Rule(
        "synchronous_commit", lambda value: value != "off", Level.ERROR,
        "synchronous_commit 已关闭，崩溃会丢失已确认的核销；请设为 on（含角色和数据库的设置）。",
        "synchronous_commit is off, so a crash loses confirmed redemptions; set it to on "
        "(look at the settings of the role and the database too).",
    ),
    _Rule(
        "data_sync_retry", lambda value: value == "off", Level.ERROR,
        "data_sync_retry 已打开，写盘失败会被忽略；请设为 off。",
        "data_sync_retry is on, so a failed write to disk is passed over; set it to off.",
    ),
    _Rule(
        "server_encoding", lambda value: value == "UTF8", Level.ERROR,
        "数据库编码不是 UTF8；请用 UTF8 重建数据库。",
        "The database's encoding is not UTF8; create it anew with UTF8.",
    ),
    _Rule(
        "default_transaction_isolation", lambda value: value == "read committed", Level.ERROR,
        "默认隔离级别不是 read committed，账本的加锁方式以它为前提；请改回。",
        "The default isolation is not read committed, which the ledger's locking builds on; "
        "set it back.",
    ),
    _Rule(
        "default_transaction_read_only", lambda value: value == "off", Level.ERROR,
        "数据库默认只读；请把 default_transaction_read_only 设为 off。",
        "The database is read-only by default; set default_transaction_read_only to off.",
    ),
    _Rule(
        "data_checksums", lambda value: value == "on", Level.WARNING,
        "数据校验和未启用，磁盘的静默损坏不会被发现；建议停机后用 pg_checksums 启用。",
        "Data checksums are off, so silent damage of the disk stays unseen; "
        "better enable them with pg_checksums while the server is down.",
    ),
)  # fmt: skip


def check_settings(connection: psycopg.Connection) -> list[Problem]:
    """Everything unsafe about this server, as the given session sees it.

    Ask through a session of the application: roles and databases can carry settings of their own.
    """
    # In a database without encoding psycopg would give bytes, and the checks misread them.
    connection.execute("set client_encoding to 'UTF8'")
    return [
        *_setting_problems(connection),
        *_standby_problems(connection),
        *_search_problems(connection),
        *_role_problems(connection),
    ]


def refuse_unsafe(connection: psycopg.Connection) -> None:
    """Raise `postgres_unsafe`, naming every error that `check_settings` finds."""
    errors = [item for item in check_settings(connection) if item.level is Level.ERROR]
    if errors:
        raise KaquanError(
            "postgres_unsafe",
            zh="数据库的设置不安全，已拒绝启动：\n" + "\n".join(f"· {item.zh}" for item in errors),
            en="The database is not safe to use; start refused:\n"
            + "\n".join(f"· {item.en}" for item in errors),
            exit_code=ExitCode.CONFIGURATION,
        )


def _setting_problems(connection: psycopg.Connection) -> Iterator[Problem]:
    for rule in _RULES:
        row = connection.execute("select current_setting(%s)", [rule.setting]).fetchone()
        if row is None or not rule.is_safe(row[0]):
            yield Problem(rule.setting, rule.level, rule.zh, rule.en)


def _standby_problems(connection: psycopg.Connection) -> Iterator[Problem]:
    if connection.execute("select pg_is_in_recovery()").fetchone() != (False,):
        yield Problem(
            "standby",
            Level.ERROR,
            "这是备库，看到的可能是旧数据，不能据此判断券是否可用；请连接主库。",
            "This is a standby: what it shows may be old, and no voucher is judged by it; "
            "connect to the primary.",
        )


def _search_problems(connection: psycopg.Connection) -> Iterator[Problem]:
    has_trigrams = connection.execute("select to_regproc('show_trgm') is not null").fetchone()
    question = (
        "select show_trgm('北京市') <> '{}'"
        if has_trigrams == (True,)
        else "select datctype not in ('C', 'POSIX') from pg_database"
        " where datname = current_database()"
    )
    if connection.execute(question).fetchone() != (True,):
        yield Problem(
            "chinese_search",
            Level.WARNING,
            "数据库的 LC_CTYPE 不认识汉字，中文搜索会找不到结果；请用 C.UTF-8 重建数据库。",
            "The database's LC_CTYPE does not know Chinese, so search finds nothing; "
            "create it anew with C.UTF-8.",
        )


def _role_problems(connection: psycopg.Connection) -> Iterator[Problem]:
    if connection.execute("select current_user").fetchone() != (APP_ROLE,):
        yield Problem(
            "app_role",
            Level.WARNING,
            f"会话没有使用角色 {APP_ROLE}，数据库无法阻止改写分录。请管理员在首次迁移前执行："
            f"create role {APP_ROLE} nologin; grant {APP_ROLE} to 登录用户;",
            f"Sessions do not use the role {APP_ROLE}, so the database cannot stop a change of "
            "entries. Before the first migration an administrator runs: "
            f"create role {APP_ROLE} nologin; grant {APP_ROLE} to the_login;",
        )
