"""Batches that want looking after: little is left of them, or they end soon."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple

from kaquan.campaigns.listings import VIEW
from kaquan.campaigns.models import Campaign, CampaignBatch
from kaquan.campaigns.queries import supplies_of
from kaquan.foundation.actor import Actor, require
from kaquan.foundation.configuration import current_configuration
from kaquan.ledger.balances import Supply
from kaquan.organisations.queries import within

BATCHES_LOOKED_AT_MAX = 500
"""The newest of the campaigns that run."""
LOW_PERCENT = 10
SOON = timedelta(days=7)


class StandingBatch(NamedTuple):
    """A batch of a campaign that runs, what the ledger says of it, and the last day of its
    vouchers if their terms name one."""

    batch: CampaignBatch
    supply: Supply
    last_day: date | None


class Wanting(NamedTuple):
    """Batches from stock of which little is left, and batches whose last day is near."""

    low: Sequence[StandingBatch]
    ending: Sequence[StandingBatch]


def wanting(actor: Actor, at: datetime) -> Wanting:
    """Those of the actor's part of the organisation; a batch that was stopped wants nothing."""
    require(actor, VIEW)
    rows = (
        CampaignBatch.objects.select_related("offer_version")
        .only("name", "by_code", "offer_version__terms")
        .filter(campaign__starts_at__lte=at, campaign__ends_at__gt=at)
    )
    found = list(within(actor, rows, "campaign__organisation").order_by("-id")[
        :BATCHES_LOOKED_AT_MAX
    ])  # fmt: skip
    supplies = supplies_of([batch.id for batch in found])
    standing = [
        StandingBatch(batch, supplies[batch.id], _last_day(batch.offer_version.terms))
        for batch in found
        if batch.id in supplies and supplies[batch.id].state != "stopped"
    ]
    today = at.astimezone(current_configuration().time_zone).date()
    return Wanting(
        low=[one for one in standing if _is_low(one)],
        ending=[one for one in standing if one.last_day and today <= one.last_day <= today + SOON],
    )


def batch_ids_of(campaign: Campaign) -> Sequence[int]:
    """The batches of a campaign that was read with a scope before."""
    return list(campaign.batches.order_by("-id").values_list("id", flat=True)[
        :BATCHES_LOOKED_AT_MAX
    ])  # fmt: skip


def _is_low(one: StandingBatch) -> bool:
    supply = one.supply
    return not one.batch.by_code and supply.stock_left * 100 < supply.minted * LOW_PERCENT


def _last_day(terms: dict[str, object]) -> date | None:
    validity = terms.get("validity")
    period = validity.get("range") if isinstance(validity, dict) else None
    last = period.get("last_day") if isinstance(period, dict) else None
    return date.fromisoformat(last) if isinstance(last, str) else None
