"""``./dev bench [NAME …] [--save]``: measure, print, and with ``--save`` keep the figures."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import typer

from benchmarks import claims, codes, door, growth, proof, supply
from benchmarks.report import Report
from benchmarks.server import Bench, bench_server


def _codes(report: Report, bench: Bench) -> None:
    codes.run(report)


def _http(report: Report, bench: Bench) -> None:
    from benchmarks import http  # its models need Django set up, which the server does

    http.run(report, bench)


def _console(report: Report, bench: Bench) -> None:
    from benchmarks import console  # the same

    console.run(report, bench)


def _printing(report: Report, bench: Bench) -> None:
    from benchmarks import printing  # the same

    printing.run(report, bench)


def _wallet(report: Report, bench: Bench) -> None:
    from benchmarks import wallet  # the same

    wallet.run(report, bench)


def _counter(report: Report, bench: Bench) -> None:
    from benchmarks import counter  # the same

    counter.run(report, bench)


BENCHMARKS: dict[str, Callable[[Report, Bench], None]] = {
    "codes": _codes,
    "supply": supply.run,
    "door": door.run,
    "claims": claims.run,
    "http": _http,
    "proof": proof.run,
    "growth": growth.run,
    "console": _console,
    "printing": _printing,
    "wallet": _wallet,
    "counter": _counter,
}
#: Asked for by name alone: it wants an empty installation, and fills the disk.
BY_NAME = {"console"}


def main(
    names: Annotated[list[str] | None, typer.Argument(help=", ".join(BENCHMARKS))] = None,
    save: Annotated[bool, typer.Option(help="Keep the figures in benchmarks/results/.")] = False,
) -> None:
    """Measure what Kaquan costs, against pgbench on the same server in the same run."""
    chosen = names or [name for name in BENCHMARKS if name not in BY_NAME]
    unknown = sorted(set(chosen) - set(BENCHMARKS))
    if unknown:
        raise typer.BadParameter(f"{', '.join(unknown)}; there are {', '.join(BENCHMARKS)}")
    report = Report()
    # One server for all: growth comes last, because it leaves ten million rows behind.
    with bench_server() as bench:
        settings = bench.settings()
        for name in chosen:
            report.console.rule(name)
            BENCHMARKS[name](report, bench)
    report.print()
    if save:
        report.console.print(f"kept in {report.save(settings)}")


if __name__ == "__main__":
    typer.run(main)
