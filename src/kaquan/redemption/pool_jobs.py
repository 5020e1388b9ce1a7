"""Bringing a long file of codes made elsewhere in, in the background.

Its report says of every row what became of it, by the row's number: codes are never repeated.
"""

from __future__ import annotations

import csv
import io
from array import array
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from kaquan.campaigns.queries import batch_by_id
from kaquan.foundation import clock
from kaquan.foundation.actor import Actor, require
from kaquan.foundation.errors import ExitCode, KaquanError
from kaquan.foundation.imports import Counts, ImportPlan, ImportRow, Intake, run_import
from kaquan.foundation.imports_problems import Problem
from kaquan.foundation.jobs import actions, exports
from kaquan.foundation.jobs.actors import from_json
from kaquan.foundation.jobs.models import Job
from kaquan.redemption.imports_pool import PERMISSION, REPEATED, PoolImport, PoolIntake

KIND = "codes.import"
LIST_FILE = "codes.list"
PROBLEM_FILE = "problems.csv"
REPORT_FILE = "codes-report.csv"
FILE_BYTES_MAX = 64_000_000
_HEADINGS = ("行 row", "结果 result", "原因", "reason")
_SUCCESS, _EXISTS, _DUPLICATE, _FAILED = (
    "成功 success", "已存在 exists", "重复 duplicate", "失败 failed",
)  # fmt: skip


def ask_for_pool(
    *, actor: Actor, batch_id: int, content: Iterable[bytes], accept_weak: bool = False
) -> Job:
    """Let a file of codes be brought into a batch; call it in a transaction.

    Raises `permission_denied`, `batch_unknown`, `batch_without_codes`, `value_invalid`,
    `jobs_too_many`; what else is wrong shows when the job is done.
    """
    require(actor, PERMISSION)
    batch = batch_by_id(actor, batch_id)
    PoolImport(batch.id, at=clock.now()).require_codes(actor)
    job = actions.start(
        actor=actor,
        kind=KIND,
        title_zh=f"导入券码：{batch.name}",
        title_en=f"Codes brought in: {batch.name}",
        parameters={
            "batch_id": batch.id,
            "accept_weak": accept_weak,
            "at": clock.now().isoformat(),
        },
    )
    size_bytes = 0
    with exports.new_file(job.id, LIST_FILE) as file:
        for part in content:
            size_bytes += len(part)
            if size_bytes > FILE_BYTES_MAX:
                raise _too_large()
            file.write(part)
    return job


def bring_in(job: Job) -> Mapping[str, Any]:
    """Do such a job. Begun again, it finds the codes of an earlier attempt there already."""
    asked = job.parameters
    pool = PoolImport(
        asked["batch_id"],
        at=datetime.fromisoformat(asked["at"]),
        accept_weak=asked["accept_weak"],
    )
    reading = _Reading(pool)
    problems = exports.path_of(job.id, PROBLEM_FILE)
    codes = exports.path_of(job.id, LIST_FILE)
    report = run_import(
        reading.plan,
        codes,
        actor=from_json(job.actor),
        commit=True,
        errors_path=problems,
        progress=lambda _step, done, total: actions.progress(job.id, done, total),
    )
    counts = _write_report(job, reading, problems if report.errors_path else None)
    problems.unlink(missing_ok=True)
    result = {"batch_id": asked["batch_id"], "rows": report.rows, **counts}
    actions.finish(job.id, result, exports.path_of(job.id, REPORT_FILE))
    codes.unlink(missing_ok=True)  # only now: the job may be begun again until it has ended
    return result


class _Reading:
    """Remembers which rows were taken and which were there before; not the codes."""

    def __init__(self, pool: PoolImport) -> None:
        self._pool = pool
        self.taken = array("q")
        self.existing: set[int] = set()

    @property
    def plan(self) -> ImportPlan:
        """The pool's own, with this one listening."""
        return replace(self._pool.plan, open_intake=self._open)

    @contextmanager
    def _open(self, *, actor: Actor, commit: bool) -> Iterator[Intake]:
        with self._pool.open(actor=actor, commit=commit) as intake:
            yield _Listening(self, intake)


class _Listening:
    """See `kaquan.foundation.imports.Intake`."""

    def __init__(self, reading: _Reading, intake: PoolIntake) -> None:
        self._reading = reading
        self._intake = intake

    def take(self, rows: list[ImportRow]) -> list[Problem]:
        self._reading.taken.extend(row["row_number"] for row in rows)
        return self._intake.take(rows)

    def check(self) -> Iterable[Problem]:
        return self._intake.check()

    def count(self) -> Counts:
        self._reading.existing = set(self._intake.existing())
        return self._intake.count()

    def commit(self) -> None:
        self._intake.commit()


def _write_report(job: Job, reading: _Reading, problems: Path | None) -> dict[str, int]:
    """One line a row, and how many there are of each kind."""
    told = dict(_problems(problems)) if problems else {}
    counts = {"success": 0, "exists": 0, "duplicate": 0, "failed": 0}
    names = {_SUCCESS: "success", _EXISTS: "exists", _DUPLICATE: "duplicate", _FAILED: "failed"}
    with exports.new_file(job.id, REPORT_FILE) as file:
        text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="")
        sheet = csv.writer(text)
        sheet.writerow(_HEADINGS)
        for number in sorted({*reading.taken, *told}):
            zh, en, code = told.get(number, ("", "", ""))
            result = _FAILED if code else _EXISTS if number in reading.existing else _SUCCESS
            if code == REPEATED.code:
                result = _DUPLICATE
            counts[names[result]] += 1
            sheet.writerow((number, result, zh, en))
        text.detach()  # written out, and left open for whoever opened it
    return counts


def _problems(path: Path) -> Iterator[tuple[int, tuple[str, str, str]]]:
    """The rows of an error file, by number: why in Chinese, in English, and the reason's code."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.reader(file)
        next(rows, None)
        for number, _column, _value, zh, en, code in rows:
            yield int(number), (zh, en, code)


def _too_large() -> KaquanError:
    most_mb = FILE_BYTES_MAX // 1_000_000
    return KaquanError(
        "value_invalid",
        zh=f"文件太大；最多 {most_mb} MB。",
        en=f"The file is too large; {most_mb} MB at most.",
        exit_code=ExitCode.USAGE,
    )
