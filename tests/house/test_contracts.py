"""The import contracts refuse what they are there to refuse, shown on a small package."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = (
    "access", "analytics", "budgets", "campaigns", "customers", "engine", "foundation",
    "integrations", "ledger", "offers", "organisations", "project", "redemption", "staff",
    "surfaces", "surfaces/cli", "surfaces/web", "wiring",
)  # fmt: skip
CLIENT = "../kaquan_client"
CLEAN = {
    "project": "import kaquan.wiring",
    "wiring": "import kaquan.surfaces.cli, kaquan.analytics",
    "surfaces/cli": "import kaquan.redemption",
    "redemption": "import kaquan.ledger",
    "ledger": "import kaquan.engine",
    "engine": "import hashlib, msgspec",
}


def lint_imports(folder: Path, code: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run import-linter with this repository's contracts on a package made of one-line modules."""
    for name in (*FOLDERS, CLIENT, *code):
        package = folder / "kaquan" / name
        package.mkdir(parents=True, exist_ok=True)
        (package / "__init__.py").write_text(code.get(name, "") + "\n", encoding="utf-8")
    (folder / "kaquan" / "__init__.py").touch()
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert "importlinter" in tomllib.loads(text)["tool"]
    (folder / "pyproject.toml").write_text(text, encoding="utf-8")
    return subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


def test_imports_that_point_down_are_kept(tmp_path: Path) -> None:
    result = lint_imports(tmp_path, CLEAN)

    assert result.returncode == 0, result.stdout
    assert "0 broken" in result.stdout


@pytest.mark.parametrize(
    ("where", "code", "told"),
    [
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
    ],
)
def test_an_import_that_points_up_or_a_folder_without_a_layer_is_refused(
    tmp_path: Path, where: str, code: str, told: str
) -> None:
    result = lint_imports(tmp_path, {**CLEAN, where: code})

    assert result.returncode == 1
    assert told in result.stdout
