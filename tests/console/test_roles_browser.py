"""People of several roles at their own windows: a clerk takes a voucher, the manager takes that
back, finance and audit see both; each is refused what is not theirs."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from playwright.sync_api import Browser, Page, expect

from kaquan.ledger.door import close_door
from kaquan.organisations.models import Organisation
from kaquan.staff.roles import BUILT_IN_ROLES
from tests.api.world import Side
from tests.builders.issuer import an_organisation
from tests.console.people import at
from tests.fixtures_database import Database
from tests.staff.people import somebody
from tools.screens.serving import as_user, serving, session_of

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("static_files")]
BY_CODE = {role.code: role for role in BUILT_IN_ROLES}


@pytest.fixture
def url(database: Database, browser: Browser) -> Iterator[str]:
    with serving() as address:
        yield address
        for context in browser.contexts:
            context.close()
    close_door()


def test_a_voucher_is_taken_given_back_and_followed_by_those_whose_work_it_is(
    url: str, browser: Browser
) -> None:
    root = an_organisation("总部", None)
    side = Side(root)
    store, code, serial = side.store.organisation, side.trade.code, side.trade.first_serial

    def window(role: str, place: Organisation) -> Page:
        user = somebody(place, role)
        if BY_CODE[role].must_use_second_factor:
            TOTP.activate(user, generate_totp_secret())
        return as_user(browser, url, session_of(user)).new_page()

    clerk = window("clerk", store)
    clerk.goto(url + at("redeem"))
    clerk.get_by_label("券码").fill(code)
    clerk.get_by_label("门店").fill(store.code)
    clerk.get_by_label("订单金额").fill("128")
    clerk.get_by_role("button", name="核销").dblclick()
    expect(clerk.locator(".toast-note")).to_have_count(1)
    refused(clerk, url + at("campaigns"))

    manager = window("store_manager", store)
    manager.goto(url + at("voucher", key=serial))
    manager.get_by_role("link", name="撤销").first.click()
    manager.get_by_label("原因").fill("顾客退货")
    manager.context.set_offline(True)
    manager.get_by_role("button", name="撤销").click()
    expect(manager.locator("#offline")).to_be_visible()
    manager.context.set_offline(False)
    expect(manager.locator("#offline")).to_be_hidden()
    expect(manager.get_by_label("原因")).to_have_value("顾客退货")
    manager.get_by_role("button", name="撤销").click()
    expect(manager.locator(".toast-note")).to_contain_text("已撤销")
    refused(manager, url + at("budgets"))

    for role in ("finance", "auditor", "regional_operations"):
        reader = window(role, side.organisation)
        reader.goto(url + at("voucher", key=serial))
        expect(reader.get_by_text("顾客退货").first).to_be_visible()
        refused(reader, url + at("settings"))
    elsewhere = window("finance", an_organisation("华南", root))
    answer = elsewhere.goto(url + at("voucher", key=serial))
    assert answer is not None
    assert answer.status == 404
    for role in ("system_administrator", "security_administrator", "audit_administrator"):
        refused(window(role, root), url + at("redeem"))


def refused(page: Page, address: str) -> None:
    answer = page.goto(address)
    assert answer is not None
    assert answer.status == 403
