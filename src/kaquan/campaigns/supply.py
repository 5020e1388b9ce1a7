"""What happens to a batch after it was opened: more vouchers, who holds them, whether it runs.

Each goes through the door, once for each request key.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal, NamedTuple

from django.db import transaction

from kaquan.campaigns.actions import PERMISSION
from kaquan.campaigns.errors import approval_required, batch_planned, campaign_not_running
from kaquan.campaigns.keeping import must_be_approved
from kaquan.campaigns.models import Booked, Campaign, CampaignBatch, CampaignStatus
from kaquan.campaigns.queries import batch_by_id
from kaquan.engine.commands import Activate, Allot, AnyCommand, Mint, RequestKey, SetBatchState
from kaquan.engine.outcomes import Outcome
from kaquan.foundation.actor import Actor, require
from kaquan.foundation.refusals import raise_if_refused
from kaquan.ledger.door import submit
from kaquan.organisations.queries import organisation_by_id

BatchState = Literal["running", "paused", "stopped"]


class SerialRange(NamedTuple):
    """Vouchers with neighbouring serials."""

    first_serial: int
    quantity: int


def mint(
    *,
    actor: Actor,
    batch_id: int,
    quantity: int,
    at: datetime,
    request_key: RequestKey | None = None,
) -> SerialRange:
    """Add vouchers to a batch; raises `batch_unknown`, the ledger's refusals, and
    `approval_required` where more is to be asked for (`mint_requests.ask_for_more`)."""
    batch = _batch(actor, batch_id)
    if batch.campaign.by_schedule or must_be_approved(actor):
        raise approval_required()
    command = Mint(at=at, key=request_key, batch_id=batch.id, quantity=quantity)
    return range_of(_submit(actor, command))


def set_batch_state(
    *,
    actor: Actor,
    batch_id: int,
    state: BatchState,
    reason: str = "",
    at: datetime,
    request_key: RequestKey | None = None,
) -> CampaignBatch:
    """Pause a batch (nothing is issued or used), let it run again, or stop its issue for good.

    Once this returns, no use under the old state can succeed any more. Raises `batch_unknown`,
    `campaign_not_running`, and the ledger's refusals.
    """
    batch = _batch(actor, batch_id)
    command = SetBatchState(at=at, key=request_key, batch_id=batch.id, state=state, reason=reason)
    with transaction.atomic():
        # Locked: a campaign that is paused meanwhile must not find one of its batches let loose.
        campaign = Campaign.objects.select_for_update(of=("self",)).get(id=batch.campaign_id)
        if state == "running" and campaign.status != CampaignStatus.RUNNING:
            raise campaign_not_running(CampaignStatus(campaign.status).label)
        _submit(actor, command)
    return batch


def activate(
    *,
    actor: Actor,
    batch_id: int,
    serials: SerialRange,
    at: datetime,
    request_key: RequestKey | None = None,
) -> SerialRange:
    """Make a range of minted vouchers live; raises `batch_unknown` and the ledger's refusals."""
    batch = _batch(actor, batch_id)
    command = Activate(
        at=at,
        key=request_key,
        batch_id=batch.id,
        first_serial=serials.first_serial,
        quantity=serials.quantity,
    )
    return range_of(_submit(actor, command))


def allot(
    *,
    actor: Actor,
    batch_id: int,
    serials: SerialRange,
    organisation_id: int,
    from_organisation_id: int = 0,
    at: datetime,
    request_key: RequestKey | None = None,
) -> SerialRange:
    """Hand a range over from one organisation (0: the batch itself) to another, or back.

    Raises `batch_unknown`, `organisation_unknown` and the ledger's refusals.
    """
    batch = _batch(actor, batch_id)
    for one in (organisation_id, from_organisation_id):
        if one:
            organisation_by_id(actor, one)
    command = Allot(
        at=at,
        key=request_key,
        batch_id=batch.id,
        first_serial=serials.first_serial,
        quantity=serials.quantity,
        organisation_id=organisation_id,
        from_organisation_id=from_organisation_id,
    )
    return range_of(_submit(actor, command))


def range_of(outcome: Outcome) -> SerialRange:
    """The serials that a command about supply was done for."""
    first, quantity = outcome.data["first_serial"], outcome.data["quantity"]
    assert isinstance(first, int), outcome
    assert isinstance(quantity, int), outcome
    return SerialRange(first, quantity)


def _batch(actor: Actor, batch_id: int) -> CampaignBatch:
    require(actor, PERMISSION)
    batch = batch_by_id(actor, batch_id)
    if batch.campaign.booked == Booked.NOTHING:
        raise batch_planned(batch.name)
    return batch


def _submit(actor: Actor, command: AnyCommand) -> Outcome:
    outcomes = submit([command], actor=actor)
    raise_if_refused(outcomes)
    return outcomes[0]
