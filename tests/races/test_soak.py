"""`./dev soak` itself, small: it runs to its end, says what it found, fails if a claim fails."""

import subprocess
import sys
from io import StringIO
from pathlib import Path

from rich.console import Console

from benchmarks.soak.verdict import Verdict

ROOT = Path(__file__).resolve().parents[2]


def test_a_small_soak_finds_every_promise_kept() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.soak", "--small"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "✗" not in done.stdout
    for part in (
        "vouchers",
        "budgets",
        "processes",
        "servers",
        "lives",
        "engine",
        "http",
        "guesses",
        "http-fuzz",
    ):
        assert f"│ {part}" in done.stdout


def test_a_broken_claim_is_said_and_remembered() -> None:
    said = StringIO()
    verdict = Verdict(Console(file=said, width=120))
    verdict.begin("vouchers")
    verdict.note("attempts", 1_000_000)
    verdict.expect("successes", 10_000, 10_000)
    assert verdict.holds
    verdict.expect("faults", 1, 0)
    verdict.print()
    assert not verdict.holds
    assert said.getvalue().count("✗") == 2
