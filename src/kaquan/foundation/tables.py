"""Rows of text from a CSV or XLSX file, streamed, so that a file of any length fits in memory.

CSV: UTF-8 with or without mark, or GB18030; separated by comma, semicolon or tab. A row that cannot
be read is given back as such and the next one is good again.
"""

import csv
import os
import re
import subprocess
import sys
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from pathlib import Path
from typing import BinaryIO, NamedTuple, TextIO

from kaquan.foundation import tables_xlsx
from kaquan.foundation.errors import ExitCode, KaquanError

LINE_CHARACTERS_MAX = 1_000_000
SEPARATORS = ",;\t"
_SAMPLE_BYTES = 65_536
_ZIP_MARK = b"PK\x03\x04"
_OLD_EXCEL_MARK = b"\xd0\xcf\x11\xe0"
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_UTF8_CHARACTER = re.compile(
    rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}"
)
_HIGH_BYTES = re.compile(rb"[\x80-\xff]+")


class TableRow(NamedTuple):
    """One row; ``number`` counts from 1 as a spreadsheet shows it. ``cells`` None: unreadable."""

    number: int
    cells: list[str] | None


class Table:
    """An open file's rows, and how far reading has come."""

    def __init__(self, text: TextIO, separator: str) -> None:
        self._text = text
        self._separator = separator

    def rows(self) -> Iterator[TableRow]:
        """Every row that is not blank, the header included."""
        for number, cells in enumerate(self._records(), start=1):
            if cells is None or (any(cells) and not "".join(cells).isspace()):
                yield TableRow(number, cells)

    def _records(self) -> Iterator[list[str] | None]:
        return _records(self._text, self._separator)

    def progress(self) -> tuple[int, int]:
        """How much is read, of how much in all."""
        raise NotImplementedError


class _CsvTable(Table):
    def __init__(self, text: TextIO, separator: str, raw: BinaryIO) -> None:
        super().__init__(text, separator)
        self._raw = raw
        self._bytes_total = os.fstat(raw.fileno()).st_size

    def progress(self) -> tuple[int, int]:
        return self._raw.tell(), self._bytes_total


class _XlsxTable(Table):
    def __init__(self, text: TextIO, rows_total: int, path: Path) -> None:
        super().__init__(text, ",")
        self._rows_total = rows_total
        self._rows_read = 0
        self._path = path

    def _records(self) -> Iterator[list[str] | None]:
        for self._rows_read, cells in enumerate(super()._records(), start=1):
            yield cells
        if self._rows_read != self._rows_total:
            raise _too_large(self._path)  # the process that reads it was cut short

    def progress(self) -> tuple[int, int]:
        return self._rows_read, self._rows_total


@contextmanager
def open_table(path: Path) -> Iterator[Table]:
    """The table in a file, recognised by its content.

    Raises `table_missing`, `table_not_a_table`, and for XLSX at its end `table_too_large`.
    """
    try:
        with path.open("rb") as file:
            beginning = file.read(len(_ZIP_MARK))
    except OSError as error:
        raise KaquanError(
            "table_missing",
            zh=f"无法打开文件 {path}：{error.strerror}。请检查路径和权限。",
            en=f"The file {path} cannot be opened: {error.strerror}. Check the path and rights.",
            exit_code=ExitCode.USAGE,
        ) from None
    if beginning == _OLD_EXCEL_MARK or beginning.startswith(_UTF16_MARKS):
        raise _not_a_table(path)
    with _open_xlsx(path) if beginning == _ZIP_MARK else _open_csv(path) as table:
        yield table


@contextmanager
def _open_csv(path: Path) -> Iterator[Table]:
    with path.open("rb") as raw:
        encoding = _encoding(raw)
        raw.seek(0)
        # A byte that is no text becomes a lone surrogate, so that its row alone is refused.
        with TextIOWrapper(raw, encoding, errors="surrogateescape", newline="") as text:
            separator = _separator(text)
            text.seek(0)
            yield _CsvTable(text, separator, raw)


def _encoding(raw: BinaryIO) -> str:
    """UTF-8 or GB18030, told by the first piece of the file that holds more than ASCII."""
    while piece := raw.read(_SAMPLE_BYTES):
        if not piece.isascii():
            high = sum(map(len, _HIGH_BYTES.findall(piece)))
            in_utf8 = sum(map(len, _UTF8_CHARACTER.findall(piece)))
            # A sixth of GB18030 text passes for UTF-8; of UTF-8 with some broken bytes, nearly all.
            return "utf-8-sig" if 2 * in_utf8 > high else "gb18030"
    return "utf-8-sig"


def _separator(text: TextIO) -> str:
    """The separator that the first line with any content has most of, outside quotes."""
    for line in _lines(text):
        if line.strip():
            bare = re.sub(r'"[^"]*"', "", line)
            return max(SEPARATORS, key=bare.count)
    return SEPARATORS[0]


def _lines(text: TextIO) -> Iterator[str]:
    """Physical lines; of one that is too long the beginning, and no more than that in memory."""
    while line := text.readline(LINE_CHARACTERS_MAX):
        yield line
        rest = line
        while len(rest) == LINE_CHARACTERS_MAX and not rest.endswith(("\n", "\r")):
            rest = text.readline(LINE_CHARACTERS_MAX)


def _records(text: TextIO, separator: str) -> Iterator[list[str] | None]:
    """Rows of cells, None for one that is malformed.

    A quote that is never closed would swallow the rows after it: then only its first line is given
    up, and reading starts again with the next one.
    """
    source = _lines(text)
    given_back: deque[str] = deque()
    taken: list[str] = []

    def feed() -> Iterator[str]:
        while True:
            line = given_back.popleft() if given_back else next(source, None)
            if line is None:
                return
            taken.append(line)
            yield line

    reader = csv.reader(feed(), delimiter=separator, strict=True)
    while True:
        taken.clear()
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            given_back.extendleft(reversed(taken[1:]))
            # If it came to the end of the file, the old reader is done for good.
            reader = csv.reader(feed(), delimiter=separator, strict=True)
            yield None
        else:
            overlong = any(len(line) >= LINE_CHARACTERS_MAX for line in taken)
            yield None if overlong else cells


@contextmanager
def _open_xlsx(path: Path) -> Iterator[Table]:
    """The first sheet, read by a process of its own whose memory is limited.

    A workbook of a few kilobytes can ask for any amount of memory, and the library then ends the
    process that reads it.
    """
    command = [sys.executable, "-m", tables_xlsx.__name__, str(path.resolve())]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as reader:
        assert reader.stdout is not None
        try:
            text = TextIOWrapper(reader.stdout, "utf-8", newline="")
            rows_total = text.readline()
            if not rows_total:
                is_workbook = reader.wait() != tables_xlsx.NOT_A_WORKBOOK
                raise _too_large(path) if is_workbook else _not_a_table(path)
            yield _XlsxTable(text, int(rows_total), path)
        finally:
            reader.kill()


def _not_a_table(path: Path) -> KaquanError:
    return KaquanError(
        "table_not_a_table",
        zh=f"{path.name} 不是可读的 CSV 或 XLSX 文件（损坏、加密、旧版 XLS 或“Unicode 文本”？）；"
        "请在表格软件里另存为 XLSX，或 UTF-8 编码的 CSV。",
        en=f"{path.name} is not a readable CSV or XLSX file (damaged, encrypted, old XLS, or "
        '"Unicode text"?); save it as XLSX, or as CSV in UTF-8.',
        exit_code=ExitCode.USAGE,
    )


def _too_large(path: Path) -> KaquanError:
    return KaquanError(
        "table_too_large",
        zh=f"{path.name} 展开后太大，无法读取；请删去远处的空白行列，或另存为 CSV（不限大小）。",
        en=f"{path.name} is too large when unpacked; delete far-off empty rows and columns, or "
        "save it as CSV, which may be of any size.",
        exit_code=ExitCode.USAGE,
    )
