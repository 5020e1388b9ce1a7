"""Everything of one customer in the order of time, from all who know a part of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from kaquan.customers import keeping, profile, tasks
from kaquan.customers.queries import CustomerLine
from kaquan.engine.facts import Facts
from kaquan.organisations.queries import organisation_names
from kaquan.redemption import customer_life
from kaquan.redemption.queries import TRACE
from kaquan.surfaces.console.kit.cells import Fact, code, listed, local_text, money, text
from kaquan.surfaces.console.kit.menu import holds
from kaquan.surfaces.console.kit.panels import Happening, Panel, Timeline, last_of
from kaquan.surfaces.console.kit.screens import Call
from kaquan.surfaces.console.screens.customer_words import CHANGED_FIELDS, PURPOSES, VERBS
from kaquan.surfaces.console.words import CHANNELS, OPERATIONS, voucher_state

SHOWN_MAX = 300
_TOLD_ELSEWHERE = ("customers.consent", "customers.add_task", "customers.finish_task")

Dated = tuple[datetime, Happening]


def timeline(call: Call, line: CustomerLine) -> list[Panel]:
    """The latest first."""
    found = [*_joined(line), *_edits(call, line), *_profile(call, line), *_tasks(call, line)]
    if holds(call.actor, TRACE):
        found += _vouchers(call, line)
    found += _orders(call, line)
    found.sort(key=lambda one: one[0], reverse=True)
    empty = _("Nothing has happened yet.")
    shown = [one for _at, one in found[:SHOWN_MAX]]
    title, note = _("Everything in the order of time"), last_of(found, SHOWN_MAX)
    return [Timeline(title, shown, empty, note=note)]


def _joined(line: CustomerLine) -> Iterator[Dated]:
    if line.joined_at is not None:
        yield line.joined_at, Happening(local_text(line.joined_at), _("Became a member"), "good")


def _edits(call: Call, line: CustomerLine) -> Iterator[Dated]:
    for one in keeping.changes_of(call.actor, line.id):
        if one.verb in _TOLD_ELSEWHERE:
            continue
        words, tone = VERBS.get(one.verb, (one.verb, "muted"))
        fields = listed(str(CHANGED_FIELDS.get(name, name)) for name in one.fields)
        facts = [Fact(_("Field"), text(fields)), Fact(_("By"), text(one.by))]
        yield one.at, Happening(local_text(one.at), words, tone, _told(facts))


def _profile(call: Call, line: CustomerLine) -> Iterator[Dated]:
    for note in profile.notes_of(call.actor, line.id):
        facts = [Fact(_("Text"), text(note.text)), Fact(_("By"), text(note.author))]
        yield note.at, Happening(local_text(note.at), _("Note"), "info", facts)
    for consent in profile.consent_history(call.actor, line.id):
        facts = [
            Fact(_("Purpose"), text(PURPOSES.get(consent.purpose, consent.purpose))),
            Fact(_("Where and how"), text(consent.source)),
            Fact(_("Version of the text shown"), code(consent.text_version)),
            Fact(_("By"), text(consent.kept_by)),
        ]
        words, tone = (_("Agreed"), "good") if consent.given else (_("Took consent back"), "warn")
        yield consent.at, Happening(local_text(consent.at), words, tone, facts)


def _tasks(call: Call, line: CustomerLine) -> Iterator[Dated]:
    for task in tasks.tasks_of(call.actor, line.id):
        facts = [
            Fact(_("Task"), text(task.title)),
            Fact(_("Due"), text(task.due_on.isoformat())),
            Fact(_("Assignee"), text(task.assignee_name)),
            Fact(_("By"), text(task.made_by)),
        ]
        yield (
            task.made_at,
            Happening(local_text(task.made_at), _("Task added"), "info", _told(facts)),
        )
        if task.done_at is not None:
            facts = [
                Fact(_("Task"), text(task.title)),
                Fact(_("What came of it"), text(task.outcome)),
                Fact(_("By"), text(task.done_by)),
            ]
            yield (
                task.done_at,
                Happening(local_text(task.done_at), _("Task done"), "good", _told(facts)),
            )


def _vouchers(call: Call, line: CustomerLine) -> Iterator[Dated]:
    steps = customer_life.voucher_steps(call.actor, line.id)
    named = {_facts(one).store_id for one in steps}
    stores = organisation_names(call.actor, named - {0})
    for one in steps:
        command, result, facts = one.step.command, one.step.result, _facts(one)
        words, tone = OPERATIONS[command.operation]
        shown = [
            Fact(_("Serial"), code(
                str(one.serial), href=reverse("console:voucher", kwargs={"key": one.serial}))),
            Fact(_("Store"), text(stores.get(facts.store_id, ""))),
            Fact(_("Channel"), text(CHANNELS.get(facts.channel, facts.channel))),
            Fact(_("Order number"), code(facts.order.order_no if facts.order else "")),
            Fact(_("Discount"), money(result.discount_fen or None)),
            Fact(_("After it"), voucher_state(result.state)),
        ]  # fmt: skip
        yield command.at, Happening(local_text(command.at), words, tone, _told(shown))


def _orders(call: Call, line: CustomerLine) -> Iterator[Dated]:
    orders = customer_life.orders_of(call.actor, line.id)
    stores = organisation_names(call.actor, {one.store_id for one in orders})
    for one in orders:
        facts = [
            Fact(_("Order number"), code(one.order_no)),
            Fact(_("Store"), text(stores.get(one.store_id, _("Elsewhere")))),
            Fact(_("Amount"), money(one.total_fen)),
        ]
        yield one.ordered_at, Happening(local_text(one.ordered_at), _("Order"), "muted", facts)


def _facts(one: customer_life.VoucherStep) -> Facts:
    return getattr(one.step.command, "facts", None) or customer_life.NO_FACTS


def _told(facts: list[Fact]) -> list[Fact]:
    return [fact for fact in facts if fact.cell.plain]
