"""A list of jobs for people, within the actor's part of the organisation."""

from __future__ import annotations

from kaquan.foundation.actor import Actor, require
from kaquan.foundation.jobs.models import Job
from kaquan.foundation.jobs.queries import VIEW
from kaquan.foundation.paging import Page, Paging, page_of

ORDERS = {"newest": "-created_at"}


def job_page(
    actor: Actor, state: str | None, *, with_file: bool | None, paging: Paging
) -> Page[Job]:
    """The jobs of the actor's part, API clients' too; raises `cursor_invalid`, `sort_invalid`."""
    require(actor, VIEW)
    rows = Job.objects.filter(organisation_path__startswith=actor.organisation_path)
    if state is not None:
        rows = rows.filter(state=state)
    if with_file is not None:
        rows = rows.exclude(file="") if with_file else rows.filter(file="")
    return page_of(rows, paging, ORDERS)
