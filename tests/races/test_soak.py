"""`./dev soak` itself, small: it runs to its end, says what it found, fails if a claim fails."""

import os
import subprocess
import sys
from io import StringIO
from pathlib import Path

from rich.console import Console

from benchmarks.soak.__main__ import SMALL
from benchmarks.soak.verdict import Verdict
from tests.fixtures_cluster import OwnCluster

ROOT = Path(__file__).resolve().parents[2]


#: All but "http-fuzz", which tests/fuzz runs, and "growth", which has no small form.
PARTS = ("vouchers", "budgets", "processes", "servers", "lives", "engine", "http", "guesses")


def test_a_small_soak_finds_every_promise_kept(cluster_at_rest: OwnCluster) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.soak", "--small", *PARTS],
        cwd=ROOT,
        # An installation that is there already: making one is what other tests are about.
        env={**os.environ, "KAQUAN_BENCH_HOME": str(cluster_at_rest.configuration.home)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "✗" not in done.stdout
    assert [part for part in PARTS if f"│ {part}" not in done.stdout] == []
    assert {*PARTS, "http-fuzz"} == SMALL.keys()


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
