"""Campaigns before they are approved: their batches are plans, of which the ledger knows nothing.

What is handed in is what is approved and what is carried out: the content of the request says all
of it, and the campaign is not changed while it waits.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any, NamedTuple

from django.db import transaction

from kaquan.approvals.actions import ask
from kaquan.approvals.models import ApprovalRequest
from kaquan.budgets.queries import amounts_of, budget_by_id
from kaquan.campaigns import errors
from kaquan.campaigns.keeping import PERMISSION, keep, keep_batch, read_name, shown_fields
from kaquan.campaigns.laws import require_lawful
from kaquan.campaigns.models import Campaign, CampaignBatch, CampaignStatus, Jurisdiction
from kaquan.campaigns.queries import batch_by_id, campaign_by_id
from kaquan.engine.fields import QUANTITY_MAX
from kaquan.engine.money import MAX_FEN
from kaquan.engine.rules.reading import terms_bytes
from kaquan.foundation import clock
from kaquan.foundation import imports_cells as cells
from kaquan.foundation.actor import Actor, require
from kaquan.offers.queries import terms_of, version_by_id

START = "campaign.start"
MINT = "batch.mint"
SUBJECT = "campaign"
BATCHES_MAX = 200

read_quantity = cells.whole_number(1, QUANTITY_MAX)


class WorstCost(NamedTuple):
    """The most that vouchers can cost; unbounded ones count as the greatest amount there is."""

    amount_fen: int
    is_bounded: bool


def plan_batch(
    *,
    actor: Actor,
    campaign_id: int,
    name: str,
    version_id: int,
    quantity: int,
    budget_id: int | None = None,
    by_code: bool = False,
    active: bool = True,
) -> CampaignBatch:
    """Add a batch to a draft; it is minted once the campaign is approved.

    The same call again finds the batch and changes nothing. Raises `campaign_unknown`,
    `campaign_not_draft`, `offer_unknown`, `budget_unknown`, `batch_exists`, `campaign_full`,
    `terms_unlawful`, `value_invalid`.
    """
    require(actor, PERMISSION)
    name = cells.accepted(read_name, name, zh="名称", en="name")
    quantity = cells.accepted(read_quantity, quantity, zh="数量", en="quantity")
    with transaction.atomic():
        campaign = _draft(actor, campaign_id)
        if campaign.batches.count() >= BATCHES_MAX:
            raise errors.campaign_full(BATCHES_MAX)
        version = version_by_id(actor, version_id)
        require_lawful(campaign, [terms_of(version)])
        facts: dict[str, object] = {
            "offer_version": version,
            "budget": budget_by_id(actor, budget_id) if budget_id is not None else None,
            "by_code": by_code,
            "quantity": quantity,
            "active": active,
        }
        batch, is_new = CampaignBatch.objects.get_or_create(
            campaign=campaign, name=name, defaults=facts
        )
        if any(getattr(batch, field) != fact for field, fact in facts.items()):
            raise errors.batch_exists(name)
        if is_new:
            keep_batch(actor, "batches.plan", batch)
        return batch


def unplan_batch(*, actor: Actor, batch_id: int) -> None:
    """Take a batch out of a draft; raises `batch_unknown`, `campaign_not_draft`."""
    require(actor, PERMISSION)
    with transaction.atomic():
        batch = batch_by_id(actor, batch_id)
        _draft(actor, batch.campaign_id)
        keep_batch(actor, "batches.unplan", batch, gone=True)
        batch.delete()


def discard_campaign(*, actor: Actor, campaign_id: int) -> None:
    """Throw a draft away; what was asked about it stays on record.

    Raises `campaign_unknown`, `campaign_not_draft`.
    """
    require(actor, PERMISSION)
    with transaction.atomic():
        campaign = _draft(actor, campaign_id)
        for batch in planned_batches(campaign):
            keep_batch(actor, "batches.unplan", batch, gone=True)
            batch.delete()
        keep(actor, "campaigns.discard", campaign, before=None, gone=True)
        campaign.delete()


def submit_campaign(*, actor: Actor, campaign_id: int) -> ApprovalRequest:
    """Hand a draft in for approval; once approved it starts at its time.

    Raises `campaign_unknown`, `campaign_not_draft`, `campaign_without_batches`,
    `campaign_over_already`, `terms_unlawful`, `approval_open`.
    """
    require(actor, PERMISSION)
    with transaction.atomic():
        campaign = _draft(actor, campaign_id)
        batches = planned_batches(campaign)
        if not batches:
            raise errors.campaign_without_batches()
        if campaign.ends_at <= clock.now():
            raise errors.campaign_over_already()
        require_lawful(campaign, [terms_of(batch.offer_version) for batch in batches])
        before = shown_fields(campaign)
        campaign.status = CampaignStatus.WAITING
        campaign.save(update_fields=["status"])
        keep(actor, "campaigns.submit", campaign, before=before)
        return ask(
            actor,
            kind=START,
            subject_kind=SUBJECT,
            subject_id=campaign.id,
            title=campaign.name,
            organisation_id=campaign.organisation_id,
            amount_fen=worst_cost(batches).amount_fen,
            content=content_of(campaign),
        )


def planned_batches(campaign: Campaign) -> Sequence[CampaignBatch]:
    """All batches of a campaign that was read with a scope, in the order of their ids."""
    rows = CampaignBatch.objects.filter(campaign=campaign)
    rows = rows.select_related("campaign__organisation", "offer_version__offer", "budget")
    return list(rows.order_by("id")[: BATCHES_MAX + 1])


def content_of(campaign: Campaign) -> dict[str, Any]:
    """All that is approved with a campaign, as plain values; its jurisdiction where it is not the
    usual one, so that requests which were asked before it was noted still say what there is."""
    elsewhere = campaign.jurisdiction != Jurisdiction.MAINLAND
    return ({"jurisdiction": campaign.jurisdiction} if elsewhere else {}) | {
        "code": campaign.code,
        "name": campaign.name,
        "kind": campaign.kind,
        "goal": campaign.goal,
        "starts_at": campaign.starts_at.isoformat(),
        "ends_at": campaign.ends_at.isoformat(),
        "organisation_id": campaign.organisation_id,
        "batches": [
            {
                "id": batch.id,
                "name": batch.name,
                "offer_version_id": batch.offer_version_id,
                "offer": f"{batch.offer_version.offer.name} · v{batch.offer_version.number}",
                "terms_hash": _hash_of_terms(batch),
                "quantity": batch.quantity,
                "budget_id": batch.budget_id,
                "by_code": batch.by_code,
                "active": batch.active,
            }
            for batch in planned_batches(campaign)
        ],
    }


def worst_cost(batches: Sequence[CampaignBatch]) -> WorstCost:
    """What all vouchers of these batches cost if each costs the most it can; never more than what
    is available in the budget that they take it from."""
    by_budget: dict[int | None, int | None] = {}
    for batch in batches:
        cost = cost_of(batch, batch.quantity or 0)
        so_far = by_budget.get(batch.budget_id, 0)
        by_budget[batch.budget_id] = None if cost is None or so_far is None else so_far + cost
    amounts = amounts_of([budget_id for budget_id in by_budget if budget_id is not None])
    total_fen, is_bounded = 0, True
    for budget_id, worst in by_budget.items():
        if budget_id in amounts:
            available = amounts[budget_id].available_fen
            total_fen += available if worst is None else min(worst, available)
        elif worst is None:
            is_bounded = False
        else:
            total_fen += worst
    return WorstCost(min(total_fen, MAX_FEN) if is_bounded else MAX_FEN, is_bounded)


def cost_of(batch: CampaignBatch, quantity: int) -> int | None:
    """The most that so many vouchers of a batch can cost; None where nothing bounds it."""
    most = terms_of(batch.offer_version).maximum_cost_fen()
    return None if most is None else most * quantity


def _hash_of_terms(batch: CampaignBatch) -> str:
    return hashlib.sha256(terms_bytes(terms_of(batch.offer_version))).hexdigest()


def _draft(actor: Actor, campaign_id: int) -> Campaign:
    campaign = campaign_by_id(actor, campaign_id, for_update=True)
    if campaign.status != CampaignStatus.DRAFT:
        raise errors.campaign_not_draft(CampaignStatus(campaign.status).label)
    return campaign
