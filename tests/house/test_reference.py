"""Every refusal and every setting is documented, and the pages are those of the code."""

from __future__ import annotations

from pathlib import Path

from kaquan.engine.outcomes import OutcomeCode
from kaquan.foundation.configuration import SETTINGS
from tools.docs.__main__ import FOLDER, ROOT, generate, stale
from tools.docs.markdown import table


def test_the_reference_pages_are_current() -> None:
    assert stale(ROOT, generate()) == []


def test_every_outcome_code_is_documented() -> None:
    page = (ROOT / FOLDER / "outcomes.md").read_text(encoding="utf-8")

    assert [
        code.name for code in OutcomeCode if f"| {code.value} | `{code.name}` |" not in page
    ] == []


def test_every_setting_is_documented() -> None:
    page = (ROOT / FOLDER / "settings.md").read_text(encoding="utf-8")

    assert [setting.name for setting in SETTINGS if f"| `{setting.name}` |" not in page] == []


def test_a_missing_or_altered_page_is_named(tmp_path: Path) -> None:
    expected = {"same.md": "a\n", "altered.md": "a\n", "missing.md": "a\n"}
    (tmp_path / "same.md").write_text("a\n", encoding="utf-8")
    (tmp_path / "altered.md").write_text("b\n", encoding="utf-8")

    assert stale(tmp_path, expected) == ["altered.md", "missing.md"]


def test_a_bar_or_a_line_break_does_not_break_a_table() -> None:
    assert table(["a"], [["x | y\nz"]]) == "| a |\n| --- |\n| x \\| y<br>z |\n"
