"""More vouchers of a batch whose campaign was approved: asked for, approved, minted."""

from __future__ import annotations

from django.db import transaction

from kaquan.approvals.actions import ask
from kaquan.approvals.models import ApprovalRequest
from kaquan.campaigns.errors import batch_planned, campaign_state_wrong
from kaquan.campaigns.keeping import PERMISSION
from kaquan.campaigns.models import Booked, CampaignStatus
from kaquan.campaigns.planning import MINT, cost_of, read_quantity
from kaquan.campaigns.queries import batch_by_id
from kaquan.engine.money import MAX_FEN
from kaquan.foundation import imports_cells as cells
from kaquan.foundation.actor import Actor, require

SUBJECT = "batch"
_MINTING = (CampaignStatus.APPROVED, CampaignStatus.RUNNING, CampaignStatus.PAUSED)


def ask_for_more(*, actor: Actor, batch_id: int, quantity: int, reason: str) -> ApprovalRequest:
    """Ask for more vouchers of a batch; they are minted with the last approval.

    Raises `batch_unknown`, `batch_planned`, `campaign_state_wrong`, `approval_open`,
    `value_invalid`.
    """
    require(actor, PERMISSION)
    quantity = cells.accepted(read_quantity, quantity, zh="数量", en="quantity")
    reason = cells.accepted(cells.text(1_000), reason, zh="原因", en="reason") if reason else ""
    with transaction.atomic():
        batch = batch_by_id(actor, batch_id)
        campaign = batch.campaign
        if campaign.booked == Booked.NOTHING:
            raise batch_planned(batch.name)
        if campaign.status not in _MINTING:
            raise campaign_state_wrong(CampaignStatus(campaign.status).label)
        cost_fen = cost_of(batch, quantity)
        return ask(
            actor,
            kind=MINT,
            subject_kind=SUBJECT,
            subject_id=batch.id,
            title=f"{campaign.name} · {batch.name}",
            organisation_id=campaign.organisation_id,
            amount_fen=MAX_FEN if cost_fen is None else min(cost_fen, MAX_FEN),
            content={"batch_id": batch.id, "quantity": quantity, "reason": reason},
        )
