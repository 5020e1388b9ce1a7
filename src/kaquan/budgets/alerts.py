"""Budgets that come near their end: somebody is told once for each time.

What is used is all that is no longer available: committed, spent and released. The watch compares
it with the shares that each budget names; it may run in several processes, for an open alert is one
row that the database lets be there once.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import datetime

from django.db import connections, transaction

from kaquan.budgets.actions import PERMISSION
from kaquan.budgets.errors import alert_unknown
from kaquan.budgets.listings import VIEW
from kaquan.budgets.models import Budget, BudgetAlert
from kaquan.foundation import clock
from kaquan.foundation.actor import Actor, require
from kaquan.foundation.changes.actions import record_change
from kaquan.ledger.balances import BudgetAmounts, budget_amounts
from kaquan.ledger.sessions import reading_session
from kaquan.organisations.queries import within

CONSUMER = "budget-watch"
AT_ONCE = 500
PAUSE_S = 5.0
LIST_MAX = 100
COUNTED_MAX = 1_000


def watch(stop: threading.Event) -> None:
    """Look again and again, until told to stop."""
    try:
        while not stop.is_set():
            look(clock.now())
            stop.wait(PAUSE_S)
    finally:
        connections.close_all()


def look(at: datetime) -> None:
    """Raise an alert for each share that a budget has come to, and end those it has left.

    For the system: all budgets that are open, a part at a time.
    """
    after_id = 0
    while True:
        rows = Budget.objects.filter(id__gt=after_id, closed_at__isnull=True).order_by("id")
        budgets = list(rows.only("id", "warn_percents")[:AT_ONCE])
        if not budgets:
            return
        _compare(budgets, at)
        after_id = budgets[-1].id


def used_fen(amounts: BudgetAmounts) -> int:
    """What is no longer available of a budget."""
    return amounts.total_fen - amounts.available_fen


def open_alerts(actor: Actor, *, limit: int = 20) -> Sequence[BudgetAlert]:
    """What nobody has said yet that they know of, the latest first."""
    require(actor, VIEW)
    rows = BudgetAlert.objects.select_related("budget")
    rows = within(actor, rows.filter(ended_at=None, seen_at=None), "budget__organisation")
    return list(rows.order_by("-id")[: max(0, min(limit, LIST_MAX))])


def count_open_alerts(actor: Actor) -> int:
    """How many those are, counted up to a bound."""
    rows = BudgetAlert.objects.filter(ended_at=None, seen_at=None)
    return within(actor, rows, "budget__organisation").values("pk")[:COUNTED_MAX].count()


def alerts_of(actor: Actor, budget: Budget, *, limit: int = 20) -> Sequence[BudgetAlert]:
    """The alerts of a budget that was read with a scope, the latest first."""
    require(actor, VIEW)
    return list(budget.alerts.order_by("-id")[: max(0, min(limit, LIST_MAX))])


def mark_seen(*, actor: Actor, budget_id: int, at: datetime) -> int:
    """Say that one knows of a budget's alerts; returns how many nobody had known of.

    Raises `alert_unknown`.
    """
    require(actor, PERMISSION)
    with transaction.atomic():
        rows = BudgetAlert.objects.filter(budget=budget_id, ended_at=None, seen_at=None)
        found = list(
            within(actor, rows, "budget__organisation")
            .select_related("budget__organisation")
            .order_by("id")[:LIST_MAX]
        )
        if not found:
            raise alert_unknown(budget_id)
        for alert in found:
            alert.seen_at, alert.seen_by = at, actor.name[:200]
        BudgetAlert.objects.bulk_update(found, ["seen_at", "seen_by"])
        budget = found[0].budget
        record_change(
            actor=actor,
            verb="budgets.alerts_seen",
            kind="budget",
            object_id=budget.pk,
            object_name=budget.name,
            organisation_path=budget.organisation.path if budget.organisation else "",
            before={"alerts": [alert.percent for alert in found]},
            after={"alerts": []},
        )
    return len(found)


def _compare(budgets: Sequence[Budget], at: datetime) -> None:
    amounts = budget_amounts(reading_session(), [budget.id for budget in budgets])
    reached = {
        (budget.id, percent): amounts[budget.id]
        for budget in budgets
        for percent in budget.warn_percents
        if budget.id in amounts and _has_reached(amounts[budget.id], percent)
    }
    rows = BudgetAlert.objects.filter(
        budget__in=[budget.id for budget in budgets], ended_at__isnull=True
    )
    told = {(budget_id, percent): pk for pk, budget_id, percent in rows.values_list(
        "id", "budget_id", "percent"
    )}  # fmt: skip
    new = [
        BudgetAlert(
            budget_id=budget_id,
            percent=percent,
            used_fen=used_fen(found),
            total_fen=found.total_fen,
            raised_at=at,
        )
        for (budget_id, percent), found in sorted(reached.items(), key=lambda one: one[0])
        if (budget_id, percent) not in told
    ]
    if new:
        BudgetAlert.objects.bulk_create(new, ignore_conflicts=True)
    left = [pk for key, pk in told.items() if key not in reached]
    if left:
        BudgetAlert.objects.filter(id__in=left, ended_at__isnull=True).update(ended_at=at)


def _has_reached(amounts: BudgetAmounts, percent: int) -> bool:
    return amounts.total_fen > 0 and used_fen(amounts) * 100 >= percent * amounts.total_fen
