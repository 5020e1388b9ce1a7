"""Using a voucher by hand: for an order on the telephone, a till that stands still, a first try."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from kaquan.engine.commands import RequestKey
from kaquan.engine.money import format_yuan
from kaquan.foundation import clock
from kaquan.foundation.actor import Actor
from kaquan.foundation.errors import KaquanError
from kaquan.foundation.refusals import INTERNAL_CLIENT, raise_if_refused
from kaquan.organisations.searching import node_named
from kaquan.redemption.actions import REDEEM, CodeUse, redeem_codes
from kaquan.redemption.queries import TRACE
from kaquan.redemption.visits import Visit
from kaquan.surfaces.console.kit.actions import Doing
from kaquan.surfaces.console.kit.cells import Text
from kaquan.surfaces.console.kit.fields import Field
from kaquan.surfaces.console.kit.forms import FormScreen
from kaquan.surfaces.console.kit.menu import holds
from kaquan.surfaces.console.screens.node_fields import FormFaultError, own_store
from kaquan.surfaces.console.screens.voucher_care import read_amount
from kaquan.surfaces.console.screens.vouchers import VOUCHER


class RedeemByHand(FormScreen):
    """One voucher on one order; the code is sent in the body and stands in no address."""

    name = "redeem"
    path = "redeem"
    title = _("Redeem a voucher")
    hint = _("As a till does: the same rules, the same books.")
    permission = REDEEM
    save_words = _("Redeem")
    fields = (
        Field("code", _("Voucher code"), required=True, characters_max=200),
        Field("store", _("Store"), "node", required=True, hint=_("Name, code or pinyin")),
        Field("order_no", _("Order number"), characters_max=64),
        Field("amount", _("Order amount (yuan)"), required=True, characters_max=40),
        Field("use", _("Amount to use (yuan)"), characters_max=40,
              hint=_("Of a balance; empty: as much as fits")),
        Field("member", _("Member number"), characters_max=64),
    )  # fmt: skip

    def initial(self, actor: Actor, key: Any) -> dict[str, str]:
        """Whoever works in a store need not say which."""
        del key
        return {"store": own_store(actor)}

    def save(self, doing: Doing, key: Any) -> tuple[Text, str]:
        """Use it, once for each form."""
        del key
        values = doing.values
        try:
            outcome = redeem_codes(
                actor=doing.actor,
                uses=[CodeUse(values["code"], amount_fen=read_amount(values["use"]))],
                visit=Visit(
                    store_code=node_named(doing.actor, values["store"]).code,
                    order_no=values["order_no"] or "",
                    amount_fen=read_amount(values["amount"]),
                    customer_number=values["member"],
                ),
                request_key=RequestKey(INTERNAL_CLIENT, f"console:{doing.once}"),
                at=clock.now(),
            )
            raise_if_refused([outcome])
        except KaquanError as error:
            if not error.code.endswith("_unknown"):
                raise
            raise FormFaultError(error) from None  # what was typed stays
        (used,) = outcome.vouchers
        words = _("Redeemed: %(amount)s off.") % {"amount": format_yuan(used.discount_fen)}
        may_look = holds(doing.actor, TRACE)
        return words, VOUCHER.address(key=used.serial) if may_look else self.address()

    def home(self, key: Any) -> str:
        """The same form, empty."""
        del key
        return self.address()
