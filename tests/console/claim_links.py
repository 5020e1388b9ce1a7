"""A claim link of a side."""

from __future__ import annotations

from kaquan.wallet.links import create_link
from kaquan.wallet.models import ClaimLink
from tests.api.world import Side
from tests.builders.issuer import staff_of


def a_claim_link(side: Side) -> ClaimLink:
    """The side's link to what is claimed from stock; made when it is first asked for."""
    batch = side.trade.from_stock
    found = ClaimLink.objects.filter(batch=batch).first()
    return found or create_link(
        actor=staff_of(side.organisation),
        batch_id=batch.id,
        name=f"海报 {batch.id}",
        channel="poster",
    )
