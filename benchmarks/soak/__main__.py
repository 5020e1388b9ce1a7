"""``./dev soak [NAME …] [--small]``: long contests and crashes on a server of their own."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from typing import Annotated

import typer

from benchmarks import growth
from benchmarks.report import Report
from benchmarks.server import Bench, bench_server
from benchmarks.soak import contests, crashes, engine_lives, http_faults, http_fuzz, lives
from benchmarks.soak.verdict import Verdict

Part = Callable[[Verdict, Bench], object]

GROWN_TO = (1_000_000, 50_000_000)


def _growth(verdict: Verdict, bench: Bench) -> None:
    report = Report(verdict.console)
    growth.run(report, bench, GROWN_TO)
    for figure in report.figures:
        verdict.note(f"{figure.what} ({figure.unit})", figure.value)


FULL: dict[str, Part] = {
    "vouchers": partial(contests.vouchers, quantity=10_000, racers=100, processes=20),
    "budgets": partial(contests.budgets, quantity=10_000, processes=16),
    "processes": partial(crashes.processes, kills=500),
    "servers": partial(crashes.servers, kills=200),
    "lives": partial(lives.run, commands=50_000),
    "engine": partial(engine_lives.run, lives=5_000),
    "http": partial(http_faults.losses, databases=100, servers=100, endings=50),
    "guesses": partial(http_faults.guesses, rates={472: 600, 1_111: 600}, lookups=600),
    "http-fuzz": partial(http_fuzz.run, rounds=5, examples=150, sequences=500),
    # Last, because it leaves fifty million rows behind.
    "growth": _growth,
}
SMALL: dict[str, Part] = {
    "vouchers": partial(contests.vouchers, quantity=100, racers=8, processes=4),
    "budgets": partial(contests.budgets, quantity=20, processes=4),
    "processes": partial(crashes.processes, kills=2),
    "servers": partial(crashes.servers, kills=1),
    "lives": partial(lives.run, commands=300),
    "engine": partial(engine_lives.run, lives=2, same=True),
    "http": partial(http_faults.losses, databases=1, servers=1, endings=1),
    "guesses": partial(http_faults.guesses, rates={472: 3}, lookups=20),
    "http-fuzz": partial(
        http_fuzz.run, rounds=1, examples=2, sequences=5, phases=["fuzzing"], same=True
    ),
}


def main(
    names: Annotated[list[str] | None, typer.Argument(help=", ".join(FULL))] = None,
    small: Annotated[bool, typer.Option(help="Seconds instead of an hour.")] = False,
) -> None:
    """Fight, crash and grow, then say which promises held; exit code 1 if one did not."""
    parts = SMALL if small else FULL
    chosen = names or list(parts)
    unknown = sorted(set(chosen) - set(parts))
    if unknown:
        raise typer.BadParameter(f"{', '.join(unknown)}; there are {', '.join(parts)}")
    verdict = Verdict()
    with bench_server(is_timed=not small) as bench:
        for name in chosen:
            verdict.begin(name)
            parts[name](verdict, bench)
    verdict.print()
    sys.exit(0 if verdict.holds else 1)


if __name__ == "__main__":
    typer.run(main)
