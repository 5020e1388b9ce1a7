"""The import contracts refuse what they are there to refuse, shown on small packages."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[2]
CONTRACTS = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
CLIENT = "../kaquan_client"
CLEAN = {
    "project": "import kaquan.wiring",
    "wiring": "import kaquan.surfaces.cli, kaquan.analytics",
    "surfaces/cli": "import kaquan.redemption",
    "surfaces/web": "",
    "redemption": "import kaquan.ledger",
    "ledger": "import kaquan.engine",
    "engine": "import hashlib, msgspec",
}
BROKEN = [
    ("engine", "import kaquan.foundation", "kaquan.engine is not allowed to import"),
    ("ledger", "import kaquan.redemption", "kaquan.ledger is not allowed to import"),
    ("offers", "import kaquan.budgets", "kaquan.offers is not allowed to import"),
    ("surfaces/cli", "import kaquan.project", "kaquan.surfaces is not allowed to import"),
    ("surfaces/cli", "import kaquan.surfaces.web", "kaquan.surfaces.cli is not allowed"),
    ("engine", "import django.db", "kaquan.engine is not allowed to import django"),
    ("engine", "import psycopg", "kaquan.engine is not allowed to import psycopg"),
    ("marketing", "", "kaquan.marketing"),
    ("surfaces/kit", "", "kaquan.surfaces.kit"),
    (CLIENT, "import kaquan.engine", "kaquan_client is not allowed to import"),
]

# One process for all packages, each judged in a fork of its own: import-linter takes a second to
# import, and reads a package once.
_JUDGE = """
import os, sys
from importlinter.cli import lint_imports
for folder in sys.argv[1:]:
    if os.fork() == 0:
        os.chdir(folder)
        sys.path.insert(0, folder)
        os.dup2(os.open("said", os.O_WRONLY | os.O_CREAT, 0o600), 1)
        status = lint_imports(no_cache=True)
        sys.stdout.flush()
        os._exit(status)
    _, status = os.wait()
    print(os.waitstatus_to_exitcode(status))
"""


class Verdict(NamedTuple):
    """How ``lint-imports`` ended, and what it said."""

    exit_code: int
    said: str


def folders() -> set[str]:
    """Those that have a layer of their own among the packages of ``kaquan``."""
    contracts = tomllib.loads(CONTRACTS)["tool"]["importlinter"]["contracts"]
    (layers,) = [one["layers"] for one in contracts if one["id"] == "layers"]
    names = {name.strip() for layer in layers for name in layer.split("|")}
    return {name for name in names if not name.startswith("(")}


def write_package(folder: Path, code: dict[str, str]) -> None:
    """A package made of one-line modules, with this repository's contracts."""
    for name in (*folders(), CLIENT, *code):
        package = folder / "kaquan" / name
        package.mkdir(parents=True, exist_ok=True)
        (package / "__init__.py").write_text(code.get(name, "") + "\n", encoding="utf-8")
    (folder / "kaquan" / "__init__.py").touch()
    (folder / "pyproject.toml").write_text(CONTRACTS, encoding="utf-8")


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory: pytest.TempPathFactory) -> list[Verdict]:
    """On the clean package, then on each of the broken ones."""
    cases = [CLEAN, *({**CLEAN, where: code} for where, code, _ in BROKEN)]
    places = [tmp_path_factory.mktemp("package") for _ in cases]
    for place, code in zip(places, cases, strict=True):
        write_package(place, code)
    judged = subprocess.run(
        [sys.executable, "-P", "-c", _JUDGE, *places],
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        stdout=subprocess.PIPE,
        encoding="utf-8",
        check=True,
    )
    return [
        Verdict(int(exit_code), (place / "said").read_text(encoding="utf-8"))
        for exit_code, place in zip(judged.stdout.split(), places, strict=True)
    ]


def test_imports_that_point_down_are_kept(verdicts: list[Verdict]) -> None:
    assert verdicts[0].exit_code == 0, verdicts[0].said
    assert "0 broken" in verdicts[0].said


@pytest.mark.parametrize("number", range(len(BROKEN)), ids=[f"{one[0]}-{one[2]}" for one in BROKEN])
def test_an_import_that_points_up_or_a_folder_without_a_layer_is_refused(
    verdicts: list[Verdict], number: int
) -> None:
    exit_code, said = verdicts[1 + number]

    assert exit_code == 1
    assert BROKEN[number][2] in said
