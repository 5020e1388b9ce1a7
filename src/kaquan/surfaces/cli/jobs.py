"""``kaquan jobs``: long work, what came of it, and how to stop it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import typer
from rich.console import Console

from kaquan.foundation.configuration import current_configuration
from kaquan.surfaces.cli import values
from kaquan.surfaces.cli.installation import open_installation
from kaquan.surfaces.cli.output import Json, both, plain, show, table

if TYPE_CHECKING:
    from kaquan.foundation.jobs.models import Job

LISTED = 50
LISTED_MAX = 200
STATES = {
    "queued": "排队中",
    "running": "进行中",
    "done": "已完成",
    "failed": "已失败",
    "cancelled": "已取消",
}

app = typer.Typer(
    name="jobs",
    help="后台任务：列出、查看、取消 · Background jobs: list, show, cancel",
    no_args_is_help=True,
)

JobId = Annotated[UUID, typer.Argument(metavar="JOB", help="任务编号 · the job's id")]


@app.command("list")
def list_command(
    *,
    limit: Annotated[
        int,
        typer.Option(
            "--limit", metavar="COUNT", min=1, max=LISTED_MAX, help="至多几个 · at most so many"
        ),
    ] = LISTED,
    as_: values.As = None,
    json: Json = False,
) -> None:
    """列出最近的任务 · List the last jobs."""
    with open_installation():
        from kaquan.foundation.jobs.queries import jobs

        found = jobs(values.acting(as_), limit=limit)

        def people(console: Console) -> None:
            shown = table(
                "任务 Job", "状态 State", "进度 Progress", "申请于 Asked for", "内容 Title"
            )
            for job in found:
                shown.add_row(
                    str(job.id),
                    both(STATES[job.state], job.state),
                    _progress(job),
                    _local(job.created_at),
                    plain(f"{job.title_zh} · {job.title_en}"),
                )
            console.print(shown)

        show({"jobs": [_as_json(job) for job in found]}, json=json, people=people)


@app.command("show")
def show_command(job_id: JobId, *, as_: values.As = None, json: Json = False) -> None:
    """查看一个任务和它的结果 · Show a job and what came of it."""
    with open_installation():
        from kaquan.foundation.jobs.queries import job_by_id

        _show(job_by_id(values.acting(as_), job_id), json=json)


@app.command("cancel")
def cancel_command(job_id: JobId, *, as_: values.As = None, json: Json = False) -> None:
    """取消任务，已做的部分仍然有效 · Cancel a job; what it has done stays done."""
    with open_installation():
        from kaquan.foundation.jobs.actions import cancel

        _show(cancel(actor=values.acting(as_), job_id=job_id), json=json)


def _show(job: Job, *, json: bool) -> None:
    def people(console: Console) -> None:
        rows = [
            ("任务 Job", str(job.id)),
            ("内容 Title", f"{job.title_zh} · {job.title_en}"),
            ("状态 State", both(STATES[job.state], job.state)),
            ("进度 Progress", _progress(job)),
            ("申请于 Asked for", _local(job.created_at)),
            ("开始于 Begun", _local(job.started_at)),
            ("结束于 Ended", _local(job.finished_at)),
        ]
        if job.file:
            from kaquan.foundation.jobs.exports import path_of

            rows += [("文件 File", str(path_of(job.id, job.file))), ("SHA-256", job.file_sha256)]
        if job.error_code:
            rows.append((job.error_code, f"{job.error_zh}\n{job.error_en}"))
        shown = table("", "")
        for name, value in [
            *rows,
            *((key, str(value)) for key, value in (job.result or {}).items()),
        ]:
            shown.add_row(plain(name), plain(value))
        console.print(shown)

    show(_as_json(job), json=json, people=people)


def _as_json(job: Job) -> dict[str, Any]:
    error = {"code": job.error_code, "zh": job.error_zh, "en": job.error_en}
    file = {"name": job.file, "sha256": job.file_sha256, "bytes": job.file_bytes}
    return {
        "id": str(job.id),
        "kind": job.kind,
        "state": job.state,
        "title": {"zh": job.title_zh, "en": job.title_en},
        "progress": {"done": job.progress_done, "total": job.progress_total},
        "result": job.result,
        "file": file if job.file else None,
        "error": error if job.error_code else None,
        "asked_by": job.actor["id"],
        "created_at": job.created_at,
        "started_at": job.started_at,
        "finished_at": job.finished_at,
    }


def _progress(job: Job) -> str:
    if job.progress_total is None:
        return str(job.progress_done or "")
    return f"{job.progress_done}/{job.progress_total}"


def _local(at: datetime | None) -> str:
    if at is None:
        return ""
    return at.astimezone(current_configuration().time_zone).strftime("%Y-%m-%d %H:%M:%S")
