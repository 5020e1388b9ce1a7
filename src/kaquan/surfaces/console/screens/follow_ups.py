"""Follow-up tasks: a list of what is to be done for customers, and doing it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from kaquan.customers import tasks
from kaquan.customers.actions import PERMISSION as EDIT
from kaquan.customers.queries import VIEW
from kaquan.customers.tasks import TaskFilter, TaskLine
from kaquan.foundation import clock
from kaquan.foundation.actor import Actor
from kaquan.foundation.configuration import current_configuration
from kaquan.foundation.paging import Page, Paging
from kaquan.surfaces.console.kit.actions import Action, Doing
from kaquan.surfaces.console.kit.cells import Cell, Fact, Text, badge, code, moment, text
from kaquan.surfaces.console.kit.details import DetailScreen, action_address
from kaquan.surfaces.console.kit.fields import Field, Values
from kaquan.surfaces.console.kit.lists import Column, ListScreen
from kaquan.surfaces.console.kit.panels import Facts, Panel, Tab
from kaquan.surfaces.console.kit.screens import Call


def _state(task: TaskLine) -> Cell:
    if task.done_at is not None:
        return badge(_("Done"), "good")
    today = clock.now().astimezone(current_configuration().time_zone).date()
    return badge(_("Overdue"), "bad") if task.due_on < today else badge(_("Still open"), "info")


def _who(task: TaskLine) -> Cell:
    return text(task.assignee_name if task.assignee_id else _("Anyone"))


def _title(task: TaskLine) -> Cell:
    return text(task.title, href=reverse("console:task", kwargs={"key": task.id}))


TASK_COLUMNS = (
    Column[TaskLine]("title", _("Task"), _title),
    Column[TaskLine]("state", _("State"), _state),
    Column[TaskLine]("due", _("Due"), lambda one: text(one.due_on.isoformat()), sort="due"),
    Column[TaskLine]("who", _("Assignee"), _who, wide=True),
)


def _finish(task: TaskLine, doing: Doing) -> Text:
    tasks.finish_task(actor=doing.actor, task_id=task.id, outcome=doing.values["outcome"] or "")
    return _("“%(title)s” is done.") % {"title": task.title}


TASK_ACTIONS: tuple[Action[TaskLine], ...] = (
    Action(
        "finish",
        _("Mark as done"),
        EDIT,
        lambda one: _("Is “%(title)s” done?") % {"title": one.title},
        _finish,
        fields=(Field("outcome", _("What came of it"), "long_text", characters_max=500),),
        bulk=True,
        offered=lambda one: one.done_at is None,
    ),
)


class TaskDetail(DetailScreen[TaskLine]):
    """One task."""

    name = "task"
    path = "tasks/<int:key>"
    title = _("Task")
    permission = VIEW
    parent = "tasks"
    actions = TASK_ACTIONS

    def subject(self, actor: Actor, key: int) -> TaskLine:
        """The task; raises `task_unknown`."""
        return tasks.task_by_id(actor, key)

    def heading(self, subject: TaskLine) -> str:
        """What is to be done."""
        return subject.title

    def badges(self, subject: TaskLine) -> Sequence[Cell]:
        """Whether it is done."""
        return [_state(subject)]

    @staticmethod
    def facts(call: Call, task: TaskLine) -> Sequence[Panel]:
        """For whom, by whom, until when."""
        del call
        facts = [
            Fact(_("Customer"), code(task.customer_number, href=_customer(task))),
            Fact(_("Due"), text(task.due_on.isoformat())),
            Fact(_("Assignee"), _who(task)),
            Fact(_("Added"), moment(task.made_at)),
            Fact(_("By"), text(task.made_by)),
            Fact(_("Done"), moment(task.done_at)),
            Fact(_("Done by"), text(task.done_by)),
            Fact(_("What came of it"), text(task.outcome)),
        ]
        return [Facts("", facts)]

    tabs = (Tab("facts", _("Task"), facts),)


def _customer(task: TaskLine) -> str:
    return reverse("console:customer", kwargs={"key": task.customer_id})


class Tasks(ListScreen[TaskLine]):
    """Tasks of one's part."""

    name = "tasks"
    path = "tasks"
    title = _("Follow-up tasks")
    permission = VIEW
    actions = TASK_ACTIONS
    empty = _("Nothing is to be done. Tasks are added on a customer's page.")
    fields = (
        Field("whose", _("Whose"), "choice",
              options=[("mine", _("Mine")), ("nobodys", _("Nobody's in particular"))]),
        Field("state", _("State"), "choice",
              options=[("open", _("Still open")), ("done", _("Done"))]),
        Field("until", _("Due until"), "day"),
    )  # fmt: skip
    columns = (
        *TASK_COLUMNS[:1],
        Column[TaskLine]("customer", _("Customer"), lambda one: code(
            one.customer_number, href=_customer(one))),
        *TASK_COLUMNS[1:],
        Column[TaskLine]("by", _("By"), lambda one: text(one.made_by), wide=True),
        Column[TaskLine]("outcome", _("What came of it"), lambda one: text(one.outcome),
                         hidden=True),
    )  # fmt: skip

    def page_of(self, actor: Actor, values: Values, paging: Paging) -> Page[TaskLine]:
        """The tasks."""
        whose: dict[Any, str | None] = {"mine": actor.id[:100], "nobodys": ""}
        wanted = TaskFilter(
            whose.get(values["whose"]),
            None if values["state"] is None else values["state"] == "open",
            values["until"],
        )
        return tasks.task_page(actor, wanted, paging)

    def action_address(self, row: TaskLine, action: Action[TaskLine]) -> str:
        """On the task's own page."""
        return action_address(TASK, row.id, action)


TASK: TaskDetail = TaskDetail()
TASKS = Tasks()
