"""Giving vouchers to a file of customers in the background."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from kaquan.foundation import clock
from kaquan.foundation.actor import Actor, require
from kaquan.foundation.imports import run_import
from kaquan.foundation.jobs import actions, exports
from kaquan.foundation.jobs.actors import from_json
from kaquan.foundation.jobs.models import Job
from kaquan.redemption.actions import ISSUE
from kaquan.redemption.imports_publication import PublicationImport
from kaquan.redemption.publications import publication_by_id

KIND = "publications.list"
LIST_FILE = "customers.csv"
REFUSED_FILE = "refused.csv"


def ask_for_assignments(
    *, actor: Actor, publication_id: int, content: bytes, client_id: int = 0
) -> Job:
    """Let each customer of a CSV file have a voucher; call it in a transaction.

    Raises `permission_denied`, `publication_unknown`, `jobs_too_many`; what is wrong with the file
    shows when the job is done.
    """
    require(actor, ISSUE)
    publication = publication_by_id(actor, publication_id)
    job = actions.start(
        actor=actor,
        kind=KIND,
        title_zh=f"按名单发放：{publication.name}",
        title_en=f"Assignments: {publication.name}",
        parameters={"publication_id": publication.id, "at": clock.now().isoformat()},
        client_id=client_id,
    )
    with exports.new_file(job.id, LIST_FILE) as file:
        file.write(content)
    return job


def work_off_list(job: Job) -> Mapping[str, Any]:
    """Do such a job. Begun again, it finds what was given before and counts it as repeated."""
    actor = from_json(job.actor)
    publication = publication_by_id(actor, job.parameters["publication_id"])
    source = PublicationImport(publication, at=datetime.fromisoformat(job.parameters["at"]))
    customers = exports.path_of(job.id, LIST_FILE)
    report = run_import(
        source.plan,
        customers,
        actor=actor,
        commit=True,
        errors_path=exports.path_of(job.id, REFUSED_FILE),
        progress=lambda _step, done, total: actions.progress(job.id, done, total),
    )
    result = {
        "publication_id": publication.id,
        "rows": report.rows,
        "assigned": report.new,
        "repeated": report.unchanged,
        "refused": dict(source.refused),
        "not_taken": report.broken,
    }
    actions.finish(job.id, result, file=report.errors_path)
    customers.unlink(missing_ok=True)  # only now: the job may be begun again until it has ended
    return result
