"""Giving vouchers to a file of customers, or to those of a segment, in the background."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from datetime import datetime
from itertools import islice
from typing import Any

from kaquan.customers.models import Customer
from kaquan.customers.segments import members, segment_by_id
from kaquan.foundation import clock
from kaquan.foundation.actor import Actor, require
from kaquan.foundation.imports import run_import
from kaquan.foundation.jobs import actions, exports
from kaquan.foundation.jobs.actors import from_json
from kaquan.foundation.jobs.models import Job
from kaquan.redemption.actions import ISSUE
from kaquan.redemption.imports_publication import CUSTOMER, PublicationImport
from kaquan.redemption.publications import publication_by_id

KIND = "publications.list"
MEMBERS_AT_ONCE = 5_000
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


def ask_for_segment(*, actor: Actor, publication_id: int, segment_id: int) -> Job:
    """Let each customer who is in a segment when the work begins have a voucher; call it in a
    transaction.

    Raises `permission_denied`, `publication_unknown`, `segment_unknown`, `jobs_too_many`.
    """
    require(actor, ISSUE)
    publication = publication_by_id(actor, publication_id)
    segment = segment_by_id(actor, segment_id)
    return actions.start(
        actor=actor,
        kind=KIND,
        title_zh=f"按分群发放：{publication.name}",
        title_en=f"Assignments to a segment: {publication.name}",
        parameters={
            "publication_id": publication.id,
            "segment_id": segment.id,
            "at": clock.now().isoformat(),
        },
    )


def work_off_list(job: Job) -> Mapping[str, Any]:
    """Do such a job. Begun again, it finds what was given before and counts it as repeated."""
    actor = from_json(job.actor)
    if "segment_id" in job.parameters:
        _write_members(job, actor)
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


def _write_members(job: Job, actor: Actor) -> None:
    """The list of who is in the segment now, as if somebody had sent it."""
    found = members(actor, job.parameters["segment_id"])
    with exports.new_file(job.id, LIST_FILE) as file:
        text = io.TextIOWrapper(file, encoding="utf-8", newline="")
        sheet = csv.writer(text)
        sheet.writerow([CUSTOMER.name])
        written = 0
        while some := list(islice(found, MEMBERS_AT_ONCE)):
            numbers = Customer.objects.filter(id__in=some).values_list("number", flat=True)
            sheet.writerows([number] for number in numbers)
            written += len(some)
            actions.progress(job.id, written, None)
        text.detach()  # written out, and left open for whoever opened it
