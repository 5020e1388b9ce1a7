"""Every setting of Kaquan: one typed object, read once from the environment.

`SETTINGS` is what the documentation and `kaquan config` are made from, so a setting that is not
described does not exist.
"""

import difflib
import ipaddress
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from psycopg.conninfo import conninfo_to_dict

from kaquan.foundation.errors import ExitCode, KaquanError
from kaquan.foundation.settings_kinds import (
    ADDRESS,
    DATABASE_URL,
    FAILPOINTS,
    HOSTS,
    NETWORKS,
    PATH,
    TIME_ZONE,
    YES_NO,
    BadValueError,
    Kind,
    one_of,
    whole_number,
)

PREFIX = "KAQUAN_"
#: Names of ours that are no settings of an installation: a client of one has them.
CLIENT_NAMES = frozenset({"KAQUAN_API_KEY", "KAQUAN_SIGNING_SECRET"})


@dataclass(frozen=True, slots=True)
class Setting:
    """One environment variable; `default_text` is what it is when the variable is empty."""

    name: str
    field: str
    value_kind: Kind
    default_text: str
    zh: str
    en: str
    secret: bool = False
    computed: bool = False  # then `default_text` is a description, not a value to read

    @property
    def kind(self) -> str:
        """The sort of value, as a word for people."""
        return self.value_kind.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """What one installation is told from outside; see `SETTINGS` for the meaning of each field."""

    home: Path
    database_url: str | None = field(repr=False)
    http_host: str
    http_port: int
    https: bool
    trusted_proxies: tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]
    allowed_hosts: tuple[str, ...]
    workers: int
    writer_threads: int
    time_zone: ZoneInfo
    key_file: Path
    log_level: str
    debug: bool
    demo: bool
    mode: str
    key_rate_per_s: int
    key_concurrency: int
    sandbox: bool
    sandbox_database_url: str | None = field(repr=False)
    export_days: int
    login_providers_file: Path | None
    wallet_file: Path | None
    webhook_private_targets: tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]
    postgres_memory_mb: int
    postgres_port: int
    postgres_keep_running: bool
    failpoints: str

    def environment(self) -> dict[str, str]:
        """The variables that give another process this same configuration; holds secrets."""
        values = ((setting, getattr(self, setting.field)) for setting in SETTINGS)
        return {
            setting.name: "" if value is None else setting.value_kind.format(value)
            for setting, value in values
        }


SETTINGS: Sequence[Setting] = (
    Setting(
        "KAQUAN_HOME", "home", PATH, "~/.local/share/kaquan; root: /var/lib/kaquan",
        "数据目录：内置数据库、密钥和静态文件都在其中。",
        "The folder that holds the embedded database, the keys and the static files.",
        computed=True,
    ),
    Setting(
        "DATABASE_URL", "database_url", DATABASE_URL, "embedded PostgreSQL",
        "外部 PostgreSQL（16 及以上）的地址；留空则使用内置数据库。",
        "Where an external PostgreSQL (16 or newer) is; when empty, the embedded one is used.",
        secret=True, computed=True,
    ),
    Setting(
        "KAQUAN_HTTP_HOST", "http_host", ADDRESS, "127.0.0.1",
        "网页和接口监听的地址。",
        "The address that pages and interfaces listen on.",
    ),
    Setting(
        "KAQUAN_HTTP_PORT", "http_port", whole_number("port", 1, 65535), "8700",
        "网页和接口监听的端口。",
        "The port that pages and interfaces listen on.",
    ),
    Setting(
        "KAQUAN_HTTPS", "https", YES_NO, "0",
        "前有 TLS 代理（并传递 X-Forwarded-Proto）时设为 1；监听本机以外的地址时必需。",
        "Set to 1 behind a TLS proxy that passes X-Forwarded-Proto; "
        "needed to listen beyond this machine.",
    ),
    Setting(
        "KAQUAN_TRUSTED_PROXIES", "trusted_proxies", NETWORKS, "",
        "可信代理的网段（CIDR，以逗号分隔）；只有它们写的 X-Forwarded-For 才算数。",
        "The networks (CIDR, separated by commas) of proxies whose X-Forwarded-For is believed.",
    ),
    Setting(
        "KAQUAN_ALLOWED_HOSTS", "allowed_hosts", HOSTS, "localhost,127.0.0.1,[::1]",
        "网站可用的主机名，以逗号分隔。",
        "The host names that the site answers to, separated by commas.",
    ),
    Setting(
        "KAQUAN_WORKERS", "workers", whole_number("count", 1, 64), "1",
        "网页服务的进程数。",
        "The number of processes that serve pages.",
    ),
    Setting(
        "KAQUAN_WRITER_THREADS", "writer_threads", whole_number("count", 1, 16), "2",
        "每个进程中写账线程的个数；每个线程有自己的账道。",
        "The number of ledger writers in a process; each has a lane of its own.",
    ),
    Setting(
        "KAQUAN_TIME_ZONE", "time_zone", TIME_ZONE, "Asia/Shanghai",
        "发行方的时区：“当日有效”以此为准。",
        'The issuer\'s time zone: what "valid through that day" means.',
    ),
    Setting(
        "KAQUAN_KEY_FILE", "key_file", PATH, "KAQUAN_HOME/keys.json",
        "密钥文件；须与数据库分开备份。",
        "The key file; back it up, apart from the database.",
        computed=True,
    ),
    Setting(
        "KAQUAN_LOG_LEVEL", "log_level", one_of("debug", "info", "warning", "error"), "info",
        "日志的详细程度。",
        "How much is logged.",
    ),
    Setting(
        "KAQUAN_DEBUG", "debug", YES_NO, "0",
        "调试模式：仅供开发，只能监听本机。",
        "Debug mode: for development only, and on this machine only.",
    ),
    Setting(
        "KAQUAN_DEMO", "demo", YES_NO, "0",
        "装入演示发行方的数据；只能监听本机。",
        "Load the demo issuer; on this machine only.",
    ),
    Setting(
        "KAQUAN_MODE", "mode", one_of("live", "test"), "live",
        "正式（live）或测试（test）环境：API 密钥须与之相符（kq_live_、kq_test_）。",
        "A live or a test installation: API keys must be of the same (kq_live_, kq_test_).",
    ),
    Setting(
        "KAQUAN_KEY_RATE_PER_S", "key_rate_per_s", whole_number("count", 1, 1_000_000), "1000",
        "每个 API 密钥在每个进程中每秒可做的核销类操作数；短时可达两倍。",
        "Operations a second that one API key may do in the hot lane of a process; "
        "twice that in a burst.",
    ),
    Setting(
        "KAQUAN_KEY_CONCURRENCY", "key_concurrency", whole_number("count", 1, 100_000), "256",
        "每个 API 密钥在每个进程中可同时进行的请求数。",
        "Requests of one API key that a process handles at once.",
    ),
    Setting(
        "KAQUAN_SANDBOX", "sandbox", YES_NO, "0",
        "设为 1 时同时运行沙箱：测试密钥（kq_test_…）使用它自己的数据，与正式数据分开。",
        "Set to 1 to run a sandbox too: test keys (kq_test_...) reach data of its own.",
    ),
    Setting(
        "KAQUAN_SANDBOX_DATABASE_URL", "sandbox_database_url", DATABASE_URL,
        "embedded PostgreSQL",
        "沙箱的外部 PostgreSQL 地址，须与 DATABASE_URL 是不同的数据库；设了 DATABASE_URL 时必需。",
        "Where the sandbox's external PostgreSQL is: another database than DATABASE_URL, "
        "and needed with it.",
        secret=True, computed=True,
    ),
    Setting(
        "KAQUAN_EXPORT_DAYS", "export_days", whole_number("days", 1, 3650), "7",
        "后台任务导出的文件保留几天。",
        "For how many days the files that background jobs made are kept.",
    ),
    Setting(
        "KAQUAN_LOGIN_PROVIDERS_FILE", "login_providers_file", PATH, "none",
        "列出第三方登录（微信、钉钉、飞书、OIDC）的 JSON 文件，仅本人可读；留空则不启用。",
        "A private JSON file that lists other ways to log in (WeChat, DingTalk, Feishu, OIDC); "
        "when empty there are none.",
        computed=True,
    ),
    Setting(
        "KAQUAN_WALLET_FILE", "wallet_file", PATH, "none",
        "卡包所用的短信、微信登录和 Apple 卡券证书的 JSON 文件，仅本人可读；"
        "留空时验证码写入数据目录，仅供演示。",
        "A private JSON file for the wallet's SMS provider, WeChat login and Apple certificate; "
        "when empty, codes are written to a file in the data folder, for demos only.",
        computed=True,
    ),
    Setting(
        "KAQUAN_WEBHOOK_PRIVATE_TARGETS", "webhook_private_targets", NETWORKS, "",
        "事件推送可以发往的内网网段，以逗号分隔；其中的地址也可用 http 和任何端口。"
        "留空则只能发往公网 https 地址。",
        "Private networks that webhooks may go to, separated by commas, also by http and on any "
        "port. When empty, webhooks go to public https addresses only.",
    ),
    Setting(
        "KAQUAN_POSTGRES_MEMORY_MB", "postgres_memory_mb",
        whole_number("megabytes", 0, 4_194_304), "0",
        "内置数据库按多少内存（MB）来调整；0 表示按本机内存。",
        "The memory (MB) that the embedded database is tuned for; 0 means this machine's.",
    ),
    Setting(
        "KAQUAN_POSTGRES_PORT", "postgres_port", whole_number("port", 0, 65535), "0",
        "内置数据库另外监听的 127.0.0.1 端口；0 表示只用本机套接字。",
        "A port of 127.0.0.1 that the embedded database also listens on; 0: socket only.",
    ),
    Setting(
        "KAQUAN_POSTGRES_KEEP_RUNNING", "postgres_keep_running", YES_NO, "0",
        "设为 1 时，最后一个卡券进程退出后内置数据库继续运行。",
        "Set to 1 to leave the embedded database running after the last Kaquan process.",
    ),
    Setting(
        "KAQUAN_FAILPOINTS", "failpoints", FAILPOINTS, "",
        "故障点，仅用于崩溃测试，且须在调试模式下。",
        "Failpoints, for crash tests only and in debug mode only.",
    ),
)  # fmt: skip


class ConfigurationError(KaquanError):
    """Everything that is wrong with the settings, at once."""

    def __init__(self, problems: Sequence[BadValueError]) -> None:
        self.problems = tuple(problems)
        super().__init__(
            "configuration_invalid",
            zh="设置有误：\n" + "\n".join(f"· {problem.zh}" for problem in problems),
            en="The settings are wrong:\n" + "\n".join(f"· {problem.en}" for problem in problems),
            exit_code=ExitCode.CONFIGURATION,
        )


def load_configuration(environment: Mapping[str, str]) -> Configuration:
    """Read all settings; an empty variable counts as absent.

    Raises `ConfigurationError` with every unknown name, bad value and unsafe combination.
    """
    problems = list(_unknown_names(environment))
    values: dict[str, Any] = {}
    for setting in SETTINGS:
        given = environment.get(setting.name, "").strip()
        text = given or ("" if setting.computed else setting.default_text)
        try:
            values[setting.field] = setting.value_kind.parse(text) if text else None
        except BadValueError as bad:
            shown = "" if setting.secret else f"={text[:100]}"
            problems.append(
                BadValueError(
                    zh=f"{setting.name}{shown}：{bad.zh}", en=f"{setting.name}{shown}: {bad.en}"
                )
            )
    if problems:
        raise ConfigurationError(problems)
    values["home"] = values["home"] or default_home()
    values["key_file"] = values["key_file"] or values["home"] / "keys.json"
    values["failpoints"] = values["failpoints"] or ""
    values["trusted_proxies"] = values["trusted_proxies"] or ()
    values["webhook_private_targets"] = values["webhook_private_targets"] or ()
    configuration = Configuration(**values)
    problems = list(_unsafe_combinations(configuration))
    if problems:
        raise ConfigurationError(problems)
    return configuration


def default_home() -> Path:
    """Where an installation lives unless told otherwise."""
    if os.geteuid() == 0:
        return Path("/var/lib/kaquan")
    return Path.home() / ".local" / "share" / "kaquan"


_installed: list[Configuration] = []


def install_configuration(configuration: Configuration) -> None:
    """Make this the configuration of the process; raises when it has another one already."""
    if _installed and _installed[0] != configuration:
        raise AssertionError("one process serves one configuration")
    _installed[:] = [configuration]


def current_configuration() -> Configuration:
    """The configuration of this process: the installed one, else the environment's."""
    if not _installed:
        install_configuration(load_configuration(os.environ))
    return _installed[0]


def _unknown_names(environment: Mapping[str, str]) -> Iterator[BadValueError]:
    known = [setting.name for setting in SETTINGS]
    for name in sorted(environment):
        if not name.startswith(PREFIX) or name in known or name in CLIENT_NAMES:
            continue
        close = difflib.get_close_matches(name, known, n=1)
        zh_hint = f"；您是否要写 {close[0]}？" if close else ""
        en_hint = f"; did you mean {close[0]}?" if close else ""
        yield BadValueError(
            zh=f"{name}：没有这个设置{zh_hint}", en=f"{name}: no such setting{en_hint}"
        )


def _unsafe_combinations(configuration: Configuration) -> Iterator[BadValueError]:
    reachable = not _is_loopback(configuration.http_host)
    if configuration.failpoints and not configuration.debug:
        yield BadValueError(
            zh="KAQUAN_FAILPOINTS：只能与 KAQUAN_DEBUG=1 同用",
            en="KAQUAN_FAILPOINTS: only together with KAQUAN_DEBUG=1",
        )
    if "*" in configuration.allowed_hosts and not configuration.debug:
        yield BadValueError(
            zh="KAQUAN_ALLOWED_HOSTS=*：任何人都能冒充主机名；请列出真实域名",
            en="KAQUAN_ALLOWED_HOSTS=*: lets anyone forge the host name; list the real ones",
        )
    if reachable and configuration.debug:
        yield BadValueError(
            zh="KAQUAN_DEBUG=1：调试页面会泄露内部信息，KAQUAN_HTTP_HOST 只能是本机地址",
            en="KAQUAN_DEBUG=1: debug pages tell secrets, so KAQUAN_HTTP_HOST must be this machine",
        )
    if reachable and configuration.demo:
        yield BadValueError(
            zh="KAQUAN_DEMO=1：演示数据没有保护，KAQUAN_HTTP_HOST 只能是本机地址",
            en="KAQUAN_DEMO=1: the demo is unprotected, so KAQUAN_HTTP_HOST must be this machine",
        )
    if configuration.sandbox and configuration.database_url is not None:
        yield from _sandbox_problems(configuration.database_url, configuration.sandbox_database_url)
    if reachable and not configuration.https:
        yield BadValueError(
            zh="KAQUAN_HTTP_HOST：监听本机以外的地址须有 TLS 代理，并设置 KAQUAN_HTTPS=1",
            en="KAQUAN_HTTP_HOST: to listen beyond this machine, put a TLS proxy in front "
            "and set KAQUAN_HTTPS=1",
        )


def _sandbox_problems(live_url: str, sandbox_url: str | None) -> Iterator[BadValueError]:
    if sandbox_url is None:
        yield BadValueError(
            zh="KAQUAN_SANDBOX=1：用外部数据库时须以 KAQUAN_SANDBOX_DATABASE_URL 另指定一个数据库",
            en="KAQUAN_SANDBOX=1: with an external database, name another one for the sandbox "
            "in KAQUAN_SANDBOX_DATABASE_URL",
        )
    elif _place_of(sandbox_url) == _place_of(live_url):
        yield BadValueError(
            zh="KAQUAN_SANDBOX_DATABASE_URL：与 DATABASE_URL 是同一个数据库；沙箱须有自己的",
            en="KAQUAN_SANDBOX_DATABASE_URL: is the database of DATABASE_URL; "
            "the sandbox needs its own",
        )


def _place_of(url: str) -> tuple[object, ...]:
    parts = conninfo_to_dict(url)
    return tuple(parts.get(name) for name in ("host", "port", "dbname"))


def _is_loopback(host: str) -> bool:
    return host == "localhost" or ipaddress.ip_address(host).is_loopback
