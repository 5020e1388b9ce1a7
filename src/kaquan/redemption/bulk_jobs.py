"""Checking a file of vouchers, and working it off; both may be begun again at any point."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Any

from django.db import connection, transaction
from django.db.models import Count, Q, Sum

from kaquan.engine.commands import RequestKey
from kaquan.engine.outcomes import Outcome, OutcomeCode
from kaquan.foundation.actor import Actor
from kaquan.foundation.errors import KaquanError
from kaquan.foundation.imports_cells import Reason
from kaquan.foundation.imports_problems import Problem, as_row
from kaquan.foundation.jobs import actions, exports
from kaquan.foundation.jobs.actors import from_json
from kaquan.foundation.jobs.errors import JobEndedError
from kaquan.foundation.jobs.models import Job
from kaquan.foundation.refusals import INTERNAL_CLIENT
from kaquan.ledger.door import submit
from kaquan.redemption.bulk_care import JOB_KIND, LIST_FILE, job_of
from kaquan.redemption.bulk_listings import DONE
from kaquan.redemption.bulk_reading import FileRow, as_reason, read_rows
from kaquan.redemption.care import UNKNOWN
from kaquan.redemption.deeds import Deed, command_of
from kaquan.redemption.models import BulkCare, BulkCareRow, BulkState
from kaquan.redemption.within_authority import Weighed, own_among, weigh_some

KIND = JOB_KIND
AT_ONCE = 200
REPORT_FILE = "not-done.csv"
REPEATED = Reason(
    "voucher_repeated", "文件中前面已有这张券", "the same voucher stands further up in the file"
)
_HEADINGS = ("行 row", "列 column", "内容 value", "原因", "reason", "代码 code")
_UNSURE = (OutcomeCode.BUSY, OutcomeCode.UNAVAILABLE)


class NotReachedError(Exception):
    """The ledger could not be reached: the job is to be tried again."""


def work(job: Job) -> Mapping[str, Any]:
    """Do such a job: what it is, the file's state says."""
    bulk = BulkCare.objects.get(id=job.parameters["bulk_id"])
    actor, at = from_json(job.actor), datetime.fromisoformat(job.parameters["at"])
    if bulk.state == BulkState.CHECKING:
        _check(job, bulk, actor, at)
    elif bulk.state == BulkState.WORKING:
        _carry_out(job, bulk, actor, at)
    result = {
        "bulk_id": bulk.id,
        "rows": bulk.row_count,
        "doable": bulk.doable_count,
        "done": bulk.done_count,
        "refused": bulk.refused_count,
    }
    left_out = bulk.row_count - (bulk.done_count if bulk.ended_at else bulk.doable_count)
    report = _write_report(job, bulk) if left_out else None
    actions.finish(job.id, result, report)
    exports.path_of(job.id, LIST_FILE).unlink(missing_ok=True)
    return result


def _check(job: Job, bulk: BulkCare, actor: Actor, at: datetime) -> None:
    BulkCareRow.objects.filter(bulk=bulk).delete()  # an earlier attempt's
    seen: set[int] = set()
    done = (0, 0)

    def told(read: int, total: int) -> None:
        nonlocal done
        done = (read, total)

    try:
        rows = read_rows(exports.path_of(job.id, LIST_FILE), told)
        while some := list(islice(rows, AT_ONCE)):
            fresh = [one for one in some if one.serial is not None and one.serial not in seen]
            deeds = _deeds(bulk, actor, fresh)
            weighed = weigh_some(actor, list(deeds.values()), at) if deeds else []
            if any(one.outcome.code in _UNSURE for one in weighed):
                raise NotReachedError
            answers = dict(zip(deeds, weighed, strict=True))
            BulkCareRow.objects.bulk_create([_planned(bulk, one, seen, answers) for one in some])
            actions.progress(job.id, *done)
    except JobEndedError:
        _drop(bulk)
        raise
    except KaquanError:
        bulk.state = BulkState.UNREADABLE
        bulk.save(update_fields=["state"])
        raise
    figures = BulkCareRow.objects.filter(bulk=bulk).aggregate(
        rows=Count("row_number"),
        doable=Count("row_number", filter=Q(planned=DONE)),
        stake_fen=Sum("stake_fen", filter=Q(planned=DONE)),
    )
    bulk.row_count, bulk.doable_count = figures["rows"], figures["doable"]
    bulk.stake_fen = figures["stake_fen"] or 0
    bulk.state = BulkState.CHECKED
    bulk.save(update_fields=["row_count", "doable_count", "stake_fen", "state"])


def _deeds(bulk: BulkCare, actor: Actor, rows: Sequence[FileRow]) -> dict[int, Deed]:
    """What is to be done, by serial; only to those within the actor's part."""
    serials = list(dict.fromkeys(one.serial for one in rows if one.serial is not None))
    own = own_among(actor, serials)
    return {serial: _deed(bulk, serial) for serial in serials if serial in own}


def _deed(bulk: BulkCare, serial: int) -> Deed:
    return Deed(
        operation=bulk.operation,  # type: ignore[arg-type]  # start_check let no other in
        serial=serial,
        reason=bulk.reason,
        valid_until=bulk.valid_until,
    )


def _planned(
    bulk: BulkCare, row: FileRow, seen: set[int], answers: Mapping[int, Weighed]
) -> BulkCareRow:
    stake_fen = 0
    reason = row.problem
    if row.serial is not None:
        if row.serial in seen:
            reason = REPEATED
        else:
            seen.add(row.serial)
            weighed = answers.get(row.serial, Weighed(UNKNOWN))
            stake_fen = weighed.stake_fen if weighed.outcome.done else 0
            reason = None if weighed.outcome.done else as_reason(weighed.outcome)
    code, zh, en = reason or (DONE, "", "")
    return BulkCareRow(
        bulk=bulk,
        row_number=row.number,
        serial=row.serial,
        stake_fen=stake_fen,
        planned=code,
        planned_zh=zh,
        planned_en=en,
    )


def _carry_out(job: Job, bulk: BulkCare, actor: Actor, at: datetime) -> None:
    pending = BulkCareRow.objects.filter(bulk=bulk, planned=DONE, outcome="")
    done = bulk.doable_count - pending.count()
    while some := list(pending.order_by("row_number")[:AT_ONCE]):
        commands = [
            command_of(_deed(bulk, one.serial or 0), at, _key(bulk, one.serial or 0))
            for one in some
        ]
        outcomes = submit(commands, actor=actor)
        if any(outcome.code in _UNSURE for outcome in outcomes):
            raise NotReachedError
        _keep(bulk, some, outcomes)
        done += len(some)
        actions.progress(job.id, done, bulk.doable_count)
    figures = BulkCareRow.objects.filter(bulk=bulk, planned=DONE).aggregate(
        done=Count("row_number", filter=Q(outcome=DONE)),
        refused=Count("row_number", filter=~Q(outcome=DONE)),
    )
    bulk.done_count, bulk.refused_count = figures["done"], figures["refused"]
    bulk.state, bulk.ended_at = BulkState.DONE, at
    bulk.save(update_fields=["done_count", "refused_count", "state", "ended_at"])


def _key(bulk: BulkCare, serial: int) -> RequestKey:
    return RequestKey(INTERNAL_CLIENT, f"bulk:{bulk.id}:{serial}")


def _keep(bulk: BulkCare, rows: Sequence[BulkCareRow], outcomes: Sequence[Outcome]) -> None:
    reasons = [Reason(DONE, "", "") if outcome.done else as_reason(outcome) for outcome in outcomes]
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "UPDATE redemption_bulkcarerow AS kept"
            " SET outcome = told.code, outcome_zh = told.zh, outcome_en = told.en"
            " FROM unnest(%s::int[], %s::text[], %s::text[], %s::text[])"
            "   AS told (row_number, code, zh, en)"
            " WHERE kept.bulk_id = %s AND kept.row_number = told.row_number",
            [
                [row.row_number for row in rows],
                [reason.code for reason in reasons],
                [reason.zh for reason in reasons],
                [reason.en for reason in reasons],
                bulk.id,
            ],
        )


def _write_report(job: Job, bulk: BulkCare) -> Any:
    """The rows that cannot be done, or were not, with the reason of each."""
    rows = BulkCareRow.objects.filter(bulk=bulk).order_by("row_number")
    rows = rows.exclude(outcome=DONE) if bulk.ended_at else rows.exclude(planned=DONE)
    with exports.new_file(job.id, REPORT_FILE) as file:
        text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="")
        sheet = csv.writer(text)
        sheet.writerow(_HEADINGS)
        for row in rows.iterator():
            reason = (
                Reason(row.outcome, row.outcome_zh, row.outcome_en)
                if row.outcome
                else Reason(row.planned, row.planned_zh, row.planned_en)
            )
            shown = "" if row.serial is None else str(row.serial)
            sheet.writerow(as_row(Problem(row.row_number, "serial", shown, reason), "序号 serial"))
        text.detach()  # written out, and left open for whoever opened it
    return exports.path_of(job.id, REPORT_FILE)


def _drop(bulk: BulkCare) -> None:
    """The check was cancelled, unless another process has taken it over."""
    job = job_of(bulk)
    if job is not None and job.ended:
        BulkCare.objects.filter(id=bulk.id, state=BulkState.CHECKING).update(
            state=BulkState.DROPPED, ended_at=job.finished_at
        )
