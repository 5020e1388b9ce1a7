"""What may be shipped: pinned by hash, from no private host, with no trace of a machine."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def test_every_requirement_is_pinned_with_hashes_and_names_no_host() -> None:
    text = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    entries = [part for part in re.split(r"\n(?=\S)", text) if not part.startswith("#")]

    assert len(entries) > 10
    assert [entry for entry in entries if "==" not in entry or "--hash=sha256:" not in entry] == []
    assert not re.search(r"://|--(?:extra-)?index-url|--find-links", text)


def test_requirements_hold_no_development_tool() -> None:
    text = (ROOT / "requirements.txt").read_text(encoding="utf-8")

    assert not re.search(r"^(?:pytest|ruff|mypy|hypothesis|playwright)==", text, re.MULTILINE)


def test_the_licence_is_apache_2() -> None:
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")

    assert "Apache License" in text
    assert "Version 2.0, January 2004" in text


@pytest.mark.parametrize("script", ["dev", ".ci/run"])
def test_the_scripts_can_be_run(script: str) -> None:
    assert (ROOT / script).stat().st_mode & 0o111 == 0o111


def test_the_ci_script_is_sound_bash() -> None:
    subprocess.run(["bash", "-n", ROOT / ".ci" / "run"], check=True)
