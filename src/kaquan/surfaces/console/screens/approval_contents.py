"""What a request would do, for whoever decides on it: before and after, amounts, batches.

A kind of request that wants more than a table of its content adds its own panels to ``PANELS``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from kaquan.approvals.models import ApprovalRequest
from kaquan.budgets.queries import amounts_of
from kaquan.campaigns.draft_laws import MAINLAND
from kaquan.campaigns.models import CampaignBatch
from kaquan.campaigns.planning import MINT, START, cost_of
from kaquan.campaigns.queries import batches_by_id
from kaquan.offers.queries import terms_of
from kaquan.surfaces.console.kit.cells import Cell, Fact, Text, count, local_text, money, text
from kaquan.surfaces.console.kit.lists import Column
from kaquan.surfaces.console.kit.panels import Facts, Panel, Table
from kaquan.surfaces.console.kit.screens import Call
from kaquan.surfaces.console.screens.wizard_fields import PLACES

Panels = Callable[[Call, ApprovalRequest], Sequence[Panel]]

FIELD_WORDS: dict[str, Text] = {
    "code": _("Code"),
    "name": _("Name"),
    "kind": _("Kind"),
    "goal": _("Goal"),
    "jurisdiction": _("Jurisdiction"),
    "reason": _("Reason"),
    "quantity": _("Quantity"),
    "starts_at": _("Starts"),
    "ends_at": _("Ends"),
    "organisation_id": _("Belongs to"),
    "total_fen": _("Total"),
    "amount_fen": _("Amount"),
}
VALUE_CHARACTERS_MAX = 400


def content_panels(call: Call, request: ApprovalRequest) -> Sequence[Panel]:
    """What the request would do."""
    return PANELS.get(request.kind, _plain)(call, request)


def _plain(_call: Call, request: ApprovalRequest) -> Sequence[Panel]:
    """Before and after where the content has both, else each of its values."""
    content = request.content
    before, after = content.get("before"), content.get("after")
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        return [_before_and_after(before, after)]
    facts = [Fact(FIELD_WORDS.get(name, name), _value(name, content[name])) for name in content]
    return [Facts(_("What will be done"), facts)]


def _before_and_after(before: Mapping[str, Any], after: Mapping[str, Any]) -> Table:
    rows = [(name, before.get(name), after.get(name)) for name in {**before, **after}]
    columns = (
        Column[Any]("field", _("Field"), lambda row: text(FIELD_WORDS.get(row[0], row[0]))),
        Column[Any]("before", _("Before"), lambda row: _value(row[0], row[1])),
        Column[Any]("after", _("After"), lambda row: _value(row[0], row[2])),
    )
    return Table(_("What will change"), columns, rows, "")


def _value(name: str, value: Any) -> Cell:
    if value is None:
        return text("—")
    if name.endswith("_fen") and isinstance(value, int):
        return money(value)
    if isinstance(value, bool):
        return text(_("Yes") if value else _("No"))
    if isinstance(value, int) and not name.endswith("_id"):
        return count(value)
    shown = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text(shown if len(shown) <= VALUE_CHARACTERS_MAX else f"{shown[:VALUE_CHARACTERS_MAX]}…")


def _campaign_start(call: Call, request: ApprovalRequest) -> Sequence[Panel]:
    """The campaign as it was handed in, with every batch, its cost and its budget."""
    content = request.content
    batches = batches_by_id(call.actor, [one["id"] for one in content["batches"]])
    budget_ids = [one["budget_id"] for one in content["batches"] if one["budget_id"] is not None]
    amounts = amounts_of(set(budget_ids))
    facts = [
        Fact(_("Campaign"), text(
            content["name"], href=reverse("console:campaign", kwargs={"key": request.subject_id}))),
        Fact(_("Kind"), text(content["kind"])),
        Fact(_("Starts"), text(_day_and_time(content["starts_at"]))),
        Fact(_("Ends"), text(_day_and_time(content["ends_at"]))),
        Fact(_("Goal"), text(content["goal"])),
        Fact(_("Jurisdiction"), text(PLACES[content.get("jurisdiction", MAINLAND)])),
    ]  # fmt: skip

    def available(row: Mapping[str, Any]) -> Cell:
        known = amounts.get(row["budget_id"] or 0)
        return money(known.available_fen) if known else text(_("Without a budget"))

    columns = (
        Column[Any]("name", _("Batch"), lambda row: text(row["name"])),
        Column[Any]("offer", _("Offer"), lambda row: _offer(row, batches)),
        Column[Any]("quantity", _("Quantity"), lambda row: count(row["quantity"]), number=True),
        Column[Any]("each", _("Each at most"), lambda row: _cost(row, batches, 1), number=True),
        Column[Any]("cost", _("Cost at most"), lambda row: _cost(
            row, batches, row["quantity"]), number=True),
        Column[Any]("budget", _("Available in its budget"), available, number=True, wide=True),
        Column[Any]("way", _("How it is issued"), lambda row: text(
            _("By code") if row["by_code"] else _("From stock")), wide=True),
    )  # fmt: skip
    note = _("Once approved they are minted; nothing is issued or used before the campaign starts.")
    return [
        Facts(_("What will be done"), facts),
        Table(_("Batches"), columns, content["batches"], _("There are no batches."), note),
    ]


def _day_and_time(written: str) -> str:
    return local_text(datetime.fromisoformat(written))


def _offer(row: Mapping[str, Any], batches: Mapping[int, CampaignBatch]) -> Cell:
    batch = batches.get(row["id"])
    if batch is None:
        return text(row["offer"])
    return text(
        row["offer"],
        href=reverse("console:offer", kwargs={"key": batch.offer_version.offer_id}),
    )


def _cost(row: Mapping[str, Any], batches: Mapping[int, CampaignBatch], quantity: int) -> Cell:
    batch = batches.get(row["id"])
    if batch is None:
        return text("—")
    cost_fen = cost_of(batch, quantity)
    return text(_("Unlimited")) if cost_fen is None else money(cost_fen)


def _more_vouchers(call: Call, request: ApprovalRequest) -> Sequence[Panel]:
    content = request.content
    batch = batches_by_id(call.actor, [content["batch_id"]]).get(content["batch_id"])
    facts = [
        Fact(_("Batch"), text(
            request.title, href=reverse("console:batch", kwargs={"key": content["batch_id"]}))),
        Fact(_("Quantity"), count(content["quantity"])),
        Fact(_("Each at most"), money(
            terms_of(batch.offer_version).maximum_cost_fen() if batch else None)),
        Fact(_("Reason"), text(content["reason"])),
    ]  # fmt: skip
    return [Facts(_("What will be done"), facts)]


PANELS: dict[str, Panels] = {START: _campaign_start, MINT: _more_vouchers}
