"""What is wrong with an imported table: kept on disk while reading, then a file for people."""

import csv
import heapq
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import msgspec

from kaquan.foundation.errors import ExitCode, KaquanError
from kaquan.foundation.imports_cells import Reason

SHOWN_CHARACTERS_MAX = 100
SUFFIXES = (".csv", ".xlsx")
_SHEET_ROWS_MAX = 1_000_000
_HEADINGS = ("行 row", "列 column", "内容 value", "原因", "reason", "代码 code")
_WIDTHS = (8, 24, 28, 48, 60, 20)
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")


class Problem(NamedTuple):
    """Why a row was not taken; `column` is the plan's name for it, empty for the row as a whole."""

    row_number: int
    column: str
    value: str
    reason: Reason


def shown(value: object) -> str:
    """A cell's content, short and printable."""
    text = str(value)[:SHOWN_CHARACTERS_MAX]
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


class ProblemLog:
    """Problems in the order of their rows; any number of them in little memory."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - closed by close()
        self._encoder = msgspec.msgpack.Encoder()
        self._late: Iterable[Problem] = ()

    def add(self, problems: Iterable[Problem]) -> None:
        """Problems of the rows after those that were added before."""
        for problem in sorted(problems, key=_row_number):
            encoded = self._encoder.encode(problem)
            self._file.write(len(encoded).to_bytes(4, "big") + encoded)

    def add_late(self, problems: Iterable[Problem]) -> None:
        """The problems that show only when all rows are known, in the order of their rows."""
        self._late = problems

    def __iter__(self) -> Iterator[Problem]:
        return heapq.merge(self._early(), self._late, key=_row_number)

    def close(self) -> None:
        """Give the disk space back."""
        self._file.close()

    def _early(self) -> Iterator[Problem]:
        decoder = msgspec.msgpack.Decoder(Problem)
        self._file.seek(0)
        while length := self._file.read(4):
            yield decoder.decode(self._file.read(int.from_bytes(length, "big")))


def _row_number(problem: Problem) -> int:
    return problem.row_number


class _Sheet(Protocol):
    def writerow(self, row: Iterable[Any], /) -> Any: ...


def refuse_unwritable(path: Path) -> None:
    """Raise `error_file_unwritable` for a suffix or folder that will not do."""
    if path.suffix.lower() in SUFFIXES and path.parent.is_dir():
        return
    raise KaquanError(
        "error_file_unwritable",
        zh=f"无法写错误文件 {path}：文件夹须已存在，扩展名须为 .csv 或 .xlsx。",
        en=f"The error file {path} cannot be written: its folder must exist and its name end "
        "in .csv or .xlsx.",
        exit_code=ExitCode.USAGE,
    )


@contextmanager
def problem_sheet(path: Path) -> Iterator[_Sheet]:
    """An error file to write rows to; it appears under its name when it is complete."""
    temporary = path.with_name(f".{path.stem}.new{path.suffix}")
    try:
        if path.suffix.lower() == ".xlsx":
            import xlsxwriter  # noqa: PLC0415  # each process would load it, and few need it

            with xlsxwriter.Workbook(temporary, {"constant_memory": True}) as workbook:
                yield _XlsxSheet(workbook)
        else:
            # With a mark, for spreadsheets would else take the Chinese text for another encoding.
            with temporary.open("w", encoding="utf-8-sig", newline="") as file:
                sheet = csv.writer(file)
                sheet.writerow(_HEADINGS)
                yield sheet
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def as_row(problem: Problem, title: str) -> tuple[int, str, str, str, str, str]:
    """What is written about a problem; `title` is its column as people know it."""
    code, zh, en = problem.reason
    return problem.row_number, title, _as_words(problem.value), zh, en, code


def _as_words(value: str) -> str:
    """The value so that no spreadsheet takes it for a formula (OWASP, CSV Injection)."""
    return f"'{value}" if value.startswith(_FORMULA_STARTS) else value


class _XlsxSheet:
    """A workbook that begins a new sheet whenever one is full."""

    def __init__(self, workbook: Any) -> None:
        self._workbook = workbook
        self._rows = _SHEET_ROWS_MAX

    def writerow(self, row: Iterable[Any]) -> None:
        if self._rows >= _SHEET_ROWS_MAX:
            self._sheet = self._workbook.add_worksheet()
            for column, width in enumerate(_WIDTHS):
                self._sheet.set_column(column, column, width)
            self._rows = 0
            self.writerow(_HEADINGS)
        for column, value in enumerate(row):
            if isinstance(value, int):
                self._sheet.write_number(self._rows, column, value)
            else:
                self._sheet.write_string(self._rows, column, value)
        self._rows += 1
