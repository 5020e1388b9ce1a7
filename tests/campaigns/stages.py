"""Campaigns on their way from a draft to their end, and what their vouchers do meanwhile."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from kaquan.approvals.actions import decide
from kaquan.approvals.models import ApprovalRequest
from kaquan.campaigns.actions import create_campaign
from kaquan.campaigns.models import Campaign, CampaignBatch
from kaquan.campaigns.planning import plan_batch, submit_campaign
from kaquan.campaigns.queries import campaign_by_id, supplies_of
from kaquan.engine.commands import Claim
from kaquan.engine.facts import Facts
from kaquan.foundation import clock
from kaquan.foundation.actor import Actor
from kaquan.ledger.door import submit
from kaquan.offers.actions import create_offer
from kaquan.offers.models import OfferVersion
from kaquan.organisations.models import Organisation
from tests.builders.issuer import NOON, SYSTEM, TERMS, a_number, staff_of

SOON = timedelta(hours=1)
LATER = timedelta(days=30)


def maker(node: Organisation | None = None, name: str = "maker") -> Actor:
    """Somebody who holds everything there; another name is another person."""
    actor = staff_of(node)
    return Actor(actor.kind, f"staff:{name}", name, actor.permissions, actor.organisation_path)


def a_draft(
    node: Organisation | None = None,
    *,
    starts_at: datetime | None = None,
    batches: int = 1,
    **facts: Any,
) -> Campaign:
    """A campaign that nothing can be had of yet, with planned batches of 100 vouchers."""
    begins = starts_at or clock.now() + SOON
    campaign = create_campaign(
        actor=maker(node),
        code=a_number("draft-"),
        name="春季拉新",
        kind="拉新",
        starts_at=begins,
        ends_at=facts.pop("ends_at", begins + LATER),
        is_draft=True,
        **facts,
    )
    for number in range(batches):
        plan_batch(
            actor=maker(node),
            campaign_id=campaign.id,
            name=f"第 {number + 1} 批",
            version_id=_version(node).id,
            quantity=100,
        )
    return campaign


def _version(node: Organisation | None) -> OfferVersion:
    """Of an offer that belongs where the campaign does."""
    return create_offer(
        actor=SYSTEM,
        code=a_number("offer-"),
        name="满减券",
        terms=dict(TERMS),
        at=NOON,
        organisation_id=node.id if node else None,
    )


def at_once(actor: Actor, starts_at: datetime = NOON) -> Campaign:
    """A campaign that nobody hands in, unless the issuer requires it."""
    return create_campaign(
        actor=actor,
        code=a_number("c"),
        name="直接",
        kind="拉新",
        starts_at=starts_at,
        ends_at=starts_at + LATER,
    )


def handed_in(campaign: Campaign) -> ApprovalRequest:
    """The campaign waits for somebody's approval."""
    return submit_campaign(actor=maker(campaign.organisation), campaign_id=campaign.id)


def approved(campaign: Campaign) -> Campaign:
    """Somebody else agreed."""
    decided(handed_in(campaign))
    return now(campaign)


def decided(request: ApprovalRequest, verdict: Any = "approve") -> None:
    """Somebody else decides."""
    decide(
        maker(request.organisation, "checker"),
        request_id=request.pk,
        verdict=verdict,
        comment="看过了",
        revision=request.revision,
    )


def now(campaign: Campaign) -> Campaign:
    """As it stands."""
    return campaign_by_id(SYSTEM, campaign.id)


def batches_of(campaign: Campaign) -> list[CampaignBatch]:
    """In the order of their ids."""
    return list(campaign.batches.order_by("id"))


def states(campaign: Campaign) -> list[str]:
    """How the ledger says that each batch stands."""
    supplies = supplies_of([batch.id for batch in batches_of(campaign)])
    return [supplies[batch.id].state for batch in batches_of(campaign)]


def claimed(batch: CampaignBatch, customer_id: int = 7) -> str:
    """What becomes of a claim of one of its vouchers."""
    facts = Facts(customer_id=customer_id)
    (outcome,) = submit([Claim(at=clock.now(), batch_id=batch.id, facts=facts)], actor=SYSTEM)
    return outcome.code.name
