"""``kaquan bench``: the project's benchmarks, where there is a checkout."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

import kaquan
from kaquan.foundation.errors import ExitCode, KaquanError


def bench(
    arguments: Annotated[
        list[str] | None,
        typer.Argument(metavar="[ARGUMENT]...", help="交给基准测试 · for the benchmarks"),
    ] = None,
) -> int:
    """运行基准测试（需要源码）· Run the benchmarks (needs a checkout of the source)."""
    checkout = Path(kaquan.__file__).parents[2]
    if not (checkout / "benchmarks" / "__main__.py").is_file():
        raise KaquanError(
            "benchmarks_missing",
            zh="安装包不含基准测试；请在源码目录中运行 ./dev bench。",
            en="The package comes without benchmarks; run ./dev bench in a checkout.",
            exit_code=ExitCode.USAGE,
        )
    command = [sys.executable, "-m", "benchmarks", *(arguments or ())]
    return subprocess.run(command, cwd=checkout, check=False).returncode
