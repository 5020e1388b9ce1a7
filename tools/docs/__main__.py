"""Write the reference pages, or with ``--check`` only tell whether they are current."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

from django.apps import apps

from kaquan.foundation import django_setup
from kaquan.foundation.configuration import load_configuration
from tools.docs import commands, limits, openapi, outcomes, permissions, problems, settings

ROOT = Path(__file__).resolve().parents[2]
FOLDER = Path("docs/reference")


class Page(NamedTuple):
    """A generated page and the module that it describes."""

    name: str
    source: str
    make: Callable[[ModuleType], str]
    folder: Path = FOLDER


PAGES = (
    Page("outcomes.md", "kaquan.engine.outcome_details", outcomes.page),
    Page("problems.md", "kaquan.surfaces.gateway.catalogue", problems.page),
    Page("settings.md", "kaquan.foundation.configuration", settings.page),
    Page("limits.md", "kaquan.access.limit_table", limits.page),
    Page("permissions.md", "kaquan.access.permissions", permissions.page),
    Page("cli.md", "kaquan.surfaces.cli.main", commands.page),
    Page("openapi.json", "kaquan.project.description", openapi.page, Path("docs/api")),
)


def generate(pages: Sequence[Page] = PAGES) -> dict[str, str]:
    """Every page's path, relative to the repository, and the text that it should have.

    A page whose source is not written yet is left out, with a word about it.
    """
    if not apps.ready:  # what is described needs its models
        home = ROOT / ".dev" / "home"
        django_setup.setup(load_configuration({**os.environ, "KAQUAN_HOME": str(home)}))
    expected = {}
    for page in pages:
        try:
            source = importlib.import_module(page.source)
        except ModuleNotFoundError as error:
            # Only the source itself or a package above it may be missing, not what they import.
            if not f"{page.source}.".startswith(f"{error.name}."):
                raise
            sys.stderr.write(f"{page.name}: 尚无 · there is no {error.name} yet\n")
        else:
            expected[(page.folder / page.name).as_posix()] = page.make(source)
    return expected


def stale(root: Path, expected: dict[str, str]) -> list[str]:
    """The paths whose file is missing or says something else."""
    return [
        path
        for path, text in expected.items()
        if not (root / path).is_file() or (root / path).read_text(encoding="utf-8") != text
    ]


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="./dev docs", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when stale")
    check: bool = parser.parse_args(arguments).check
    expected = generate()
    for path in stale(ROOT, expected):
        if check:
            message = f"{path}: 与代码不一致，请运行 ./dev docs · stale; run ./dev docs"
            sys.stdout.write(f"{message}\n")
            continue
        (ROOT / path).parent.mkdir(parents=True, exist_ok=True)
        (ROOT / path).write_text(expected[path], encoding="utf-8")
        sys.stdout.write(f"{path}: 已更新 · written\n")
    return 1 if check and stale(ROOT, expected) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
