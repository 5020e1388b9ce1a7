"""Claim links: made and closed by people at work, used by customers."""

from __future__ import annotations

import secrets

from django.db import transaction
from django.db.models import Q

from kaquan.campaigns.actions import PERMISSION as EDIT
from kaquan.campaigns.queries import batch_by_id
from kaquan.customers.models import Customer
from kaquan.foundation import clock
from kaquan.foundation import imports_cells as cells
from kaquan.foundation.actor import Actor, require
from kaquan.foundation.changes.actions import record_change
from kaquan.foundation.errors import KaquanError
from kaquan.foundation.paging import Page, Paging, page_of
from kaquan.organisations.queries import within
from kaquan.wallet import waiting
from kaquan.wallet.errors import claim_waits, link_batch_by_code, link_unknown
from kaquan.wallet.models import ClaimLink, LinkClaim

VIEW = "campaigns.view"
KIND = "claim_link"
TOKEN_SYMBOLS = 10
QUANTITY_MAX = 1_000_000_000
_ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"

read_name = cells.text(100)
read_channel = cells.code(32)


def create_link(
    *, actor: Actor, batch_id: int, name: str, channel: str, quantity_max: int | None = None
) -> ClaimLink:
    """A new public link to a batch; raises `batch_unknown`, `claim_link_by_code`,
    `value_invalid`."""
    require(actor, EDIT)
    name = cells.accepted(read_name, name, zh="名称", en="name")
    channel = cells.accepted(read_channel, channel, zh="渠道", en="channel")
    if quantity_max is not None:
        limit = cells.whole_number(1, QUANTITY_MAX)
        quantity_max = cells.accepted(limit, quantity_max, zh="数量", en="quantity")
    batch = batch_by_id(actor, batch_id)
    if batch.by_code:
        raise link_batch_by_code()
    with transaction.atomic():
        link = ClaimLink.objects.create(
            token="".join(secrets.choice(_ALPHABET) for _ in range(TOKEN_SYMBOLS)),
            batch=batch,
            name=name,
            channel=channel,
            quantity_max=quantity_max,
            made_at=clock.now(),
            made_by=actor.name[:200],
        )
        _keep(actor, "claim_links.create", link, after={"channel": channel, "batch": batch.id})
    return link


def set_link_active(*, actor: Actor, link_id: int, active: bool) -> ClaimLink:
    """Close a link, or open it again; raises `claim_link_unknown`."""
    require(actor, EDIT)
    with transaction.atomic():
        link = link_by_id(actor, link_id, for_update=True)
        if link.active != active:
            link.active = active
            link.save(update_fields=["active"])
            _keep(actor, "claim_links.set_active", link, after={"active": active})
    return link


def link_by_id(actor: Actor, link_id: int, *, for_update: bool = False) -> ClaimLink:
    """The link with its batch; raises `claim_link_unknown`."""
    require(actor, VIEW)
    rows = _rows().filter(id=link_id)
    rows = within(actor, rows, "batch__campaign__organisation")
    link = (rows.select_for_update(of=("self",)) if for_update else rows).first()
    if link is None:
        raise link_unknown()
    return link


LINK_ORDERS = {"newest": "-id", "name": "name"}


def link_page(actor: Actor, words: str | None, paging: Paging) -> Page[ClaimLink]:
    """The links of one's part, the newest first."""
    require(actor, VIEW)
    rows = within(actor, _rows(), "batch__campaign__organisation")
    if words:
        rows = rows.filter(
            Q(name__icontains=words)
            | Q(channel__icontains=words)
            | Q(batch__campaign__name__icontains=words)
        )
    return page_of(rows, paging, LINK_ORDERS)


def open_link(token: str) -> ClaimLink:
    """The link behind a public token, for everyone; raises `claim_link_unknown`."""
    link = _rows().filter(token=token[:16], active=True).first()
    if link is None:
        raise link_unknown()
    return link


def claim_by_link(*, customer: Customer, token: str, once: str) -> int:
    """The customer takes a voucher; its serial. The same form again gives the same voucher.

    Raises `claim_link_unknown`, `claim_waits` where others came first, and what `ask_by_link` and
    `serial_of` raise.
    """
    return serial_of(ask_by_link(customer=customer, link=open_link(token), once=once))


def ask_by_link(*, customer: Customer, link: ClaimLink, once: str) -> LinkClaim:
    """Stand in line for a voucher, and see what came of it within a moment.

    Raises `claim_link_empty`, `stock_exhausted`, `claim_waiting_full`.
    """
    claim = waiting.arrive(customer=customer, link=link, once=once[:40], at=clock.now())
    return waiting.answered(claim, link.batch_id)


def serial_of(claim: LinkClaim) -> int:
    """What was given; raises `claim_waits`, or why nothing was."""
    if claim.answered_at is None:
        raise claim_waits()
    if claim.serial is None:
        raise KaquanError(claim.refusal, zh=claim.refusal_zh, en=claim.refusal_en)
    return claim.serial


def _rows():  # type: ignore[no-untyped-def]  # a queryset of links
    return ClaimLink.objects.select_related("batch__campaign", "batch__offer_version__offer")


def _keep(actor: Actor, verb: str, link: ClaimLink, *, after: dict[str, object]) -> None:
    campaign = link.batch.campaign
    record_change(
        actor=actor,
        verb=verb,
        kind=KIND,
        object_id=link.id,
        object_name=link.name,
        organisation_path=campaign.organisation.path if campaign.organisation else "",
        before=None,
        after=after,
    )
