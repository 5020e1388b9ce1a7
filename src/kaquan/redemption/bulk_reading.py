"""The rows of a file of vouchers: each names one, by its code or by its serial."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from kaquan.engine.outcome_details import sentence
from kaquan.engine.outcomes import Outcome
from kaquan.engine.shards import SERIAL_END
from kaquan.foundation import imports_cells as cells
from kaquan.foundation.errors import ExitCode, KaquanError
from kaquan.foundation.imports import UNREADABLE_ROW
from kaquan.foundation.imports_cells import REQUIRED, BadCellError, Reason
from kaquan.foundation.tables import open_table
from kaquan.redemption.codes import read_code

ROWS_MAX = 100_000
_CODE_TITLES = {"code", "券码", "vouchercode", "voucher", "兑换码", "卡号", "coupon"}
_SERIAL_TITLES = {"serial", "序号", "券序号", "serialnumber"}
_CODE_CHARACTERS_MAX = 200
_read_serial = cells.whole_number(0, SERIAL_END - 1)
_read_text = cells.code(_CODE_CHARACTERS_MAX)


class FileRow(NamedTuple):
    """A row by its number in the file: a serial, or why there is none."""

    number: int
    serial: int | None
    problem: Reason | None = None


def read_rows(path: Path, progress: Callable[[int, int], None]) -> Iterator[FileRow]:
    """Every row below the header. Raises `bulk_header_missing`, `bulk_too_long`, and what
    `open_table` raises."""
    with open_table(path) as table:
        rows = table.rows()
        header = next(rows, None)
        place, is_code = _column(header.cells if header else None)
        for read, row in enumerate(rows, start=1):
            if read > ROWS_MAX:
                raise _too_long()
            yield _row(row.number, row.cells, place, is_code=is_code)
            progress(*table.progress())


def as_reason(outcome: Outcome) -> Reason:
    """An answer of the ledger as the reason of a row."""
    code, data = outcome.code, outcome.data
    return Reason(code.name.lower(), sentence(code, data, "zh"), sentence(code, data, "en"))


def _row(number: int, found: Sequence[str] | None, place: int, *, is_code: bool) -> FileRow:
    if found is None:
        return FileRow(number, None, UNREADABLE_ROW)
    typed = found[place] if place < len(found) else ""
    if not typed.strip():
        return FileRow(number, None, REQUIRED)
    try:
        if not is_code:
            return FileRow(number, int(str(_read_serial(typed))))
        serial = read_code(str(_read_text(typed)))
    except BadCellError as error:
        return FileRow(number, None, error.reason)
    if isinstance(serial, Outcome):
        return FileRow(number, None, as_reason(serial))
    return FileRow(number, serial)


def _column(titles: Sequence[str] | None) -> tuple[int, bool]:
    """Where the vouchers stand, and whether by their codes."""
    folded = [_folded(title) for title in titles or ()]
    for names, is_code in ((_CODE_TITLES, True), (_SERIAL_TITLES, False)):
        for place, title in enumerate(folded):
            if title in names:
                return place, is_code
    raise KaquanError(
        "bulk_header_missing",
        zh="第一行应为表头，并有一列名为“券码”或“序号”。",
        en='The first row must be the header, with a column named "code" or "serial".',
        exit_code=ExitCode.USAGE,
    )


def _folded(title: str) -> str:
    folded = unicodedata.normalize("NFKC", title).casefold()
    return "".join(c for c in folded if c.isalnum())


def _too_long() -> KaquanError:
    return KaquanError(
        "bulk_too_long",
        zh=f"文件超过 {ROWS_MAX:,} 行；请分成几个文件。",
        en=f"The file has more than {ROWS_MAX:,} rows; divide it.",
        exit_code=ExitCode.USAGE,
    )
