"""Writing a batch's codes down, for the printer: whoever holds the file holds the vouchers."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from kaquan.campaigns.queries import batch_by_id
from kaquan.engine.codes import CodeBook
from kaquan.foundation.actor import Actor, require
from kaquan.foundation.errors import ExitCode, KaquanError
from kaquan.ledger.custody import serial_runs
from kaquan.ledger.pool_codes import has_pools
from kaquan.redemption.codes import code_book, ledger_session

PERMISSION = "codes.export"
SHEET_ROWS_MAX = 1_000_000  # a sheet takes 1,048,576
HEADING = "code"
_COLUMN_WIDTH = 28
_ROW_BYTES = 32
"""What a code takes in a file at most, its separators and the end of its line with it."""
FREE_BYTES_MIN = 1 << 30
"""What a file leaves of the disk: the books may stand on the same one."""

Progress = Callable[[int, int], None]
"""Takes how many codes are written, of how many."""


def export_codes(
    *,
    actor: Actor,
    batch_id: int,
    path: Path,
    replace: bool = False,
    progress: Progress = lambda _done, _total: None,
) -> int:
    """Write every code of a batch to a new CSV or XLSX file, by its suffix; returns how many.

    The file is private and appears under its name when it is complete; memory does not grow with
    the batch. Raises `permission_denied`, `batch_unknown`, `batch_without_codes`,
    `codes_made_elsewhere`, `file_exists`, `disk_too_full` and `file_unwritable`.
    """
    require(actor, PERMISSION)
    batch = batch_by_id(actor, batch_id)
    session = ledger_session()
    if not batch.by_code:
        raise without_codes(batch.id)
    if has_pools(session, batch.id):
        raise codes_made_elsewhere(batch.id)
    runs = serial_runs(session, batch.id)
    suffix = path.suffix.lower()
    if suffix not in (".csv", ".xlsx"):
        raise _unwritable(path, "扩展名须为 .csv 或 .xlsx", "its name must end in .csv or .xlsx")
    if path.exists() and not replace:
        raise file_exists(path)
    write = _write_xlsx if suffix == ".xlsx" else _write_csv
    total = sum(map(len, runs))
    _check_room(path, total * _ROW_BYTES)
    with new_private_file(path) as file:
        done = 0
        for count in write(file, code_book(), runs):
            done += count
            progress(done, total)
    assert done == total, (done, total)
    return total


def _check_room(path: Path, wanted_bytes: int) -> None:
    """Refuse before the first code is written what would fill the disk."""
    try:
        free_bytes = shutil.disk_usage(path.parent).free
    except OSError:
        return  # opening the file says what is wrong with its folder
    if free_bytes - wanted_bytes < FREE_BYTES_MIN:
        raise disk_too_full(wanted_bytes >> 20, max(0, free_bytes - FREE_BYTES_MIN) >> 20)


def _write_csv(file: IO[bytes], book: CodeBook, runs: list[range]) -> Iterator[int]:
    file.write(f"{HEADING}\r\n".encode())
    for run in runs:
        for codes in book.encode_range(run.start, len(run), separator="-"):
            file.write(("\r\n".join(codes) + "\r\n").encode())
            yield len(codes)


def _write_xlsx(file: IO[bytes], book: CodeBook, runs: list[range]) -> Iterator[int]:
    import xlsxwriter  # noqa: PLC0415  # each process would load it, and few need it

    with xlsxwriter.Workbook(file, {"constant_memory": True}) as workbook:
        row = SHEET_ROWS_MAX
        for run in runs:
            for codes in book.encode_range(run.start, len(run), separator="-"):
                for code in codes:
                    if row >= SHEET_ROWS_MAX:
                        sheet = workbook.add_worksheet()
                        sheet.set_column(0, 0, _COLUMN_WIDTH)
                        sheet.write_string(0, 0, HEADING)
                        row = 1
                    sheet.write_string(row, 0, code)
                    row += 1
                yield len(codes)


@contextmanager
def new_private_file(path: Path) -> Iterator[IO[bytes]]:
    """A file for its owner alone, under its name once it is complete; raises `file_unwritable`."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise _unwritable(path, f"{error.strerror}", f"{error.strerror}") from None
    try:
        with open(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def without_codes(batch_id: int) -> KaquanError:
    """The refusal of a batch whose vouchers get their codes when they are claimed."""
    return KaquanError(
        "batch_without_codes",
        zh=f"批次 {batch_id} 从库存领取，没有可印的券码；领取时才有券。",
        en=f"Batch {batch_id} is claimed from stock and has no codes to print.",
    )


def codes_made_elsewhere(batch_id: int) -> KaquanError:
    """The refusal of a batch with codes that we cannot write down."""
    return KaquanError(
        "codes_made_elsewhere",
        zh=f"批次 {batch_id} 的券码由外部提供，系统只存其摘要，无法导出；请使用原文件。",
        en=f"The codes of batch {batch_id} were made elsewhere and only their hashes are kept; "
        "use the file they came in.",
    )


def disk_too_full(wanted_mib: int, free_mib: int) -> KaquanError:
    """The refusal to fill the disk, on which the books may stand."""
    return KaquanError(
        "disk_too_full",
        zh=f"磁盘空间不足：文件约需 {wanted_mib} MiB，可用 {free_mib} MiB；"
        "请删除旧的导出文件，或缩短 KAQUAN_EXPORT_DAYS。",
        en=f"The disk is too full: the file takes about {wanted_mib} MiB and {free_mib} MiB may be "
        "used; remove old exports, or shorten KAQUAN_EXPORT_DAYS.",
    )


def file_exists(path: Path) -> KaquanError:
    """The refusal to write over a file."""
    return KaquanError(
        "file_exists",
        zh=f"文件 {path} 已存在；请换一个名字，或加 --replace。",
        en=f"The file {path} exists; choose another name or add --replace.",
        exit_code=ExitCode.USAGE,
    )


def _unwritable(path: Path, zh: str, en: str) -> KaquanError:
    return KaquanError(
        "file_unwritable",
        zh=f"无法写文件 {path}：{zh}。",
        en=f"The file {path} cannot be written: {en}.",
        exit_code=ExitCode.USAGE,
    )
