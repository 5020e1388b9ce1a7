"""Quotas of stores: what of a batch lies with each, and what its limits leave."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from django.utils.translation import gettext_lazy as _

from kaquan.campaigns.actions import PERMISSION as EDIT
from kaquan.campaigns.errors import batch_unknown
from kaquan.campaigns.limits_left import LimitLeft
from kaquan.campaigns.listings import BatchFilter, batch_page
from kaquan.campaigns.models import CampaignBatch
from kaquan.campaigns.queries import batch_by_id
from kaquan.campaigns.quotas import VIEW, Quota, quotas, set_quota
from kaquan.engine.commands import RequestKey
from kaquan.engine.fields import QUANTITY_MAX
from kaquan.foundation import clock
from kaquan.foundation import imports_cells as cells
from kaquan.foundation.actor import Actor
from kaquan.foundation.paging import Page, Paging
from kaquan.foundation.refusals import INTERNAL_CLIENT
from kaquan.organisations.listings import StoreFilter, store_page
from kaquan.organisations.models import Store
from kaquan.organisations.queries import organisation_by_id, store_by_code
from kaquan.surfaces.console.kit.actions import Action, Doing
from kaquan.surfaces.console.kit.cells import Cell, Fact, Text, code, count, text
from kaquan.surfaces.console.kit.details import DetailScreen, action_address
from kaquan.surfaces.console.kit.fields import Field, Values
from kaquan.surfaces.console.kit.lists import Column, ListScreen
from kaquan.surfaces.console.kit.panels import Facts, Panel, Tab, Table
from kaquan.surfaces.console.kit.screens import Call
from kaquan.surfaces.console.screens.limit_columns import (
    channel_panels,
    limit_amount,
    limit_columns,
    limit_name,
)

BATCHES_OFFERED = 200
_KEY_DIGITS = 10


class QuotaLine(NamedTuple):
    """What one store has of one batch."""

    batch: CampaignBatch
    store: Store
    quota: Quota

    @property
    def id(self) -> str:
        """Both their numbers."""
        return f"{self.batch.id}-{self.store.pk}"


def _limit(limit: LimitLeft) -> str:
    left, cap = (limit_amount(limit, amount) for amount in (limit.left, limit.cap))
    return f"{limit_name(limit)} {left} / {cap}"


def _limits(line: QuotaLine) -> Cell:
    return text("；".join(map(_limit, line.quota.limits)))


def _set(line: QuotaLine, doing: Doing) -> Text:
    quantity = cells.accepted(
        cells.whole_number(0, QUANTITY_MAX), doing.values["quantity"], zh="数量", en="quantity"
    )
    set_quota(
        actor=doing.actor,
        batch_id=line.batch.id,
        organisation_id=line.store.pk,
        expected=line.quota.allotted,
        quantity=quantity,
        at=clock.now(),
        request_key=RequestKey(INTERNAL_CLIENT, f"console:{doing.once}:quota:{line.id}"),
    )
    return _("“%(store)s” now has %(number)s vouchers of “%(batch)s”.") % {
        "store": line.store.organisation.name,
        "number": f"{quantity:,}",
        "batch": line.batch.name,
    }


QUOTA_ACTIONS: tuple[Action[QuotaLine], ...] = (
    Action(
        "set",
        _("Set the quota"),
        EDIT,
        lambda line: _("How many vouchers of “%(batch)s” shall “%(store)s” have? Now: %(now)s.") % {
            "batch": line.batch.name,
            "store": line.store.organisation.name,
            "now": f"{line.quota.allotted:,}",
        },
        _set,
        fields=(Field("quantity", _("Quota"), required=True),),
        offered=lambda line: line.batch.by_code,
        consequence=_("More come from what nobody holds; fewer go back there, the last ones first, "
                      "as long as nothing has happened to them."),
    ),
)  # fmt: skip


class QuotaDetail(DetailScreen[QuotaLine]):
    """One store's part of one batch."""

    name = "quota"
    path = "quotas/<str:key>"
    title = _("Quota")
    permission = VIEW
    parent = "quotas"
    actions = QUOTA_ACTIONS

    def subject(self, actor: Actor, key: str) -> QuotaLine:
        """Both; raises `batch_unknown`, `organisation_unknown`, `store_unknown`."""
        batch_id, _dash, store_id = str(key).partition("-")
        if not all(
            part.isascii() and part.isdigit() and len(part) <= _KEY_DIGITS
            for part in (batch_id, store_id)
        ):
            raise batch_unknown(0)
        batch = batch_by_id(actor, int(batch_id))
        node = organisation_by_id(actor, int(store_id))
        return _lines(actor, batch, [store_by_code(actor, node.code)])[0]

    def heading(self, subject: QuotaLine) -> str:
        """The store and the batch."""
        return f"{subject.store.organisation.name} · {subject.batch.name}"

    @staticmethod
    def facts(call: Call, line: QuotaLine) -> Sequence[Panel]:
        """How much it has, and what the limits leave."""
        facts = [
            Fact(_("Store"), text(line.store.organisation.name)),
            Fact(_("Code"), code(line.store.organisation.code)),
            Fact(_("Batch"), text(line.batch.name)),
            Fact(_("Campaign"), text(line.batch.campaign.name)),
            Fact(_("Quota"), count(line.quota.allotted if line.batch.by_code else None)),
        ]
        columns = limit_columns(lambda one: one)
        return [
            Facts("", facts),
            Table(_("Limits of each store"), columns, line.quota.limits,
                  _("The terms limit no store by itself.")),
            *channel_panels(call, line.batch),
        ]  # fmt: skip

    tabs = (Tab("facts", _("Quota"), facts),)


class Quotas(ListScreen[QuotaLine]):
    """The stores of one's part with what they have of a batch."""

    name = "quotas"
    path = "quotas"
    title = _("Quotas of stores")
    permission = VIEW
    actions = QUOTA_ACTIONS
    empty = _("There is no batch yet whose vouchers lie in stores.")
    fields = (
        Field("batch", _("Batch"), "choice", hint=_("None chosen: the newest batch.")),
        Field("words", _("Name, code or address")),
    )
    columns = (
        Column[QuotaLine]("store", _("Store"), lambda one: text(
            one.store.organisation.name, href=QUOTA.address(key=one.id)), sort="name"),
        Column[QuotaLine]("code", _("Code"), lambda one: code(one.store.organisation.code),
                          sort="code", wide=True),
        Column[QuotaLine]("batch", _("Batch"), lambda one: text(one.batch.name), wide=True),
        Column[QuotaLine]("quota", _("Quota"), lambda one: count(
            one.quota.allotted if one.batch.by_code else None), number=True),
        Column[QuotaLine]("limits", _("What the limits leave"), _limits, wide=True),
    )  # fmt: skip

    def query_fields(self, actor: Actor) -> Sequence[Field]:
        """With the newest batches."""
        options = [(str(one.id), f"{one.name}（{one.campaign.name}）") for one in _batches(actor)]
        return [
            one.with_options(options, most=BATCHES_OFFERED) if one.name == "batch" else one
            for one in self.fields
        ]

    def page_of(self, actor: Actor, values: Values, paging: Paging) -> Page[QuotaLine]:
        """The stores, and what they have of the batch: of the newest by code where none is
        chosen."""
        chosen = values["batch"]
        batch = batch_by_id(actor, int(chosen)) if chosen else _usual(actor)
        if batch is None:
            return Page()
        found = store_page(actor, StoreFilter(values["words"]), paging)
        return found.mapped(lambda stores: _lines(actor, batch, stores))

    def key(self, row: QuotaLine) -> str:
        """Both their numbers."""
        return row.id

    def action_address(self, row: QuotaLine, action: Action[Any]) -> str:
        """On the quota's own page."""
        return action_address(QUOTA, row.id, action)


def _lines(actor: Actor, batch: CampaignBatch, stores: Sequence[Store]) -> list[QuotaLine]:
    found = quotas(actor, batch, [store.pk for store in stores], at=clock.now())
    return [QuotaLine(batch, store, quota) for store, quota in zip(stores, found, strict=True)]


def _batches(actor: Actor, *, by_code: bool | None = None) -> Sequence[CampaignBatch]:
    paging = Paging(limit=BATCHES_OFFERED, counts=False)
    return batch_page(actor, BatchFilter(by_code=by_code), paging).rows


def _usual(actor: Actor) -> CampaignBatch | None:
    return next(iter(_batches(actor, by_code=True)), None)


QUOTA: QuotaDetail = QuotaDetail()
QUOTAS = Quotas()
