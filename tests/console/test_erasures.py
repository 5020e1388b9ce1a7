"""Requests to be forgotten on screens: noted, seen within a scope, carried out or withdrawn."""

from __future__ import annotations

import pytest
from django.test import Client

from kaquan.customers.actions import create_customer
from kaquan.customers.erasing import request_erasure
from kaquan.customers.models import Customer, ErasureRequest, ErasureState
from kaquan.ledger.door import Door
from kaquan.organisations.models import Organisation
from kaquan.redemption import actions
from kaquan.redemption.visits import Visit
from tests.builders.issuer import NOON, SYSTEM, an_organisation, staff_of
from tests.console.people import a_browser, an_operator, at
from tests.fixtures_database import Database
from tests.redemption.till import a_till

pytestmark = pytest.mark.usefixtures("static_files")


@pytest.fixture
def root(database: Database) -> Organisation:
    return an_organisation("总部", None)


@pytest.fixture
def region(root: Organisation) -> Organisation:
    return an_organisation("华东", root)


@pytest.fixture
def browser(region: Organisation) -> Client:
    return a_browser(an_operator(region))


@pytest.fixture
def customer(region: Organisation) -> Customer:
    return create_customer(actor=staff_of(region), number="M-1", name="赵子龙", phone="13800138000")


def test_a_request_is_noted_on_the_customer_and_carried_out_for_good(
    browser: Client, customer: Customer
) -> None:
    ask = at("customer-action", key=customer.id, action="request-erasure")
    noted = browser.post(ask, follow=True)
    twice = browser.post(ask, follow=True)
    request = ErasureRequest.objects.get()
    shown = browser.get(at("erasure", key=request.id)).content.decode()
    listed = browser.get(at("erasures")).content.decode()
    done = browser.post(at("erasure-action", key=request.id, action="carry-out"), follow=True)
    again = browser.post(at("erasure-action", key=request.id, action="carry-out"), follow=True)

    assert noted.status_code == 200
    assert "已有待处理的删除申请" in twice.content.decode()
    assert "剩余价值" in shown
    assert f'/erasures/{request.id}/"' in listed
    assert done.status_code == 200
    assert "已删除个人信息" in done.content.decode()
    assert "个人信息已删除。" not in again.content.decode()
    customer.refresh_from_db()
    request.refresh_from_db()
    assert (customer.name, customer.phone) == (None, None)
    assert request.state == ErasureState.DONE
    after = browser.get(at("erasure", key=request.id)).content.decode()
    assert "彻底删除" not in after
    for page in (noted.content.decode(), shown, listed, after):
        assert "赵子龙" not in page
        assert "13800138000" not in page


def test_a_request_is_withdrawn_and_nothing_of_the_customer_changes(
    browser: Client, customer: Customer
) -> None:
    request = request_erasure(actor=SYSTEM, number="M-1", at=NOON)
    browser.post(at("erasure-action", key=request.pk, action="withdraw"), follow=True)

    request.refresh_from_db()
    customer.refresh_from_db()
    assert request.state == ErasureState.WITHDRAWN
    assert (customer.number, customer.name) == ("M-1", "赵子龙")


def test_nobody_elsewhere_sees_or_carries_out_a_request(
    root: Organisation, customer: Customer
) -> None:
    request = request_erasure(actor=SYSTEM, number="M-1", at=NOON)
    stranger = a_browser(an_operator(an_organisation("华南", root)))

    assert "M-1<" not in stranger.get(at("erasures")).content.decode()
    assert stranger.get(at("erasure", key=request.pk)).status_code == 404
    tried = stranger.post(at("erasure-action", key=request.pk, action="carry-out"))
    assert tried.status_code == 404
    customer.refresh_from_db()
    assert customer.name == "赵子龙"


def test_a_balance_on_cards_is_given_up_only_by_saying_it(
    browser: Client, customer: Customer, door: Door
) -> None:
    till = a_till(door, kind="prepaid", budget_id=0)
    sold = actions.sell(
        actor=SYSTEM, batch_id=till.batch.batch_id, paid_fen=20_000, payment_no="P-1",
        visit=Visit(store_code=till.store_code, customer_number=customer.number),
        code=till.code(), at=NOON,
    )  # fmt: skip
    assert sold.done
    request = request_erasure(actor=SYSTEM, number="M-1", at=NOON)
    address = at("erasure-action", key=request.pk, action="carry-out")
    page = browser.get(at("erasure", key=request.pk)).content.decode()

    for typed in ("", "199.99"):
        refused = browser.post(address, {"balance": typed})
        assert refused.status_code == 409
        assert "还有余额 ¥200.00" in refused.content.decode()
    customer.refresh_from_db()
    assert customer.name == "赵子龙"
    done = browser.post(address, {"balance": "200"}, follow=True)

    assert "¥200.00" in page
    assert done.status_code == 200
    customer.refresh_from_db()
    assert customer.name is None
