"""Handing a draft in: campaign, offer and batch come into being in one transaction, or none do.

What came back from those who decide is written again and handed in again: the campaign stays the
same one, its offer gets a new version where the terms differ, its planned batch is planned anew.
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from kaquan.approvals.models import ApprovalRequest
from kaquan.campaigns import errors
from kaquan.campaigns.actions import create_campaign, update_campaign
from kaquan.campaigns.draft_plans import Basics, DraftPlan, Supply, plan_of
from kaquan.campaigns.draft_queries import draft_by_id, is_handed_in
from kaquan.campaigns.drafts import DraftMovedError
from kaquan.campaigns.models import Campaign, CampaignDraft
from kaquan.campaigns.planning import (
    discard_campaign,
    plan_batch,
    planned_batches,
    submit_campaign,
    unplan_batch,
)
from kaquan.engine.rules.terms import Terms
from kaquan.foundation.actor import Actor
from kaquan.foundation.errors import KaquanError
from kaquan.offers.actions import change_face, create_offer, publish_version
from kaquan.offers.faces import Face, face_of
from kaquan.offers.models import Offer, OfferVersion
from kaquan.offers.queries import terms_of
from kaquan.organisations.queries import own_organisation_id

CODES_TRIED = 20


def submit_draft(*, actor: Actor, draft_id: int, revision: int, at: datetime) -> ApprovalRequest:
    """Make a campaign of a draft and ask for its start.

    Raises `draft_unknown`, `draft_handed_in`, `draft_incomplete`, `draft_moved` where somebody
    changed it after that revision, and what making and asking raise.
    """
    with transaction.atomic():
        draft = draft_by_id(actor, draft_id, for_update=True)
        if draft.is_template:
            raise errors.draft_unknown(draft_id)
        if is_handed_in(draft):
            raise errors.draft_handed_in(draft.name)
        if draft.revision != revision:
            raise DraftMovedError(draft, ())
        plan = plan_of(actor, draft.content)
        if plan.faults:
            raise errors.draft_incomplete(len(plan.faults))
        assert plan.basics is not None, plan
        assert plan.face is not None, plan
        assert plan.terms is not None, plan
        assert plan.supply is not None, plan
        offer = _offer_before(draft)
        campaign = _campaign(actor, draft, plan.basics)
        if offer is not None and offer.organisation_id != campaign.organisation_id:
            offer = None  # an offer stays where it belongs
        version = (
            _new_offer(actor, campaign, plan.face, plan.terms, at)
            if offer is None
            else _same_offer(actor, offer, plan.face, plan.terms, at)
        )
        _plan(actor, campaign, version, plan, plan.supply)
        draft.campaign = campaign
        draft.save(update_fields=["campaign"])
        return submit_campaign(actor=actor, campaign_id=campaign.id)


def _offer_before(draft: CampaignDraft) -> Offer | None:
    """The offer that was made when it was handed in before."""
    batches = planned_batches(draft.campaign) if draft.campaign else ()
    return batches[0].offer_version.offer if batches else None


def _campaign(actor: Actor, draft: CampaignDraft, basics: Basics) -> Campaign:
    """A new one; or the one before, as far as it may become this one."""
    before = draft.campaign
    belongs_to = basics.organisation_id or own_organisation_id(actor)
    if before is not None:
        if (before.code, before.kind, before.organisation_id) == (
            basics.code,
            basics.kind,
            belongs_to,
        ):
            for batch in planned_batches(before):
                unplan_batch(actor=actor, batch_id=batch.id)
            return update_campaign(
                actor=actor,
                campaign_id=before.id,
                name=basics.name,
                starts_at=basics.starts_at,
                ends_at=basics.ends_at,
                goal=basics.goal,
                jurisdiction=basics.jurisdiction,
            )
        draft.campaign = None
        discard_campaign(actor=actor, campaign_id=before.id)
    return create_campaign(actor=actor, is_draft=True, **basics._asdict())


def _new_offer(
    actor: Actor, campaign: Campaign, face: Face, terms: Terms, at: datetime
) -> OfferVersion:
    """An offer named like the campaign; with a number behind where its code is taken."""
    code = campaign.code
    for number in range(2, CODES_TRIED + 2):
        try:
            return create_offer(
                actor=actor,
                code=code,
                name=face.title_zh,
                terms=terms,
                at=at,
                organisation_id=campaign.organisation_id,
                face=face,
            )
        except KaquanError as error:
            if error.code != "offer_exists":
                raise
            code = f"{campaign.code[:60]}-{number}"
    raise errors.campaign_exists(campaign.code)


def _same_offer(actor: Actor, offer: Offer, face: Face, terms: Terms, at: datetime) -> OfferVersion:
    if face_of(offer.face) != face or offer.name != face.title_zh:
        change_face(actor=actor, offer_id=offer.id, name=face.title_zh, face=face)
    newest = offer.versions.filter(is_aside=False).order_by("-number").first()
    if newest is not None and terms_of(newest) == terms:
        return newest
    return publish_version(actor=actor, offer_id=offer.id, terms=terms, at=at)


def _plan(
    actor: Actor, campaign: Campaign, version: OfferVersion, plan: DraftPlan, supply: Supply
) -> None:
    plan_batch(
        actor=actor,
        campaign_id=campaign.id,
        name=supply.name or campaign.name,
        version_id=version.id,
        quantity=supply.quantity,
        budget_id=plan.budget.id if plan.budget else None,
        by_code=supply.by_code,
    )
