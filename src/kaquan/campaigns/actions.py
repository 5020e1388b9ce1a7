"""Changes of campaigns. Vouchers come into being in the ledger, through the door."""

from collections.abc import Mapping
from datetime import datetime

from django.db import IntegrityError, transaction

from kaquan.budgets.models import Budget
from kaquan.budgets.queries import budget_by_id
from kaquan.campaigns import keeping
from kaquan.campaigns.errors import (
    approval_required,
    batch_exists,
    campaign_exists,
    campaign_fixed,
    campaign_state_wrong,
    campaign_without_time,
)
from kaquan.campaigns.keeping import keep, keep_batch, must_be_approved, read_name, shown_fields
from kaquan.campaigns.laws import require_lawful, require_lawful_batches
from kaquan.campaigns.models import (
    Booked,
    Campaign,
    CampaignBatch,
    CampaignStatus,
    Jurisdiction,
)
from kaquan.campaigns.opening import opening_commands
from kaquan.campaigns.planning import plan_batch
from kaquan.campaigns.queries import campaign_by_id
from kaquan.engine.fields import QUANTITY_MAX
from kaquan.foundation import imports_cells as cells
from kaquan.foundation.actor import Actor, require
from kaquan.foundation.refusals import raise_if_refused, surely_refused
from kaquan.ledger.door import submit
from kaquan.offers.actions import mark_version_used
from kaquan.offers.queries import terms_of, version_by_id
from kaquan.organisations.queries import organisation_by_id, own_organisation_id

PERMISSION = keeping.PERMISSION
_QUANTITIES = range(1, QUANTITY_MAX + 1)
_ENDED = (CampaignStatus.STOPPED, CampaignStatus.OVER)

read_code = cells.code()
read_kind = cells.text(32)
read_goal = cells.text(2_000)
_read_jurisdiction = cells.choice({one: one for one in Jurisdiction.values})


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
    is_draft: bool = False,
    jurisdiction: str = Jurisdiction.MAINLAND,
) -> Campaign:
    """Add a campaign, by default to the actor's own part of the organisation.

    A draft gives nothing before it is approved, and starts and ends by its days; where the issuer
    requires approvals, everybody's campaign is one. What it sells must be lawful in its
    ``jurisdiction``. Raises `campaign_exists`, `campaign_without_time`, `organisation_unknown`,
    `value_invalid`.
    """
    require(actor, PERMISSION)
    starts_at, ends_at = _days(starts_at, ends_at)
    belongs_to = organisation_id or own_organisation_id(actor)
    is_draft = is_draft or must_be_approved(actor)
    campaign = Campaign(
        code=cells.accepted(read_code, code, zh="编码", en="code"),
        name=cells.accepted(read_name, name, zh="名称", en="name"),
        kind=cells.accepted(read_kind, kind, zh="类型", en="kind"),
        starts_at=starts_at,
        ends_at=ends_at,
        goal=cells.accepted(read_goal, goal, zh="目标", en="goal") if goal else "",
        organisation=organisation_by_id(actor, belongs_to) if belongs_to else None,
        status=CampaignStatus.DRAFT if is_draft else CampaignStatus.RUNNING,
        by_schedule=is_draft,
        booked=Booked.NOTHING if is_draft else Booked.RUNNING,
        jurisdiction=_jurisdiction(jurisdiction),
    )
    try:
        with transaction.atomic():
            campaign.save()
            keep(actor, "campaigns.create", campaign, before=None)
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
    jurisdiction: str | None = None,
) -> Campaign:
    """Change what is given of a campaign. Its vouchers keep the days that their terms promise.

    Of one that was approved only the name, the goal and a later end can be changed, of one that
    waits nothing. Raises `campaign_unknown`, `campaign_without_time`, `campaign_fixed`,
    `terms_unlawful`, `value_invalid`.
    """
    require(actor, PERMISSION)
    with transaction.atomic():
        campaign = campaign_by_id(actor, campaign_id, for_update=True)
        before, days = shown_fields(campaign), (campaign.starts_at, campaign.ends_at)
        law = (campaign.ends_at, campaign.jurisdiction)
        if name is not None:
            campaign.name = cells.accepted(read_name, name, zh="名称", en="name")
        if goal is not None:
            campaign.goal = cells.accepted(read_goal, goal, zh="目标", en="goal") if goal else ""
        campaign.starts_at, campaign.ends_at = _days(
            starts_at or campaign.starts_at, ends_at or campaign.ends_at
        )
        if jurisdiction is not None:
            campaign.jurisdiction = _jurisdiction(jurisdiction)
        _require_open_to_change(campaign, *days, law[1])
        if (campaign.ends_at, campaign.jurisdiction) != law:
            require_lawful_batches(campaign)
        campaign.save()
        keep(actor, "campaigns.update", campaign, before=before)
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
    simply repeated. In a draft it is only planned. Raises `campaign_unknown`, `offer_unknown`,
    `budget_unknown`, `batch_exists`, `terms_unlawful`, `value_invalid`, the ledger's refusals, and
    `approval_required` for a campaign that was approved without it.
    """
    require(actor, PERMISSION)
    name = cells.accepted(read_name, name, zh="名称", en="name")
    campaign = campaign_by_id(actor, campaign_id)
    if campaign.status == CampaignStatus.DRAFT:
        return plan_batch(
            actor=actor,
            campaign_id=campaign_id,
            name=name,
            version_id=version_id,
            quantity=quantity,
            budget_id=budget_id,
            by_code=by_code,
            active=active,
        )
    if campaign.by_schedule or must_be_approved(actor):
        raise approval_required()
    if campaign.status != CampaignStatus.RUNNING:
        raise campaign_state_wrong(CampaignStatus(campaign.status).label)
    require_lawful(campaign, [terms_of(version_by_id(actor, version_id))])
    batch, is_new = _row_of(
        actor,
        campaign,
        name,
        version_id,
        budget=budget_by_id(actor, budget_id) if budget_id is not None else None,
        by_code=by_code,
        planned={"quantity": quantity if quantity in _QUANTITIES else None, "active": active},
    )
    commands = opening_commands(batch, at, quantity=quantity, active=active)
    outcomes = submit(commands, actor=actor)
    if is_new and surely_refused(outcomes):
        with transaction.atomic():
            keep_batch(actor, "batches.refused", batch, gone=True)
            batch.delete()
    raise_if_refused(outcomes)
    return batch


def _row_of(
    actor: Actor,
    campaign: Campaign,
    name: str,
    version_id: int,
    *,
    budget: Budget | None,
    by_code: bool,
    planned: Mapping[str, object],
) -> tuple[CampaignBatch, bool]:
    """The batch of this name, and whether it is new; raises `batch_exists` for another one."""
    facts: dict[str, object] = {"budget": budget, "by_code": by_code}
    with transaction.atomic():
        # Marked before vouchers stand on it: the other way round, a crash would leave it open.
        facts["offer_version"] = mark_version_used(actor=actor, version_id=version_id)
        batch, is_new = CampaignBatch.objects.get_or_create(
            campaign=campaign, name=name, defaults={**facts, **planned}
        )
        if is_new:
            keep_batch(actor, "batches.add", batch)
    if any(getattr(batch, field) != fact for field, fact in facts.items()):
        raise batch_exists(name)
    return batch, is_new


def _require_open_to_change(
    campaign: Campaign, started_at: datetime, ended_at: datetime, jurisdiction: str
) -> None:
    """What waits is not changed, nor what was approved, but in the customers' favour."""
    if not campaign.by_schedule or campaign.status == CampaignStatus.DRAFT:
        return
    label = CampaignStatus(campaign.status).label
    if campaign.status == CampaignStatus.WAITING or campaign.starts_at != started_at:
        raise campaign_fixed(label)
    if campaign.jurisdiction != jurisdiction:
        raise campaign_fixed(label)
    if campaign.ends_at < ended_at:
        raise campaign_fixed(label)
    if campaign.ends_at != ended_at and campaign.status in _ENDED:
        raise campaign_fixed(label)


def _days(starts_at: datetime, ends_at: datetime) -> tuple[datetime, datetime]:
    starts_at = cells.accepted(cells.moment, starts_at, zh="开始时间", en="starts_at")
    ends_at = cells.accepted(cells.moment, ends_at, zh="结束时间", en="ends_at")
    if ends_at <= starts_at:
        raise campaign_without_time()
    return starts_at, ends_at


def _jurisdiction(value: str) -> str:
    return cells.accepted(_read_jurisdiction, value, zh="管辖区", en="jurisdiction")
