"""Codes over HTTP: those made elsewhere come in, a batch's own go out as a file."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from kaquan.foundation import clock
from kaquan.redemption import code_files, imports_pool
from kaquan.redemption.code_jobs import ask_for_code_file
from kaquan.redemption.pool_uploads import CODES_MAX, PoolUpload, codes_in_csv, upload_codes
from kaquan.surfaces.api.jobs import JobAnswer
from kaquan.surfaces.api.jobs import shown as shown_job
from kaquan.surfaces.api.kit import Request, Routes
from kaquan.surfaces.api.operations import UPLOAD_BYTES_MAX
from kaquan.surfaces.api.schemas import Answer, Body, Flag, PathNodeId

routes = Routes("pools", zh="券码", en="Codes")

CodeText = Annotated[str, Field(max_length=300)]
EXAMPLE_CODES = ["Q7XM2KPA94TRWE5H", "8HVN3CYD6LJB2FSK", "ZK4R9TQG7MWX3P5A"]
_ABOUT = (
    "Codes are told by their position, from 0, and never repeated. `existing` were in the batch "
    "before, `duplicates` stood further up in this upload. Only keyed hashes are kept. A pool that "
    "could be guessed is refused as a whole unless `accept_weak` is true; fewer than about a "
    "hundred codes do not show how strong they are."
)
_PROBLEMS = ("batch_unknown", "batch_without_codes", "codes_too_weak", "batch_stopped",
             "range_not_available")  # fmt: skip


class CodesBody(Body):
    """The codes; each new one gets a voucher of its own."""

    codes: Annotated[list[CodeText], Field(min_length=1, max_length=CODES_MAX)]
    accept_weak: Flag = False


class FailedCode(Answer):
    """A code that was not taken, and why."""

    position: int
    code: str
    detail: str


class UploadAnswer(Answer):
    """What became of each code, by its position."""

    success: list[int]
    failed: list[FailedCode]
    existing: list[int]
    duplicates: list[int]


def _told(request: Request, report: PoolUpload) -> UploadAnswer:
    language = request.call.language
    return UploadAnswer(
        success=report.success,
        failed=[
            FailedCode(
                position=one.position,
                code=one.reason.code,
                detail=getattr(one.reason, language),
            )
            for one in report.failed
        ],
        existing=report.existing,
        duplicates=report.duplicates,
    )


@routes.post(
    "/batches/{batch_id}/codes",
    permission=imports_pool.PERMISSION,
    answer=UploadAnswer,
    repeatable=True,
    body_bytes_max=UPLOAD_BYTES_MAX,
    zh="上传外部券码",
    en="Bring in codes made elsewhere",
    about=_ABOUT,
    example={"codes": EXAMPLE_CODES, "accept_weak": True},
    problems=_PROBLEMS,
    cost=20,
)
def upload_pool(request: Request, batch_id: PathNodeId, body: CodesBody) -> UploadAnswer:
    """Foreign codes for a batch."""
    report = upload_codes(
        actor=request.call.actor,
        batch_id=batch_id,
        codes=body.codes,
        at=clock.now(),
        accept_weak=body.accept_weak,
    )
    return _told(request, report)


@routes.post(
    "/batches/{batch_id}/codes/csv",
    permission=imports_pool.PERMISSION,
    answer=UploadAnswer,
    repeatable=True,
    media_types=("text/csv",),
    body_bytes_max=UPLOAD_BYTES_MAX,
    zh="上传外部券码（CSV）",
    en="Bring in codes made elsewhere, as CSV",
    about=_ABOUT,
    example="code\n" + "\n".join(EXAMPLE_CODES) + "\n",
    query={"accept_weak": "true"},
    problems=_PROBLEMS,
    cost=20,
)
def upload_pool_file(
    request: Request, batch_id: PathNodeId, accept_weak: bool = False
) -> UploadAnswer:
    """Foreign codes for a batch, one a line."""
    report = upload_codes(
        actor=request.call.actor,
        batch_id=batch_id,
        codes=codes_in_csv(request.body),
        at=clock.now(),
        accept_weak=accept_weak,
    )
    return _told(request, report)


@routes.post(
    "/batches/{batch_id}/code-file",
    permission=code_files.PERMISSION,
    answer=JobAnswer,
    status=202,
    zh="导出批次券码",
    en="Write down a batch's codes",
    about="The answer is a job; its file holds every code. Whoever has it has the vouchers, so "
    "reading it needs the same permission.",
    example={},
    problems=("batch_unknown", "jobs_too_many"),
    cost=20,
)
def export_codes(request: Request, batch_id: PathNodeId) -> JobAnswer:
    """A file of codes."""
    call = request.call
    job = ask_for_code_file(actor=call.actor, batch_id=batch_id, client_id=call.caller.client_id)
    return shown_job(request, job)
