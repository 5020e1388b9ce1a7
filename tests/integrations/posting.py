"""An outbox and a sender for tests, and a clock that stands."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from kaquan.integrations.models import WebhookDelivery
from kaquan.integrations.outbox import Outbox
from kaquan.integrations.sender import Sender
from tests.fixtures_database import Database
from tests.integrations.receiver import LOOPBACK

LONG_AGO = datetime.fromisoformat("2020-01-01T00:00:00+00:00")


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.at = datetime.fromisoformat("2026-06-01T04:00:00+00:00")

    def __call__(self) -> datetime:
        return self.at

    def move(self, **span: float) -> None:
        self.at += timedelta(**span)


class Post:
    """An outbox and a sender that may be killed and come back."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self.clock = clock
        self._opened: list[Outbox | Sender] = []

    def outbox(self) -> Outbox:
        """A new one, as a new process would open it."""
        self._opened.append(Outbox(self._database.connect, now=self.clock))
        return self._opened[-1]  # type: ignore[return-value]

    def sender(self, **fields: Any) -> Sender:
        """A new one, sending to this machine."""
        known = {"private": LOOPBACK, "now": self.clock, "jitter": lambda: 0.5}
        self._opened.append(Sender(**known | fields))
        return self._opened[-1]  # type: ignore[return-value]

    def deliver(self, **fields: Any) -> int:
        """Everything that was booked, as far as it can be delivered now."""
        outbox = self.outbox()
        outbox.catch_up()
        outbox.close()
        return self.sender(**fields).send_due()

    def close(self) -> None:
        """End all of them."""
        for one in self._opened:
            one.close()


def states() -> dict[str, int]:
    """How many deliveries are in each state."""
    found: dict[str, int] = {}
    for state in WebhookDelivery.objects.values_list("state", flat=True):
        found[state] = found.get(state, 0) + 1
    return found
