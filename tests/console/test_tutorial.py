"""The tutorial, walked as it is written: from an empty installation to a first voucher that is
issued, redeemed and booked, by the console alone; and from there on, with a till that calls."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from playwright.sync_api import Browser, Page, expect

from kaquan.analytics.actions import Counters
from kaquan.campaigns.models import CampaignBatch
from kaquan.campaigns.schedule import Schedule
from kaquan.foundation import clock
from kaquan.foundation.configuration import current_configuration
from kaquan.foundation.jobs.actions import begin
from kaquan.foundation.jobs.models import Job
from kaquan.ledger.connections import connect_default
from kaquan.ledger.door import close_door
from kaquan.redemption.code_jobs import write_code_file
from kaquan.staff.models import StaffUser
from tests.console.people import at
from tests.console.streaming_server import streaming
from tests.fixtures_database import Database
from tests.gateway.site import Caller, a_request_key
from tests.staff.people import somebody
from tools.screens.serving import as_user, serving, session_of

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("static_files")]
ADMINISTRATORS = {
    "系统管理员": "system_administrator",
    "安全管理员": "security_administrator",
}
TUTORIAL = Path(__file__).resolve().parents[2] / "docs" / "tutorial.zh-CN.md"


class Walk:
    """Who walks, at which windows, and what they hold in their hands."""

    def __init__(self, browser: Browser, url: str, api: str) -> None:
        self._browser, self._url, self._api = browser, url, api
        self.codes: list[str] = []
        self.key = self.redemption = ""

    def window(self, user: StaffUser, name: str, **key: object) -> Page:
        """Somebody's window, open at a screen."""
        page = as_user(self._browser, self._url, session_of(user)).new_page()
        page.goto(self._url + at(name, **key))
        return page

    def till(self) -> Caller:
        """A program that calls with the key."""
        port = urlsplit(self._api).port
        assert port is not None
        return Caller(port, self.key)


def person(name: str) -> StaffUser:
    """Somebody who has replaced the password and set up a second factor, as told at the login."""
    user = StaffUser.objects.get(name=name)
    StaffUser.objects.filter(pk=user.pk).update(must_change_password=False)
    if not user.authenticator_set.exists():
        TOTP.activate(user, generate_totp_secret())
    return StaffUser.objects.get(pk=user.pk)


def make_accounts(walk: Walk) -> None:
    for username, name in (("wangfang", "王芳"), ("liqiang", "李强")):
        page = walk.window(person("系统管理员"), "staff")
        page.get_by_role("link", name="新建账号").click()
        page.get_by_label("用户名").fill(username)
        page.get_by_label("姓名").fill(name)
        page.get_by_role("button", name="新建").click()
        expect(page.get_by_text("临时密码", exact=True)).to_be_visible()


def grant_roles(walk: Walk) -> None:
    for name in ("王芳", "李强"):
        page = walk.window(person("安全管理员"), "staff")
        page.get_by_role("link", name=name).click()
        page.get_by_role("link", name="授予角色").click()
        page.get_by_label("角色").select_option(label="总部运营")
        page.get_by_role("button", name="授予").click()
        expect(page.locator(".toast-note")).to_contain_text("已授予")


def make_places(walk: Walk) -> None:
    page = walk.window(person("王芳"), "organisations")
    page.get_by_role("link", name="新建组织").click()
    page.get_by_label("类型").select_option(label="总部")
    page.get_by_label("名称").fill("好邻居")
    page.get_by_role("button", name="保存").click()
    expect(page.locator("h1")).to_contain_text("好邻居")
    page.goto(page.url.split("/console/")[0] + at("stores"))
    page.get_by_role("link", name="新建门店").click()
    page.get_by_label("编码").fill("S001")
    page.get_by_label("名称").fill("朝阳店")
    page.get_by_label("所属组织").fill("好邻居")
    page.get_by_role("button", name="保存").click()
    expect(page.locator("h1")).to_contain_text("朝阳店")


def make_campaign(walk: Walk) -> None:
    page = walk.window(person("王芳"), "campaigns")
    page.get_by_role("link", name="新建活动").click()
    page.get_by_role("button", name=re.compile("空白活动")).click()
    zone = current_configuration().time_zone
    today = clock.now().astimezone(zone)
    page.get_by_label("名称").fill("开业满减")
    page.get_by_label("类型").fill("拉新")
    page.get_by_label("开始时间").fill(f"{today - timedelta(hours=1):%Y-%m-%dT%H:%M}")
    page.get_by_label("结束时间").fill(f"{today + timedelta(days=30):%Y-%m-%dT%H:%M}")
    _next(page)
    page.get_by_role("textbox", name="标题（中文）", exact=True).fill("开业券")
    _next(page)
    page.get_by_role("combobox", name="类型", exact=True).select_option(label="满减券")
    page.get_by_label("减免金额").fill("20")
    page.get_by_label("使用门槛").fill("100")
    page.get_by_label("首日").fill(f"{today:%Y-%m-%d}")
    page.get_by_label("末日").fill(f"{today + timedelta(days=29):%Y-%m-%d}")
    _next(page)
    page.get_by_label("发放数量（张）").fill("100")
    page.get_by_label("发放方式").select_option(label="按券码")
    _next(page)
    _next(page)
    page.get_by_label("1 · SKU").fill("拿铁")
    page.get_by_label("1 · 单价").fill("128")
    expect(page.get_by_text("可用：优惠 ¥20.00")).to_be_visible()
    _next(page)
    page.get_by_role("button", name="提交审批").click()
    expect(page.locator(".toast-note")).to_contain_text("已提交审批")


def _next(page: Page) -> None:
    here = page.url
    page.get_by_role("button", name="下一步").last.click()
    page.wait_for_url(lambda there: there != here)


def approve(walk: Walk) -> None:
    page = walk.window(person("李强"), "home")
    expect(page.locator(".first-steps .is-done")).to_have_count(3)
    page.get_by_role("link", name=re.compile("开业满减")).first.click()
    page.get_by_role("button", name="同意").click()
    expect(page.locator("h1")).to_contain_text("已同意")
    Schedule().run_due(clock.now())


def take_codes(walk: Walk) -> None:
    batch = CampaignBatch.objects.get()
    page = walk.window(person("王芳"), "batch", key=batch.id)
    page.get_by_role("link", name="导出券码").click()
    page.get_by_role("dialog").get_by_role("button", name="导出券码").click()
    expect(page.locator(".toast-note")).to_be_visible()
    job = begin(Job.objects.get().id)  # what the server does in the background
    assert job is not None
    write_code_file(job)
    page.goto(page.url.split("/console/")[0] + at("jobs"))
    with page.expect_download() as downloading:
        page.get_by_role("link", name=re.compile(r"codes-.*\.csv")).click()
    walk.codes = Path(downloading.value.path()).read_text().split()[1:]


def redeem(walk: Walk) -> None:
    page = walk.window(person("王芳"), "redeem")
    for is_first in (True, False):
        page.get_by_label("券码").fill(walk.codes[0])
        page.get_by_label("门店").fill("朝阳店")
        page.get_by_label("订单金额").fill("128")
        page.get_by_role("button", name="核销").click()
        if is_first:
            expect(page.locator(".toast-note")).to_contain_text("¥20.00")
            page.goto(page.url.split("/console/")[0] + at("redeem"))
    expect(page.get_by_role("alert")).to_contain_text("已使用")


def look(walk: Walk) -> None:
    counters = Counters(connect_default, current_configuration().time_zone)
    counters.catch_up()
    counters.close()
    page = walk.window(person("王芳"), "home")
    expect(page.locator("#now-redeemed")).to_have_text("1")
    expect(page.get_by_text("第一步")).to_have_count(0)
    page.goto(page.url.split("/console/")[0] + at("redemptions"))
    expect(page.get_by_text("朝阳店").first).to_be_visible()


STEPS = {
    "建账号": make_accounts,
    "授角色": grant_roles,
    "建总部和门店": make_places,
    "做活动": make_campaign,
    "审批": approve,
    "取券码": take_codes,
    "核销": redeem,
    "看结果": look,
}


def make_key(walk: Walk) -> None:
    page = walk.window(person("王芳"), "keys")
    page.get_by_role("link", name="新建密钥").click()
    page.get_by_label("或新接入方的名称").fill("收银系统")
    page.get_by_label("试算、预占、核销").check()
    page.get_by_role("button", name="新建").click()
    walk.key = page.locator("#secret-1").inner_text()


def redeem_by_api(walk: Walk) -> None:
    till, key = walk.till(), a_request_key()
    order = {"order_no": "A1001", "amount_fen": 12_800}
    body = {"vouchers": [{"code": walk.codes[1]}], "store": "S001", "order": order}
    first, again = (till.post("redemptions", body, key=key) for _ in range(2))
    refused = till.post("redemptions", body)
    till.close()
    assert (first.status, first.json["discount_fen"], again.body) == (200, 2_000, first.body)
    assert (refused.status, refused.code) == (409, "voucher_used")
    walk.redemption = first.json["redemption"]


def reverse(walk: Walk) -> None:
    page = walk.window(person("王芳"), "redemption-reverse", key=walk.redemption)
    expect(page.get_by_text("朝阳店 · A1001")).to_be_visible()
    page.get_by_label("原因").fill("顾客退货")
    page.get_by_role("button", name="撤销").click()
    expect(page.locator(".toast-note")).to_contain_text("已撤销")
    expect(page.get_by_text("收银系统").first).to_be_visible()  # who redeemed it stays there


def report(walk: Walk) -> None:
    StaffUser.objects.filter(pk=somebody(None, "finance").pk).update(name="财务")
    page = walk.window(person("财务"), "statements")
    today = clock.now().astimezone(current_configuration().time_zone)
    page.get_by_label("日期").fill(f"{today:%Y-%m-%d}")
    page.get_by_role("button", name="查询").click()
    row = page.get_by_role("row").filter(has_text="朝阳店")
    for amount in ("¥40.00", "¥20.00"):  # two uses, and one of them taken back
        expect(row).to_contain_text(amount)


#: From here on it is no tutorial.
GOES_ON = (make_key, redeem_by_api, reverse, report)


def test_the_first_voucher_by_the_console_alone_and_the_second_by_a_till(
    database: Database, browser: Browser
) -> None:
    titles = re.findall(r"^## \d+\. (.+)$", TUTORIAL.read_text(encoding="utf-8"), re.MULTILINE)
    assert titles == list(STEPS)
    for name, role in (
        ("系统管理员", "system_administrator"),
        ("安全管理员", "security_administrator"),
    ):
        StaffUser.objects.filter(pk=somebody(None, role).pk).update(name=name)
    with serving() as url, streaming() as api:
        walk = Walk(browser, url, api)
        for step in (*STEPS.values(), *GOES_ON):
            try:
                step(walk)
            finally:  # a window left open would keep the server from ending
                for context in browser.contexts:
                    context.close()
    close_door()
