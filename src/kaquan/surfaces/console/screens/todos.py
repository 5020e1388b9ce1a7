"""What waits for somebody: each source is asked only for those who may see what is behind it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from kaquan.analytics.queries import last_proof
from kaquan.approvals import queries as approvals
from kaquan.budgets import alerts
from kaquan.budgets.listings import VIEW as BUDGETS
from kaquan.campaigns.listings import VIEW as CAMPAIGNS
from kaquan.campaigns.standing import StandingBatch, wanting
from kaquan.custody import permissions as custody
from kaquan.custody import queries as paper
from kaquan.custody.models import CaseState
from kaquan.customers import tasks
from kaquan.customers.actions import PERMISSION as EDIT_CUSTOMERS
from kaquan.customers.erasure_listings import erasure_page
from kaquan.customers.models import ErasureState
from kaquan.customers.queries import VIEW as CUSTOMERS
from kaquan.foundation.actor import Actor
from kaquan.foundation.configuration import current_configuration
from kaquan.foundation.jobs import queries as jobs
from kaquan.foundation.jobs.models import JobState
from kaquan.foundation.paging import Paging
from kaquan.integrations import queries as webhooks
from kaquan.staff.lockouts import locked_accounts
from kaquan.staff.permissions import DELEGATE
from kaquan.surfaces.console.kit.cells import Text
from kaquan.surfaces.console.kit.menu import holds

COUNTED_MAX = 99
NAMED_MAX = 3
FAILED_JOBS_DAYS = 7


class ToDo(NamedTuple):
    """Something that waits: how many, where it is looked after, and the first of them by name."""

    title: Text
    number: int
    href: str
    tone: str = "warn"
    named: Sequence[tuple[str, str]] = ()

    @property
    def shown(self) -> str:
        """The number as people read it."""
        return f"{COUNTED_MAX}+" if self.number > COUNTED_MAX else str(self.number)


class Source(NamedTuple):
    """Where things to do come from, and what one needs to see them."""

    permission: str
    ask: Callable[[Actor, datetime], Iterator[ToDo]]


def todos(actor: Actor, at: datetime) -> list[ToDo]:
    """All that waits for somebody now; what there is none of is not there."""
    return [
        todo
        for source in SOURCES
        if holds(actor, source.permission)
        for todo in source.ask(actor, at)
        if todo.number
    ]


def _approvals(actor: Actor, _at: datetime) -> Iterator[ToDo]:
    number = approvals.count_waiting(actor)
    first = approvals.waiting_for(actor, Paging(limit=NAMED_MAX, counts=False)).rows
    named = [(one.title, reverse("console:approval", kwargs={"key": one.pk})) for one in first]
    yield ToDo(_("Waiting for my approval"), number, reverse("console:approvals"), "info", named)


def _tasks(actor: Actor, at: datetime) -> Iterator[ToDo]:
    first = tasks.open_of(actor, limit=NAMED_MAX)
    today = at.astimezone(current_configuration().time_zone).date()
    is_late = any(one.due_on < today for one in first)
    named = [
        (f"{one.title} · {one.due_on:%m-%d}", reverse("console:task", kwargs={"key": one.id}))
        for one in first
    ]
    there = f"{reverse('console:tasks')}?whose=mine&state=open"
    tone = "bad" if is_late else "info"
    yield ToDo(_("Follow-up tasks"), tasks.count_open(actor), there, tone, named)


def _budgets(actor: Actor, _at: datetime) -> Iterator[ToDo]:
    first = alerts.open_alerts(actor, limit=NAMED_MAX)
    named = [
        (
            f"{one.budget.name} · {one.percent}%",
            reverse("console:budget", kwargs={"key": one.budget_id}),
        )
        for one in first
    ]
    there = reverse("console:budgets")
    yield ToDo(_("Budgets near their end"), alerts.count_open_alerts(actor), there, "warn", named)


def _batches(actor: Actor, at: datetime) -> Iterator[ToDo]:
    found = wanting(actor, at)
    there = reverse("console:batches")
    left = [(_left(one), _batch_address(one)) for one in found.low[:NAMED_MAX]]
    yield ToDo(_("Batches with little stock left"), len(found.low), there, "warn", left)
    ending = [
        (f"{one.batch.name} · {one.last_day:%m-%d}", _batch_address(one))
        for one in found.ending[:NAMED_MAX]
    ]
    yield ToDo(_("Batches that expire within 7 days"), len(found.ending), there, "warn", ending)


def _left(one: StandingBatch) -> str:
    return gettext("%(name)s: %(number)s left") % {
        "name": one.batch.name,
        "number": f"{one.supply.stock_left:,}",
    }


def _batch_address(one: StandingBatch) -> str:
    return reverse("console:batch", kwargs={"key": one.batch.id})


def _notes(actor: Actor, _at: datetime) -> Iterator[ToDo]:
    if not holds(actor, custody.MOVE):
        return
    found = paper.unsigned_page(actor, Paging(limit=NAMED_MAX))
    named = [
        (
            f"{one.batch.name} · {one.source.name} · {one.quantity:,}",
            reverse("console:paper-note", kwargs={"key": one.id}),
        )
        for one in found.rows
    ]
    there = f"{reverse('console:paper-notes')}?state=sent"
    yield ToDo(_("Paper to count and sign for"), found.count or 0, there, "info", named)


def _cases(actor: Actor, _at: datetime) -> Iterator[ToDo]:
    if not holds(actor, custody.SUPPLY):
        return
    states = (CaseState.OPEN, CaseState.PROPOSED)
    found = paper.case_page(actor, Paging(limit=NAMED_MAX), states=states)
    there = reverse("console:paper-cases")
    yield ToDo(_("Differences of paper to settle"), found.count or 0, there)


def _erasures(actor: Actor, _at: datetime) -> Iterator[ToDo]:
    if not holds(actor, EDIT_CUSTOMERS):
        return
    found = erasure_page(actor, ErasureState.REQUESTED, Paging(limit=1))
    there = f"{reverse('console:erasures')}?state={ErasureState.REQUESTED}"
    yield ToDo(_("Customers who asked to be erased"), found.count or 0, there)


def _failed_jobs(actor: Actor, at: datetime) -> Iterator[ToDo]:
    since = at - timedelta(days=FAILED_JOBS_DAYS)
    number = jobs.count_failed(actor, since=since, at_most=COUNTED_MAX + 1)
    there = f"{reverse('console:jobs')}?state={JobState.FAILED}"
    yield ToDo(_("Jobs that failed within 7 days"), number, there, "bad")


def _dead_deliveries(actor: Actor, _at: datetime) -> Iterator[ToDo]:
    number = webhooks.count_dead(actor, at_most=COUNTED_MAX + 1)
    yield ToDo(_("Webhook deliveries given up"), number, reverse("console:webhooks"), "bad")


def _proof(_actor: Actor, _at: datetime) -> Iterator[ToDo]:
    proof = last_proof()
    is_wrong = proof is not None and not proof.ok
    yield ToDo(_("The books are wrong"), int(is_wrong), reverse("console:proof"), "bad")


def _locked_out(actor: Actor, at: datetime) -> Iterator[ToDo]:
    there = f"{reverse('console:staff')}?state=locked"
    yield ToDo(_("Accounts that are locked out"), len(locked_accounts(actor, at=at)), there, "bad")


SOURCES: tuple[Source, ...] = (
    Source(approvals.VIEW, _approvals),
    Source("ledger.view", _proof),
    Source(CUSTOMERS, _tasks),
    Source(BUDGETS, _budgets),
    Source(CAMPAIGNS, _batches),
    Source(custody.VIEW, _notes),
    Source(custody.VIEW, _cases),
    Source(CUSTOMERS, _erasures),
    Source(jobs.VIEW, _failed_jobs),
    Source(webhooks.VIEW, _dead_deliveries),
    Source(DELEGATE, _locked_out),
)
