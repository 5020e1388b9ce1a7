"""Things to be done for customers: by a day, by somebody or by anyone, done once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import NamedTuple

from django.db import transaction
from django.db.models import QuerySet

from kaquan.customers.actions import PERMISSION
from kaquan.customers.errors import customer_erased, task_done_already, task_unknown
from kaquan.customers.keeping import keep
from kaquan.customers.models import Task
from kaquan.customers.queries import VIEW, customer_by_id
from kaquan.foundation import clock
from kaquan.foundation import imports_cells as cells
from kaquan.foundation.actor import Actor, require
from kaquan.foundation.ids import draw_ids
from kaquan.foundation.paging import Page, Paging, page_of
from kaquan.organisations.queries import within

LIST_MAX = 200
ORDERS = {"newest": "-id", "due": "due_on"}

read_title = cells.text(200)
read_outcome = cells.text(500)


class TaskLine(NamedTuple):
    """A task in a list."""

    id: int
    customer_id: int
    customer_number: str
    title: str
    due_on: date
    assignee_id: str
    assignee_name: str
    made_at: datetime
    made_by: str
    done_at: datetime | None
    done_by: str
    outcome: str


class TaskFilter(NamedTuple):
    """Which tasks; None does not restrict. ``assignee_id`` "" is what nobody in particular has."""

    assignee_id: str | None = None
    open: bool | None = None
    due_until: date | None = None


def add_task(
    *,
    actor: Actor,
    customer_id: int,
    title: str,
    due_on: date,
    assignee_id: str = "",
    assignee_name: str = "",
) -> Task:
    """Let something be done for a customer; without an assignee, by anyone.

    Raises `customer_unknown`, `customer_erased`, `value_invalid`.
    """
    require(actor, PERMISSION)
    title = cells.accepted(read_title, title, zh="任务", en="task")
    (task_id,) = draw_ids(Task, 1)
    with transaction.atomic():
        customer = customer_by_id(actor, customer_id, for_update=True)
        if customer.erased_at is not None:
            raise customer_erased(customer.number)
        task = Task(
            id=task_id,
            customer=customer,
            title=title,
            due_on=due_on,
            assignee_id=assignee_id[:100],
            assignee_name=assignee_name[:200],
            made_at=clock.now(),
            made_by=actor.name[:200],
        )
        task.save(force_insert=True)
        keep(actor, "customers.add_task", customer, "task")
        return task


def finish_task(*, actor: Actor, task_id: int, outcome: str = "") -> Task:
    """It is done, and this came of it; raises `task_unknown`, `task_done_already`."""
    require(actor, PERMISSION)
    if outcome.strip():
        outcome = cells.accepted(read_outcome, outcome, zh="结果", en="outcome")
    with transaction.atomic():
        task = _visible(actor).select_for_update(of=("self",)).filter(id=task_id).first()
        if task is None:
            raise task_unknown(task_id)
        if task.done_at is not None:
            raise task_done_already()
        task.done_at, task.done_by = clock.now(), actor.name[:200]
        task.outcome = outcome.strip() or None
        task.save()
        keep(actor, "customers.finish_task", task.customer, "task")
        return task


def task_by_id(actor: Actor, task_id: int) -> TaskLine:
    """The task; raises `task_unknown`."""
    task = _visible(actor).filter(id=task_id).first()
    if task is None:
        raise task_unknown(task_id)
    return _line(task)


def tasks_of(actor: Actor, customer_id: int, *, limit: int = LIST_MAX) -> Sequence[TaskLine]:
    """A customer's tasks, the latest first; raises `customer_unknown`."""
    customer_by_id(actor, customer_id)
    rows = _visible(actor).filter(customer_id=customer_id).order_by("-id")
    return [_line(one) for one in rows[: min(limit, LIST_MAX)]]


def open_of(actor: Actor, *, limit: int = 20) -> Sequence[TaskLine]:
    """What the actor has to do, the most urgent first."""
    rows = _own_open(actor).order_by("due_on", "id")
    return [_line(one) for one in rows[: min(limit, LIST_MAX)]]


def count_open(actor: Actor) -> int:
    """How many tasks the actor has to do; `LIST_MAX` stands for that many or more."""
    return _own_open(actor)[:LIST_MAX].count()


def task_page(actor: Actor, wanted: TaskFilter, paging: Paging) -> Page[TaskLine]:
    """Tasks as a list shows them; raises `cursor_invalid`, `sort_invalid`."""
    rows = _visible(actor)
    if wanted.assignee_id is not None:
        rows = rows.filter(assignee_id=wanted.assignee_id)
    if wanted.open is not None:
        rows = rows.filter(done_at__isnull=wanted.open)
    if wanted.due_until is not None:
        rows = rows.filter(due_on__lte=wanted.due_until)
    return page_of(rows, paging, ORDERS).mapped(lambda found: [_line(one) for one in found])


def _own_open(actor: Actor) -> QuerySet[Task]:
    return _visible(actor).filter(assignee_id=actor.id[:100], done_at__isnull=True)


def _visible(actor: Actor) -> QuerySet[Task]:
    require(actor, VIEW)
    rows = Task.objects.select_related("customer__organisation")
    return within(actor, rows, "customer__organisation")


def _line(task: Task) -> TaskLine:
    return TaskLine(
        task.id,
        task.customer_id,
        task.customer.number,
        task.title,
        task.due_on,
        task.assignee_id,
        task.assignee_name,
        task.made_at,
        task.made_by,
        task.done_at,
        task.done_by,
        task.outcome or "",
    )
