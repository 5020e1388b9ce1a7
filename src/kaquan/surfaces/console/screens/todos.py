"""What waits for somebody: each source is asked only for those who may see what is behind it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from kaquan.analytics.queries import last_proof
from kaquan.campaigns.listings import VIEW as CAMPAIGNS
from kaquan.campaigns.standing import StandingBatch, wanting
from kaquan.foundation.actor import Actor
from kaquan.foundation.jobs import queries as jobs
from kaquan.foundation.jobs.models import JobState
from kaquan.integrations import queries as webhooks
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


SOURCES: tuple[Source, ...] = (
    Source("ledger.view", _proof),
    Source(CAMPAIGNS, _batches),
    Source(jobs.VIEW, _failed_jobs),
    Source(webhooks.VIEW, _dead_deliveries),
)
