"""``kaquan doctor``: is this installation healthy?"""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
from rich.console import Console

from kaquan.access.health import check_storms
from kaquan.foundation.configuration import current_configuration
from kaquan.foundation.doctor import Check, run_checks
from kaquan.foundation.errors import ExitCode
from kaquan.foundation.jobs.checks import check_jobs
from kaquan.foundation.postgres.safety import Level
from kaquan.surfaces.cli.output import Json, plain, show, table

_SIGNS = {Level.ERROR: ("✗", "red"), Level.WARNING: ("!", "yellow")}


def doctor(json: Json = False) -> int:
    """检查本机安装是否健康 · Check the health of this installation."""
    checks = run_checks(current_configuration(), more=_more)
    healthy = all(check.ok or check.level is not Level.ERROR for check in checks)

    def people(console: Console) -> None:
        shown = table("", "检查 Check", "结果 Result")
        for check in checks:
            sign, style = ("✓", "green") if check.ok else _SIGNS[check.level]
            shown.add_row(sign, check.name, plain(check.zh) + "\n" + plain(check.en), style=style)
        console.print(shown)

    value = {"healthy": healthy, "checks": [_as_json(check) for check in checks]}
    show(value, json=json, people=people)
    return ExitCode.OK if healthy else ExitCode.FAILED


def _more(connection: psycopg.Connection) -> Iterator[Check]:
    yield from check_storms(connection)
    yield from check_jobs(connection)


def _as_json(check: Check) -> dict[str, object]:
    return {
        "name": check.name,
        "ok": check.ok,
        "level": check.level.name.lower(),
        "zh": check.zh,
        "en": check.en,
    }
