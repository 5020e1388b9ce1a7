"""Random lives of the engine alone, each command checked by an auditor who shares no rule with it.

It is the test's own machine (tests/engine/test_stateful_audit.py), for much longer.
"""

from __future__ import annotations

from hypothesis import Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from benchmarks.server import Bench
from benchmarks.soak.verdict import Verdict
from tests.engine.test_stateful_audit import LedgerLife

STEPS = 50


def run(verdict: Verdict, bench: Bench, *, lives: int, same: bool = False) -> None:
    """So many lives, each of other commands; a finding ends the run with its traceback.

    With ``same`` they are the same ones each time.
    """
    del bench  # no database is asked
    asked = settings(
        max_examples=lives,
        stateful_step_count=STEPS,
        deadline=None,
        database=None,
        derandomize=same,
        phases=(Phase.generate, Phase.shrink),
    )
    run_state_machine_as_test(LedgerLife, settings=asked)
    verdict.note("lives of the engine", lives)
    verdict.note("steps in each, at most", STEPS)
