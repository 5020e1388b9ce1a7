"""What is done once a campaign, or more of one, was approved or turned down."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from kaquan.approvals.kinds import Kind, register
from kaquan.approvals.models import ApprovalRequest
from kaquan.campaigns.better_terms import BETTER_TERMS, carry_out
from kaquan.campaigns.keeping import PERMISSION, keep, shown_fields
from kaquan.campaigns.models import Campaign, CampaignStatus
from kaquan.campaigns.opening import opening_paused
from kaquan.campaigns.planning import MINT, START, content_of, planned_batches
from kaquan.campaigns.schedule import bring_up
from kaquan.engine.commands import Mint, RequestKey
from kaquan.foundation import clock
from kaquan.foundation.actor import Actor, system_actor
from kaquan.foundation.refusals import INTERNAL_CLIENT, raise_if_refused
from kaquan.ledger.door import COMMANDS_MAX, submit
from kaquan.offers.actions import mark_version_used

APPROVE = "campaigns.approve"


def register_kinds() -> None:
    """Make known what can be asked for of campaigns."""
    register(
        Kind(
            START,
            "活动上线",
            "Start of a campaign",
            PERMISSION,
            APPROVE,
            carry_out=_approved,
            turned_down=_turned_down,
            content_now=_content_now,
        )
    )
    register(Kind(MINT, "加制券", "More vouchers", PERMISSION, APPROVE, carry_out=_mint))
    register(
        Kind(
            BETTER_TERMS,
            "改善已发券规则",
            "Better terms for issued vouchers",
            PERMISSION,
            APPROVE,
            carry_out=carry_out,
        )
    )


def _approved(request: ApprovalRequest) -> None:
    """The campaign will start at its time; its batches are opened as soon as this is committed."""
    campaign, actor = _campaign(request), _actor(request)
    batches = planned_batches(campaign)
    for batch in batches:
        mark_version_used(actor=actor, version_id=batch.offer_version_id)
    at = clock.now()
    commands = [command for batch in batches for command in opening_paused(batch, at)]
    # Tried before it is promised: what the ledger would refuse is not approved.
    for first in range(0, len(commands), COMMANDS_MAX):
        raise_if_refused(submit(commands[first : first + COMMANDS_MAX], actor=actor, dry=True))
    _set_status(campaign, CampaignStatus.APPROVED, "campaigns.approve", actor)
    campaign_id = campaign.id

    def follow() -> None:
        bring_up(campaign_id, at=at)

    # What fails in it is logged, and done by the background: the approval stands.
    transaction.on_commit(follow, robust=True)


def _turned_down(request: ApprovalRequest) -> None:
    """The campaign is a draft again."""
    _set_status(
        _campaign(request), CampaignStatus.DRAFT, "campaigns.back_to_draft", _actor(request)
    )


def _content_now(request: ApprovalRequest) -> dict[str, Any]:
    return content_of(_campaign(request))


def _mint(request: ApprovalRequest) -> None:
    """Once, also where the transaction around it fails after this and is tried again."""
    command = Mint(
        at=clock.now(),
        key=RequestKey(INTERNAL_CLIENT, f"approval:{request.pk}"),
        batch_id=request.content["batch_id"],
        quantity=request.content["quantity"],
    )
    raise_if_refused(submit([command], actor=_actor(request)))


def _set_status(campaign: Campaign, status: CampaignStatus, verb: str, actor: Actor) -> None:
    assert campaign.status == CampaignStatus.WAITING, (campaign.id, campaign.status)
    before = shown_fields(campaign)
    campaign.status = status
    campaign.save(update_fields=["status"])
    keep(actor, verb, campaign, before=before)


def _campaign(request: ApprovalRequest) -> Campaign:
    rows = Campaign.objects.select_for_update(of=("self",)).select_related("organisation")
    return rows.get(id=request.subject_id)


def _actor(request: ApprovalRequest) -> Actor:
    return system_actor(f"approval {request.pk}")
