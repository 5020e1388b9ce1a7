"""A running batch whose vouchers are for large orders, and what becomes of one on a small order."""

from __future__ import annotations

from datetime import timedelta

from kaquan.campaigns.models import CampaignBatch
from kaquan.campaigns.planning import plan_batch
from kaquan.engine.commands import Claim, Redeem, VoucherUse
from kaquan.engine.facts import Facts, Order, OrderLine
from kaquan.foundation import clock
from kaquan.ledger.door import submit
from kaquan.organisations.models import Organisation
from tests.builders.issuer import SYSTEM, TERMS, a_version
from tests.campaigns.stages import a_draft, approved, batches_of, maker

DEAR = {**TERMS, "scope": {"order_minimum_fen": 10_000}}
CHEAP = {**TERMS, "scope": {"order_minimum_fen": 5_000}}


def a_batch(node: Organisation | None = None) -> CampaignBatch:
    """Of a campaign that was approved and runs: for orders of 100 yuan and more."""
    campaign = a_draft(node, starts_at=clock.now() - timedelta(hours=1), batches=0)
    plan_batch(
        actor=maker(),
        campaign_id=campaign.id,
        name="第 1 批",
        version_id=a_version(DEAR).id,
        quantity=10,
    )
    return batches_of(approved(campaign))[0]


def use(serial: int) -> str:
    """What becomes of a claimed voucher on an order of 60 yuan."""
    order = Order("O", (OrderLine("1", "tea", 1, 6_000),))
    facts = Facts(store_id=1, customer_id=7, order=order)
    command = Redeem(at=clock.now(), vouchers=(VoucherUse(serial),), facts=facts)
    return submit([command], actor=SYSTEM)[0].code.name


def a_claimed_voucher(batch: CampaignBatch) -> int:
    """Its serial."""
    command = Claim(at=clock.now(), batch_id=batch.id, facts=Facts(customer_id=7))
    return submit([command], actor=SYSTEM)[0].vouchers[0].serial
