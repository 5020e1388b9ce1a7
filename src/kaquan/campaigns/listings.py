"""Lists of campaigns and batches for people, within the actor's part of the organisation."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from django.db.models import Q

from kaquan.campaigns.models import Campaign, CampaignBatch, CampaignStatus
from kaquan.foundation.actor import Actor, require
from kaquan.foundation.paging import Page, Paging, page_of
from kaquan.organisations.queries import within

VIEW = "campaigns.view"
COMING = "coming"
CAMPAIGN_ORDERS = {
    "newest": "-id",
    "code": "code",
    "name": "name",
    "starts": "starts_at",
    "ends": "ends_at",
}
BATCH_ORDERS = {"newest": "-id", "name": "name"}
KINDS_MAX = 100


class CampaignFilter(NamedTuple):
    """Which campaigns; None does not restrict. ``state``: as `campaign_state` says at ``at``."""

    words: str | None = None
    kind: str | None = None
    state: str | None = None
    starts_since: datetime | None = None
    starts_until: datetime | None = None


class BatchFilter(NamedTuple):
    """Which batches; None does not restrict."""

    words: str | None = None
    campaign_id: int | None = None
    offer_id: int | None = None
    by_code: bool | None = None
    budget_id: int | None = None


def campaign_page(
    actor: Actor, wanted: CampaignFilter, paging: Paging, *, at: datetime
) -> Page[Campaign]:
    """Campaigns with their organisations; raises `cursor_invalid`, `sort_invalid`."""
    require(actor, VIEW)
    rows = within(actor, Campaign.objects.select_related("organisation"), "organisation")
    if wanted.words is not None:
        rows = rows.filter(Q(name__icontains=wanted.words) | Q(code__icontains=wanted.words))
    if wanted.kind is not None:
        rows = rows.filter(kind=wanted.kind)
    if wanted.state is not None:
        rows = rows.filter(_in_state(wanted.state, at))
    if wanted.starts_since is not None:
        rows = rows.filter(starts_at__gte=wanted.starts_since)
    if wanted.starts_until is not None:
        rows = rows.filter(starts_at__lt=wanted.starts_until)
    return page_of(rows, paging, CAMPAIGN_ORDERS)


def campaign_kinds(actor: Actor) -> list[str]:
    """The issuer's own words for kinds of campaigns that are in use."""
    rows = within(actor, Campaign.objects.all(), "organisation")
    return list(rows.order_by("kind").values_list("kind", flat=True).distinct()[:KINDS_MAX])


def batch_page(actor: Actor, wanted: BatchFilter, paging: Paging) -> Page[CampaignBatch]:
    """Batches with their campaigns and offers; raises `cursor_invalid`, `sort_invalid`."""
    require(actor, VIEW)
    rows = within(
        actor,
        CampaignBatch.objects.select_related("campaign", "offer_version__offer"),
        "campaign__organisation",
    )
    if wanted.words is not None:
        rows = rows.filter(
            Q(name__icontains=wanted.words) | Q(campaign__name__icontains=wanted.words)
        )
    if wanted.campaign_id is not None:
        rows = rows.filter(campaign_id=wanted.campaign_id)
    if wanted.offer_id is not None:
        rows = rows.filter(offer_version__offer_id=wanted.offer_id)
    if wanted.by_code is not None:
        rows = rows.filter(by_code=wanted.by_code)
    if wanted.budget_id is not None:
        rows = rows.filter(budget_id=wanted.budget_id)
    return page_of(rows, paging, BATCH_ORDERS)


def campaign_state(campaign: Campaign, at: datetime) -> str:
    """Its status; of one that runs without a schedule ``coming``, ``running`` or ``over``, as its
    days say."""
    if campaign.by_schedule or campaign.status != CampaignStatus.RUNNING:
        return campaign.status
    if at < campaign.starts_at:
        return COMING
    return CampaignStatus.RUNNING if at < campaign.ends_at else CampaignStatus.OVER


def _in_state(state: str, at: datetime) -> Q:
    """The rows for which `campaign_state` says that."""
    by_days = Q(by_schedule=False, status=CampaignStatus.RUNNING)
    if state == COMING:
        return by_days & Q(starts_at__gt=at)
    if state == CampaignStatus.RUNNING:
        days = by_days & Q(starts_at__lte=at, ends_at__gt=at)
    elif state == CampaignStatus.OVER:
        days = by_days & Q(starts_at__lte=at, ends_at__lte=at)
    else:
        return Q(status=state)
    return days | Q(status=state, by_schedule=True)
