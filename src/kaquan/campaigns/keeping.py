"""What every change of a campaign needs: whether it is allowed, and that it is kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kaquan.campaigns.models import Campaign, CampaignBatch
from kaquan.foundation import imports_cells as cells
from kaquan.foundation.actor import Actor, ActorKind
from kaquan.foundation.changes.actions import fields_of, record_change, record_row
from kaquan.offers.models import OfferVersion
from kaquan.organisations.issuer_settings import APPROVALS_REQUIRED, issuer_setting

PERMISSION = "campaigns.edit"
_CAMPAIGN = (
    *("code", "name", "kind", "starts_at", "ends_at", "goal", "organisation", "status"),
    "jurisdiction",
)
_BATCH = ("campaign", "name", "offer_version", "budget", "by_code", "quantity", "active")

read_name = cells.text(100)


def must_be_approved(actor: Actor) -> bool:
    """Whether the issuer lets nothing of this actor's begin without an approval."""
    return actor.kind is not ActorKind.SYSTEM and bool(issuer_setting(APPROVALS_REQUIRED.name))


def shown_fields(campaign: Campaign) -> dict[str, Any]:
    """What the change log shows of a campaign, as it stands."""
    return fields_of(campaign, *_CAMPAIGN)


def keep(
    actor: Actor,
    verb: str,
    campaign: Campaign,
    *,
    before: Mapping[str, Any] | None,
    gone: bool = False,
    reason: str = "",
) -> None:
    """Note a change of a campaign, and why somebody made it."""
    values = shown_fields(campaign)
    record_change(
        actor=actor,
        verb=verb,
        kind="campaign",
        object_id=campaign.pk,
        object_name=campaign.name,
        organisation_path=campaign.organisation.path if campaign.organisation else "",
        before=values if gone else before,
        after=None if gone else (values | {"reason": reason} if reason else values),
    )


def keep_batch(actor: Actor, verb: str, batch: CampaignBatch, *, gone: bool = False) -> None:
    """Note that a batch came or went."""
    organisation = batch.campaign.organisation
    record_row(
        actor=actor,
        verb=verb,
        kind="batch",
        row=batch,
        name=batch.name,
        fields=_BATCH,
        organisation_path=organisation.path if organisation else "",
        gone=gone,
    )


def keep_better_terms(
    actor: Actor, batch: CampaignBatch, *, before: OfferVersion, reason: str
) -> None:
    """Note that better terms count for a batch's vouchers: the rules before and after, and why."""
    organisation = batch.campaign.organisation
    now = batch.offer_version
    record_change(
        actor=actor,
        verb="batches.better_terms",
        kind="batch",
        object_id=batch.pk,
        object_name=batch.name,
        organisation_path=organisation.path if organisation else "",
        before={"offer_version": before.pk, "terms": before.terms},
        after={"offer_version": now.pk, "terms": now.terms, "reason": reason},
    )
