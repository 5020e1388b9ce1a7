"""Long work over HTTP: how far it is, what came of it."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal, cast
from urllib.parse import quote
from uuid import UUID

from django.http.response import HttpResponseBase
from ninja import Query

from kaquan.analytics import reconciliation, reconciliation_jobs
from kaquan.foundation.actor import require
from kaquan.foundation.jobs import actions, exports, queries
from kaquan.foundation.jobs.models import Job
from kaquan.redemption import code_files, code_jobs, publication_jobs
from kaquan.redemption.actions import ISSUE
from kaquan.surfaces.api.kit import Request, Routes
from kaquan.surfaces.api.pages import PageQuery, page, page_of
from kaquan.surfaces.api.refusing import CallRefusedError
from kaquan.surfaces.api.schemas import Answer, Moment
from kaquan.surfaces.api.streams import parts_of, streamed

routes = Routes("jobs", zh="后台任务", en="Jobs")

#: Some files are worth more than to know of the job: whoever holds codes holds vouchers.
FILE_PERMISSIONS = {
    code_jobs.KIND: code_files.PERMISSION,
    publication_jobs.KIND: ISSUE,
    reconciliation_jobs.KIND: reconciliation.PERMISSION,
}

State = Literal["queued", "running", "done", "failed", "cancelled"]


class JobFile(Answer):
    """A file that came of a job; `GET /jobs/{job_id}/file` reads it."""

    name: str
    sha256: str
    bytes: int


class JobError(Answer):
    """Why a job failed."""

    code: str
    detail: str


class JobAnswer(Answer):
    """Long work that was asked for. `done`, `failed` and `cancelled` are final."""

    id: UUID
    kind: str
    title: str
    state: State
    progress_done: int
    progress_total: int | None
    result: dict[str, Any] | None
    file: JobFile | None
    error: JobError | None
    created_at: Moment
    started_at: Moment | None
    finished_at: Moment | None


def shown(request: Request, job: Job) -> JobAnswer:
    """A job as an answer, in the caller's language."""
    is_zh = request.call.language == "zh"
    file = JobFile(name=job.file, sha256=job.file_sha256, bytes=job.file_bytes or 0)
    error = JobError(code=job.error_code, detail=job.error_zh if is_zh else job.error_en)
    return JobAnswer(
        id=job.id,
        kind=job.kind,
        title=job.title_zh if is_zh else job.title_en,
        state=cast("State", job.state),
        progress_done=job.progress_done,
        progress_total=job.progress_total,
        result=job.result,
        file=file if job.file else None,
        error=error if job.error_code else None,
        created_at=job.created_at,
        started_at=job.started_at,
        finished_at=job.finished_at,
    )


def _before(paging: PageQuery) -> tuple[datetime, UUID] | None:
    keys = paging.after(str, str)
    if keys is None:
        return None
    try:
        created_at, job_id = datetime.fromisoformat(keys[0]), UUID(keys[1])
    except ValueError:
        raise CallRefusedError("cursor_invalid") from None
    if created_at.tzinfo is None:
        raise CallRefusedError("cursor_invalid")
    return created_at, job_id


@routes.get(
    "/jobs",
    permission=queries.VIEW,
    answer=page_of(JobAnswer),
    zh="列出后台任务",
    en="List jobs",
    about="The caller's own, newest first.",
    query={"state": "running"},
    problems=("cursor_invalid",),
)
def list_jobs(
    request: Request, paging: Query[PageQuery], state: State | None = None
) -> dict[str, Any]:
    """The client's jobs."""
    rows = queries.jobs(
        request.call.actor,
        client_id=request.call.caller.client_id,
        states=[state] if state else (),
        before=_before(paging),
        limit=paging.rows,
    )
    return page(
        rows,
        paging,
        key=lambda job: (job.created_at.isoformat(), str(job.id)),
        show=lambda job: shown(request, job),
    )


@routes.get(
    "/jobs/{job_id}",
    permission=queries.VIEW,
    answer=JobAnswer,
    zh="查看后台任务",
    en="Get a job",
    problems=("job_unknown",),
)
def get_job(request: Request, job_id: UUID) -> JobAnswer:
    """One job."""
    call = request.call
    return shown(request, queries.job_by_id(call.actor, job_id, client_id=call.caller.client_id))


@routes.post(
    "/jobs/{job_id}/cancel",
    permission=queries.VIEW,
    answer=JobAnswer,
    zh="取消后台任务",
    en="Cancel a job",
    about="What is done by then stays done; an ended job stays as it is.",
    example={},
    problems=("job_unknown",),
)
def cancel_job(request: Request, job_id: UUID) -> JobAnswer:
    """A job that is to do no more."""
    call = request.call
    return shown(
        request,
        actions.cancel(actor=call.actor, job_id=job_id, client_id=call.caller.client_id),
    )


@routes.get(
    "/jobs/{job_id}/file",
    permission=queries.VIEW,
    answer=None,
    answer_media_type="application/octet-stream",
    zh="下载任务结果文件",
    en="Read the file that came of a job",
    about="The header `X-Content-SHA256` is the file's hash.",
    problems=("job_unknown", "job_file_gone"),
)
def read_job_file(request: Request, job_id: UUID) -> HttpResponseBase:
    """The result file, in parts."""
    call = request.call
    job = queries.job_by_id(call.actor, job_id, client_id=call.caller.client_id)
    require(call.actor, FILE_PERMISSIONS.get(job.kind, queries.VIEW))
    return streamed(
        request,
        parts_of(exports.open_result(job)),
        media_type="application/octet-stream",
        headers={
            "Content-Length": str(job.file_bytes),
            "Content-Disposition": f"attachment; filename*=UTF-8''{quote(job.file)}",
            "X-Content-SHA256": job.file_sha256,
        },
    )
