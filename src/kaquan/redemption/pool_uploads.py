"""Codes made elsewhere, sent a few thousand at a time: what became of each, by its position.

Codes are told by position and never repeated: answers are kept, and a stolen database is to give
no usable code.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from datetime import datetime
from io import StringIO
from typing import NamedTuple

from kaquan.engine.code_strength import StrengthVerdict
from kaquan.foundation.actor import Actor, require
from kaquan.foundation.errors import KaquanError
from kaquan.foundation.imports import ImportRow
from kaquan.foundation.imports_cells import REQUIRED, BadCellError, Reason
from kaquan.redemption.imports_pool import CODE, PERMISSION, REPEATED, PoolImport

CODES_MAX = 10_000
_HEADINGS = {CODE.name, CODE.zh, *CODE.also}


class Failure(NamedTuple):
    """A code that was not taken, and why."""

    position: int
    reason: Reason


class PoolUpload(NamedTuple):
    """What became of each code; positions count from 0. ``duplicates`` stood further up already,
    ``existing`` were in the batch before."""

    success: list[int]
    failed: list[Failure]
    existing: list[int]
    duplicates: list[int]
    verdict: StrengthVerdict | None


def upload_codes(
    *,
    actor: Actor,
    batch_id: int,
    codes: Sequence[str],
    at: datetime,
    accept_weak: bool = False,
) -> PoolUpload:
    """Bring at most `CODES_MAX` codes into a batch; the same again finds them there.

    Raises `permission_denied`, `batch_unknown`, `batch_without_codes`, `codes_too_weak` (then none
    was taken) and the ledger's refusals.
    """
    require(actor, PERMISSION)
    assert len(codes) <= CODES_MAX, len(codes)
    pool = PoolImport(batch_id, at=at, accept_weak=accept_weak)
    rows, failed = _read(codes)
    with pool.open(actor=actor) as intake:
        problems = [*intake.take(rows), *intake.check()]
        existing = list(intake.existing())
        intake.commit()
    duplicates = [one.row_number for one in problems if one.reason is REPEATED]
    failed += [
        Failure(one.row_number, one.reason) for one in problems if one.reason is not REPEATED
    ]
    left_out = {*existing, *duplicates, *(one.position for one in failed)}
    return PoolUpload(
        success=[position for position in range(len(codes)) if position not in left_out],
        failed=sorted(failed, key=lambda one: one.position),
        existing=existing,
        duplicates=duplicates,
        verdict=pool.verdict,
    )


def codes_in_csv(content: bytes) -> list[str]:
    """The first column of a CSV file in UTF-8, its heading and blank rows left out.

    Raises `value_invalid` for what is no such file, or holds more than `CODES_MAX` codes.
    """
    try:
        rows = csv.reader(StringIO(content.decode("utf-8-sig"), newline=""), strict=True)
        codes = [row[0] for row in rows if row and row[0].strip()]
    except (UnicodeDecodeError, csv.Error):
        raise KaquanError(
            "value_invalid",
            zh="文件：应为 UTF-8 编码的 CSV，每行一个券码。",
            en="file: expected CSV in UTF-8 with one code a line.",
        ) from None
    if codes and codes[0].strip().lower() in _HEADINGS:
        del codes[0]
    if not 0 < len(codes) <= CODES_MAX:
        raise KaquanError(
            "value_invalid",
            zh=f"文件：每次 1 到 {CODES_MAX} 个券码，这里有 {len(codes)} 个。",
            en=f"file: 1 to {CODES_MAX} codes at a time, and here are {len(codes)}.",
        )
    return codes


def _read(codes: Sequence[str]) -> tuple[list[ImportRow], list[Failure]]:
    rows: list[ImportRow] = []
    failed = []
    for position, text in enumerate(codes):
        try:
            if not text.strip():
                raise BadCellError(REQUIRED)
            rows.append({"row_number": position, "code": CODE.read(text)})
        except BadCellError as error:
            failed.append(Failure(position, error.reason))
    return rows, failed
