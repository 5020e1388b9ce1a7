"""A voucher is used by hand on the console, once for each form, or refused with nothing moved."""

from __future__ import annotations

import pytest
from django.test import Client

from kaquan.surfaces.console.kit.actions import new_name
from tests.api.world import Side
from tests.builders.books import books, differing
from tests.builders.issuer import an_organisation
from tests.console.people import a_browser, an_operator, at
from tests.fixtures_database import Database

pytestmark = pytest.mark.usefixtures("static_files")

#: Where a refusal with a request key leaves its answer, so that it stays the answer.
ANSWER_KEPT = {"ledger_block", "ledger_lane", "ledger_request"}


@pytest.fixture
def side(database: Database) -> Side:
    return Side(an_organisation("总部", None))


@pytest.fixture
def browser(side: Side) -> Client:
    return a_browser(an_operator(side.organisation))


def form(side: Side, **typed: str) -> dict[str, str]:
    return {
        "once": new_name(),
        "code": side.trade.code,
        "store": side.store.organisation.code,
        "order_no": "T-1",
        "amount": "100.00",
        **typed,
    }


def test_a_voucher_is_used_by_hand_once_however_often_the_form_is_sent(
    side: Side, browser: Client, database: Database
) -> None:
    sent = form(side)
    answer = browser.post(at("redeem"), sent)
    assert answer.headers["Location"] == at("voucher", key=side.trade.first_serial)
    before = books(database.connect())

    again = browser.post(at("redeem"), sent)
    assert again.headers["Location"] == answer.headers["Location"]
    assert not differing(before, books(database.connect()))
    other = browser.post(at("redeem"), form(side, order_no="T-2"))

    assert other.status_code == 409
    assert differing(before, books(database.connect())) <= ANSWER_KEPT


def test_whoever_works_in_a_store_need_not_say_which(side: Side, browser: Client) -> None:
    store = side.store.organisation
    clerk = a_browser(an_operator(store))
    ready = f'name="store" value="{store.name}"'
    assert ready in clerk.get(at("redeem")).content.decode()
    assert ready not in browser.get(at("redeem")).content.decode()

    answer = clerk.post(at("redeem"), form(side, store=store.name))
    assert answer.headers["Location"] == at("voucher", key=side.trade.first_serial)


@pytest.mark.parametrize(
    "wrong",
    [
        {"code": "N6W5-0000-0000-0000-0000"},
        {"store": "没有这家店"},
        {"member": "M-none"},
        {"amount": "x"},
    ],
    ids=lambda wrong: next(iter(wrong)),
)
def test_what_cannot_be_used_is_refused_and_what_was_typed_stays(
    side: Side, browser: Client, database: Database, wrong: dict[str, str]
) -> None:
    sent = form(side, **wrong)
    before = books(database.connect())

    answer = browser.post(at("redeem"), sent)

    assert answer.status_code == 409
    told = answer.content.decode()
    assert 'role="alert"' in told
    assert all(f'value="{text}"' in told for name, text in sent.items() if name != "once")
    assert not differing(before, books(database.connect()))
