"""How a batch is opened in the ledger, once: terms frozen and vouchers minted, or neither."""

from __future__ import annotations

from datetime import datetime

from kaquan.campaigns.models import CampaignBatch
from kaquan.engine.commands import AnyCommand, DefineBatch, Mint, RequestKey, SetBatchState
from kaquan.engine.rules.reading import terms_bytes
from kaquan.foundation.refusals import INTERNAL_CLIENT
from kaquan.offers.queries import terms_of


def opening_commands(
    batch: CampaignBatch, at: datetime, *, quantity: int, active: bool
) -> list[AnyCommand]:
    """Define a batch and mint it; the same commands again change nothing."""
    key, link = _key_and_link(batch)
    return [
        DefineBatch(
            at=at,
            key=key,
            link=link,
            batch_id=batch.id,
            terms=terms_bytes(terms_of(batch.offer_version)),
            offer_version_id=batch.offer_version_id,
            budget_id=batch.budget_id or 0,
            by_code=batch.by_code,
            active=active,
        ),
        Mint(at=at, key=key, link=link, batch_id=batch.id, quantity=quantity),
    ]


def opening_paused(batch: CampaignBatch, at: datetime) -> list[AnyCommand]:
    """Open a planned batch, and let nothing of it be issued or used yet: all or none."""
    assert batch.quantity is not None, f"the plan of batch {batch.id} has no quantity"
    key, link = _key_and_link(batch)
    pause = SetBatchState(
        at=at, key=key, link=link, batch_id=batch.id, state="paused", reason="approved"
    )
    opening = opening_commands(batch, at, quantity=batch.quantity, active=batch.active)
    return [*opening, pause]


def _key_and_link(batch: CampaignBatch) -> tuple[RequestKey, int]:
    return RequestKey(INTERNAL_CLIENT, f"batch:{batch.id}"), batch.id
