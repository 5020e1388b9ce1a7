"""Whole campaigns paused, let go on, and stopped: all their batches, at once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from kaquan.campaigns.actions import add_batch
from kaquan.campaigns.models import Campaign
from kaquan.campaigns.running import pause_campaign, resume_campaign, stop_campaign
from kaquan.campaigns.supply import set_batch_state
from kaquan.foundation import clock
from kaquan.foundation.errors import KaquanError
from kaquan.ledger.door import close_door
from tests.builders.issuer import NOON, a_version
from tests.campaigns.stages import (
    a_draft,
    approved,
    at_once,
    batches_of,
    claimed,
    maker,
    now,
    states,
)
from tests.fixtures_database import Database

Connection = psycopg.Connection[Any]


@pytest.fixture(autouse=True)
def _own_door(database: Database) -> Any:
    yield
    close_door()


def refused(call: Callable[[], object]) -> str:
    with pytest.raises(KaquanError) as told:
        call()
    return told.value.code


def a_pause(campaign: Campaign, change: Callable[..., object] = pause_campaign) -> object:
    return change(actor=maker(), campaign_id=campaign.id, reason="试", at=clock.now())


def test_a_pause_stops_every_batch_and_only_those_it_stopped_go_on() -> None:
    campaign = approved(a_draft(starts_at=clock.now() - timedelta(hours=1), batches=3))
    first, second, third = batches_of(campaign)
    about: dict[str, Any] = {"actor": maker(), "at": clock.now()}
    set_batch_state(**about, batch_id=second.id, state="paused")
    set_batch_state(**about, batch_id=third.id, state="stopped")

    a_pause(campaign)
    assert states(campaign) == ["paused", "paused", "stopped"]
    assert claimed(first) == "BATCH_PAUSED"
    assert (
        refused(lambda: set_batch_state(**about, batch_id=first.id, state="running"))
        == "campaign_not_running"
    )
    a_pause(campaign, resume_campaign)

    assert states(campaign) == ["running", "paused", "stopped"]
    assert claimed(first) == "DONE"
    assert refused(lambda: a_pause(campaign, resume_campaign)) == "campaign_state_wrong"


def test_a_stop_is_for_good_and_what_was_issued_stays() -> None:
    campaign = approved(a_draft(starts_at=clock.now() - timedelta(hours=1)))
    (batch,) = batches_of(campaign)
    assert claimed(batch) == "DONE"

    a_pause(campaign, stop_campaign)

    assert now(campaign).status == "stopped"
    assert claimed(batch, 8) == "BATCH_STOPPED"
    for change in (pause_campaign, resume_campaign, stop_campaign):
        assert refused(lambda change=change: a_pause(campaign, change)) == "campaign_state_wrong"


def test_a_campaign_made_at_once_is_paused_and_goes_on_like_any_other() -> None:
    campaign = at_once(maker())
    batch = add_batch(
        actor=maker(),
        campaign_id=campaign.id,
        name="一",
        version_id=a_version().id,
        quantity=10,
        at=NOON,
    )
    assert claimed(batch) == "DONE"

    a_pause(campaign)
    assert claimed(batch, 8) == "BATCH_PAUSED"
    a_pause(campaign, resume_campaign)

    assert claimed(batch, 8) == "DONE"
    assert now(campaign).status == "running"
