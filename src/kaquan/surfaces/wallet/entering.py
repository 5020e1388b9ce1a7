"""Claiming, taking a gift and logging in: one form of phone and code, all on one page."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

from django.http import HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from kaquan.campaigns.listings import campaign_state
from kaquan.customers.models import Customer
from kaquan.foundation import clock
from kaquan.foundation.errors import KaquanError
from kaquan.offers.faces import face_of
from kaquan.surfaces.wallet.pages import Visitor, open_page, remember
from kaquan.wallet import gifts, links, sms
from kaquan.wallet.outside import outside
from kaquan.wallet.sessions import log_in_by_phone
from kaquan.wallet.sms_gateways import gateway_for
from kaquan.wallet.vouchers import rules_of, stores_of

Then = Callable[[Customer], str]
"""What the customer came for; where to go afterwards."""


def _enter(
    visitor: Visitor, template: str, context: dict[str, Any], then: Then
) -> HttpResponseBase:
    """Show the form; send a code; or, with the code or a session, do what it is for."""
    request = visitor.request
    posted = request.POST
    shown = {
        "phone": posted.get("phone", "")[:40],
        "once": posted.get("once", "")[:40] or secrets.token_urlsafe(12),
        "wechat": outside().wechat is not None,
        **context,
    }
    if request.method != "POST":
        return visitor.page(template, shown)
    try:
        if visitor.customer is None and "send" in posted:
            gateway = gateway_for(outside().sms)
            sms.send_code(
                gateway=gateway, phone=shown["phone"], source=visitor.source, at=clock.now()
            )
            return visitor.page(template, {**shown, "sent": True})
        customer, token = visitor.customer, ""
        if customer is None:
            phone = sms.check_code(
                phone=shown["phone"], code=posted.get("code", "")[:40], at=clock.now()
            )
            customer, token = log_in_by_phone(phone=phone, at=clock.now())
            visitor = visitor._replace(customer=customer)
    except KaquanError as error:
        told = {**shown, "error": visitor.look.error(error), "sent": "code" in posted}
        return visitor.page(template, told, status=409)
    response: HttpResponseBase
    try:
        response = HttpResponseRedirect(then(customer))
    except KaquanError as error:
        told = {**shown, "error": visitor.look.error(error)}
        response = visitor.page(template, told, status=409)
    if token:
        remember(response, token)
    return response


@require_http_methods(["GET", "HEAD", "POST"])
@open_page
def claim(visitor: Visitor, token: str) -> HttpResponseBase:
    """The offer, readable before any login, and the way to a voucher of it."""
    link = links.open_link(token)
    version = link.batch.offer_version
    face = face_of(version.offer.face)
    language = visitor.look.terms_language
    context = {
        "link": link,
        "title": face.title_zh if face else version.offer.name,
        "title_en": (face.title_en if face else "") or version.offer.name,
        "face": face,
        "rules": rules_of(version, "en" if language == "en" else "zh"),
        "stores": stores_of(version),
        "state": campaign_state(link.batch.campaign, clock.now()),
    }

    def take(customer: Customer) -> str:
        once = visitor.request.POST.get("once", "")[:40] or secrets.token_urlsafe(12)
        serial = links.claim_by_link(customer=customer, token=token, once=once)
        return reverse("wallet:voucher", kwargs={"serial": serial})

    return _enter(visitor, "claim", context, take)


@require_http_methods(["GET", "HEAD", "POST"])
@open_page
def take_gift(visitor: Visitor) -> HttpResponseBase:
    """A gift; its token stands behind the # of the link, so no server writes it down."""
    token = visitor.request.POST.get("token", "")[:64]

    def take(customer: Customer) -> str:
        serial = gifts.take(customer=customer, token=token, at=clock.now())
        return reverse("wallet:voucher", kwargs={"serial": serial})

    return _enter(visitor, "gift", {"token": token}, take)


@require_http_methods(["GET", "HEAD", "POST"])
@open_page
def log_in(visitor: Visitor) -> HttpResponseBase:
    """To one's vouchers."""
    home = reverse("wallet:home")
    if visitor.customer is not None:
        return HttpResponseRedirect(home)
    return _enter(visitor, "login", {}, lambda _customer: home)
