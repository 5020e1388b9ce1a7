"""Campaigns start and end at their time, once, whatever was cut short."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta
from typing import Any

import psycopg
import pytest
from django.db import connections

from kaquan.campaigns import schedule
from kaquan.campaigns.models import Campaign
from kaquan.campaigns.running import pause_campaign, resume_campaign
from kaquan.campaigns.schedule import Schedule, bring_up, due
from kaquan.foundation import clock
from kaquan.foundation.changes.models import Change
from kaquan.foundation.errors import KaquanError
from kaquan.ledger.door import close_door
from tests.builders.books import books, differing, faults
from tests.campaigns.stages import (
    LATER,
    SOON,
    a_draft,
    approved,
    batches_of,
    claimed,
    decided,
    handed_in,
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


def verbs(campaign: Campaign) -> list[str]:
    rows = Change.objects.filter(kind="campaign", object_id=str(campaign.id)).order_by("id")
    return [verb.removeprefix("campaigns.") for verb in rows.values_list("verb", flat=True)]


def run_at(at: datetime) -> None:
    Schedule().run_due(at)


def test_it_starts_and_ends_at_its_time_and_once() -> None:
    campaign = approved(a_draft())
    start, end = campaign.starts_at, campaign.ends_at

    for at, status, state in (
        (start - timedelta(microseconds=1), "approved", "paused"),
        (start, "running", "running"),
        (start + SOON, "running", "running"),
        (end - timedelta(microseconds=1), "running", "running"),
        (end, "over", "stopped"),
        (end + LATER, "over", "stopped"),
    ):
        run_at(at)
        assert (now(campaign).status, states(campaign)) == (status, [state])

    assert verbs(campaign) == ["create", "submit", "approve", "start", "end"]
    assert due(end + LATER) == []


def test_what_was_issued_can_still_be_used_after_the_end() -> None:
    campaign = approved(a_draft(starts_at=clock.now() - SOON))
    (batch,) = batches_of(campaign)
    assert claimed(batch) == "DONE"

    run_at(campaign.ends_at)

    assert states(campaign) == ["stopped"]
    assert claimed(batch, 8) == "BATCH_STOPPED"


def test_a_server_that_was_down_all_the_time_catches_up() -> None:
    campaign = approved(a_draft())

    run_at(campaign.ends_at + LATER)

    assert (now(campaign).status, states(campaign)) == ("over", ["stopped"])
    assert verbs(campaign)[-2:] == ["start", "end"]


def test_one_that_somebody_paused_stays_paused_at_its_end_until_somebody_lets_it_go() -> None:
    campaign = approved(a_draft(starts_at=clock.now() - SOON))
    pause_campaign(actor=maker(), campaign_id=campaign.id, reason="查", at=clock.now())

    run_at(campaign.ends_at + SOON)
    assert (now(campaign).status, states(campaign)) == ("paused", ["paused"])
    resume_campaign(actor=maker(), campaign_id=campaign.id, reason="", at=campaign.ends_at + SOON)

    assert (now(campaign).status, states(campaign)) == ("over", ["stopped"])


def test_what_could_not_be_booked_is_booked_later_and_nothing_decided_is_lost(
    monkeypatch: pytest.MonkeyPatch, connection: Connection
) -> None:
    campaign = a_draft(starts_at=clock.now() - SOON)
    request = handed_in(campaign)
    before = books(connection)
    real = schedule.submit

    def unavailable(*_: Any, **__: Any) -> Any:
        raise KaquanError("unavailable", zh="账本不可用。", en="The ledger is out of reach.")

    # The way to the ledger breaks between the approval and what follows from it.
    monkeypatch.setattr(schedule, "submit", unavailable)
    decided(request)
    assert (now(campaign).status, now(campaign).booked) == ("approved", "")
    run_at(clock.now())
    assert now(campaign).fault == "unavailable"
    assert differing(before, books(connection)) <= {"ledger_lane"}  # tried, and no more
    monkeypatch.setattr(schedule, "submit", real)
    run_at(clock.now())

    campaign = now(campaign)
    assert (campaign.status, campaign.booked, campaign.fault) == ("running", "running", "")
    assert states(campaign) == ["running"]


def test_one_that_fails_leaves_the_others_alone_and_is_not_tried_at_every_look(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    broken, sound = approved(a_draft()), approved(a_draft())
    at = max(broken.starts_at, sound.starts_at)
    tried: list[int] = []
    real = schedule.bring_up

    def failing(campaign_id: int, **facts: Any) -> None:
        tried.append(campaign_id)
        if campaign_id == broken.id:
            raise KaquanError("range_not_available", zh="号段用尽。", en="No serials are left.")
        real(campaign_id, **facts)

    monkeypatch.setattr(schedule, "bring_up", failing)
    looking = Schedule()
    looking.run_due(at)
    looking.run_due(at)

    assert tried == [broken.id, sound.id]
    assert (now(broken).fault, now(sound).status) == ("range_not_available", "running")


def test_a_stop_between_the_books_and_the_row_is_made_good(
    connection: Connection, database: Database
) -> None:
    """Killed after the ledger was told and before the campaign's row says so."""
    campaign = approved(a_draft(batches=2, starts_at=clock.now() - SOON))
    set_back = {"status": "approved", "booked": "", "paused_batches": []}
    Campaign.objects.filter(id=campaign.id).update(**set_back)
    minted = books(connection)["ledger_slice"]

    run_at(clock.now())

    assert (now(campaign).status, states(campaign)) == ("running", ["running", "running"])
    assert len(books(connection)["ledger_slice"]) == len(minted)
    assert faults(database.connect) == []


def test_of_two_servers_one_starts_it() -> None:
    campaign = approved(a_draft(batches=3))
    start = threading.Barrier(2)
    failed: list[BaseException] = []

    def serve() -> None:
        try:
            start.wait()
            for _ in range(3):
                bring_up(campaign.id, at=campaign.starts_at, waits=False)
        except BaseException as error:
            failed.append(error)
        finally:
            close_door()
            connections.close_all()

    threads = [threading.Thread(target=serve) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failed == []
    assert verbs(campaign).count("start") == 1
    assert states(campaign) == ["running"] * 3


def test_the_schedule_runs_until_it_is_told_to_stop() -> None:
    campaign = approved(a_draft())
    Campaign.objects.filter(id=campaign.id).update(starts_at=clock.now() - SOON)
    stop = threading.Event()
    running = threading.Thread(target=Schedule().run, args=(stop,))
    running.start()
    deadline_s = clock.monotonic_s() + 20
    while now(campaign).status != "running" and clock.monotonic_s() < deadline_s:
        stop.wait(0.01)
    stop.set()
    running.join()

    assert now(campaign).status == "running"
