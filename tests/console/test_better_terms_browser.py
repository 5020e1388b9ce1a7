"""Better terms for issued vouchers in a real Chromium: what was typed stays, and is handed in."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from kaquan.approvals.models import ApprovalRequest
from kaquan.campaigns.better_terms import BETTER_TERMS
from tests.campaigns.bettering import a_batch
from tests.console.test_browser import Site, site
from tools.screens.serving import hindrances

__all__ = ["site"]
pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("static_files")]


def test_somebody_lowers_the_minimum_of_what_is_issued_after_being_told_what_cannot_be(
    site: Site,
) -> None:
    batch = a_batch(site.side.organisation)
    page = site.open("campaign", key=batch.campaign_id)
    page.get_by_role("link", name="改善已发券规则").click()
    expect(page.get_by_label("适用品类")).to_have_count(0)  # nothing restricts goods
    page.get_by_label("使用门槛", exact=True).fill("200")
    page.get_by_label("原因").fill("让利于持券人")
    page.get_by_role("button", name="对比").click()
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.get_by_text("发布新版本").first).to_be_visible()

    page.get_by_label("使用门槛", exact=True).fill("50")
    page.get_by_role("button", name="对比").click()
    expect(page.get_by_text("更优或不变", exact=True)).to_be_visible()
    assert hindrances(page) == []
    page.set_viewport_size({"width": 390, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.set_viewport_size({"width": 1440, "height": 900})
    page.get_by_role("button", name="提交审批").dblclick()
    page.wait_for_url("**/approvals/**")
    expect(page.get_by_text("¥50.00")).to_be_visible()
    assert ApprovalRequest.objects.filter(kind=BETTER_TERMS).count() == 1
