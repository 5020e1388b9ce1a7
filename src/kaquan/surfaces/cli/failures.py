"""How a command that could not be done ends: a sentence in each language and an exit code."""

from __future__ import annotations

import os
import tempfile
import traceback
from pathlib import Path

import psycopg
from django.db import OperationalError as DjangoOperationalError
from typer.exceptions import TyperException

from kaquan.foundation import clock
from kaquan.foundation.configuration import current_configuration
from kaquan.foundation.errors import ExitCode, KaquanError
from kaquan.foundation.private_files import make_folder
from kaquan.surfaces.cli.exit_codes import Ending
from kaquan.surfaces.cli.output import plain, show, stderr

ERROR_LOG = "kaquan-errors.log"


def report_failure(error: BaseException, *, json: bool) -> int:
    """Tell what went wrong; returns the exit code. Never raises, and never shows a traceback."""
    if isinstance(error, KaquanError):
        return _tell(error.code, error.zh, error.en, error.exit_code, json=json)
    if isinstance(error, TyperException):
        said = error.format_message()
        if not said and not json:  # no subcommand was named: its help has been shown
            return ExitCode.USAGE
        return _tell(
            "usage",
            f"用法有误：{said}（运行 kaquan --help 查看用法）",
            f"Used wrongly: {said} (run kaquan --help)",
            ExitCode.USAGE,
            json=json,
        )
    if isinstance(error, psycopg.OperationalError | DjangoOperationalError):
        return _tell(
            "database_unreachable",
            "数据库连接中断；它恢复后请重试。",
            "The connection to the database was lost; try again when it is back.",
            ExitCode.UNAVAILABLE,
            json=json,
        )
    if isinstance(error, KeyboardInterrupt):
        return _tell("interrupted", "已中断。", "Interrupted.", Ending.INTERRUPTED, json=json)
    log = _write_log(error)
    return _tell(
        "internal_error",
        f"程序出错，详情已记入 {log}；请附上它报告问题。",
        f"Something of ours went wrong; the details are in {log}. Please report it with that file.",
        Ending.INTERNAL_ERROR,
        json=json,
    )


def _tell(code: str, zh: str, en: str, exit_code: int, *, json: bool) -> int:
    lines = [plain(line) for line in f"{zh}\n{en}".splitlines()]

    def people(_stdout: object) -> None:
        console = stderr()
        for line in lines:
            console.print(line, style="red")

    value = {"error": {"code": code, "zh": _storable(zh), "en": _storable(en)}}
    show(value, json=json, people=people)
    return int(exit_code)


def _storable(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


def _write_log(error: BaseException) -> Path:
    text = f"{clock.now().isoformat()}\n{''.join(traceback.format_exception(error))}\n"
    for folder in (_home_log_folder, _temporary_folder):
        try:
            path = folder() / ERROR_LOG
            descriptor = os.open(
                path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600
            )
            with open(descriptor, "a", encoding="utf-8", errors="backslashreplace") as log:
                log.write(text)
        except (OSError, KaquanError):
            continue
        return path
    return Path(os.devnull)


def _home_log_folder() -> Path:
    folder = current_configuration().home / "log"
    make_folder(folder)
    return folder


def _temporary_folder() -> Path:
    return Path(tempfile.mkdtemp(prefix="kaquan-"))
