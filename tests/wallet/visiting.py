"""A customer's phone for tests, and a campaign to claim from."""

from __future__ import annotations

import itertools
import secrets
from datetime import timedelta
from typing import Any

from django.test import Client

from kaquan.campaigns.actions import add_batch, create_campaign
from kaquan.campaigns.models import CampaignBatch
from kaquan.customers.models import Customer, PersonBasis
from kaquan.foundation import clock
from kaquan.wallet.links import claim_by_link, create_link
from kaquan.wallet.models import ClaimLink, WalletSession
from kaquan.wallet.sessions import GOOD_FOR, TOKEN_BYTES, log_in_by_phone, token_hash
from tests.builders.issuer import SYSTEM, a_number, a_version

TERMS: dict[str, Any] = {
    "benefit": {"kind": "amount_off", "amount_fen": 2_000},
    "validity": {"range": {"kind": "after_claim", "days": 30}},
}

_phones = itertools.count(13_900_000_001)


def a_phone() -> str:
    """A number that no other test has."""
    return str(next(_phones))


def a_batch(*, stock: int = 10, by_code: bool = False, **terms: Any) -> CampaignBatch:
    """A batch of a campaign that runs now."""
    now = clock.now()
    campaign = create_campaign(
        actor=SYSTEM,
        code=a_number("w-"),
        name="秋日领券",
        kind="拉新",
        starts_at=now - timedelta(days=1),
        ends_at=now + timedelta(days=30),
    )
    return add_batch(
        actor=SYSTEM,
        campaign_id=campaign.id,
        name="领取",
        version_id=a_version({**TERMS, **terms}).id,
        quantity=stock,
        at=now,
        by_code=by_code,
    )


def a_link(quantity_max: int | None = None, **batch: Any) -> ClaimLink:
    """A link to a batch of its own."""
    return create_link(
        actor=SYSTEM,
        batch_id=a_batch(**batch).id,
        name="地铁海报",
        channel="poster",
        quantity_max=quantity_max,
    )


def a_member() -> Customer:
    """Somebody who has just logged in for the first time."""
    customer, _token = log_in_by_phone(phone=f"+86{a_phone()}", at=clock.now())
    return customer


def a_crowd(count: int) -> dict[int, str]:
    """So many members at once, each with the token of a browser."""
    now = clock.now()
    members = Customer.objects.bulk_create(
        Customer(
            number=f"C{place:011}",
            person_id=place,
            person_basis=PersonBasis.NUMBER,
            joined_at=now,
        )
        for place in range(1, count + 1)
    )
    tokens = {one.id: secrets.token_urlsafe(TOKEN_BYTES) for one in members}
    WalletSession.objects.bulk_create(
        WalletSession(
            token_hash=token_hash(token), customer_id=member, made_at=now, ends_at=now + GOOD_FOR
        )
        for member, token in tokens.items()
    )
    return tokens


def a_phone_of(customer: Customer, **options: Any) -> Client:
    """That customer's browser."""
    from kaquan.surfaces.wallet.pages import SESSION_COOKIE
    from kaquan.wallet.sessions import _begin

    client = a_browser(**options)
    client.cookies[SESSION_COOKIE] = _begin(customer, clock.now())
    return client


def a_browser(language: str = "zh-CN", **options: Any) -> Client:
    """Somebody's browser."""
    return Client(headers={"accept-language": language, "host": "localhost"}, **options)


def held(customer: Customer, link: ClaimLink | None = None) -> int:
    """The serial of a voucher that they claim."""
    link = link or a_link()
    return claim_by_link(customer=customer, token=link.token, once=a_number("o"))


def text(client: Client, address: str) -> str:
    """A page, which no browser keeps."""
    answer = client.get(address)
    assert answer.status_code == 200, answer
    assert answer.headers["Cache-Control"] == "no-store"
    return answer.content.decode()
