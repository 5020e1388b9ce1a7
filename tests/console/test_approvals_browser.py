"""Two people at two windows: one hands a campaign in, the other sends it back, then agrees."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from kaquan.approvals.models import ApprovalDecision
from kaquan.ledger.door import close_door
from tests.builders.issuer import an_organisation
from tests.campaigns.stages import a_draft, now, states
from tests.console.people import an_operator, at
from tests.fixtures_database import Database
from tools.screens.serving import as_user, hindrances, serving, session_of

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("static_files")]


@pytest.fixture
def site(database: Database, browser: Browser) -> Iterator[Any]:
    with serving() as url:
        yield url
        for context in browser.contexts:
            context.close()
    close_door()


def hand_in(page: Page) -> None:
    page.get_by_role("link", name="提交审批").click()
    page.get_by_role("dialog").get_by_role("button", name="提交审批").click()
    expect(page.locator(".toast-success")).to_contain_text("已提交审批")


def test_a_campaign_is_sent_back_handed_in_again_and_approved(browser: Browser, site: str) -> None:
    root = an_organisation("总部", None)
    campaign = a_draft(root)
    address = site + at("campaign", key=campaign.id)
    maker = as_user(browser, site, session_of(an_operator(root))).new_page()
    checker = as_user(browser, site, session_of(an_operator(root)), width=390).new_page()

    maker.goto(address)
    hand_in(maker)
    expect(maker.get_by_role("button", name="同意")).to_have_count(0)
    checker.goto(site + at("approvals"))
    checker.get_by_role("link", name="春季拉新").click()
    stale = checker.context.new_page()
    stale.goto(checker.url)
    checker.get_by_label("意见").fill("请写明目标")
    checker.get_by_role("button", name="退回修改").click()
    expect(checker.locator(".toast-success")).to_contain_text("退回修改")

    maker.goto(address)
    expect(maker.locator(".approval-bar")).to_contain_text("请写明目标")
    hand_in(maker)
    stale.get_by_label("意见").fill("来晚了的意见")
    stale.get_by_role("button", name="同意").click()
    expect(stale.get_by_role("alert")).to_contain_text("此审批已结束")
    checker.goto(address)
    assert hindrances(checker) == []
    checker.get_by_role("button", name="同意").dblclick()
    expect(checker.locator("h1")).to_contain_text("已批准")

    assert now(campaign).status == "approved"
    assert states(campaign) == ["paused"]
    assert ApprovalDecision.objects.count() == 2
