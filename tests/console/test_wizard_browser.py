"""The campaign wizard in a real Chromium: from nothing to handed in; two tabs, a reload, a lost
connection and a session that ended lose nothing."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from kaquan.campaigns.models import Campaign, CampaignDraft
from kaquan.offers.models import OfferVersion
from tests.console.drafts import draft_of
from tests.console.people import at
from tests.console.test_browser import Site, site
from tools.screens.in_place import write
from tools.screens.serving import hindrances

__all__ = ["site"]
pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("static_files")]


def next_step(page: Page) -> None:
    page.get_by_role("button", name="下一步").last.click()


def saved(page: Page) -> None:
    expect(page.get_by_role("status").filter(has_text="已自动保存")).to_be_visible()


def test_a_clerk_of_head_office_makes_a_campaign_from_nothing_to_handed_in(site: Site) -> None:
    page = site.open("campaign-begin")
    page.get_by_role("button", name=re.compile("空白活动")).click()
    page.get_by_label("名称").fill("国庆满减")
    page.get_by_label("类型").fill("促活")
    page.get_by_label("开始时间").fill("2027-10-01T00:00")
    page.get_by_label("结束时间").fill("2027-10-08T00:00")
    next_step(page)
    page.get_by_role("textbox", name="标题（中文）", exact=True).fill("国庆券")
    page.get_by_label("品牌").fill("雀港")
    expect(page.locator(".face-title")).to_have_text("国庆券")
    next_step(page)
    page.get_by_role("combobox", name="类型", exact=True).select_option(label="满减券")
    page.get_by_label("减免金额").fill("20")
    expect(page.get_by_text("本券为立减券：立减20元，无最低消费要求。")).to_be_visible()
    page.get_by_label("使用门槛").fill("100")
    page.get_by_label("首日").fill("2027-10-01")
    page.get_by_label("末日").fill("2027-10-07")
    expect(page.get_by_text("本券为满减券：订单满100元减20元。")).to_be_visible()
    expect(page.locator(".face-big")).to_have_text("¥20")
    next_step(page)
    page.get_by_label("发放数量（张）").fill("1000")
    expect(page.get_by_text("¥20,000.00")).to_be_visible()
    next_step(page)
    page.get_by_label("预算", exact=True).select_option(index=1)
    expect(page.get_by_text("不足", exact=True)).to_be_visible()
    next_step(page)
    page.get_by_label("1 · SKU").fill("拿铁")
    page.get_by_label("1 · 单价").fill("90")
    page.get_by_label("时间").first.fill("2027-10-02T12:00")
    expect(page.get_by_text("适用；订单距使用门槛还差 ¥10.00。")).to_be_visible()
    page.get_by_label("1 · 单价").fill("120")
    expect(page.get_by_text("可用：优惠 ¥20.00，还需支付 ¥100.00。")).to_be_visible()
    next_step(page)
    page.get_by_role("button", name="提交审批").dblclick()

    expect(page.locator(".toast-note")).to_contain_text("已提交审批")
    expect(page.get_by_role("heading", level=1)).to_contain_text("国庆满减")
    campaign = Campaign.objects.get(name="国庆满减")
    assert campaign.status == "waiting"
    assert OfferVersion.objects.get(offer__code=campaign.code).terms["benefit"] == {
        "kind": "amount_off",
        "amount_fen": 2_000,
    }


def test_nothing_typed_is_lost_by_reload_two_tabs_or_a_session_that_ended(site: Site) -> None:
    draft = draft_of(site.side)
    page = site.open("campaign-wizard", key=draft.id, step="basics")
    other = page.context.new_page()
    other.goto(page.url)

    page.get_by_label("目标").fill("拉新一万人")
    saved(page)
    page.reload()
    expect(page.get_by_label("目标")).to_have_value("拉新一万人")

    other.get_by_label("名称").fill("另一个窗口的名字")
    saved(other)
    page.get_by_label("名称").fill("这个窗口的名字")
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("另一个窗口的名字")
    expect(page.get_by_label("名称")).to_have_value("这个窗口的名字")
    alert.get_by_role("button", name="保留我填写的").click()
    saved(page)
    expect(alert).to_have_count(0)

    session = page.context.cookies()
    page.context.clear_cookies()
    page.get_by_label("目标").fill("拉新两万人")
    expect(page.get_by_role("alert")).to_contain_text("登录已过期")
    page.get_by_role("link", name="重新登录").click()
    expect(page).to_have_url(re.compile("/accounts/login/"))
    page.context.add_cookies(session)  # they log in again and come back
    page.goto(site.url + at("campaign-wizard", key=draft.id, step="basics"))
    expect(page.get_by_label("目标")).to_have_value("拉新两万人")
    saved(page)

    page.context.set_offline(True)
    page.get_by_label("目标").fill("拉新三万人")
    expect(page.get_by_text("尚未保存：网络中断")).to_be_visible()
    page.context.set_offline(False)
    saved(page)
    kept = CampaignDraft.objects.get(id=draft.id).content
    assert kept["goal"] == "拉新三万人"
    assert kept["name"] == "这个窗口的名字"
    assert page.evaluate("sessionStorage.length") == 0
    site.said[:] = [text for text in site.said if "ERR_INTERNET_DISCONNECTED" not in text]


def test_no_step_stands_in_anyones_way_on_a_desk_or_a_phone(site: Site) -> None:
    draft = draft_of(site.side)
    found = {}
    for width, scheme in ((1440, "light"), (390, "dark")):
        page = site.window(width, scheme).new_page()
        page.goto(site.url + at("home"))
        for step in ("basics", "face", "rules", "issue", "budget", "preview", "submit"):
            status = write(page, site.url + at("campaign-wizard", key=draft.id, step=step))
            faults = hindrances(page) if status == 200 else [f"answers {status}"]
            if not page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"):
                faults.append("it scrolls sideways")
            if faults:
                found[step, width] = faults

    assert found == {}
