"""What others may know of jobs, each within the actor's part of the tree and client."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db.models import Q, QuerySet

from kaquan.foundation.actor import Actor, require
from kaquan.foundation.jobs.errors import job_unknown
from kaquan.foundation.jobs.models import Job, JobState

VIEW = "jobs.view"
LIST_MAX = 200


def job_by_id(actor: Actor, job_id: UUID, *, client_id: int = 0) -> Job:
    """The job; an API client (`client_id` above 0) sees its own only. Raises `job_unknown`."""
    require(actor, VIEW)
    job = _visible(actor, client_id).filter(id=job_id).first()
    if job is None:
        raise job_unknown(job_id)
    return job


def jobs(
    actor: Actor,
    *,
    client_id: int = 0,
    states: Sequence[str] = (),
    before: tuple[datetime, UUID] | None = None,
    limit: int = 50,
) -> Sequence[Job]:
    """The last jobs, newest first; the next page is before the last one's time and id."""
    require(actor, VIEW)
    rows = _visible(actor, client_id)
    if states:
        rows = rows.filter(state__in=states)
    if before is not None:
        created_at, job_id = before
        rows = rows.filter(created_at__lte=created_at).exclude(
            Q(created_at=created_at) & Q(id__gte=job_id)
        )
    return list(rows.order_by("-created_at", "-id")[: min(limit, LIST_MAX)])


def count_failed(actor: Actor, *, since: datetime, at_most: int) -> int:
    """How many jobs of the actor's part were begun since then and failed, counted up to a bound."""
    require(actor, VIEW)
    rows = _visible(actor, 0).filter(created_at__gte=since, state=JobState.FAILED)
    return rows.order_by().values("pk")[:at_most].count()


def _visible(actor: Actor, client_id: int) -> QuerySet[Job]:
    rows = Job.objects.filter(organisation_path__startswith=actor.organisation_path)
    return rows.filter(client_id=client_id) if client_id else rows
