"""Writing a batch's codes down in the background."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kaquan.campaigns.queries import batch_by_id
from kaquan.foundation.actor import Actor, require
from kaquan.foundation.jobs import actions, exports
from kaquan.foundation.jobs.actors import from_json
from kaquan.foundation.jobs.models import Job
from kaquan.foundation.private_files import make_folder
from kaquan.redemption.code_files import PERMISSION, export_codes

KIND = "codes.export"


def ask_for_code_file(*, actor: Actor, batch_id: int, client_id: int = 0) -> Job:
    """Let every code of a batch be written to a CSV file.

    Raises `permission_denied`, `batch_unknown`, `jobs_too_many`; what else stands in the way shows
    when the job is done.
    """
    require(actor, PERMISSION)
    batch = batch_by_id(actor, batch_id)
    return actions.start(
        actor=actor,
        kind=KIND,
        title_zh=f"导出券码：{batch.name}",
        title_en=f"Codes: {batch.name}",
        parameters={"batch_id": batch.id},
        client_id=client_id,
    )


def write_code_file(job: Job) -> Mapping[str, Any]:
    """Do such a job; a file that was begun before is written anew."""
    batch_id: int = job.parameters["batch_id"]
    path = exports.path_of(job.id, f"codes-{batch_id}.csv")
    make_folder(path.parent.parent)
    path.parent.mkdir(mode=0o700, exist_ok=True)
    count = export_codes(
        actor=from_json(job.actor),
        batch_id=batch_id,
        path=path,
        replace=True,
        progress=lambda done, total: actions.progress(job.id, done, total),
    )
    result = {"batch_id": batch_id, "codes": count}
    actions.finish(job.id, result, file=path)
    return result
