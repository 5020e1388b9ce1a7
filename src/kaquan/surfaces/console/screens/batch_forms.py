"""New batches, and more vouchers of one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext_lazy as _

from kaquan.budgets.listings import budget_page
from kaquan.campaigns import actions, queries, supply
from kaquan.campaigns.mint_requests import ask_for_more
from kaquan.engine.fields import QUANTITY_MAX
from kaquan.foundation import clock
from kaquan.foundation.actor import Actor
from kaquan.foundation.errors import KaquanError
from kaquan.foundation.paging import Paging
from kaquan.offers.listings import newest_versions, offer_page
from kaquan.surfaces.console.kit.actions import Doing
from kaquan.surfaces.console.kit.cells import Text
from kaquan.surfaces.console.kit.fields import Field
from kaquan.surfaces.console.kit.forms import FormScreen
from kaquan.surfaces.console.kit.menu import holds
from kaquan.surfaces.console.kit.screens import Call
from kaquan.surfaces.console.screens.batches import BATCH, EDIT, WAYS, request_key
from kaquan.surfaces.console.screens.campaigns import CAMPAIGN

CHOICES_MAX = 200


def read_quantity(typed: str) -> int:
    """A number of vouchers; raises `value_invalid`."""
    digits = typed.replace(",", "").replace("，", "")
    number = int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 12 else 0
    if not 1 <= number <= QUANTITY_MAX:
        raise KaquanError(
            "value_invalid",
            zh=f"数量应在 1 到 {QUANTITY_MAX:,} 之间。",
            en=f"The quantity must lie between 1 and {QUANTITY_MAX:,}.",
        )
    return number


class NewBatch(FormScreen):
    """A new batch of a campaign."""

    name = "batch-new"
    path = "campaigns/<int:key>/new-batch"
    title = _("New batch")
    hint = _("The offer's newest version is fixed from then on.")
    permission = EDIT
    parent = "campaigns"
    fields = (
        Field("name", _("Name"), required=True),
        Field("offer", _("Offer"), "choice", required=True),
        Field("quantity", _("Quantity"), required=True, characters_max=16),
        Field("budget", _("Budget"), "choice"),
        Field("way", _("How it is issued"), "choice", options=WAYS, required=True),
    )

    def form_fields(self, actor: Actor, key: int) -> Sequence[Field]:
        """With the offers and budgets of one's part."""
        queries.campaign_by_id(actor, key)
        paging = Paging(limit=CHOICES_MAX, counts=False)
        offers = offer_page(actor, None, paging).rows
        may_see = holds(actor, "budgets.view")
        budgets = budget_page(actor, None, None, paging, is_open=True).rows if may_see else []
        options = {
            "offer": [(str(one.id), f"{one.name} ({one.code})") for one in offers],
            "budget": [(str(one.id), f"{one.name} ({one.code})") for one in budgets],
        }
        return [
            one.with_options(options[one.name], most=CHOICES_MAX) if one.name in options else one
            for one in self.fields
        ]

    def save(self, doing: Doing, key: int) -> tuple[Text, str]:
        """Define it and mint it."""
        values = doing.values
        offer_id = int(values["offer"])
        batch = actions.add_batch(
            actor=doing.actor,
            campaign_id=key,
            name=values["name"],
            version_id=newest_versions([offer_id])[offer_id].id,
            quantity=read_quantity(values["quantity"]),
            budget_id=int(values["budget"]) if values["budget"] else None,
            by_code=values["way"] == "code",
            at=clock.now(),
        )
        return _("The batch was added."), BATCH.address(key=batch.id)

    def home(self, key: int) -> str:
        """Its campaign."""
        return CAMPAIGN.address(key=key)


class MintMore(FormScreen):
    """More vouchers of a batch."""

    name = "batch-mint"
    path = "batches/<int:key>/mint"
    title = _("Mint more")
    permission = EDIT
    parent = "batches"
    save_words = _("Mint")
    hint = _("Of an approved campaign more is asked for, and minted once that is approved.")
    fields = (
        Field("quantity", _("Quantity"), required=True, characters_max=16),
        Field("reason", _("Reason"), "long_text", characters_max=1_000),
    )

    def initial(self, actor: Actor, key: int) -> Mapping[str, Any]:
        """Nothing, of a batch that is there; raises `batch_unknown`."""
        queries.batch_by_id(actor, key)
        return {}

    def hint_of(self, call: Call, key: int) -> Text:
        """Which batch it is about."""
        batch = queries.batch_by_id(call.actor, key)
        named = _("Campaign “%(campaign)s”, batch “%(batch)s”.")
        words = str(named) % {"campaign": batch.campaign.name, "batch": batch.name}
        return f"{words} {self.hint}"

    def save(self, doing: Doing, key: int) -> tuple[Text, str]:
        """Mint them, once for each form; or ask for them."""
        quantity = read_quantity(doing.values["quantity"])
        try:
            minted = supply.mint(
                actor=doing.actor,
                batch_id=key,
                quantity=quantity,
                at=clock.now(),
                request_key=request_key(doing, key),
            )
        except KaquanError as error:
            if error.code != "approval_required":
                raise
            reason = doing.values["reason"] or ""
            ask_for_more(actor=doing.actor, batch_id=key, quantity=quantity, reason=reason)
            return _("It was handed in for approval."), BATCH.address(key=key)
        words = _("%(number)s vouchers were minted.") % {"number": f"{minted.quantity:,}"}
        return words, BATCH.address(key=key)

    def home(self, key: int) -> str:
        """Its page."""
        return BATCH.address(key=key)
