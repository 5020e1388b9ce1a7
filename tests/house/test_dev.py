"""``./dev`` makes the environment once, hands arguments and exit codes on, and says what is wrong.

It runs here in a scratch repository whose uv and Python are stand-ins that write down what they
were asked: the real ones need a network.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

UV = """#!/bin/sh
[ "$1" = --version ] && exit 0
echo "uv $*" >> "$SCRATCH/asked"
[ "$1" = export ] && echo "django==5.2"
[ "$1" = sync ] && /bin/mkdir -p "$SCRATCH/.venv" && /bin/cp -r "$SCRATCH/bin" "$SCRATCH/.venv"
exit 0
"""
PROGRAM = """#!/bin/sh
echo "{name} $*" >> "$SCRATCH/asked"
echo "browser $CHROMIUM" >> "$SCRATCH/browser"
echo "$PYTHONPYCACHEPREFIX $PYTHONDONTWRITEBYTECODE" > "$SCRATCH/compiled"
case "$*" in *mypy*|*fail*) exit 7;; esac
exit 0
"""
EXPORT = (
    "uv export --frozen --offline --no-dev --no-emit-project --no-header "
    "--format requirements.txt --quiet"
)


def write_program(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    path.chmod(0o755)


class Scratch:
    """A repository with nothing but ``dev``, a lock file and the stand-ins."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        shutil.copy(ROOT / "dev", folder / "dev")
        for name in ("uv.lock", "pyproject.toml"):
            (folder / name).write_text("first\n", encoding="utf-8")
        write_program(folder / "path" / "uv", UV)
        for name in ("python", "kaquan", "lint-imports"):
            write_program(folder / "bin" / name, PROGRAM.format(name=name))

    def dev(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        elsewhere = self.folder / "path"
        return subprocess.run(
            [sys.executable, self.folder / "dev", *arguments],
            cwd=elsewhere,
            env={"PATH": str(elsewhere), "SCRATCH": str(self.folder), **variables},
            capture_output=True,
            encoding="utf-8",
            check=False,
        )

    def asked(self) -> list[str]:
        """What the stand-ins were asked since the last time, in order."""
        notes = self.folder / "asked"
        lines = notes.read_text(encoding="utf-8").splitlines() if notes.exists() else []
        notes.unlink(missing_ok=True)
        return lines


@pytest.fixture
def scratch(tmp_path: Path) -> Scratch:
    return Scratch(tmp_path)


@pytest.mark.parametrize("arguments", [[], ["fly"]])
def test_without_a_known_command_it_tells_the_commands_and_exits_2(
    scratch: Scratch, arguments: list[str]
) -> None:
    result = scratch.dev(*arguments)

    assert result.returncode == 2
    for command in ("up", "test", "lint", "bench", "soak", "docs"):
        assert f"\n  {command} " in result.stderr
    assert scratch.asked() == []


def test_the_second_run_does_not_even_ask_for_uv(scratch: Scratch) -> None:
    assert scratch.dev("bench", "door").returncode == 0
    assert scratch.asked() == [
        f"uv sync --frozen --all-extras --python {sys.executable}",
        "python -m benchmarks door",
    ]

    assert scratch.dev("soak", "--million").returncode == 0
    assert scratch.asked() == ["python -m benchmarks.soak --million"]


def test_what_python_compiles_is_kept_whatever_the_environment_says(scratch: Scratch) -> None:
    scratch.dev("bench", PYTHONDONTWRITEBYTECODE="1")

    kept = (scratch.folder / "compiled").read_text(encoding="utf-8")
    assert kept == f"{scratch.folder / '.dev' / 'pycache'} \n"


def test_a_changed_lock_file_brings_the_environment_up_to_date(scratch: Scratch) -> None:
    scratch.dev("bench")
    scratch.asked()
    (scratch.folder / "uv.lock").write_text("second\n", encoding="utf-8")

    scratch.dev("bench")

    assert scratch.asked() == ["uv sync --frozen --all-extras", "python -m benchmarks"]


def test_up_needs_no_development_tools_and_leaves_those_that_are_there(scratch: Scratch) -> None:
    scratch.dev("up", "--port", "1")
    assert scratch.asked() == [
        f"uv sync --frozen --all-extras --python {sys.executable} --no-dev",
        "kaquan up --demo --port 1",
    ]

    scratch.dev("docs")
    assert scratch.asked() == ["uv sync --frozen --all-extras", "python -m tools.docs"]

    (scratch.folder / "uv.lock").write_text("second\n", encoding="utf-8")
    scratch.dev("up")
    assert scratch.asked() == ["uv sync --frozen --all-extras", "kaquan up --demo"]


def test_the_exit_code_of_the_program_is_its_own(scratch: Scratch) -> None:
    assert scratch.dev("test", "--without-browser", "fail").returncode == 7
    assert scratch.dev("bench", "fail").returncode == 7


def test_without_a_browser_the_tests_do_not_start_and_it_says_what_to_install(
    scratch: Scratch,
) -> None:
    result = scratch.dev("test")

    assert result.returncode == 1
    assert "浏览器测试需要 Chromium" in result.stderr
    assert "apt-get install chromium" in result.stderr
    assert "--without-browser" in result.stderr
    assert scratch.asked() == []


def test_browser_tests_can_be_left_out(scratch: Scratch) -> None:
    result = scratch.dev("test", "tests/engine", "--without-browser", "-k", "money")

    assert result.returncode == 0
    assert scratch.asked()[-1].endswith("-m not browser tests/engine -k money")


def test_the_tests_are_told_which_browser_to_use(scratch: Scratch) -> None:
    browser = scratch.folder / "path" / "google-chrome"
    write_program(browser, "#!/bin/sh\n")

    assert scratch.dev("test").returncode == 0
    assert (scratch.folder / "browser").read_text(encoding="utf-8") == f"browser {browser}\n"


def test_a_chosen_browser_that_cannot_run_is_named(scratch: Scratch) -> None:
    result = scratch.dev("test", CHROMIUM="/nowhere/chromium")

    assert result.returncode == 1
    assert "/nowhere/chromium" in result.stderr
    assert scratch.asked() == []


def test_lint_runs_every_check_even_after_one_failed(scratch: Scratch) -> None:
    result = scratch.dev("lint")

    assert result.returncode == 1
    assert scratch.asked()[1:] == [
        "python -m ruff check --no-cache",
        "python -m ruff format --check",
        "python -m mypy",
        "lint-imports --no-cache",
        "python -m tools.lints",
        "python -m tools.docs --check",
        "uv lock --check --offline --quiet",
        EXPORT,
    ]
    assert "✗ 类型 · types" in result.stderr
    assert "✓ 代码规则 · code rules" in result.stderr
    assert "✗ 依赖清单 · requirements.txt" in result.stderr
    assert "2 of 8 checks failed" in result.stderr


def test_lint_fix_writes_the_requirements_and_then_they_are_current(scratch: Scratch) -> None:
    result = scratch.dev("lint", "--fix")

    assert "✓ 依赖清单 · requirements.txt" in result.stderr
    written = (scratch.folder / "requirements.txt").read_text(encoding="utf-8")
    assert written.splitlines()[1:] == ["django==5.2"]


def test_what_is_no_terminal_gets_no_colours(scratch: Scratch) -> None:
    result = scratch.dev("lint", FORCE_COLOR="1")

    assert "\x1b" not in result.stdout + result.stderr
