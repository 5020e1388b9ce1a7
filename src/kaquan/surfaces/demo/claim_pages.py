"""Claim links of the made-up chain: one campaign on two channels, as an issuer hangs it out."""

from __future__ import annotations

from kaquan.campaigns.models import CampaignBatch
from kaquan.surfaces.demo.chain_setup import ACTOR
from kaquan.wallet.links import create_link
from kaquan.wallet.models import ClaimLink

CAMPAIGN = "QH01"
CHANNELS = {"poster": "地铁海报（演示）", "wechat": "公众号菜单（演示）"}


def demo_links() -> list[ClaimLink]:
    """The links, made where they are missing; none before there is the campaign."""
    batch = CampaignBatch.objects.filter(campaign__code=CAMPAIGN).order_by("id").first()
    if batch is None:
        return []
    known = {one.name: one for one in ClaimLink.objects.filter(batch=batch)}
    return [
        known.get(name) or create_link(actor=ACTOR, batch_id=batch.id, name=name, channel=channel)
        for channel, name in CHANNELS.items()
    ]
