"""Drafts and templates, within the actor's part of the organisation."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import Q

from kaquan.approvals.models import ApprovalRequest
from kaquan.approvals.queries import about, open_of
from kaquan.campaigns.actions import PERMISSION
from kaquan.campaigns.errors import draft_unknown
from kaquan.campaigns.models import Campaign, CampaignDraft, CampaignStatus
from kaquan.campaigns.planning import START, SUBJECT
from kaquan.foundation.actor import Actor, require
from kaquan.foundation.paging import Page, Paging, page_of
from kaquan.organisations.queries import within

EDIT_OFFERS = "offers.edit"
"""Whoever writes a campaign writes its offer as well."""

TEMPLATES_MAX = 100
ORDERS = {"newest": "-id", "name": "name", "changed": "changed_at"}


def draft_by_id(actor: Actor, draft_id: int, *, for_update: bool = False) -> CampaignDraft:
    """The draft or template; raises `draft_unknown`."""
    require(actor, PERMISSION)
    require(actor, EDIT_OFFERS)
    rows = CampaignDraft.objects.select_related("campaign", "organisation").filter(id=draft_id)
    rows = within(actor, rows, "organisation")
    draft = (rows.select_for_update(of=("self",)) if for_update else rows).first()
    if draft is None:
        raise draft_unknown(draft_id)
    return draft


def draft_page(actor: Actor, words: str | None, paging: Paging) -> Page[CampaignDraft]:
    """Drafts that were not handed in or came back; raises `cursor_invalid`, `sort_invalid`."""
    require(actor, PERMISSION)
    require(actor, EDIT_OFFERS)
    rows = CampaignDraft.objects.filter(is_template=False).select_related("organisation")
    rows = rows.filter(Q(campaign=None) | Q(campaign__status=CampaignStatus.DRAFT))
    if words is not None:
        rows = rows.filter(name__icontains=words)
    return page_of(within(actor, rows, "organisation"), paging, ORDERS)


def own_templates(actor: Actor) -> Sequence[CampaignDraft]:
    """The templates of one's part, the newest first."""
    require(actor, PERMISSION)
    require(actor, EDIT_OFFERS)
    rows = CampaignDraft.objects.filter(is_template=True)
    return list(within(actor, rows, "organisation").order_by("-id")[:TEMPLATES_MAX])


def draft_of_campaign(actor: Actor, campaign_id: int) -> CampaignDraft | None:
    """The draft that became a campaign, if one did and the actor may write it."""
    rows = CampaignDraft.objects.filter(campaign_id=campaign_id)
    return within(actor, rows, "organisation").first()


def is_handed_in(draft: CampaignDraft) -> bool:
    """Whether it became a campaign that is no draft any more, or is just being judged."""
    return draft.campaign is not None and draft.campaign.status != CampaignStatus.DRAFT


def request_of(actor: Actor, draft: CampaignDraft) -> ApprovalRequest | None:
    """The request that was last made for a draft's campaign."""
    if draft.campaign_id is None:
        return None
    waiting = open_of(actor, START, SUBJECT, draft.campaign_id)
    if waiting is not None:
        return waiting
    return next(iter(about(actor, SUBJECT, draft.campaign_id, limit=1)), None)


def has_draft(campaign: Campaign) -> bool:
    """Whether a campaign that was read with a scope was written as a draft."""
    return CampaignDraft.objects.filter(campaign=campaign).exists()
