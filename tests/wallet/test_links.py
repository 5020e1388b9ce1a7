"""Claim links give what their batch has, once for each form, and never more than their bound."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections

from kaquan.customers.models import Customer
from kaquan.foundation.errors import KaquanError
from kaquan.foundation.paging import Paging
from kaquan.ledger.door import close_door
from kaquan.wallet.links import claim_by_link, create_link, link_page, open_link, set_link_active
from kaquan.wallet.models import ClaimLink
from tests.builders.books import books, faults
from tests.builders.issuer import SYSTEM, an_organisation, staff_of
from tests.fixtures_database import Database
from tests.wallet.visiting import a_batch, a_link, a_member

pytestmark = pytest.mark.usefixtures("database")


def refusal(link: ClaimLink, customer: Customer, once: str) -> str:
    with pytest.raises(KaquanError) as refused:
        claim_by_link(customer=customer, token=link.token, once=once)
    return refused.value.code


def test_the_same_form_sent_twice_gives_one_voucher(database: Database) -> None:
    link, customer = a_link(), a_member()

    first = claim_by_link(customer=customer, token=link.token, once="a")
    before = books(database.connect())
    again = claim_by_link(customer=customer, token=link.token, once="a")

    assert first == again
    assert books(database.connect()) == before
    assert ClaimLink.objects.get(id=link.id).claimed == 1
    assert faults(database.connect) == []


def test_a_link_with_a_bound_gives_no_more_and_a_refusal_takes_no_place() -> None:
    limits = [{"dimension": "customer", "at": "claim", "unit": "uses", "period": "ever", "cap": 1}]
    link, customer, other = a_link(2, limits=limits), a_member(), a_member()

    claim_by_link(customer=customer, token=link.token, once="a")
    assert refusal(link, customer, "b") == "limit_per_customer"
    claim_by_link(customer=other, token=link.token, once="c")

    assert refusal(link, a_member(), "d") == "claim_link_empty"
    assert ClaimLink.objects.get(id=link.id).claimed == 2


def test_many_at_once_share_exactly_what_there_is(database: Database) -> None:
    link = a_link(stock=3)
    customers = [a_member() for _ in range(8)]

    def ask(customer: Customer) -> str:
        try:
            return str(claim_by_link(customer=customer, token=link.token, once="x"))
        except KaquanError as error:
            # On a busy machine a page is told that it waits, and asks again.
            return ask(customer) if error.code == "claim_waits" else error.code
        finally:
            close_door()
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(ask, customers))

    given = [one for one in found if one.isdigit()]
    assert len(set(given)) == len(given) == 3
    assert set(found) - set(given) == {"stock_exhausted"}
    assert ClaimLink.objects.get(id=link.id).claimed == 3
    assert faults(database.connect) == []


def test_a_closed_link_is_as_if_there_were_none() -> None:
    link = a_link()
    set_link_active(actor=SYSTEM, link_id=link.id, active=False)

    with pytest.raises(KaquanError) as refused:
        open_link(link.token)
    assert refused.value.code == "claim_link_unknown"
    assert refusal(link, a_member(), "a") == "claim_link_unknown"


def test_a_batch_of_printed_codes_has_no_link() -> None:
    with pytest.raises(KaquanError) as refused:
        create_link(actor=SYSTEM, batch_id=a_batch(by_code=True).id, name="海报", channel="p")
    assert refused.value.code == "claim_link_by_code"


def test_people_of_another_part_do_not_see_a_link() -> None:
    link = a_link()
    stranger = staff_of(an_organisation("华南", None))

    assert link_page(stranger, None, Paging()).rows == []
    with pytest.raises(KaquanError):
        set_link_active(actor=stranger, link_id=link.id, active=False)
    assert ClaimLink.objects.get(id=link.id).active
