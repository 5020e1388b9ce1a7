"""Long work: the download centre, and what became of each job."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.http import FileResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from kaquan.analytics import reconciliation, reconciliation_jobs
from kaquan.foundation.actor import Actor, require
from kaquan.foundation.jobs import actions, exports, queries
from kaquan.foundation.jobs.listings import job_page
from kaquan.foundation.jobs.models import Job, JobState
from kaquan.foundation.paging import Page, Paging
from kaquan.printing import runs
from kaquan.redemption import (
    bulk_jobs,
    code_files,
    code_jobs,
    imports_pool,
    pool_jobs,
    publication_jobs,
)
from kaquan.redemption.actions import ISSUE
from kaquan.redemption.authority import CARE
from kaquan.surfaces.console.kit import exports as list_exports
from kaquan.surfaces.console.kit.actions import Action, Doing
from kaquan.surfaces.console.kit.cells import Cell, Fact, Text, code, count, moment, text
from kaquan.surfaces.console.kit.details import DetailScreen, action_address
from kaquan.surfaces.console.kit.fields import Field, Values
from kaquan.surfaces.console.kit.lists import Column, ListScreen
from kaquan.surfaces.console.kit.panels import Facts, Panel, Tab
from kaquan.surfaces.console.kit.screens import Call, Screen, language_now
from kaquan.surfaces.console.words import JOB_STATES, state

#: Some files are worth more than to know of the job: whoever holds codes holds vouchers.
FILE_PERMISSIONS = {
    code_jobs.KIND: code_files.PERMISSION,
    runs.KIND: code_files.PERMISSION,
    publication_jobs.KIND: ISSUE,
    pool_jobs.KIND: imports_pool.PERMISSION,
    bulk_jobs.KIND: CARE,
    reconciliation_jobs.KIND: reconciliation.PERMISSION,
}
#: What can be asked for again: all that they need stands in their parameters.
REPEATABLE = frozenset({code_jobs.KIND, runs.KIND, reconciliation_jobs.KIND, list_exports.KIND})
#: Numbers that jobs end with, in words; of several refusals, how many there were.
_CAME_OF_IT: dict[str, Text] = {
    "rows": _("Rows"),
    "codes": _("Voucher codes"),
    "vouchers": _("Vouchers"),
    "blocks": _("Blocks"),
    "entries": _("Entries"),
    "people": _("Customers"),
    "changed": _("Changed by it"),
    "assigned": _("Given by it"),
    "repeated": _("Had it already"),
    "doable": _("Can be done"),
    "done": _("Done"),
    "success": _("Taken"),
    "exists": _("Were there already"),
    "duplicate": _("Repeated in the file"),
    "failed": _("Not taken"),
    "refused": _("Refused"),
    "not_taken": _("Not taken"),
}
_STATES = [(name, words) for name, (words, _tone) in JOB_STATES.items()]


def _title(job: Job) -> str:
    return job.title_zh if language_now() == "zh" else job.title_en


def _progress(job: Job) -> str:
    if job.progress_total:
        return f"{job.progress_done:,} / {job.progress_total:,}"
    return f"{job.progress_done:,}" if job.progress_done else ""


def _file(job: Job) -> Cell:
    if not job.file:
        return text("")
    return text(job.file, href=reverse("console:job-file", kwargs={"key": job.id}))


def _came_of_it(job: Job) -> list[Fact]:
    result = job.result or {}
    numbers = {
        name: sum(value.values()) if isinstance(value, dict) else value
        for name, value in result.items()
    }
    return [
        Fact(words, count(numbers[name]))
        for name, words in _CAME_OF_IT.items()
        if isinstance(numbers.get(name), int)
    ]


def _cancel(job: Job, doing: Doing) -> Text:
    actions.cancel(actor=doing.actor, job_id=job.id)
    return _("“%(title)s” was cancelled.") % {"title": _title(job)}


def _ask_again(job: Job, doing: Doing) -> Text:
    require(doing.actor, _file_permission(job))
    actions.ask_again(actor=doing.actor, job_id=job.id)
    return _("“%(title)s” was begun once more.") % {"title": _title(job)}


JOB_ACTIONS: tuple[Action[Job], ...] = (
    Action(
        "cancel",
        _("Cancel the work"),
        queries.VIEW,
        lambda job: _("Cancel “%(title)s”?") % {"title": _title(job)},
        _cancel,
        danger=True,
        offered=lambda job: not job.ended,
        consequence=_("What is done by then stays done."),
    ),
    Action(
        "again",
        _("Run again"),
        queries.VIEW,
        lambda job: _("Run “%(title)s” once more?") % {"title": _title(job)},
        _ask_again,
        offered=lambda job: (
            job.kind in REPEATABLE and job.state in (JobState.FAILED, JobState.CANCELLED)
        ),
    ),
)


class JobDetail(DetailScreen[Job]):
    """One job."""

    name = "job"
    path = "jobs/<uuid:key>"
    title = _("Job")
    permission = queries.VIEW
    parent = "jobs"
    actions = JOB_ACTIONS

    def subject(self, actor: Actor, key: Any) -> Job:
        """The job; raises `job_unknown`."""
        return queries.job_by_id(actor, key)

    def heading(self, subject: Job) -> str:
        """What it is."""
        return _title(subject)

    def badges(self, subject: Job) -> Sequence[Cell]:
        """Where it stands."""
        return [state(JOB_STATES, subject.state)]

    @staticmethod
    def facts(call: Call, job: Job) -> Sequence[Panel]:
        """How far it is, and what came of it."""
        error = job.error_zh if call.language == "zh" else job.error_en
        facts = [
            Fact(_("Asked for by"), text(job.actor["name"])),
            Fact(_("Asked for"), moment(job.created_at)),
            Fact(_("Begun"), moment(job.started_at)),
            Fact(_("Ended"), moment(job.finished_at)),
            Fact(_("Progress"), text(_progress(job))),
            Fact(_("File"), _file(job)),
            Fact(_("Bytes"), count(job.file_bytes)),
            Fact(_("SHA-256"), code(job.file_sha256)),
            Fact(_("Why it failed"), text(error)),
        ]
        came = _came_of_it(job)
        return [Facts("", facts), *([Facts(_("What came of it"), came)] if came else [])]

    tabs = (Tab("facts", _("Job"), facts),)


class Jobs(ListScreen[Job]):
    """The jobs of one's part, the last first."""

    name = "jobs"
    path = "jobs"
    title = _("Download centre")
    permission = queries.VIEW
    actions = JOB_ACTIONS
    exported = False
    empty = _("Nothing was exported yet. Every list has a button for it.")
    fields = (
        Field("state", _("State"), "choice", options=_STATES),
        Field("file", _("File"), "choice",
              options=[("yes", _("With a file")), ("no", _("Without a file"))]),
    )  # fmt: skip
    columns = (
        Column[Job]("title", _("What"), lambda j: text(_title(j), href=JOB.address(key=j.id))),
        Column[Job]("state", _("State"), lambda j: state(JOB_STATES, j.state)),
        Column[Job]("file", _("File"), _file),
        Column[Job]("progress", _("Progress"), lambda j: text(_progress(j)), number=True,
                    wide=True),
        Column[Job]("by", _("Asked for by"), lambda j: text(j.actor["name"]), wide=True),
        Column[Job]("asked", _("Asked for"), lambda j: moment(j.created_at), wide=True),
        Column[Job]("ended", _("Ended"), lambda j: moment(j.finished_at), hidden=True),
    )  # fmt: skip

    def page_of(self, actor: Actor, values: Values, paging: Paging) -> Page[Job]:
        """The jobs."""
        with_file = None if values["file"] is None else values["file"] == "yes"
        return job_page(actor, values["state"], with_file=with_file, paging=paging)

    def action_address(self, row: Job, action: Action[Job]) -> str:
        """On the job's own page."""
        return action_address(JOB, row.id, action)


class JobFile(Screen):
    """The file that came of a job, for those who may see what is in it."""

    name = "job-file"
    path = "jobs/<uuid:key>/file"
    title = _("File")
    permission = queries.VIEW
    parent = "jobs"

    def respond(self, call: Call, **key: Any) -> HttpResponseBase:
        """The file; raises `job_unknown`, `job_file_gone`, `permission_denied`."""
        job = queries.job_by_id(call.actor, key["key"])
        require(call.actor, _file_permission(job))
        file = exports.open_result(job)
        return FileResponse(
            file, as_attachment=True, filename=job.file, content_type="application/octet-stream"
        )


def _file_permission(job: Job) -> str:
    if job.kind == list_exports.KIND:
        return str(job.parameters["permission"])
    return FILE_PERMISSIONS.get(job.kind, queries.VIEW)


JOB: JobDetail = JobDetail()
JOBS = Jobs()
