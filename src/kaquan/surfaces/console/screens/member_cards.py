"""A member's reusable NFC card: written from this browser, or its bytes for any tag writer."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext_lazy as _

from kaquan.customers.queries import customer_by_id
from kaquan.engine import ndef
from kaquan.surfaces.console.kit.screens import Call, Screen
from kaquan.wallet import member_cards


class MemberCard(Screen):
    """Asked for by a form, for each card that is made is written down."""

    name = "customer-card"
    path = "customers/<int:key>/card"
    title = _("Member card")
    permission = member_cards.ISSUE
    parent = "customers"

    def respond(self, call: Call, **key: Any) -> HttpResponseBase:
        """The page, and by its form the card's bytes."""
        customer = customer_by_id(call.actor, key["key"])
        if call.request.method == "POST":
            content = member_cards.issue(actor=call.actor, customer_id=customer.id)
            response = HttpResponse(content, content_type="application/octet-stream")
            name = f"member-{customer.id}.ndef"
            response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
            return response
        context = {"number": customer.number, "kind": ndef.CARD_TYPE.decode(), "key": customer.id}
        return self.page(call, "console/member_card.html", context)


CARD = MemberCard()
