"""Who listens to the blocks and to the clock: the one file that knows everyone.

A consumer reads what has been booked and brings its own tables up to it, exactly once for each
block, in the background of the web server.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import NamedTuple

from kaquan.analytics.actions import CONSUMER, Counters
from kaquan.budgets import alerts as budget_alerts
from kaquan.campaigns import schedule
from kaquan.foundation.configuration import Configuration
from kaquan.integrations import outbox
from kaquan.integrations.outbox import Outbox
from kaquan.integrations.sender import Sender
from kaquan.ledger.connections import connect_default
from kaquan.redemption import expiring
from kaquan.registration import retention
from kaquan.surfaces.jobs import scheduled_views
from kaquan.wallet import waiting


class Consumer(NamedTuple):
    """Something that listens; ``run`` returns when it is told to stop, or raises."""

    name: str
    run: Callable[[threading.Event], None]


def consumers(configuration: Configuration) -> tuple[Consumer, ...]:
    """All that listens to the blocks, starts and ends campaigns, books what is over."""

    def count(stop: threading.Event) -> None:
        counters = Counters(connect_default, configuration.time_zone)
        try:
            counters.run(stop)
        finally:
            counters.close()

    def fill_outbox(stop: threading.Event) -> None:
        filling = Outbox(connect_default)
        try:
            filling.run(stop)
        finally:
            filling.close()

    def send_webhooks(stop: threading.Event) -> None:
        sender = Sender(private=configuration.webhook_private_targets)
        try:
            sender.run(stop)
        finally:
            sender.close()

    return (
        Consumer(CONSUMER, count),
        Consumer(outbox.CONSUMER, fill_outbox),
        Consumer("webhook-sender", send_webhooks),
        Consumer(budget_alerts.CONSUMER, budget_alerts.watch),
        Consumer(schedule.NAME, lambda stop: schedule.Schedule().run(stop)),
        Consumer(expiring.NAME, expiring.sweep),
        Consumer(waiting.NAME, waiting.answer_all),
        Consumer(retention.NAME, retention.delete_old),
        Consumer(scheduled_views.NAME, scheduled_views.run),
    )
