"""Undoing a redemption: whole, an amount of it, or the order lines that come back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext_lazy as _

from kaquan.engine.commands import LineReturn
from kaquan.engine.money import format_yuan
from kaquan.engine.outcomes import VoucherResult
from kaquan.foundation.actor import Actor
from kaquan.foundation.errors import KaquanError
from kaquan.organisations.queries import organisation_names
from kaquan.redemption.authority import REVERSE
from kaquan.redemption.deeds import Deed
from kaquan.redemption.receipt_numbers import ReceiptKind, parse_receipt
from kaquan.redemption.reversing import PastRedemption, past_redemption
from kaquan.surfaces.console.kit.actions import Doing
from kaquan.surfaces.console.kit.cells import Text, local_text
from kaquan.surfaces.console.kit.fields import Field
from kaquan.surfaces.console.kit.forms import FormScreen
from kaquan.surfaces.console.kit.screens import Call
from kaquan.surfaces.console.screens.redemptions import REDEMPTIONS
from kaquan.surfaces.console.screens.voucher_care import ASK, REASON, perform, read_amount
from kaquan.surfaces.console.screens.vouchers import VOUCHER

LINES_SHOWN = 50
_LINE = "line-"


def _past(actor: Actor, receipt: str) -> PastRedemption:
    """Raises `redemption_unknown`."""
    return past_redemption(actor, parse_receipt(ReceiptKind.REDEMPTION, receipt))


class ReverseRedemption(FormScreen):
    """One redemption, and how much of it is undone."""

    name = "redemption-reverse"
    path = "redemptions/<str:key>/reverse"
    title = _("Reverse a redemption")
    hint = _("Without an amount and without lines all of it is reversed.")
    permission = REVERSE
    parent = "redemptions"
    save_words = _("Reverse")

    def hint_of(self, call: Call, key: str) -> Text:
        """What was used where, when and on which order."""
        past = _past(call.actor, key)
        stores = organisation_names(call.actor, [past.facts.store_id])
        order_no = past.facts.order.order_no if past.facts.order else ""
        told = (key, local_text(past.at), stores.get(past.facts.store_id, ""), order_no)
        return f"{' · '.join(filter(None, told))} · {format_yuan(past.discount_fen)} · {self.hint}"

    def form_fields(self, actor: Actor, key: str) -> Sequence[Field]:
        """Which voucher of several, an amount, the order's lines."""
        past = _past(actor, key)
        several = len(past.vouchers) > 1
        choice = Field(
            "serial",
            _("Voucher"),
            "choice",
            options=[(str(one.serial), _named(one)) for one in past.vouchers],
            hint=_("Without a choice each voucher that was used."),
        )
        most = _("At most %(amount)s") % {"amount": format_yuan(past.discount_fen)}
        lines = [
            Field(
                f"{_LINE}{place}",
                f"{line.sku or str(_('Row')) + ' ' + line.line_id} × {line.quantity}",
                characters_max=6,
                hint=_("How many came back, of %(amount)s")
                % {"amount": format_yuan(line.payable_fen)},
            )
            for place, line in enumerate(past.lines[:LINES_SHOWN])
        ]
        amount = Field("amount", _("Amount (yuan)"), characters_max=40, hint=most)
        return [*([choice] if several else []), amount, *lines, REASON, ASK]

    def save(self, doing: Doing, key: str) -> tuple[Text, str]:
        """Undo it, once for each form; or hand it in."""
        past = _past(doing.actor, key)
        serial = int(doing.values["serial"]) if doing.values.get("serial") else None
        deed = Deed(
            operation="reverse",
            serial=serial,
            reason=doing.values["reason"],
            redemption=past.place,
            amount_fen=read_amount(doing.values["amount"]),
            lines=_lines(past, doing.values),
        )
        about = serial or past.vouchers[0].serial
        done = _("The redemption %(number)s was reversed.") % {"number": key}
        return perform(deed, doing, about, done), VOUCHER.address(key=about)

    def home(self, key: str) -> str:
        """The list."""
        del key
        return REDEMPTIONS.address()


def _named(one: VoucherResult) -> str:
    return f"{one.serial} · {format_yuan(one.discount_fen)}"


def _lines(past: PastRedemption, values: Mapping[str, Any]) -> tuple[LineReturn, ...]:
    """The units that come back; raises `value_invalid`."""
    back = []
    for place, line in enumerate(past.lines[:LINES_SHOWN]):
        typed = values.get(f"{_LINE}{place}")
        if not typed or typed == "0":
            continue
        if not (typed.isascii() and typed.isdigit() and int(typed) <= line.quantity):
            raise KaquanError(
                "value_invalid",
                zh=f"退回数量应为 0 到 {line.quantity} 的整数。",
                en=f"What comes back must be a number from 0 to {line.quantity}.",
            )
        back.append(LineReturn(line.line_id, int(typed)))
    return tuple(back)
