"""The console in a real Chromium: an operator's day, the keyboard, a phone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.api.world import Side
from tests.builders.issuer import an_organisation
from tests.console.people import an_operator, at
from tests.fixtures_database import Database
from tools.screens.serving import as_user, serving, session_of

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("static_files")]


class Site(NamedTuple):
    """A part of the organisation with its things, an operator of it, and where the console is."""

    side: Side
    url: str
    session: str
    browser: Browser
    said: list[str]

    def window(self, width: int = 1440, scheme: str = "light") -> BrowserContext:
        context = as_user(self.browser, self.url, self.session, width=width, scheme=scheme)
        context.on("console", lambda message: self.said.append(message.text))
        context.on("weberror", lambda error: self.said.append(str(error.error)))
        return context

    def open(self, name: str, width: int = 1440, **key: object) -> Page:
        page = self.window(width).new_page()
        page.goto(self.url + at(name, **key))
        return page


@pytest.fixture
def site(database: Database, browser: Browser) -> Iterator[Site]:
    side = Side(an_organisation("总部", None))
    user = an_operator(side.organisation)
    assert side.trade.by_code.pk
    assert side.trade.budget.pk  # the rest is made when a test names it
    with serving() as url:
        made = Site(side, url, session_of(user), browser, [])
        yield made
        for context in browser.contexts:
            context.close()
    assert [text for text in made.said if "status of 4" not in text] == []


def test_an_operators_day(site: Site) -> None:
    """From a new campaign over a batch to a pause, with the mouse."""
    page = site.open("campaigns")
    page.get_by_role("link", name="新建活动").click()
    page.get_by_role("link", name="不用向导").click()
    page.get_by_label("编码").fill("autumn-27")
    page.get_by_label("名称").fill("秋季促活")
    page.get_by_label("类型").fill("促活")
    page.get_by_label("开始时间").fill("2027-09-01T00:00")
    page.get_by_label("结束时间").fill("2027-08-01T00:00")
    page.get_by_role("button", name="保存").click()
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.get_by_label("名称")).to_have_value("秋季促活")
    page.get_by_label("结束时间").fill("2027-10-01T00:00")
    page.get_by_role("button", name="保存").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("秋季促活")
    expect(page.locator(".toast-note")).to_contain_text("已新建活动")

    page.get_by_role("link", name="新建批次").click()
    page.get_by_label("名称").fill("九月批")
    page.get_by_label("券模板").select_option(index=1)
    page.get_by_label("数量").fill("100,000")
    page.get_by_label("发放方式").select_option("stock")
    page.get_by_role("button", name="保存").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("九月批")
    expect(page.get_by_text("100,000").first).to_be_visible()

    page.get_by_role("link", name="暂停").click()
    question = page.get_by_role("dialog")
    expect(question).to_contain_text("暂停活动“秋季促活”的批次“九月批”？")
    question.get_by_label("原因").fill("核查素材")
    question.get_by_role("button", name="暂停").dblclick()
    expect(page.locator(".toast-note")).to_have_count(1)
    expect(page.get_by_role("heading", level=1)).to_contain_text("已暂停")

    page.get_by_role("link", name="恢复").click()
    page.get_by_role("dialog").get_by_role("link", name="取消").click()
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_a_query_stands_in_the_address_and_the_back_button_undoes_it(site: Site) -> None:
    page = site.open("stores")
    code = site.side.store.organisation.code
    expect(page.get_by_role("row")).to_have_count(2)

    page.get_by_label("名称、编码或地址").fill("没有这家店")
    page.get_by_role("button", name="查询").click()
    expect(page.get_by_text("没有符合条件的记录")).to_be_visible()
    assert "words=" in page.url
    page.get_by_label("名称、编码或地址").fill(code)
    page.get_by_role("button", name="查询").click()
    expect(page.get_by_role("row")).to_have_count(2)
    page.reload()
    expect(page.get_by_label("名称、编码或地址")).to_have_value(code)
    page.go_back()
    expect(page.get_by_text("没有符合条件的记录")).to_be_visible()
    page.get_by_role("link", name="重置").first.click()
    expect(page.get_by_role("row")).to_have_count(2)


def test_the_whole_list_is_worked_with_the_keyboard(site: Site) -> None:
    page = site.open("campaigns")

    page.keyboard.press("/")
    expect(page.get_by_role("searchbox", name="全局搜索")).to_be_focused()
    page.get_by_role("searchbox", name="全局搜索").evaluate("element => element.blur()")
    page.keyboard.press("f")
    expect(page.get_by_label("名称或编码")).to_be_focused()
    page.keyboard.press("Escape")
    page.get_by_label("名称或编码").evaluate("element => element.blur()")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("春季拉新")


def test_the_menu_is_a_drawer_on_a_phone(site: Site) -> None:
    page = site.open("campaigns", 390)
    menu = page.get_by_role("navigation", name="主菜单")
    expect(menu).to_be_hidden()

    page.get_by_role("button", name="菜单").click()
    expect(menu).to_be_visible()
    menu.get_by_role("link", name="门店", exact=True).click()

    expect(page.get_by_role("heading", name="门店", level=1)).to_be_visible()
    expect(menu).to_be_hidden()


def test_a_session_that_ended_leads_to_the_login_page(site: Site) -> None:
    page = site.open("campaigns")
    page.context.clear_cookies()

    page.get_by_role("button", name="查询").click()

    expect(page).to_have_url(re.compile("/accounts/login/"))


def test_nothing_typed_is_lost_when_the_session_ends_in_mid_form(site: Site) -> None:
    page = site.open("store-edit", key=site.side.store.pk)
    page.get_by_label("地址").fill("长安街 1 号")
    page.context.clear_cookies()
    page.get_by_role("button", name="保存").click()
    expect(page).to_have_url(re.compile("/accounts/login/"))

    page.context.add_cookies(site.window().cookies())  # they log in again
    page.goto(site.url + at("store-edit", key=site.side.store.pk))

    expect(page.get_by_label("地址")).to_have_value("长安街 1 号")
    page.get_by_role("button", name="保存").click()
    expect(page.get_by_text("长安街 1 号")).to_be_visible()
    page.goto(site.url + at("store-edit", key=site.side.store.pk))
    expect(page.get_by_label("地址")).to_have_value("长安街 1 号")
    assert page.evaluate("sessionStorage.length") == 0


def test_without_any_script_the_console_works_too(site: Site) -> None:
    context = site.browser.new_context(java_script_enabled=False, locale="zh-CN")
    context.add_cookies(site.window().cookies())
    page = context.new_page()
    batch = site.side.trade.by_code
    page.goto(site.url + at("batch", key=batch.id))

    page.get_by_role("link", name="暂停").click()
    page.get_by_label("原因").fill("核查")
    page.get_by_role("button", name="暂停").click()

    expect(page.get_by_role("heading", level=1)).to_contain_text("已暂停")
