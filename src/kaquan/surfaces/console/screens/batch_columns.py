"""Batches as tables and funnels show them, with what the ledger and the counters say of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from kaquan.analytics.queries import funnels
from kaquan.campaigns.models import CampaignBatch
from kaquan.campaigns.queries import supplies_of
from kaquan.ledger.balances import Supply
from kaquan.ledger.custody_pages import allotted_quantities
from kaquan.ledger.sessions import reading_session
from kaquan.surfaces.console.kit.cells import Fact, Text, count, money, text
from kaquan.surfaces.console.kit.lists import Column
from kaquan.surfaces.console.kit.panels import Funnel, Stage
from kaquan.surfaces.console.words import BATCH_STATES, state

_NONE = Supply("running", 0, 0)


class BatchLine(NamedTuple):
    """A batch, how the ledger says it stands, and what was counted of it."""

    batch: CampaignBatch
    supply: Supply
    figures: Mapping[str, int]

    @property
    def id(self) -> int:
        """The batch's."""
        return self.batch.id


def batch_lines(batches: Sequence[CampaignBatch]) -> list[BatchLine]:
    """Batches that were read with a scope, with their numbers."""
    ids = [batch.id for batch in batches]
    supplies, figures = supplies_of(ids), funnels(ids)
    return [
        BatchLine(batch, supplies.get(batch.id, _NONE), figures.get(batch.id, {}))
        for batch in batches
    ]


def _figure(name: str) -> Column[BatchLine]:
    return Column(name, _FIGURES[name], lambda one: count(one.figures.get(name, 0)), number=True)


_FIGURES = {
    "issued": _("Issued"),
    "redeemed": _("Redeemed"),
    "reversed": _("Reversed"),
    "expired": _("Expired"),
    "void": _("Void"),
}

NAME = Column[BatchLine](
    "name",
    _("Batch"),
    lambda one: text(one.batch.name, href=reverse("console:batch", kwargs={"key": one.batch.id})),
    sort="name",
)
STATE = Column[BatchLine]("state", _("State"), lambda one: state(BATCH_STATES, one.supply.state))
OFFER = Column[BatchLine](
    "offer",
    _("Offer"),
    lambda one: text(
        one.batch.offer_version.offer.name,
        href=reverse("console:offer", kwargs={"key": one.batch.offer_version.offer_id}),
    ),
    wide=True,
)
MINTED = Column[BatchLine](
    "minted", _("Minted"), lambda one: count(one.supply.minted), number=True, wide=True
)
STOCK = Column[BatchLine](
    "stock",
    _("Stock left"),
    lambda one: count(None if one.batch.by_code else one.supply.stock_left),
    number=True,
    wide=True,
)
SHORT_COLUMNS: tuple[Column[BatchLine], ...] = (
    NAME, STATE, OFFER, MINTED, STOCK, _figure("issued"), _figure("redeemed"),
)  # fmt: skip


def funnel_of(figures: Mapping[str, int], line: BatchLine | None = None) -> Funnel:
    """From minted to reversed; aside, what left on the way and the money. Of one batch each number
    opens its rows."""
    stages: list[tuple[Text, int, str]] = [
        (_("Minted"), figures.get("minted", 0), _rows(line, "runs")),
        (_("Issued"), figures.get("issued", 0), _rows(line, "voucher-list", stage="issued")),
        (_("Redeemed"), figures.get("redeemed", 0),
         _rows(line, "redemptions", operation="redeem")),
        (_("Reversed"), figures.get("reversed", 0),
         _rows(line, "redemptions", operation="reverse")),
    ]  # fmt: skip
    if line is not None:
        allotted = allotted_quantities(reading_session(), [line.id]).get(line.id, 0)
        stages.insert(1, (_("Allotted"), allotted, _rows(line, "runs", holder="allotted")))
    widest = max(number for _name, number, _href in stages)
    aside = [
        Fact(_("Expired"), count(
            figures.get("expired", 0), href=_rows(line, "voucher-list", stage="expired"))),
        Fact(_("Void"), count(
            figures.get("void", 0), href=_rows(line, "voucher-list", stage="void"))),
        Fact(_("Given as a discount"), money(figures.get("discount_fen", 0))),
        Fact(_("Taken back"), money(figures.get("returned_fen", 0))),
    ]  # fmt: skip
    return Funnel(
        _("How far the vouchers have come"),
        [
            Stage(name, number, f"{number * 100 // widest if widest else 0}%", href)
            for name, number, href in stages
        ],
        aside,
    )


def _rows(line: BatchLine | None, screen: str, **asked: str) -> str:
    """The list of what stands behind a number of one batch."""
    if line is None:
        return ""
    return f"{reverse(f'console:{screen}')}?{urlencode({'batch': line.id, **asked})}"
