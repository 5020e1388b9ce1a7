"""What is kept of jobs does not grow for ever."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from kaquan.foundation.configuration import current_configuration
from kaquan.foundation.jobs import exports
from kaquan.foundation.jobs.models import ENDED, Job

RECORDS_KEPT_DAYS = 180
AT_ONCE = 500
UNCOMMITTED = timedelta(days=1)  # a job's files may be there before its record is committed


def clear_old(now: datetime) -> None:
    """Remove files whose days are over or that no job owns any more, then old records.

    A part at a time: what remains goes with the next call.
    """
    configuration = current_configuration()
    files_before = now - timedelta(days=configuration.export_days)
    expired = Job.objects.filter(finished_at__lt=files_before).exclude(file="")
    for job_id in expired.values_list("id", flat=True)[:AT_ONCE]:
        exports.remove(job_id)
        Job.objects.filter(id=job_id).update(file="")
    folders = exports.job_ids(older_than=now - UNCOMMITTED)[:AT_ONCE]
    kept = Job.objects.filter(id__in=folders).exclude(state__in=ENDED, file="")
    for job_id in set(folders) - set(kept.values_list("id", flat=True)):
        exports.remove(job_id)
    records_before = now - timedelta(days=max(RECORDS_KEPT_DAYS, configuration.export_days))
    old: list[UUID] = list(
        Job.objects.filter(finished_at__lt=records_before, file="").values_list("id", flat=True)[
            :AT_ONCE
        ]
    )
    Job.objects.filter(id__in=old).delete()
