"""Changes of campaigns. Vouchers come into being in the ledger, through the door."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from kaquan.budgets.queries import budget_by_id
from kaquan.campaigns.errors import batch_exists, campaign_exists, campaign_without_time
from kaquan.campaigns.models import Campaign, CampaignBatch
from kaquan.campaigns.queries import campaign_by_id
from kaquan.engine.commands import DefineBatch, Mint, RequestKey
from kaquan.engine.rules.reading import terms_bytes
from kaquan.foundation import imports_cells as cells
from kaquan.foundation.actor import Actor, require
from kaquan.foundation.changes.actions import fields_of, record_row
from kaquan.foundation.refusals import INTERNAL_CLIENT, raise_if_refused, surely_refused
from kaquan.ledger.door import submit
from kaquan.offers.actions import mark_version_used
from kaquan.offers.queries import terms_of
from kaquan.organisations.queries import organisation_by_id, own_organisation_id

PERMISSION = "campaigns.edit"
_CAMPAIGN = ("code", "name", "kind", "starts_at", "ends_at", "goal", "organisation")
_BATCH = ("campaign", "name", "offer_version", "budget", "by_code")

read_code = cells.code()
read_name = cells.text(100)
read_kind = cells.text(32)
read_goal = cells.text(2_000)


def create_campaign(
    *,
    actor: Actor,
    code: str,
    name: str,
    kind: str,
    starts_at: datetime,
    ends_at: datetime,
    goal: str = "",
    organisation_id: int | None = None,
) -> Campaign:
    """Add a campaign, by default to the actor's own part of the organisation.

    Raises `campaign_exists`, `campaign_without_time`, `organisation_unknown`, `value_invalid`.
    """
    require(actor, PERMISSION)
    starts_at, ends_at = _days(starts_at, ends_at)
    belongs_to = organisation_id or own_organisation_id(actor)
    campaign = Campaign(
        code=cells.accepted(read_code, code, zh="编码", en="code"),
        name=cells.accepted(read_name, name, zh="名称", en="name"),
        kind=cells.accepted(read_kind, kind, zh="类型", en="kind"),
        starts_at=starts_at,
        ends_at=ends_at,
        goal=cells.accepted(read_goal, goal, zh="目标", en="goal") if goal else "",
        organisation=organisation_by_id(actor, belongs_to) if belongs_to else None,
    )
    try:
        with transaction.atomic():
            campaign.save()
            _keep(actor, "campaigns.create", campaign, before=None)
    except IntegrityError:
        raise campaign_exists(campaign.code) from None
    return campaign


def update_campaign(
    *,
    actor: Actor,
    campaign_id: int,
    name: str | None = None,
    starts_at: datetime | None = None,
    ends_at: datetime | None = None,
    goal: str | None = None,
) -> Campaign:
    """Change what is given of a campaign. Its vouchers keep the days that their terms promise.

    Raises `campaign_unknown`, `campaign_without_time`, `value_invalid`.
    """
    require(actor, PERMISSION)
    with transaction.atomic():
        campaign = campaign_by_id(actor, campaign_id, for_update=True)
        before = fields_of(campaign, *_CAMPAIGN)
        if name is not None:
            campaign.name = cells.accepted(read_name, name, zh="名称", en="name")
        if goal is not None:
            campaign.goal = cells.accepted(read_goal, goal, zh="目标", en="goal") if goal else ""
        campaign.starts_at, campaign.ends_at = _days(
            starts_at or campaign.starts_at, ends_at or campaign.ends_at
        )
        campaign.save()
        _keep(actor, "campaigns.update", campaign, before=before)
    return campaign


def add_batch(
    *,
    actor: Actor,
    campaign_id: int,
    name: str,
    version_id: int,
    quantity: int,
    at: datetime,
    budget_id: int | None = None,
    by_code: bool = False,
    active: bool = True,
) -> CampaignBatch:
    """Define a batch under an offer's version and mint it; the version is fixed from then on.

    The same call again finds the batch and changes nothing, so a call whose answer was lost is
    simply repeated. Raises `campaign_unknown`, `offer_unknown`, `budget_unknown`, `batch_exists`,
    `value_invalid`, and the ledger's refusals.
    """
    require(actor, PERMISSION)
    name = cells.accepted(read_name, name, zh="名称", en="name")
    campaign = campaign_by_id(actor, campaign_id)
    facts: dict[str, object] = {
        "budget": budget_by_id(actor, budget_id) if budget_id is not None else None,
        "by_code": by_code,
    }
    with transaction.atomic():
        # Marked before vouchers stand on it: the other way round, a crash would leave it open.
        facts["offer_version"] = mark_version_used(actor=actor, version_id=version_id)
        batch, is_new = CampaignBatch.objects.get_or_create(
            campaign=campaign, name=name, defaults=facts
        )
        if is_new:
            _keep_batch(actor, "batches.add", batch)
    if any(getattr(batch, field) != fact for field, fact in facts.items()):
        raise batch_exists(name)
    define = DefineBatch(
        at=at,
        key=RequestKey(INTERNAL_CLIENT, f"batch:{batch.id}"),
        link=1,
        batch_id=batch.id,
        terms=terms_bytes(terms_of(batch.offer_version)),
        offer_version_id=version_id,
        budget_id=budget_id or 0,
        by_code=by_code,
        active=active,
    )
    mint = Mint(
        at=at,
        key=RequestKey(INTERNAL_CLIENT, f"batch:{batch.id}"),
        link=1,
        batch_id=batch.id,
        quantity=quantity,
    )
    outcomes = submit([define, mint], actor=actor)
    if is_new and surely_refused(outcomes):
        with transaction.atomic():
            _keep_batch(actor, "batches.refused", batch, gone=True)
            batch.delete()
    raise_if_refused(outcomes)
    return batch


def _keep(actor: Actor, verb: str, campaign: Campaign, *, before: Mapping[str, Any] | None) -> None:
    record_row(
        actor=actor,
        verb=verb,
        kind="campaign",
        row=campaign,
        name=campaign.name,
        fields=_CAMPAIGN,
        organisation_path=campaign.organisation.path if campaign.organisation else "",
        before=before,
    )


def _keep_batch(actor: Actor, verb: str, batch: CampaignBatch, *, gone: bool = False) -> None:
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


def _days(starts_at: datetime, ends_at: datetime) -> tuple[datetime, datetime]:
    starts_at = cells.accepted(cells.moment, starts_at, zh="开始时间", en="starts_at")
    ends_at = cells.accepted(cells.moment, ends_at, zh="结束时间", en="ends_at")
    if ends_at <= starts_at:
        raise campaign_without_time()
    return starts_at, ends_at
