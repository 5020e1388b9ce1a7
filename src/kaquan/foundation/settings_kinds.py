"""How the text of an environment variable becomes a value, and back."""

import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict

from kaquan.foundation.errors import KaquanError
from kaquan.foundation.failpoints import parse_failpoints

_HOST_PATTERN = re.compile(r"\.?[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\]|\*")


class BadValueError(ValueError):
    """A text that a setting cannot take; says what it would take."""

    def __init__(self, *, zh: str, en: str) -> None:
        super().__init__(en)
        self.zh = zh
        self.en = en


@dataclass(frozen=True, slots=True)
class Kind:
    """One sort of value: its name for the documentation, and how it is read and written."""

    name: str
    parse: Callable[[str], object]
    format: Callable[[Any], str] = str


def whole_number(name: str, minimum: int, maximum: int) -> Kind:
    """A kind of whole number between two bounds, both allowed."""

    def parse(text: str) -> int:
        digits = text.isascii() and text.isdigit() and len(text) <= 10
        if not (digits and minimum <= int(text) <= maximum):
            raise BadValueError(
                zh=f"应为 {minimum} 到 {maximum} 的整数",
                en=f"expected a whole number from {minimum} to {maximum}",
            )
        return int(text)

    return Kind(name, parse)


def one_of(*choices: str) -> Kind:
    """A kind with a fixed list of words; capitals do not matter."""

    def parse(text: str) -> str:
        if text.lower() not in choices:
            listed = ", ".join(choices)
            raise BadValueError(zh=f"应为以下之一：{listed}", en=f"expected one of: {listed}")
        return text.lower()

    return Kind(" | ".join(choices), parse)


def _parse_yes_no(text: str) -> bool:
    words = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}
    if text.lower() not in words:
        raise BadValueError(zh="应为 1（是）或 0（否）", en="expected 1 (yes) or 0 (no)")
    return words[text.lower()]


def _parse_path(text: str) -> Path:
    # PostgreSQL's initdb puts paths between double quotes and hands them to a shell.
    if not text.isprintable() or set(text) & set('"$`\\'):
        raise BadValueError(
            zh="""路径不能含有 " $ ` \\ 或控制字符""",
            en="""a path cannot hold " $ ` \\ or control characters""",
        )
    return Path(text).expanduser().absolute()


def _parse_address(text: str) -> str:
    if text == "localhost":
        return text
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        raise BadValueError(
            zh="应为 IP 地址（如 127.0.0.1）或 localhost",
            en="expected an IP address (such as 127.0.0.1) or localhost",
        ) from None


def _parse_hosts(text: str) -> tuple[str, ...]:
    hosts = tuple(part.strip() for part in text.split(",") if part.strip())
    bad = [host for host in hosts if not _HOST_PATTERN.fullmatch(host)]
    if bad or not hosts:
        raise BadValueError(
            zh="应为以逗号分隔的主机名，不含协议和端口",
            en="expected host names separated by commas, without scheme and port",
        )
    return hosts


def _parse_networks(text: str) -> tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]:
    try:
        parts = [part.strip() for part in text.split(",") if part.strip()]
        return tuple(ipaddress.ip_network(part) for part in parts)
    except ValueError:
        raise BadValueError(
            zh="应为以逗号分隔的网段，如 10.0.0.0/8",
            en="expected networks separated by commas, such as 10.0.0.0/8",
        ) from None


def _parse_time_zone(text: str) -> ZoneInfo:
    try:
        return ZoneInfo(text)
    except (ValueError, OSError, KeyError):
        raise BadValueError(
            zh="未知时区；应如 Asia/Shanghai（并确认系统装有时区数据）",
            en="unknown time zone; expected for example Asia/Shanghai "
            "(and time zone data installed)",
        ) from None


def _parse_database_url(text: str) -> str:
    # The message never repeats the text: it holds a password.
    try:
        usable = text.startswith(("postgresql://", "postgres://")) and bool(
            conninfo_to_dict(text).get("dbname")
        )
    except ProgrammingError:
        usable = False
    if not usable:
        raise BadValueError(
            zh="应为 postgresql://用户:密码@主机:端口/数据库",
            en="expected postgresql://user:password@host:port/database",
        )
    return text


def _parse_failpoints(text: str) -> str:
    try:
        parse_failpoints(text)
    except KaquanError as error:
        raise BadValueError(zh=error.zh, en=error.en) from None
    return text


YES_NO = Kind("1 | 0", _parse_yes_no, lambda value: "1" if value else "0")
PATH = Kind("path", _parse_path)
ADDRESS = Kind("address", _parse_address)
HOSTS = Kind("hosts", _parse_hosts, ",".join)
NETWORKS = Kind("networks", _parse_networks, lambda value: ",".join(map(str, value)))
TIME_ZONE = Kind("time zone", _parse_time_zone)
DATABASE_URL = Kind("URL", _parse_database_url)
FAILPOINTS = Kind("failpoints", _parse_failpoints)
