"""Webhooks for tests: to receivers on this machine, where production would not send them.

Models are imported where they are needed: this file is read before Django is set up.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from tests.fixtures_database import Database

if TYPE_CHECKING:
    from kaquan.integrations.models import WebhookEndpoint
    from tests.integrations.posting import Clock, Post
    from tests.integrations.receiver import Receiver


@pytest.fixture
def clock() -> Clock:
    """The time of outbox and sender."""
    from tests.integrations.posting import Clock

    return Clock()


@pytest.fixture
def post(database: Database, clock: Clock) -> Iterator[Post]:
    """The way out; closed after the test."""
    from tests.integrations.posting import Post

    opened = Post(database, clock)
    yield opened
    opened.close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """One that takes everything."""
    from tests.integrations.receiver import receiving

    with receiving() as one:
        yield one


@pytest.fixture(autouse=True)
def own_machine_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    """As ``KAQUAN_WEBHOOK_PRIVATE_TARGETS=127.0.0.0/8`` does."""
    from kaquan.foundation.configuration import current_configuration
    from kaquan.integrations import actions
    from tests.integrations.receiver import LOOPBACK

    allowed = dataclasses.replace(current_configuration(), webhook_private_targets=LOOPBACK)
    monkeypatch.setattr(actions, "current_configuration", lambda: allowed)


@pytest.fixture
def webhook(database: Database, receiver: Receiver) -> Callable[..., WebhookEndpoint]:
    """Makes webhooks to the receiver that want everything ever booked."""
    from kaquan.integrations import actions
    from tests.builders.issuer import SYSTEM
    from tests.integrations.posting import LONG_AGO

    def make(**fields: Any) -> WebhookEndpoint:
        known = {"actor": SYSTEM, "client_id": 1, "url": receiver.url, "at": LONG_AGO}
        return actions.create_endpoint(**known | fields)

    return make
