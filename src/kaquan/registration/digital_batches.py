"""From which stock batch the digital vouchers come that replace a batch's paper ones."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction
from django.db.models import Q, QuerySet

from kaquan.campaigns.actions import PERMISSION
from kaquan.campaigns.models import CampaignBatch
from kaquan.campaigns.queries import batch_by_id, supplies_of
from kaquan.foundation.actor import Actor, require
from kaquan.foundation.changes.actions import record_change
from kaquan.organisations.queries import within
from kaquan.registration.errors import conversion_needs_batch, digital_batch_unfit
from kaquan.registration.models import DigitalBatch

CHOICES_MAX = 200
_PREPAID = "prepaid_card"


def choices_for(actor: Actor, batch_id: int) -> Sequence[CampaignBatch]:
    """The stock batches that may be chosen for a paper batch: of its offer or its campaign, the
    newest first. Raises `batch_unknown`."""
    paper = batch_by_id(actor, batch_id)
    rows = within(actor, _stock_beside(paper), "campaign__organisation")
    found = rows.filter(_same_offer(paper) | Q(campaign_id=paper.campaign_id)).order_by("-id")
    return [one for one in found[:CHOICES_MAX] if not _is_prepaid(one)]


def chosen_for(actor: Actor, batch_id: int) -> CampaignBatch | None:
    """What somebody chose for a paper batch; raises `batch_unknown`."""
    paper = batch_by_id(actor, batch_id)
    row = DigitalBatch.objects.select_related("digital_batch").filter(paper_batch=paper).first()
    return None if row is None else row.digital_batch


def choose_digital_batch(
    *, actor: Actor, batch_id: int, digital_batch_id: int | None
) -> CampaignBatch | None:
    """From now on a batch's paper vouchers become vouchers of that stock batch; None: of the one
    stock batch of their offer, if there is just one.

    Raises `batch_unknown`, `digital_batch_unfit`, `permission_denied`.
    """
    require(actor, PERMISSION)
    paper = batch_by_id(actor, batch_id)
    chosen = None
    if digital_batch_id is not None:
        fitting = {one.id: one for one in choices_for(actor, batch_id)}
        chosen = fitting.get(digital_batch_id)
        if chosen is None or not paper.by_code or _is_prepaid(paper):
            raise digital_batch_unfit()
    with transaction.atomic():
        before = chosen_for(actor, batch_id)
        if chosen is None:
            DigitalBatch.objects.filter(paper_batch=paper).delete()
        else:
            DigitalBatch.objects.update_or_create(
                paper_batch=paper, defaults={"digital_batch": chosen}
            )
        owner = paper.campaign.organisation
        record_change(
            actor=actor,
            verb="registration.digital_batch",
            kind="batch",
            object_id=paper.id,
            object_name=paper.name,
            organisation_path=owner.path if owner else "",
            before={"digital_batch": before and before.name},
            after={"digital_batch": chosen and chosen.name},
        )
    return chosen


def target_of(paper: CampaignBatch) -> CampaignBatch:
    """Where the vouchers of a paper batch are converted to: what was chosen, else the only running
    stock batch of the same offer. Raises `conversion_needs_batch`."""
    row = DigitalBatch.objects.select_related("digital_batch").filter(paper_batch=paper).first()
    if row is not None:
        return row.digital_batch
    found = list(_stock_beside(paper).filter(_same_offer(paper)).order_by("-id")[:CHOICES_MAX])
    supplies = supplies_of([one.id for one in found])
    running = [one for one in found if supplies[one.id].state == "running"]
    if len(running) != 1:
        raise conversion_needs_batch(paper.name, len(running))
    return running[0]


def _stock_beside(paper: CampaignBatch) -> QuerySet[CampaignBatch]:
    rows = CampaignBatch.objects.select_related("campaign__organisation", "offer_version__offer")
    return rows.filter(by_code=False).exclude(id=paper.id)


def _same_offer(paper: CampaignBatch) -> Q:
    return Q(offer_version__offer_id=paper.offer_version.offer_id)


def _is_prepaid(batch: CampaignBatch) -> bool:
    return bool(batch.offer_version.terms["benefit"]["kind"] == _PREPAID)
