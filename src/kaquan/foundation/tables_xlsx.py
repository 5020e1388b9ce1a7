"""The process that reads a workbook: its first sheet goes to standard output as CSV.

The first line is the number of rows. `kaquan.foundation.tables` starts it.
"""

import csv
import sys
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta

from python_calamine import CalamineError, CalamineWorkbook

MEMORY_BYTES_MAX = 1_500_000_000  # about 30 million cells
NOT_A_WORKBOOK = 65
_EXACT_NUMBER_MAX = 10**15
_HALF_SECOND = timedelta(milliseconds=500)

Cell = int | float | str | bool | time | date | datetime | timedelta


def main(path: str) -> int:
    """Write the rows; the status is 0, `NOT_A_WORKBOOK`, or whatever ran out of memory gives."""
    _limit_memory()
    try:
        sheet = CalamineWorkbook.from_path(path).get_sheet_by_index(0)
    except (CalamineError, OSError):
        return NOT_A_WORKBOOK
    sys.stdout.reconfigure(encoding="utf-8", errors="replace", newline="")  # type: ignore[union-attr]
    rows = 0 if sheet.end is None else sheet.end[0] + 1
    sys.stdout.write(f"{rows}\n")
    csv.writer(sys.stdout, lineterminator="\n").writerows(_texts(sheet.iter_rows()))
    return 0


def _limit_memory() -> None:
    if sys.platform == "linux":  # elsewhere the system ends a process that takes too much
        import resource  # noqa: PLC0415 - not on every platform

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES_MAX, MEMORY_BYTES_MAX))


def _texts(rows: Iterator[list[Cell]]) -> Iterator[list[str]]:
    for row in rows:
        yield [cell if isinstance(cell, str) else _text(cell) for cell in row]


def _text(cell: Cell) -> str:
    """What a person sees in the cell; a number beyond 15 digits gets an exponent and is refused.

    Spreadsheets keep 15 digits: a longer order number is no longer the one that was typed.
    """
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, int | float):
        return f"{cell:.15e}" if abs(cell) >= _EXACT_NUMBER_MAX else f"{cell:.15g}"
    if isinstance(cell, datetime):
        # Days as fractions come out a few microseconds beside the second that was meant.
        return str((cell + _HALF_SECOND).replace(microsecond=0))
    return str(cell)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
