"""What happens to a job's record: asked for, begun, moved on, ended.

Whoever works on a job calls ``progress`` now and then: it also tells the work to stop, when the job
was cancelled (``JobEndedError``) or the process is to end (``JobInterruptedError``).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F, QuerySet

from kaquan.foundation import clock
from kaquan.foundation.actor import Actor
from kaquan.foundation.jobs import exports
from kaquan.foundation.jobs.actors import as_json
from kaquan.foundation.jobs.errors import (
    JobEndedError,
    JobInterruptedError,
    job_not_repeatable,
    jobs_too_many,
)
from kaquan.foundation.jobs.models import Job, JobState
from kaquan.foundation.jobs.queries import job_by_id
from kaquan.foundation.jobs.queue import enqueue
from kaquan.foundation.jobs.running import current_attempt, told_to_stop

NOT_ENDED_MAX = 200  # of one client; the queue of one must not become that of all
PARAMETERS_BYTES_MAX = 65_536
PROGRESS_S = 1.0
NOT_ENDED = (JobState.QUEUED, JobState.RUNNING)

_progress_written_s: dict[UUID, float] = {}


def start(
    *,
    actor: Actor,
    kind: str,
    title_zh: str,
    title_en: str,
    parameters: Mapping[str, Any],
    client_id: int = 0,
) -> Job:
    """Ask for long work; it begins once the transaction at hand is committed.

    The capability that calls has asked for its own permission; the work later acts as `actor`, with
    the permissions held now. Raises `jobs_too_many`.
    """
    assert len(json.dumps(parameters)) <= PARAMETERS_BYTES_MAX, "put what is long into a file"
    with transaction.atomic():
        waiting = Job.objects.filter(client_id=client_id, state__in=NOT_ENDED)
        if waiting[:NOT_ENDED_MAX].count() == NOT_ENDED_MAX:
            raise jobs_too_many(NOT_ENDED_MAX)
        job = Job.objects.create(
            kind=kind,
            title_zh=title_zh,
            title_en=title_en,
            parameters=dict(parameters),
            actor=as_json(actor),
            organisation_path=actor.organisation_path,
            client_id=client_id,
            created_at=clock.now(),
        )
        enqueue(job.id)
        return job


def begin(job_id: UUID) -> Job | None:
    """Take a job up; None where there is nothing to do: it has ended or was never there.

    A job that is running already is taken over: whoever worked on it is held to be dead, and can
    write no more.
    """
    now = clock.now()
    begun = Job.objects.filter(id=job_id, state__in=NOT_ENDED).update(
        state=JobState.RUNNING,
        attempt=F("attempt") + 1,
        started_at=now,
        heartbeat_at=now,
        progress_done=0,
        progress_total=None,
    )
    return Job.objects.get(id=job_id) if begun else None


def progress(job_id: UUID, done: int, total: int | None) -> None:
    """Tell how far the work is; written at most once a second, and at the end.

    Within a transaction nothing is written: the row would stay locked until its end, for those too
    who want to cancel the job. Raises `JobEndedError` and `JobInterruptedError`: the work then
    stops.
    """
    if told_to_stop():
        raise JobInterruptedError
    if transaction.get_connection().in_atomic_block:
        return
    now_s = clock.monotonic_s()
    if done != total and now_s - _progress_written_s.get(job_id, float("-inf")) < PROGRESS_S:
        return
    _progress_written_s[job_id] = now_s
    _change(job_id, progress_done=done, progress_total=total, heartbeat_at=clock.now())


def finish(job_id: UUID, result: Mapping[str, Any], file: Path | None = None) -> Job:
    """End a job well. `file` is one that `exports.new_file` opened for it, closed by now.

    Raises `JobEndedError`.
    """
    facts = exports.facts_of(job_id, file) if file is not None else exports.NO_FILE
    with transaction.atomic():
        _change(
            job_id,
            state=JobState.DONE,
            result=dict(result),
            file=facts.name,
            file_sha256=facts.sha256,
            file_bytes=facts.size_bytes,
            finished_at=clock.now(),
        )
        job = Job.objects.get(id=job_id)
        if job.progress_total is not None:
            Job.objects.filter(id=job_id).update(progress_done=job.progress_total)
            job.progress_done = job.progress_total
    _progress_written_s.pop(job_id, None)
    return job


def fail(job_id: UUID, code: str, zh: str, en: str) -> Job:
    """End a job badly, and say why in both languages. Raises `JobEndedError`."""
    _change(
        job_id,
        state=JobState.FAILED,
        error_code=code,
        error_zh=zh,
        error_en=en,
        finished_at=clock.now(),
    )
    exports.remove(job_id)
    _progress_written_s.pop(job_id, None)
    return Job.objects.get(id=job_id)


def cancel(*, actor: Actor, job_id: UUID, client_id: int = 0) -> Job:
    """Ask that no more be done: a queued job never begins, a running one stops at its next
    progress; what it has done stays done. An ended job stays as it is. Raises `job_unknown`."""
    job = job_by_id(actor, job_id, client_id=client_id)
    cancelled = Job.objects.filter(id=job.id, state__in=NOT_ENDED).update(
        state=JobState.CANCELLED, finished_at=clock.now()
    )
    if cancelled and job.state == JobState.QUEUED:
        exports.remove(job_id)
    return job_by_id(actor, job_id, client_id=client_id)


def ask_again(*, actor: Actor, job_id: UUID) -> Job:
    """Ask once more for what failed or was cancelled, as a new job: only whoever asked for it does,
    for the work acts in their name, with the permissions held now.

    Its parameters must hold all that it needs; what came with a file is gone by now. The caller
    has asked for the permission of the work. Raises `job_unknown`, `job_not_repeatable`,
    `jobs_too_many`.
    """
    job = job_by_id(actor, job_id)
    if job.state not in (JobState.FAILED, JobState.CANCELLED) or job.actor["id"] != actor.id:
        raise job_not_repeatable()
    return start(
        actor=actor,
        kind=job.kind,
        title_zh=job.title_zh,
        title_en=job.title_en,
        parameters=job.parameters,
    )


def put_back(job_id: UUID, *, counts: bool) -> None:
    """Let a job wait for another attempt; one that was only interrupted does not count."""
    changes: dict[str, Any] = {"state": JobState.QUEUED, "started_at": None, "heartbeat_at": None}
    if not counts:
        changes["attempt"] = F("attempt") - 1
    _own(job_id).update(**changes)


def still_at_work(job_ids: list[UUID]) -> None:
    """Tell those who look that these jobs' worker lives."""
    Job.objects.filter(id__in=job_ids, state=JobState.RUNNING).update(heartbeat_at=clock.now())


def _change(job_id: UUID, **changes: Any) -> None:
    if not _own(job_id).update(**changes):
        raise JobEndedError(job_id)


def _own(job_id: UUID) -> QuerySet[Job]:
    """The job, as long as it is this process's to write."""
    rows = Job.objects.filter(id=job_id, state=JobState.RUNNING)
    attempt = current_attempt(job_id)
    return rows if attempt is None else rows.filter(attempt=attempt)
