"""Making the files of a print run: sheets in parts, a printer's list if asked, a delivery note.

One ZIP holds them. Sheets and note are the same bytes whenever they are made; the list is sealed
with fresh random numbers.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any, Final

from django.db import transaction

from kaquan.foundation.actor import Actor
from kaquan.foundation.configuration import current_configuration
from kaquan.foundation.jobs import actions as jobs
from kaquan.foundation.jobs import exports
from kaquan.foundation.jobs.actors import from_json
from kaquan.foundation.jobs.models import Job
from kaquan.printing.layouts import layout_of
from kaquan.printing.merkle import leaf_of, root_of
from kaquan.printing.models import PrintRun
from kaquan.printing.printer_list import write_workbook, write_zipped_csv
from kaquan.printing.runs import note_run, password_of, run_by_id
from kaquan.printing.sheets import Face, Voucher, note_pdf, sheets_pdf
from kaquan.printing.signed_runs import with_signed_codes
from kaquan.redemption.codes import code_book

#: In one PDF. Typst's memory grows with the pages of a file; a press wants files it can open.
VOUCHERS_A_FILE: Final = 500
_WHEN: Final = (1980, 1, 1, 0, 0, 0)  # ZIP's first moment: a file's own would change its bytes


def make_run(job: Job) -> Mapping[str, Any]:
    """Do such a job; files that were begun before are made anew."""
    actor = from_json(job.actor)
    run = run_by_id(actor, job.parameters["run_id"])
    vouchers = with_signed_codes(run, vouchers_of(run))
    root = root_of([leaf_of(one.serial, one.code) for one in vouchers]).hex()
    name = f"print-run-{run.id}.zip"
    with (
        exports.new_file(job.id, name) as file,
        zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive,
    ):
        sheets = _add_sheets(archive, run, vouchers, job)
        lists = _add_lists(archive, run, vouchers)
        # A list's hash is another one each time; the note has the same bytes whenever it is made.
        note = note_pdf(_note_of(run, sheets, root))
        _add(archive, f"print-run-{run.id}-delivery-note.pdf", note, "")
    _keep(actor, run, root, sheets + lists)
    result = {"run_id": run.id, "vouchers": len(vouchers), "merkle_root": root}
    jobs.finish(job.id, result, file=exports.path_of(job.id, name))
    return result


def vouchers_of(run: PrintRun) -> Iterator[Voucher]:
    """The serials and codes of a run, in order."""
    book = code_book()
    for first, number in run.ranges:
        serial = first
        for codes in book.encode_range(first, number):
            for code in codes:
                yield Voucher(serial, code)
                serial += 1


def _add_sheets(
    archive: zipfile.ZipFile, run: PrintRun, vouchers: list[Voucher], job: Job
) -> list[list[str]]:
    face = Face(layout_of(run.layout), run.terms, bytes(run.image))
    made: list[list[str]] = []
    left = iter(vouchers)
    done = 0
    while part := list(islice(left, VOUCHERS_A_FILE)):
        name = f"print-run-{run.id}-sheets-{len(made) + 1:03d}.pdf"
        about = f"No. {part[0].serial} – {part[-1].serial}"
        made.append(_add(archive, name, sheets_pdf(face, part), about))
        done += len(part)
        jobs.progress(job.id, done, len(vouchers))
    return made


def _add_lists(archive: zipfile.ZipFile, run: PrintRun, vouchers: list[Voucher]) -> list[list[str]]:
    """The printer's list in both of its forms; none where none was asked for."""
    password = password_of(run)
    if password is None:
        return []
    name = f"print-run-{run.id}-codes"
    workbook, zipped = io.BytesIO(), io.BytesIO()
    write_workbook(workbook, vouchers, password)
    write_zipped_csv(zipped, f"{name}.csv", vouchers, password)
    return [
        _add(archive, f"{name}.xlsx", workbook.getvalue(), ""),
        _add(archive, f"{name}-csv.zip", zipped.getvalue(), ""),
    ]


def _add(archive: zipfile.ZipFile, name: str, content: bytes, about: str) -> list[str]:
    """Put a file in; what the note says of it: name, what it holds, SHA-256."""
    archive.writestr(zipfile.ZipInfo(name, _WHEN), content)
    return [name, about, hashlib.sha256(content).hexdigest()]


def _note_of(run: PrintRun, sheets: list[list[str]], root: str) -> dict[str, Any]:
    zone = current_configuration().time_zone
    ordered = run.created_at.astimezone(zone).strftime("%Y-%m-%d %H:%M")
    return {
        "title": f"印制交接单 Delivery note · {run.id}",
        "facts": [
            ["活动 Campaign", run.batch.campaign.name],
            ["批次 Batch", f"{run.batch.name}（{run.batch_id}）"],
            ["版式 Layout", run.face_name],
            ["数量 Quantity", f"{run.quantity:,} 张"],
            ["下单 Ordered", f"{ordered} · {run.created_by}"],
        ],
        "ranges": [
            [f"{first:012d}", f"{first + number - 1:012d}", f"{number:,}"]
            for first, number in run.ranges
        ],
        "files": sheets,
        "root": root,
        "words": {
            "ranges": "序号 Serials",
            "range_heads": ["起 First", "止 Last", "张 Pieces"],
            "files": "文件 Files（SHA-256）",
            "root": "校验根 Merkle root",
            "root_says": "代表本单每一张券的序号与券码：少一张、多一张或换一张，校验根都会不同。"
            " It stands for serial and code of every voucher of this run.",
            "signs": ["印制方 Printer", "承运 Carrier", "接收点数 Received and counted"],
        },
    }


def _keep(actor: Actor, run: PrintRun, root: str, made: list[list[str]]) -> None:
    assert run.merkle_root in ("", root), "a run's vouchers never change"
    is_first = not run.merkle_root
    run.merkle_root, run.files = root, made
    with transaction.atomic():
        run.save(update_fields=["merkle_root", "files"])
        if is_first:
            note_run(actor, "printing.made", run)
