"""Codes: writing a print run's file, and checking what comes back. One process, one core.

python -m benchmarks.codes [COUNT]
"""

from __future__ import annotations

import sys
import tempfile
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

import typer

from kaquan.engine.codes import CodeBook, CodeFault, CodeKey, DecodedCode

Report = Callable[[str, float, str], None]
"""Takes what was measured, the figure and its unit."""

COUNT = 1_000_000
CHECKED = 100_000
FIRST_SERIAL = 5_000_003  # not at the start of a group of tags, as real batches are not


def run(report: Report, count: int = COUNT) -> None:
    """Report codes a second: exported as CSV, written one by one, and checked."""
    book = CodeBook([CodeKey(1, bytes(range(32)), bytes(range(32, 64)))], issuer=86)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "codes.csv")
        report(
            "codes export to CSV", count / _seconds(lambda: _export(book, file, count)), "codes/s"
        )
        report("codes export file", file.stat().st_size / count, "bytes/code")
        report("codes export peak memory", _peak_bytes(lambda: _export(book, file, count)), "bytes")
        with file.open(encoding="ascii") as lines:
            assert next(lines) == "code\n"
            good = [line.strip() for line, _ in zip(lines, range(CHECKED), strict=False)]

    checked = len(good)
    mistyped = [code[:-1] + ("0" if code[-1] != "0" else "1") for code in good]
    report(
        "codes written one by one",
        checked / _seconds(lambda: [book.encode(FIRST_SERIAL + n) for n in range(checked)]),
        "codes/s",
    )
    report("good codes checked", checked / _seconds(lambda: _check(book, good)), "codes/s")
    report("mistyped codes refused", checked / _seconds(lambda: _refuse(book, mistyped)), "codes/s")


def _export(book: CodeBook, file: Path, count: int) -> None:
    with file.open("w", encoding="ascii", newline="") as lines:
        lines.write("code\n")
        for codes in book.encode_range(FIRST_SERIAL, count, separator="-"):
            lines.write("\n".join(codes) + "\n")


def _check(book: CodeBook, codes: list[str]) -> None:
    for place, code in enumerate(codes):
        assert book.decode(code) == DecodedCode(FIRST_SERIAL + place, 1)


def _refuse(book: CodeBook, codes: list[str]) -> None:
    for code in codes:
        assert book.decode(code) is CodeFault.MISTYPED


def _seconds(work: Callable[[], object]) -> float:
    """The best of three, so that a neighbour on the machine does not count."""
    return min(_once(work) for _ in range(3))


def _once(work: Callable[[], object]) -> float:
    start_s = perf_counter()
    work()
    return perf_counter() - start_s


def _peak_bytes(work: Callable[[], object]) -> int:
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


if __name__ == "__main__":
    run(
        lambda what, figure, unit: typer.echo(f"{what:28} {figure:>14,.0f} {unit}"),
        int(sys.argv[1]) if len(sys.argv) > 1 else COUNT,
    )
