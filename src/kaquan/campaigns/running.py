"""Whole campaigns paused, let go on, and stopped: all their batches, at once.

What is decided is kept first and booked then, so that nothing decided is lost where the ledger
cannot be reached: it is told as soon as it can be.
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from kaquan.campaigns.errors import campaign_state_wrong
from kaquan.campaigns.keeping import PERMISSION, keep, shown_fields
from kaquan.campaigns.models import Booked, Campaign, CampaignStatus
from kaquan.campaigns.planning import planned_batches
from kaquan.campaigns.queries import campaign_by_id, supplies_of
from kaquan.campaigns.schedule import bring_up
from kaquan.foundation import imports_cells as cells
from kaquan.foundation.actor import Actor, require

_OPENED = (CampaignStatus.APPROVED, CampaignStatus.RUNNING, CampaignStatus.PAUSED)

read_reason = cells.text(1_000)


def pause_campaign(*, actor: Actor, campaign_id: int, reason: str, at: datetime) -> Campaign:
    """Let nothing of a campaign be issued or used; once this returns no use can succeed any more.

    Raises `campaign_unknown`, `campaign_state_wrong`, `value_invalid`, the ledger's refusals.
    """
    return _change(
        actor, campaign_id, CampaignStatus.PAUSED, (CampaignStatus.RUNNING,), reason=reason, at=at
    )


def resume_campaign(*, actor: Actor, campaign_id: int, reason: str, at: datetime) -> Campaign:
    """Let a paused campaign go on: those of its batches that were paused with it.

    One whose days are over ends with that. Raises what `pause_campaign` raises.
    """
    return _change(
        actor, campaign_id, CampaignStatus.RUNNING, (CampaignStatus.PAUSED,), reason=reason, at=at
    )


def stop_campaign(*, actor: Actor, campaign_id: int, reason: str, at: datetime) -> Campaign:
    """Issue nothing more of a campaign, ever; what was issued can still be used.

    Raises what `pause_campaign` raises.
    """
    return _change(actor, campaign_id, CampaignStatus.STOPPED, _OPENED, reason=reason, at=at)


def set_campaign_status(
    *, actor: Actor, campaign_id: int, status: CampaignStatus, reason: str, at: datetime
) -> Campaign:
    """Pause, resume or stop; one that stands there already is only told to the ledger again, so
    that whoever got no answer may ask again. Raises what `pause_campaign` raises."""
    require(actor, PERMISSION)
    if campaign_by_id(actor, campaign_id).status == status:
        bring_up(campaign_id, at=at, actor=actor, reason=reason)
        return campaign_by_id(actor, campaign_id)
    return _BY_STATUS[status](actor=actor, campaign_id=campaign_id, reason=reason, at=at)


def _change(
    actor: Actor,
    campaign_id: int,
    status: CampaignStatus,
    allowed: tuple[CampaignStatus, ...],
    *,
    reason: str,
    at: datetime,
) -> Campaign:
    require(actor, PERMISSION)
    reason = cells.accepted(read_reason, reason, zh="原因", en="reason") if reason else ""
    with transaction.atomic():
        campaign = campaign_by_id(actor, campaign_id, for_update=True)
        if campaign.status not in allowed:
            raise campaign_state_wrong(CampaignStatus(campaign.status).label)
        before = shown_fields(campaign)
        campaign.status = status
        if status == CampaignStatus.PAUSED and campaign.booked == Booked.RUNNING:
            # Kept before the ledger is told: else a crash between would leave nobody knowing
            # which batches had been paused before.
            supplies = supplies_of([batch.id for batch in planned_batches(campaign)])
            campaign.paused_batches = sorted(
                key for key, one in supplies.items() if one.state == "running"
            )
        campaign.save(update_fields=["status", "paused_batches"])
        keep(actor, _VERBS[status], campaign, before=before, reason=reason)
    bring_up(campaign_id, at=at, actor=actor, reason=reason)
    return campaign_by_id(actor, campaign_id)


_VERBS = {
    CampaignStatus.PAUSED: "campaigns.pause",
    CampaignStatus.RUNNING: "campaigns.resume",
    CampaignStatus.STOPPED: "campaigns.stop",
}
_BY_STATUS = {
    CampaignStatus.PAUSED: pause_campaign,
    CampaignStatus.RUNNING: resume_campaign,
    CampaignStatus.STOPPED: stop_campaign,
}
