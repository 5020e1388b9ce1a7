"""The same thing done to each voucher of a file: tried first, then done by a job, or asked for.

A file sent twice changes nothing: what is frozen is not frozen again, what is void stays so, and a
voucher that lives as long already is not extended. A job that is begun again asks under the same
request keys.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.db import transaction

from kaquan.approvals.actions import ask
from kaquan.approvals.kinds import Kind
from kaquan.approvals.models import ApprovalRequest
from kaquan.foundation import clock
from kaquan.foundation import imports_cells as cells
from kaquan.foundation.actor import Actor, require
from kaquan.foundation.errors import ExitCode, KaquanError
from kaquan.foundation.jobs import actions as jobs
from kaquan.foundation.jobs import exports
from kaquan.foundation.jobs.actors import as_json, from_json
from kaquan.foundation.jobs.models import Job
from kaquan.organisations.queries import own_organisation_id
from kaquan.redemption.authority import (
    CARE,
    ROWS_MAX,
    CareBeyondAuthorityError,
    authority_of,
    check,
    turns,
)
from kaquan.redemption.bulk_listings import bulk_by_id
from kaquan.redemption.deeds import PROTECTIVE
from kaquan.redemption.models import BulkCare, BulkCareRow, BulkState
from kaquan.redemption.within_authority import APPROVE

OPERATIONS = ("freeze", "unfreeze", "void", "extend")
APPROVAL_KIND = "voucher.bulk"
SUBJECT = "bulk_care"
JOB_KIND = "vouchers.bulk"
LIST_FILE = "vouchers.list"
FILE_BYTES_MAX = 20_000_000
NAMES = {
    "freeze": ("冻结", "Freeze"),
    "unfreeze": ("解冻", "Unfreeze"),
    "void": ("作废", "Void"),
    "extend": ("延期", "Extend"),
}
_read_reason = cells.text(1_000)
_read_file_name = cells.text(200)


def start_check(
    *,
    actor: Actor,
    operation: str,
    reason: str,
    valid_until: datetime | None,
    file_name: str,
    content: Iterable[bytes],
    at: datetime,
) -> BulkCare:
    """Let a file be read and each of its vouchers be tried; nothing is done yet.

    Raises `permission_denied`, `value_invalid`, `jobs_too_many`; what is wrong with the file shows
    when it was read.
    """
    require(actor, CARE)
    if operation not in OPERATIONS:
        raise _invalid("没有这种操作。", "There is no such operation.")
    if (valid_until is not None) != (operation == "extend"):
        raise _invalid("延期需要新的截止日期。", "To extend needs a new last day, and only that.")
    if valid_until is not None and valid_until <= at:
        raise _invalid("新的截止日期须在将来。", "The new last day must lie in the future.")
    reason = cells.accepted(_read_reason, reason, zh="原因", en="reason")
    file_name = cells.accepted(_read_file_name, file_name, zh="文件名", en="file name")
    zh, en = NAMES[operation]
    with transaction.atomic():
        bulk = BulkCare.objects.create(
            operation=operation,
            reason=reason,
            valid_until=valid_until,
            file_name=file_name,
            organisation_id=own_organisation_id(actor),
            actor=as_json(actor),
            made_by=actor.id,
            made_by_name=actor.name,
            created_at=at,
        )
        job = _start_job(
            actor, bulk, f"核对文件：{zh} {file_name}", f"Check a file: {en} {file_name}"
        )
        bulk.digest = _stage(job.id, bulk, content)
        bulk.save(update_fields=["digest", "job_id"])
    return bulk


def carry_out(*, actor: Actor, bulk_id: int) -> BulkCare:
    """Let what was tried be done, by whoever sent the file and within their authority.

    Raises `bulk_unknown`, `bulk_not_ready`, `bulk_of_another`, `care_beyond_authority`.
    """
    require(actor, CARE)
    at = clock.now()
    with transaction.atomic():
        bulk = _ready(actor, bulk_id)
        if bulk.doable_count > ROWS_MAX:
            zh = f"一个文件最多 {ROWS_MAX:,} 张，这里是 {bulk.doable_count:,} 张"
            en = f"{ROWS_MAX:,} vouchers by a file at most, and here are {bulk.doable_count:,}"
            raise CareBeyondAuthorityError(zh, en)
        authority = authority_of(actor, at)
        check(authority, amount_fen=bulk.stake_fen, days_after_use=0)
        number = 0 if bulk.operation in PROTECTIVE else bulk.doable_count
        with turns(actor, authority, at, number):
            _begin_work(bulk)
    return bulk


def go_on(*, actor: Actor, bulk_id: int) -> BulkCare:
    """Begin again what was interrupted or cancelled; what is done stays done and is not done twice.

    Raises `bulk_unknown`, `bulk_of_another`, `bulk_not_ready`.
    """
    require(actor, CARE)
    with transaction.atomic():
        bulk = _own(actor, bulk_id)
        if bulk.state != BulkState.WORKING or not has_ended(bulk):
            raise _not_ready()
        _begin_work(bulk)
    return bulk


def ask_for(*, actor: Actor, bulk_id: int) -> ApprovalRequest:
    """Ask others to agree; the work begins with the last approval.

    Raises `bulk_unknown`, `bulk_not_ready`, `bulk_of_another` and what `approvals.ask` raises.
    """
    with transaction.atomic():
        bulk = _ready(actor, bulk_id)
        zh, _en = NAMES[bulk.operation]
        request = ask(
            actor,
            kind=APPROVAL_KIND,
            subject_kind=SUBJECT,
            subject_id=bulk.id,
            title=f"批量{zh} {bulk.doable_count:,} 张：{bulk.file_name}"[:200],
            organisation_id=bulk.organisation_id,
            amount_fen=bulk.stake_fen,
            content=content_of(bulk),
        )
        bulk.state, bulk.approval_id = BulkState.WAITING, request.pk
        bulk.save(update_fields=["state", "approval_id"])
    return request


def drop(*, actor: Actor, bulk_id: int) -> BulkCare:
    """Give a file up of which nothing was done; raises `bulk_unknown`, `bulk_of_another`,
    `bulk_not_ready`."""
    require(actor, CARE)
    with transaction.atomic():
        bulk = _own(actor, bulk_id)
        is_left = bulk.state == BulkState.CHECKING and has_ended(bulk)
        if bulk.state != BulkState.CHECKED and not is_left:
            raise _not_ready()
        bulk.state, bulk.ended_at = BulkState.DROPPED, clock.now()
        bulk.save(update_fields=["state", "ended_at"])
    return bulk


def has_ended(bulk: BulkCare) -> bool:
    """Whether nobody works on it any more."""
    job = job_of(bulk)
    return job is None or job.ended


def job_of(bulk: BulkCare) -> Job | None:
    """The latest job about a file that was read with a scope; it may be long gone."""
    return Job.objects.filter(id=bulk.job_id).first() if bulk.job_id is not None else None


def content_of(bulk: BulkCare) -> dict[str, object]:
    """Wholly what would be done: the operation and the very vouchers."""
    digest = hashlib.sha256()
    rows = BulkCareRow.objects.filter(bulk=bulk, planned="done").order_by("row_number")
    for row_number, serial in rows.values_list("row_number", "serial").iterator():
        digest.update(f"{row_number}:{serial}\n".encode())
    return {
        "operation": bulk.operation,
        "reason": bulk.reason,
        "valid_until": bulk.valid_until.isoformat() if bulk.valid_until else None,
        "vouchers": bulk.doable_count,
        "file": bulk.file_name,
        "rows_sha256": digest.hexdigest(),
    }


def _approved(request: ApprovalRequest) -> None:
    bulk = BulkCare.objects.select_for_update().get(id=request.subject_id)
    if bulk.state == BulkState.WAITING:
        _begin_work(bulk)


def _turned_down(request: ApprovalRequest) -> None:
    BulkCare.objects.filter(id=request.subject_id, state=BulkState.WAITING).update(
        state=BulkState.CHECKED
    )


def _content_now(request: ApprovalRequest) -> dict[str, object]:
    return content_of(BulkCare.objects.get(id=request.subject_id))


KIND = Kind(
    name=APPROVAL_KIND,
    zh="批量处理券",
    en="Something done to many vouchers",
    ask_permission=CARE,
    approve_permission=APPROVE,
    carry_out=_approved,
    turned_down=_turned_down,
    content_now=_content_now,
)


def _begin_work(bulk: BulkCare) -> None:
    zh, en = NAMES[bulk.operation]
    name = bulk.file_name
    bulk.state = BulkState.WORKING
    _start_job(from_json(bulk.actor), bulk, f"批量{zh}：{name}", f"{en} by a file: {name}")
    bulk.save(update_fields=["state", "job_id"])


def _start_job(actor: Actor, bulk: BulkCare, zh: str, en: str) -> Job:
    job = jobs.start(
        actor=actor,
        kind=JOB_KIND,
        title_zh=zh[:200],
        title_en=en[:200],
        parameters={"bulk_id": bulk.id, "at": clock.now().isoformat()},
    )
    bulk.job_id = job.id
    return job


def _stage(job_id: UUID, bulk: BulkCare, content: Iterable[bytes]) -> str:
    """Put the file where the job finds it; the digest of it and of what is to be done."""
    until = bulk.valid_until.isoformat() if bulk.valid_until else ""
    digest = hashlib.sha256(f"{bulk.operation}\n{until}\n".encode())
    size_bytes = 0
    with exports.new_file(job_id, LIST_FILE) as file:
        for part in content:
            size_bytes += len(part)
            if size_bytes > FILE_BYTES_MAX:
                raise _invalid(
                    f"文件太大；最多 {FILE_BYTES_MAX // 1_000_000} MB。",
                    f"The file is too large; {FILE_BYTES_MAX // 1_000_000} MB at most.",
                )
            digest.update(part)
            file.write(part)
    return digest.hexdigest()


def _ready(actor: Actor, bulk_id: int) -> BulkCare:
    """What was checked and waits for a decision, locked; of the actor's own."""
    bulk = _own(actor, bulk_id)
    if bulk.state != BulkState.CHECKED or not bulk.doable_count:
        raise _not_ready()
    return bulk


def _own(actor: Actor, bulk_id: int) -> BulkCare:
    bulk = bulk_by_id(actor, bulk_id, for_update=True)
    if bulk.made_by != actor.id:
        raise KaquanError(
            "bulk_of_another",
            zh="这个文件是别人上传的，只能由本人执行。",
            en="Somebody else sent this file; only they can go on with it.",
            exit_code=ExitCode.PERMISSION_DENIED,
        )
    return bulk


def _not_ready() -> KaquanError:
    return KaquanError(
        "bulk_not_ready",
        zh="现在不能这样做：文件尚未核对完，没有可执行的券，或已在审批、执行或结束。",
        en="Nothing can be done now: the file is not checked yet, holds nothing that can be done, "
        "waits for an approval, or came to its end.",
    )


def _invalid(zh: str, en: str) -> KaquanError:
    return KaquanError("value_invalid", zh=zh, en=en, exit_code=ExitCode.USAGE)
