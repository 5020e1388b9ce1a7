"""A gift ends all that its giver could show of it: digits, a running code, a signed one."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator

import psycopg
import pytest
import time_machine

from kaquan.customers.models import Customer
from kaquan.engine.outcomes import Outcome, OutcomeCode
from kaquan.engine.totp import password, step_of
from kaquan.foundation import clock
from kaquan.ledger.offline_lists import dead_serials
from kaquan.ledger.sessions import reading_session
from kaquan.redemption import actions
from kaquan.redemption.finding import vouchers_found
from kaquan.redemption.visits import Visit
from kaquan.redemption.voucher_search import Search, search_vouchers
from tests.builders.books import books
from tests.builders.issuer import SYSTEM, a_number, a_store, an_organisation
from tests.fixtures_database import Database
from tests.wallet.visiting import a_link, a_member, a_phone_of, held, text

pytestmark = pytest.mark.usefixtures("static_files", "database", "_standing_still")
FOR_OFFLINE = {
    "range": {"kind": "fixed_range", "first_day": "2020-01-01", "last_day": "2099-12-31"}
}


@pytest.fixture
def _standing_still() -> Iterator[None]:
    """However slow the machine is, a running code is refused for the gift and not for its age."""
    with time_machine.travel(clock.now(), tick=False):
        yield


def shown_by(customer: Customer, serial: int) -> list[str]:
    """All forms in which a holder's page shows a voucher now."""
    page = text(a_phone_of(customer), f"/w/v/{serial}")
    secret = base64.b64decode(re.findall(r'data-secret="([^"]+)"', page)[0])
    prefix = re.findall(r'data-prefix="([^"]+)"', page)[0]
    digits = re.findall(r"(?:[0-9A-Z]{4}-){4}[0-9A-Z]{4}", page)
    signed = re.findall(r"[0-9A-Z]{141}", page)
    return [*dict.fromkeys([*digits, *signed]), prefix + password(secret, step_of(clock.now()))]


def given(giver: Customer, friend: Customer, serial: int) -> None:
    """One gives it, the other takes it."""
    page = a_phone_of(giver).post(f"/w/v/{serial}/give").content.decode()
    token = re.findall(r"/w/gift#([\w-]+)", page)[0]
    taken = a_phone_of(friend).post("/w/gift", {"token": token, "go": "1"})
    assert taken.status_code == 302


def test_what_the_giver_could_show_is_over_even_when_the_voucher_comes_back(
    database: Database,
) -> None:
    store = a_store(an_organisation("总部", None))
    first, second = a_member(), a_member()
    link = a_link(transferable=True, offline_use=True, validity=FOR_OFFLINE)
    serial = held(first, link)

    def use(presented: str) -> Outcome:
        visit = Visit(store_code=store.organisation.code, order_no=a_number("A"), amount_fen=10_000)
        uses = [actions.CodeUse(presented)]
        return actions.redeem_codes(actor=SYSTEM, uses=uses, visit=visit, at=clock.now())

    before_gift = shown_by(first, serial)
    assert {len(one) for one in before_gift} == {18, 24, 141}
    assert dead(serial) == []
    given(first, second, serial)
    with_second = shown_by(second, serial)
    given(second, first, serial)
    after_return = shown_by(first, serial)
    assert {len(one) for one in with_second + after_return} == {18, 24}
    assert dead(serial) == [serial]

    before = books(database.connect())
    for old in before_gift + with_second:
        assert use(old).code is OutcomeCode.CODE_PASSED_ON, len(old)
    assert books(database.connect()) == before
    for code, is_old in ((before_gift[0], True), (with_second[0], True), (after_return[0], False)):
        assert vouchers_found(SYSTEM, code)[0][::3] == (serial, is_old)
        assert search_vouchers(SYSTEM, code) == Search(serial=serial, is_old_code=is_old)
    assert use(after_return[0]).done
    assert use(after_return[1]).code is OutcomeCode.VOUCHER_USED


def dead(serial: int) -> list[int] | None:
    """Those of a voucher's serial that a till without a network is told not to take."""
    session: psycopg.Connection[object] = reading_session()
    return dead_serials(session, [range(serial, serial + 1)], limit=5)
