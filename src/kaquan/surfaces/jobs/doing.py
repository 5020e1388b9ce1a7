"""One attempt at one job, from taking it up to its end."""

from __future__ import annotations

import logging
from uuid import UUID

from django.db import connections

from kaquan.foundation.errors import KaquanError
from kaquan.foundation.jobs import actions, exports
from kaquan.foundation.jobs.errors import JobEndedError, JobInterruptedError
from kaquan.foundation.jobs.models import Job, JobState
from kaquan.foundation.jobs.running import attempt_of
from kaquan.ledger.door import close_door
from kaquan.surfaces.jobs.registry import TASKS, Task

RETRY_S = 5  # times the number of the attempt that failed

log = logging.getLogger(__name__)


class AgainError(Exception):
    """The job is to be done again, after so many seconds."""

    def __init__(self, after_s: int) -> None:
        super().__init__(after_s)
        self.after_s = after_s


def do(job_id: UUID) -> None:
    """Do the job, unless it has ended by now.

    Raises `AgainError` when there is to be another attempt, and whatever the database raises.
    """
    try:
        job = actions.begin(job_id)
        if job is None:
            return
        with attempt_of(job.id, job.attempt):
            _attempt(job)
    finally:
        close_door()  # a job that writes has a writer of this thread's own
        connections.close_all()


def _attempt(job: Job) -> None:
    known = TASKS.get(job.kind)
    try:
        if known is None:
            _fail_unknown(job)
        elif job.attempt > known.attempts:
            _fail_stalled(job, known)
        else:
            exports.remove_unfinished(job.id)
            result = known.work(job)
            if not Job.objects.get(id=job.id).ended:
                actions.finish(job.id, result or {})
    except JobInterruptedError:
        actions.put_back(job.id, counts=False)
        raise AgainError(0) from None
    except JobEndedError:
        if Job.objects.filter(id=job.id, state=JobState.CANCELLED).exists():
            exports.remove(job.id)
    except KaquanError as error:
        actions.fail(job.id, error.code, error.zh, error.en)
    except Exception as error:
        assert known is not None
        # Its message may hold a row's values; the log is read by fewer people than the job.
        log.exception("job %s (%s) failed at attempt %d", job.id, job.kind, job.attempt)
        _after_crash(job, known, error)


def _after_crash(job: Job, known: Task, error: Exception) -> None:
    if job.attempt < known.attempts:
        actions.put_back(job.id, counts=True)
        raise AgainError(RETRY_S * job.attempt) from None
    name = type(error).__name__
    actions.fail(
        job.id,
        "job_crashed",
        f"任务出错（{name}），已尝试 {job.attempt} 次；详情见服务器日志，编号 {job.id}。",
        f"The job crashed ({name}) at each of {job.attempt} attempts; "
        f"the server's log tells more, under {job.id}.",
    )


def _fail_unknown(job: Job) -> None:
    actions.fail(
        job.id,
        "job_kind_unknown",
        f"本版本不认识这类任务（{job.kind}）；请用提交它的版本执行，或重新提交。",
        f"This version does not know such jobs ({job.kind}); "
        "let the version that took it do it, or ask for it again.",
    )


def _fail_stalled(job: Job, known: Task) -> None:
    actions.fail(
        job.id,
        "job_stalled",
        f"执行任务的进程中断了 {known.attempts} 次，不再重试；已做的部分仍然有效，可重新提交。",
        f"The process that did the job ended {known.attempts} times and it is not tried again; "
        "what was done stays done, and you may ask for it again.",
    )
