"""What others may know of campaigns."""

from collections.abc import Collection, Sequence

from kaquan.campaigns.errors import batch_unknown, campaign_unknown
from kaquan.campaigns.models import Campaign, CampaignBatch
from kaquan.foundation.actor import Actor
from kaquan.ledger.balances import Supply, supplies
from kaquan.ledger.sessions import reading_session
from kaquan.organisations.queries import within

LIST_MAX = 200
PLANNED = Supply("planned", 0, 0)


def campaign_by_id(actor: Actor, campaign_id: int, *, for_update: bool = False) -> Campaign:
    """The campaign; raises `campaign_unknown`."""
    rows = within(actor, Campaign.objects.filter(id=campaign_id), "organisation")
    campaign = (rows.select_for_update(of=("self",)) if for_update else rows).first()
    if campaign is None:
        raise campaign_unknown(campaign_id)
    return campaign


def campaign_by_code(actor: Actor, code: str) -> Campaign:
    """The campaign; raises `campaign_unknown`."""
    campaign = within(actor, Campaign.objects.filter(code=code), "organisation").first()
    if campaign is None:
        raise campaign_unknown(code)
    return campaign


def campaigns(actor: Actor, *, before_id: int | None = None, limit: int = 50) -> Sequence[Campaign]:
    """Campaigns, the newest first; the next page begins before the last one's id."""
    rows = within(actor, Campaign.objects.all(), "organisation")
    if before_id is not None:
        rows = rows.filter(id__lt=before_id)
    return list(rows.order_by("-id")[: min(limit, LIST_MAX)])


def batch_by_id(actor: Actor, batch_id: int) -> CampaignBatch:
    """The batch with its campaign, offer version and offer; raises `batch_unknown`."""
    rows = CampaignBatch.objects.select_related("campaign", "offer_version__offer")
    batch = within(actor, rows.filter(id=batch_id), "campaign__organisation").first()
    if batch is None:
        raise batch_unknown(batch_id)
    return batch


def batches(actor: Actor, campaign_ids: Sequence[int]) -> Sequence[CampaignBatch]:
    """The batches of some campaigns, with their offers, in the order of their ids."""
    assert len(campaign_ids) <= LIST_MAX, len(campaign_ids)
    rows = CampaignBatch.objects.select_related("offer_version__offer")
    rows = within(actor, rows.filter(campaign_id__in=campaign_ids), "campaign__organisation")
    return list(rows.order_by("id")[: LIST_MAX * LIST_MAX])


def batches_by_id(actor: Actor, batch_ids: Collection[int]) -> dict[int, CampaignBatch]:
    """Batches with their campaigns; unknown ids are left out."""
    rows = CampaignBatch.objects.select_related("campaign").filter(id__in=batch_ids)
    return {batch.id: batch for batch in within(actor, rows, "campaign__organisation")}


def campaign_batches(
    actor: Actor,
    campaign_id: int | None = None,
    *,
    before_id: int | None = None,
    limit: int = LIST_MAX,
) -> Sequence[CampaignBatch]:
    """Batches with their campaigns and offers, of one campaign or all, the newest first; the next
    page begins before the last one's id."""
    rows = CampaignBatch.objects.select_related("campaign", "offer_version__offer", "budget")
    if campaign_id is not None:
        rows = rows.filter(campaign_id=campaign_id)
    if before_id is not None:
        rows = rows.filter(id__lt=before_id)
    rows = within(actor, rows, "campaign__organisation")
    return list(rows.order_by("-id")[: min(limit, LIST_MAX)])


def own_batch_ids(actor: Actor, batch_ids: Collection[int] | None = None) -> frozenset[int]:
    """The ids of the batches in the actor's part of the organisation: of all, or of those given.

    For reading the books within a scope; as many as there are, for an id costs little.
    """
    rows = within(actor, CampaignBatch.objects.all(), "campaign__organisation")
    if batch_ids is not None:
        rows = rows.filter(id__in=batch_ids)
    return frozenset(rows.values_list("id", flat=True))


def supplies_of(batch_ids: Collection[int]) -> dict[int, Supply]:
    """How the ledger says that batches stand; those that it does not know are only planned. They
    were read with a scope before."""
    return dict.fromkeys(batch_ids, PLANNED) | supplies(reading_session(), batch_ids)
