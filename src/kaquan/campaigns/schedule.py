"""Campaigns start and end at their time, and the ledger follows what was decided of them.

A campaign's row says what is wanted; `booked` what the ledger was last told. Bringing one up is
done again until both agree: by whoever changed it at once, and by the background for all the rest,
whatever stopped half-way. The row is locked meanwhile, so that of several servers one does it.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Collection, Sequence
from datetime import datetime

from django.db import connections, transaction
from django.db.models import Q

from kaquan.campaigns.keeping import keep, shown_fields
from kaquan.campaigns.models import Booked, Campaign, CampaignBatch, CampaignStatus
from kaquan.campaigns.opening import opening_paused
from kaquan.campaigns.planning import planned_batches
from kaquan.engine.commands import AnyCommand, SetBatchState
from kaquan.engine.outcomes import Outcome, OutcomeCode
from kaquan.foundation import clock
from kaquan.foundation.actor import Actor, system_actor
from kaquan.foundation.errors import KaquanError
from kaquan.foundation.refusals import raise_if_refused
from kaquan.ledger.balances import supplies
from kaquan.ledger.door import COMMANDS_MAX, close_door, submit
from kaquan.ledger.sessions import reading_session

NAME = "campaign-schedule"
LOOK_S = 1.0
AGAIN_S = 30.0
AT_ONCE = 100
_WANTED: dict[str, Booked] = {
    CampaignStatus.DRAFT: Booked.NOTHING,
    CampaignStatus.WAITING: Booked.NOTHING,
    CampaignStatus.APPROVED: Booked.PAUSED,
    CampaignStatus.RUNNING: Booked.RUNNING,
    CampaignStatus.PAUSED: Booked.PAUSED,
    CampaignStatus.STOPPED: Booked.STOPPED,
    CampaignStatus.OVER: Booked.STOPPED,
}
_ACTOR = system_actor("schedule")

log = logging.getLogger(__name__)


def bring_up(
    campaign_id: int, *, at: datetime, actor: Actor = _ACTOR, reason: str = "", waits: bool = True
) -> None:
    """Move a campaign on to where its days say it is, and the ledger to where the campaign is.

    Without `waits` one that somebody else is at is left to them. Raises the ledger's refusals;
    what was decided stays decided, and the background tries again.
    """
    with transaction.atomic():
        rows = Campaign.objects.filter(id=campaign_id)
        rows = rows.select_for_update(of=("self",), skip_locked=not waits)
        campaign = rows.select_related("organisation").first()
        if campaign is None:
            return
        _move_by_time(campaign, at)
        if campaign.booked != _WANTED[campaign.status]:
            _book(campaign, at, actor, reason)
        campaign.fault = ""
        campaign.save(update_fields=["status", "booked", "paused_batches", "fault"])


def due(at: datetime) -> Sequence[int]:
    """The ids of campaigns whose time has come, or that the ledger was not told of."""
    moved = Q(status=CampaignStatus.APPROVED, starts_at__lte=at)
    moved |= Q(status=CampaignStatus.RUNNING, by_schedule=True, ends_at__lte=at)
    for status, booked in _WANTED.items():
        moved |= Q(status=status) & ~Q(booked=booked)
    return list(
        Campaign.objects.filter(moved).order_by("id").values_list("id", flat=True)[:AT_ONCE]
    )


class Schedule:
    """Brings up what is due, again and again; one that failed is left alone for a while."""

    def __init__(self) -> None:
        self._not_before_s: dict[int, float] = {}

    def run(self, stop: threading.Event) -> None:
        """Until told to stop."""
        try:
            while not stop.is_set():
                self.run_due(clock.now())
                stop.wait(LOOK_S)
        finally:
            connections.close_all()
            close_door()

    def run_due(self, at: datetime) -> None:
        """What is due now, each by itself."""
        for campaign_id in due(at):
            if self._not_before_s.get(campaign_id, 0.0) > clock.monotonic_s():
                continue
            self._not_before_s.pop(campaign_id, None)
            try:
                bring_up(campaign_id, at=at, waits=False)
            except Exception as error:
                self._not_before_s[campaign_id] = clock.monotonic_s() + AGAIN_S
                log.exception("campaign %d could not be brought up", campaign_id)
                if isinstance(error, KaquanError):
                    Campaign.objects.filter(id=campaign_id).update(fault=error.code[:64])


def _move_by_time(campaign: Campaign, at: datetime) -> None:
    """Start what was approved, end what has run its time.

    One that somebody paused stays paused at its end: stopping it would let what was issued be used
    again, and only a person can know that it may.
    """
    if campaign.status == CampaignStatus.APPROVED and campaign.starts_at <= at:
        _move(campaign, CampaignStatus.RUNNING, "campaigns.start")
    if (
        campaign.by_schedule
        and campaign.status == CampaignStatus.RUNNING
        and campaign.ends_at <= at
    ):
        _move(campaign, CampaignStatus.OVER, "campaigns.end")


def _move(campaign: Campaign, status: CampaignStatus, verb: str) -> None:
    before = shown_fields(campaign)
    campaign.status = status
    keep(_ACTOR, verb, campaign, before=before)


def _book(campaign: Campaign, at: datetime, actor: Actor, reason: str) -> None:
    wanted = _WANTED[campaign.status]
    batches = planned_batches(campaign)
    ids = [batch.id for batch in batches]
    if campaign.booked == Booked.NOTHING and wanted != Booked.STOPPED:
        _open(batches, at, actor)
        campaign.booked, campaign.paused_batches = Booked.PAUSED, ids
    if campaign.booked == Booked.NOTHING:  # stopped before anything of it was opened
        campaign.booked = wanted
    if campaign.booked == wanted:
        return
    states = {key: one.state for key, one in supplies(reading_session(), ids).items()}
    if wanted == Booked.RUNNING:
        chosen = [key for key in campaign.paused_batches if states.get(key) == "paused"]
        campaign.paused_batches = []
    elif wanted == Booked.PAUSED:
        chosen = [key for key, state in states.items() if state == "running"]
        campaign.paused_batches = sorted({*campaign.paused_batches, *chosen})
    else:
        chosen = [key for key, state in states.items() if state != "stopped"]
    _set_states(chosen, wanted, at, actor, reason)
    campaign.booked = wanted


def _open(batches: Sequence[CampaignBatch], at: datetime, actor: Actor) -> None:
    """Those that are open already, from an attempt that was cut short, stay as they are."""
    commands = [opening_paused(batch, at) for batch in batches]
    _submit([command for some in commands for command in some], actor)


def _set_states(
    batch_ids: Collection[int], state: str, at: datetime, actor: Actor, reason: str
) -> None:
    _submit(
        [
            SetBatchState(at=at, batch_id=batch_id, state=state, reason=reason)
            for batch_id in sorted(batch_ids)
        ],
        actor,
    )


def _submit(commands: Sequence[AnyCommand], actor: Actor) -> None:
    # Whole triples: three commands open one batch, and stand or fall together.
    size = COMMANDS_MAX // 3 * 3
    for first in range(0, len(commands), size):
        outcomes = submit(commands[first : first + size], actor=actor)
        raise_if_refused([outcome for outcome in outcomes if not _is_moot(outcome)])


def _is_moot(outcome: Outcome) -> bool:
    """A batch that somebody stopped for good needs no other state."""
    return outcome.code is OutcomeCode.BATCH_STOPPED
