"""Claiming, taking a gift and logging in: one form of phone and code, all on one page."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

from django.http import HttpResponseRedirect, QueryDict
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from kaquan.campaigns.listings import COMING, campaign_state
from kaquan.campaigns.models import CampaignStatus
from kaquan.customers.models import Customer
from kaquan.foundation import clock
from kaquan.foundation.errors import KaquanError
from kaquan.offers.faces import face_of
from kaquan.surfaces.wallet.pages import Visitor, open_page, own_page, remember
from kaquan.wallet import gifts, links, sessions, sms, waiting
from kaquan.wallet.errors import page_unknown, sms_code_missing, waiting_full
from kaquan.wallet.models import ClaimLink, LinkClaim
from kaquan.wallet.outside import outside
from kaquan.wallet.sms_gateways import gateway_for
from kaquan.wallet.vouchers import rules_of, stores_of

ASK_S_MIN, ASK_S_MAX = 1, 15
ONCE_MAX = 40
EMPTY = "empty"
NOT_YET = (COMING, CampaignStatus.APPROVED, CampaignStatus.WAITING, CampaignStatus.DRAFT)

Then = Callable[[Customer], str]
"""What the customer came for; where to go afterwards."""

About = Callable[[], dict[str, Any]]
"""What the page tells besides its form; asked for where the page is shown."""


def _enter(visitor: Visitor, template: str, context: About, then: Then) -> HttpResponseBase:
    """Show the form; send a code; or, with the code or a session, do what it is for."""
    request = visitor.request
    posted = request.POST
    phone = posted.get("phone", "")[:40]
    form = {
        "phone": phone,
        "once": _once(posted),
        # WeChat tells who somebody is in its own browser alone.
        "wechat": visitor.in_wechat and outside().wechat is not None,
        "sent": "sent" in posted,
    }
    if request.method != "POST" or "look" in posted:
        return visitor.page(template, {**form, **context()})
    try:
        # Who asks for the voucher before the code is there asks for the code first.
        if visitor.customer is None and _asks_code(posted):
            _send_code(visitor, phone)
            told = {"sent": True, "again_s": sms.AGAIN_S}
            return visitor.page(template, {**form, **context(), **told})
        customer, token = visitor.customer, ""
        if customer is None:
            proved = sms.check_code(phone=phone, code=posted.get("code", "")[:40], at=clock.now())
            customer, token = sessions.log_in_by_phone(phone=proved, at=clock.now())
            visitor = visitor._replace(customer=customer)
    except KaquanError as error:
        shown = {**form, **context(), "error": visitor.look.error(error)}
        return visitor.page(template, shown, status=409)
    response: HttpResponseBase
    try:
        response = HttpResponseRedirect(then(customer))
    except KaquanError as error:
        if error.code == waiting_full().code:
            response = visitor.busy(error)
        elif template == "claim":  # thousands may be told this: the offer is a tap away
            response = visitor.told(error, back=request.path)
        else:
            # Another name for the form: the old one has this answer for good.
            shown = {**form, **context(), "once": _new_once(), "error": visitor.look.error(error)}
            response = visitor.page(template, shown, status=409)
    if token:
        remember(response, token)
    return response


def _asks_code(posted: QueryDict) -> bool:
    """Whether a code is to be sent, rather than checked."""
    return "send" in posted or not posted.get("code", "").strip()


def _send_code(visitor: Visitor, phone: str) -> None:
    posted = visitor.request.POST
    if "send" not in posted and "sent" in posted:
        raise sms_code_missing()
    gateway = gateway_for(outside().sms)
    sms.send_code(gateway=gateway, phone=phone, source=visitor.source, at=clock.now())


@require_http_methods(["GET", "HEAD", "POST"])
@open_page
def claim(visitor: Visitor, token: str) -> HttpResponseBase:
    """The offer, readable before any login, and the way to a voucher of it."""
    link = links.open_link(token)
    campaign = link.batch.campaign
    before = None
    if visitor.request.method != "POST":
        before = _claimed_before(visitor, token)
        if before is not None and before.answered_at is None:
            return HttpResponseRedirect(_line(token))

    def about() -> dict[str, Any]:
        version = link.batch.offer_version
        now, left = clock.now(), waiting.left_of(link)
        state = campaign_state(campaign, now)
        return {
            **_named(link),
            "left": left,
            "before": before,
            "rules": rules_of(version, visitor.look.terms_language),
            "stores": stores_of(version),
            "state": state if left or state != CampaignStatus.RUNNING else EMPTY,
            "not_yet": state in NOT_YET,
            "begins_at": campaign.starts_at if campaign.starts_at > now else None,
        }

    def take(customer: Customer) -> str:
        once = _once(visitor.request.POST)
        found = links.ask_by_link(customer=customer, link=link, once=once)
        if found.answered_at is None:
            return _line(token)
        return reverse("wallet:voucher", kwargs={"serial": links.serial_of(found)})

    posted = visitor.request.POST
    if visitor.customer is None and posted and _asks_code(posted):
        shown = about()
        if shown["state"] != CampaignStatus.RUNNING:  # no message for what is not to be had
            return visitor.page("claim", shown, status=409)
    return _enter(visitor, "claim", about, take)


@require_safe
@own_page
def line(visitor: Visitor, token: str) -> HttpResponseBase:
    """Where one stands in the line, or what came of it; also for who comes back later."""
    found = _claimed_before(visitor, token)
    if found is None:
        return HttpResponseRedirect(reverse("wallet:claim", kwargs={"token": token}))
    if found.answered_at is None:
        waiting.answer_next(found.link.batch_id)
        found.refresh_from_db()
    if found.answered_at is None:
        place = waiting.place_of(found, found.link)
        return visitor.page(
            "line", {**_named(found.link), "place": place, "ask_s": _ask_s(place, found.id)}
        )
    try:
        serial = links.serial_of(found)
    except KaquanError as error:
        back = reverse("wallet:claim", kwargs={"token": token})
        return visitor.told(error, back=back)
    return HttpResponseRedirect(reverse("wallet:voucher", kwargs={"serial": serial}))


def _claimed_before(visitor: Visitor, token: str) -> LinkClaim | None:
    if visitor.customer is None:
        return None
    return waiting.latest_claim(visitor.customer, token)


def _ask_s(place: waiting.Place, number: int) -> int:
    """When a page asks again: the longer the line, the later, and not all at once."""
    about_s = ASK_S_MIN if place.wait_s is None else place.wait_s // 2
    return min(max(about_s, ASK_S_MIN), ASK_S_MAX) + number % 3


def _named(link: ClaimLink) -> dict[str, Any]:
    offer = link.batch.offer_version.offer
    face = face_of(offer.face)
    return {
        "link": link,
        "title": face.title_zh if face else offer.name,
        "title_en": (face.title_en or face.title_zh) if face else offer.name,
        "face": face,
    }


def _line(token: str) -> str:
    return reverse("wallet:line", kwargs={"token": token})


def _once(posted: QueryDict) -> str:
    """The form's own name, as it was sent; a column holds no NUL."""
    return posted.get("once", "").replace("\0", "")[:ONCE_MAX] or _new_once()


def _new_once() -> str:
    return secrets.token_urlsafe(12)


@require_http_methods(["GET", "HEAD", "POST"])
@open_page
def take_gift(visitor: Visitor) -> HttpResponseBase:
    """A gift; its token stands behind the # of the link, so no server writes it down."""
    token = visitor.request.POST.get("token", "")[:64]

    def take(customer: Customer) -> str:
        serial = gifts.take(customer=customer, token=token, at=clock.now())
        return reverse("wallet:voucher", kwargs={"serial": serial})

    def about() -> dict[str, Any]:
        try:
            own = gifts.shown(token=token, at=clock.now()) if token else None
        except KaquanError as error:
            return {"token": token, "error": visitor.look.error(error)}
        rules = rules_of(own.batch.offer_version, visitor.look.terms_language) if own else ()
        return {"token": token, "own": own, "rules": rules}

    return _enter(visitor, "gift", about, take)


@open_page
def nowhere(visitor: Visitor, address: str) -> HttpResponseBase:
    """An address that leads to nothing."""
    del address
    return visitor.told(page_unknown())


@require_http_methods(["GET", "HEAD", "POST"])
@open_page
def log_in(visitor: Visitor) -> HttpResponseBase:
    """To one's vouchers, or to the page that asked for the login."""
    there = visitor.way_on(visitor.request.GET.get("next", ""))
    if visitor.customer is not None:
        return HttpResponseRedirect(there)
    return _enter(visitor, "login", lambda: {"there": there}, lambda _customer: there)


@require_http_methods(["GET", "HEAD", "POST"])
@own_page
def add_phone(visitor: Visitor) -> HttpResponseBase:
    """Who logged in by WeChat proves a phone, and finds what was claimed by it."""
    customer = visitor.customer
    assert customer is not None
    if customer.phone is not None:
        return HttpResponseRedirect(reverse("wallet:mine"))
    posted = visitor.request.POST
    phone, code = posted.get("phone", "")[:40], posted.get("code", "")[:40]
    form = {"phone": phone, "sent": "sent" in posted, "adds_phone": True}
    if visitor.request.method != "POST":
        return visitor.page("phone", form)
    try:
        if _asks_code(posted):
            _send_code(visitor, phone)
            return visitor.page("phone", {**form, "sent": True, "again_s": sms.AGAIN_S})
        proved = sms.check_code(phone=phone, code=code, at=clock.now())
        sessions.add_phone(customer=customer, phone=proved)
    except KaquanError as error:
        return visitor.page("phone", {**form, "error": visitor.look.error(error)}, status=409)
    return HttpResponseRedirect(reverse("wallet:home"))
