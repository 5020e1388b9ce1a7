"""A customer's rights: the notice, consents, everything held, to be forgotten; and how to read."""

from __future__ import annotations

import json
from typing import Any

from django.conf import settings
from django.http import HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.views.decorators.http import require_safe

from kaquan.customers.models import Purpose
from kaquan.customers.profile import consents_of, record_consent
from kaquan.foundation import clock
from kaquan.organisations.issuer_settings import ISSUER_NAME, issuer_setting
from kaquan.redemption.personal_data import PersonalData, personal_data
from kaquan.surfaces.wallet.pages import (
    COOKIE_PATH,
    SESSION_COOKIE,
    Visitor,
    forget,
    open_page,
    own_page,
    posted,
)
from kaquan.surfaces.wallet.words import LANGUAGES, LOOK_COOKIE, Look
from kaquan.wallet import forgetting, member_cards
from kaquan.wallet.acting import acting_as
from kaquan.wallet.sessions import log_out, log_out_everywhere

NOTICE_VERSION = "wallet-2026-12"
LOOK_DAYS = 365
PURPOSES = {
    Purpose.SMS: ("短信通知优惠", "Offers by SMS"),
    Purpose.WECHAT: ("微信通知优惠", "Offers by WeChat"),
    Purpose.PROFILING: ("个性化推荐", "Recommendations made for me"),
}


@require_safe
@open_page
def notice(visitor: Visitor) -> HttpResponseBase:
    """What is done with personal information; apart from the terms of any offer."""
    issuer = issuer_setting(ISSUER_NAME.name)
    return visitor.page("privacy", {"version": NOTICE_VERSION, "issuer": issuer})


@require_safe
@own_page
def mine(visitor: Visitor) -> HttpResponseBase:
    """Consents and rights."""
    customer = visitor.customer
    assert customer is not None
    lines = {one.purpose: one for one in consents_of(acting_as(customer), customer.id)}
    consents = [
        (purpose, visitor.look.say(*words), bool(lines[purpose].given))
        for purpose, words in PURPOSES.items()
    ]
    waits = forgetting.waits_to_be_forgotten(customer)
    return visitor.page("mine", {"consents": consents, "erasure_waits": waits})


@posted("wallet:mine")
@own_page
def consent(visitor: Visitor) -> HttpResponseBase:
    """Agree to one purpose, or take that back; vouchers stay as they are either way."""
    customer = visitor.customer
    assert customer is not None
    purpose = visitor.request.POST.get("purpose", "")
    given = visitor.request.POST.get("given") == "1"
    if purpose in PURPOSES and (purpose in customer.consents) != given:
        record_consent(
            actor=acting_as(customer),
            customer_id=customer.id,
            purpose=Purpose(purpose),
            given=given,
            source="卡包",
            text_version=NOTICE_VERSION,
        )
    return HttpResponseRedirect(reverse("wallet:mine"))


@posted("wallet:mine")
@own_page
def export(visitor: Visitor) -> HttpResponseBase:
    """Everything held, as a file; that it was asked for is kept."""
    customer = visitor.customer
    assert customer is not None
    held = personal_data(actor=acting_as(customer), number=customer.number)
    merged = [
        _held(personal_data(actor=acting_as(customer), number=one)) for one in held.merged_numbers
    ]
    everything = _held(held) | ({"merged": merged} if merged else {})
    body = json.dumps(everything, ensure_ascii=False, indent=1, default=str)
    response = HttpResponse(body, content_type="application/json; charset=utf-8")
    response.headers["Content-Disposition"] = 'attachment; filename="my-data.json"'
    return response


@posted("wallet:mine")
@own_page
def member_card(visitor: Visitor) -> HttpResponseBase:
    """One's reusable NFC card, as the bytes that any tag writer takes."""
    customer = visitor.customer
    assert customer is not None
    content = member_cards.issue(actor=acting_as(customer), customer_id=customer.id)
    response = HttpResponse(content, content_type="application/octet-stream")
    response.headers["Content-Disposition"] = 'attachment; filename="member-card.ndef"'
    return response


@posted("wallet:mine")
@own_page
def erase(visitor: Visitor) -> HttpResponseBase:
    """Ask to be forgotten, or think better of it."""
    customer = visitor.customer
    assert customer is not None
    stays = "withdraw" in visitor.request.POST
    change = forgetting.stay if stays else forgetting.ask_to_be_forgotten
    change(customer=customer, at=clock.now())
    return HttpResponseRedirect(reverse("wallet:mine"))


@posted("wallet:mine")
@open_page
def leave(visitor: Visitor) -> HttpResponseBase:
    """Log out; ``everywhere``: on all one's phones, also one that was lost."""
    if visitor.customer is not None and "everywhere" in visitor.request.POST:
        log_out_everywhere(visitor.customer)
    log_out(visitor.request.COOKIES.get(SESSION_COOKIE, ""))
    response = HttpResponseRedirect(reverse("wallet:login"))
    forget(response)
    return response


@posted("wallet:home")
@open_page
def read_as(visitor: Visitor) -> HttpResponseBase:
    """Keep the language and the size of the print, and go on where one was."""
    posted = visitor.request.POST
    language = posted.get("language", "")
    look = Look(
        language if language in LANGUAGES else visitor.look.language,
        posted["large"] == "1" if "large" in posted else visitor.look.large,
    )
    response = HttpResponseRedirect(visitor.way_on(posted.get("next", "")))
    response.set_cookie(
        LOOK_COOKIE,
        look.cookie,
        max_age=LOOK_DAYS * 86_400,
        path=COOKIE_PATH,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
    return response


def _held(held: PersonalData) -> dict[str, Any]:
    customer = held.customer
    return {
        "number": customer.number,
        "name": customer.name,
        "phone": customer.phone,
        "birthday": customer.birthday,
        "tags": customer.tags,
        "joined_at": customer.joined_at,
        "merged_numbers": list(held.merged_numbers),
        "vouchers": [
            {
                "serial": one.serial,
                "state": one.state.name.lower(),
                "balance_fen": one.balance_fen,
                "uses_left": one.uses_left,
                "valid_from": one.valid_from,
                "valid_until": one.valid_until,
            }
            for one in held.vouchers
        ],
        "orders": [one._asdict() for one in held.orders],
        "identities": [{"kind": one.kind, "value": one.value} for one in held.identities],
        "consents": [
            {"purpose": one.purpose, "given": one.given, "at": one.at, "wording": one.text_version}
            for one in held.consents
        ],
        "notes": [one._asdict() for one in held.notes],
        "looks": [{"at": one.at, "field": one.field, "reason": one.reason} for one in held.looks],
    }
