"""Writing a batch's signed codes down, for the printer: whoever holds the file has the vouchers."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path

from kaquan.foundation.actor import Actor
from kaquan.foundation.errors import ExitCode, KaquanError
from kaquan.ledger.custody import serial_runs
from kaquan.ledger.pool_codes import has_pools
from kaquan.ledger.sessions import reading_session
from kaquan.offline.signing import signer_for
from kaquan.redemption.code_files import (
    codes_made_elsewhere,
    file_exists,
    new_private_file,
    without_codes,
)
from kaquan.redemption.codes import code_book

HEADINGS = ("code", "signed_code")

Progress = Callable[[int, int], None]


def export_signed_codes(
    *,
    actor: Actor,
    batch_id: int,
    path: Path,
    replace: bool = False,
    progress: Progress = lambda _done, _total: None,
) -> int:
    """Write each code of a batch beside its signed form to a new private CSV file; how many.

    Raises `permission_denied`, `batch_unknown`, `batch_not_for_offline`, `batch_without_codes`,
    `codes_made_elsewhere`, `batch_begins_with_claim`, `file_exists`, `file_unwritable`.
    """
    signer = signer_for(actor, batch_id)
    session = reading_session()
    if has_pools(session, batch_id):
        raise codes_made_elsewhere(batch_id)
    runs = serial_runs(session, batch_id)
    if not runs:
        raise without_codes(batch_id)
    if signer.code(runs[0].start) is None:
        raise begins_with_claim(batch_id)
    if path.exists() and not replace:
        raise file_exists(path)
    total, done, book = sum(map(len, runs)), 0, code_book()
    with new_private_file(path) as file:
        file.write(",".join(HEADINGS).encode() + b"\r\n")
        for run in runs:
            serial = run.start
            for codes in book.encode_range(run.start, len(run), separator="-"):
                lines = io.StringIO()
                signed = [signer.code(one) for one in range(serial, serial + len(codes))]
                csv.writer(lines).writerows(zip(codes, signed, strict=True))
                file.write(lines.getvalue().encode())
                serial += len(codes)
                done += len(codes)
                progress(done, total)
    return total


def begins_with_claim(batch_id: int) -> KaquanError:
    """What is signed says its days, and nobody knows them yet."""
    return KaquanError(
        "batch_begins_with_claim",
        zh=f"批次 {batch_id} 的有效期从领取时算起，领取之前签不了名。",
        en=f"The validity of batch {batch_id} begins with a claim: before that nothing is signed.",
        exit_code=ExitCode.FAILED,
    )
