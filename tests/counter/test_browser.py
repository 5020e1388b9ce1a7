"""A clerk's phone in a real Chromium: a camera that sees a code, a network that goes, a tag."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from django.db import connections
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect
from zxingcpp import BarcodeFormat

from kaquan.engine.commands import Redeem
from kaquan.foundation import clock
from kaquan.organisations.models import Terminal
from kaquan.terminals.models import CounterRequest
from kaquan.terminals.registering import make_registration_code
from tests.builders.books import records
from tests.builders.issuer import SYSTEM
from tests.counter.standing import PASSWORD, a_batch_of_codes, a_terminal, someone_at
from tests.fixtures_database import Database
from tools.screens.camera import arguments, feed
from tools.screens.serving import SOON_MS, chromium, hindrances, serving

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("static_files")]
EXCHANGE = {"kind": "exchange", "goods": {"skus": ["TEA"]}, "value_cap_fen": 1_500}


class Phones(NamedTuple):
    """A browser whose camera plays a file, and where the counter is."""

    browser: Browser
    camera: Path


@pytest.fixture(scope="module")
def phones(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Phones]:
    camera = tmp_path_factory.mktemp("camera") / "camera.y4m"
    feed(camera, "KAQUAN")
    with pytest.MonkeyPatch.context() as patch, chromium(*arguments(camera)) as browser:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        yield Phones(browser, camera)


class Phone(NamedTuple):
    """One device, which is a terminal with a clerk at it."""

    url: str
    context: BrowserContext
    terminal: Terminal

    def open(self) -> Page:
        page = self.context.new_page()
        page.goto(f"{self.url}/counter/")
        return page


def a_phone(browser: Browser, url: str, *, width: int = 390, **options: Any) -> BrowserContext:
    context = browser.new_context(
        viewport={"width": width, "height": 844}, locale="zh-CN", **options
    )
    context.set_default_timeout(SOON_MS)
    return context


@pytest.fixture
def phone(database: Database, phones: Phones) -> Iterator[Phone]:
    said: list[str] = []
    with serving() as url:
        context = a_phone(phones.browser, url, permissions=["camera"])
        context.on("console", lambda message: said.append(message.text))
        context.on("weberror", lambda error: said.append(str(error.error)))
        yield Phone(url, context, a_terminal())
        context.close()
    connections.close_all()
    assert [text for text in said if "ERR_" not in text and "status of 4" not in text] == []


def begin(phone: Phone) -> Page:
    """Register the device and log a clerk in, through the page."""
    clerk = someone_at(phone.terminal.store)
    code = make_registration_code(actor=SYSTEM, terminal_id=phone.terminal.pk, at=clock.now())
    page = phone.open()
    page.get_by_label("登记码").fill(code)
    page.get_by_role("button", name="登记", exact=True).click()
    page.locator("#login-name").fill(clerk.username)
    page.locator("#login-secret").fill(PASSWORD)
    page.get_by_role("button", name="登录", exact=True).click()
    expect(page.get_by_role("button", name="扫码核销")).to_be_visible()
    return page


def uses_booked(database: Database) -> int:
    """How many redemptions are in the books."""
    booked = records(database.connect())
    return sum(isinstance(one.command, Redeem) and one.outcome.done for one in booked)


SCAN = """text => {
  for (const key of [...text, "Enter"]) {
    const field = document.activeElement;
    const typed = { key, bubbles: true, cancelable: true };
    const goes = field.dispatchEvent(new KeyboardEvent("keydown", typed));
    if (goes && key !== "Enter" && field.inputMode === "decimal") field.value += key;
  }
}"""
"""A scanner that types, into whatever has the focus."""
FORMATS = """async names => {
  const said = [];
  for (const known of names)
    said.push(await kaquanCounter.scanning.ownFormats({ getSupportedFormats: async () => known }));
  return said;
}"""
"""What is asked of a browser's own reader that knows these formats."""


def fits(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))


def test_a_code_before_the_camera_is_redeemed_and_the_second_time_is_told_where(
    phone: Phone, phones: Phones, database: Database
) -> None:
    (code,) = a_batch_of_codes(EXCHANGE, 1)
    feed(phones.camera, code)
    page = begin(phone)
    assert hindrances(page) == []
    assert fits(page)

    page.get_by_role("button", name="扫码核销").click()
    expect(page.get_by_role("heading", name="核销成功")).to_be_visible()
    assert "¥15.00" in page.locator("#result").inner_text()
    assert hindrances(page) == []
    page.get_by_role("button", name="下一张").click()
    feed(phones.camera, code.replace("-", ""), BarcodeFormat.Code128)
    page.get_by_role("button", name="扫码核销").click()
    expect(page.get_by_role("heading", name="不能核销")).to_be_visible()
    store = phone.terminal.store.organisation.name
    assert f"在{store}使用" in page.locator("#result-says").inner_text()
    page.get_by_role("button", name="下一张").click()
    assert uses_booked(database) == 1

    page.get_by_role("button", name="今日").click()
    page.get_by_role("button", name="撤销").click()
    page.get_by_role("dialog").get_by_role("button", name="撤销", exact=True).click()
    expect(page.get_by_role("heading", name="已撤销")).to_be_visible()
    page.get_by_role("button", name="下一张").click()
    for name, part, width in (("今日", "#done li", 390), ("交班", "#totals dd", 1440)):
        page.locator("#bar").get_by_role("button", name=name, exact=True).click()
        expect(page.locator(part).first).to_be_visible()
        page.set_viewport_size({"width": width, "height": 844})
        assert hindrances(page) == [], name
        for other in (1440, 390):
            page.set_viewport_size({"width": other, "height": 844})
            assert fits(page), (name, other)


def test_a_network_that_goes_in_mid_redemption_leaves_one_use_and_its_answer(
    phone: Phone, database: Database
) -> None:
    first, second = a_batch_of_codes(EXCHANGE, 2)
    page = begin(phone)
    lost: list[str] = []

    def swallow(route: Route) -> None:
        """The request arrives; its answer does not."""
        lost.append(route.request.url)
        if len(lost) == 1:
            route.fetch()
        route.abort()

    page.route("**/counter/redeem", swallow)
    page.get_by_label("或输入券码").fill(first)
    page.get_by_role("button", name="核销这个券码").click()
    expect(page.get_by_role("heading", name="正在查询结果")).to_be_visible()
    page.unroute("**/counter/redeem")
    expect(page.get_by_role("heading", name="核销成功")).to_be_visible()
    page.get_by_role("button", name="下一张").click()
    assert uses_booked(database) == 1

    lost.clear()
    page.route("**/counter/redeem", swallow)
    page.get_by_label("或输入券码").fill(second)
    page.get_by_role("button", name="核销这个券码").click()
    expect(page.get_by_role("heading", name="正在查询结果")).to_be_visible()
    page.reload()
    expect(page.locator("#told")).to_contain_text("中断的那笔已核销")
    assert uses_booked(database) == 2
    assert CounterRequest.objects.count() == 2
    page.unroute("**/counter/redeem")
    is_logged_out_on_the_way(phone, page)


def is_logged_out_on_the_way(phone: Phone, page: Page) -> None:
    """Whoever is logged in no more is told so where they log in, and not in the form."""
    page.get_by_label("一单多券").check()
    (code,) = a_batch_of_codes(EXCHANGE, 1)
    page.evaluate(SCAN, code)
    expect(page.locator("#vouchers li")).to_have_count(1)
    phone.context.clear_cookies(name="kaquan_shift")
    page.locator("#redeem").click()
    expect(page.get_by_role("button", name="登录", exact=True)).to_be_visible()
    expect(page.locator("#told")).to_contain_text("登录已失效")


def test_without_a_camera_or_a_network_the_clerk_is_told_and_a_tag_is_read(
    phone: Phone, phones: Phones, database: Database
) -> None:
    code, second, third, fourth = a_batch_of_codes(EXCHANGE, 4)
    phone.context.clear_permissions()
    phone.context.add_init_script(
        "window.NDEFReader = class { async scan() { window.tags = this; } };"
    )
    page = begin(phone)
    page.get_by_role("button", name="扫码核销").click()
    expect(page.locator("#told")).to_contain_text("没有摄像头权限")
    expect(page.get_by_label("或输入券码")).to_be_focused()

    mends_a_slip(page, code)
    page.get_by_role("button", name="贴卡读取").click()
    expect(page.locator("#told")).to_contain_text("贴近手机")
    page.evaluate(
        "code => window.tags.onreading({message: {records: [{recordType: 'text', encoding: 'utf-8',"
        " data: new TextEncoder().encode(code)}]}})",
        code,
    )
    expect(page.get_by_role("heading", name="核销成功")).to_be_visible()

    reads_with_a_scanner(page, second, third, fourth)
    known = [[], ["qr_code"], ["ean_13", "code_128", "aztec", "qr_code"]]
    assert page.evaluate(FORMATS, known) == [None, None, ["qr_code", "code_128", "ean_13"]]

    page.wait_for_function("navigator.serviceWorker.controller !== null")
    phone.context.set_offline(True)
    page.get_by_label("或输入券码").fill(code)
    page.get_by_role("button", name="核销这个券码").click()
    expect(page.locator("#result-says")).to_contain_text("只有带签名的二维码")
    page.reload()
    expect(page.locator("#told")).to_contain_text("没有网络")
    phone.context.set_offline(False)
    expect(page.get_by_role("button", name="扫码核销")).to_be_visible()
    assert uses_booked(database) == 3


def mends_a_slip(page: Page, code: str) -> None:
    """What was typed comes back; amounts and products' barcodes are told from what looks alike."""
    typed = page.get_by_label("或输入券码")
    wrong = code[:-1] + ("A" if code[-1] != "A" else "B")
    typed.fill(wrong)
    typed.press("Enter")
    expect(page.get_by_role("heading", name="券码有误")).to_be_visible()
    page.get_by_role("button", name="改一改").click()
    expect(typed).to_have_value(wrong)
    expect(typed).to_be_focused()
    typed.fill("")
    amounts = ["128.5", "￥1,205.50", "１２０", "120,5", "1,20", "-3"]
    read = page.evaluate("amounts => amounts.map(kaquanCounter.fenOf)", amounts)
    assert read == [12_850, 120_550, 12_000, None, None, None]
    barcodes = ["6901234567892", "96385074", "6901234567893", code]
    told = page.evaluate("texts => texts.map(kaquanCounter.code.isProduct)", barcodes)
    assert told == [True, True, False, False]


def types_another(page: Page, code: str) -> None:
    """Where there is no camera, one more of the order is typed."""
    page.get_by_role("button", name="再扫一张").click()
    another = page.get_by_label("读不出来？输入券码")
    expect(another).to_be_focused()
    another.fill(code)
    another.press("Enter")
    expect(page.locator("#vouchers li")).to_have_count(2)
    page.get_by_role("button", name="移除").last.click()


def reads_with_a_scanner(page: Page, *codes: str) -> None:
    """Over a result that is still there, and wherever the focus is."""
    with page.expect_response("**/counter/redeem"):
        page.evaluate(SCAN, codes[0])
    page.get_by_role("button", name="下一张").click()
    page.get_by_label("一单多券").check()
    page.evaluate(SCAN, codes[1])
    expect(page.locator("#vouchers li")).to_have_count(1)
    amount = page.get_by_label("订单金额")
    amount.fill("12.5")
    page.evaluate(SCAN, codes[2])
    expect(page.locator("#vouchers li")).to_have_count(2)
    expect(amount).to_have_value("12.5")
    page.get_by_role("button", name="移除").last.click()
    expect(page.locator("#vouchers li")).to_have_count(1)
    types_another(page, codes[2])
    amount.fill("")
    page.locator("#redeem").click()
    expect(page.get_by_role("heading", name="核销成功")).to_be_visible()
    owed = page.evaluate("[[1500, 10000], [1500, null], [0, 10000]].map(([taken, of]) =>"
                         " kaquanCounter.owed(taken, of))")  # fmt: skip
    assert owed == ["减 ¥15.00，还应收 ¥85.00", "¥15.00", ""]
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="扫码核销")).to_be_visible()
    page.get_by_label("一单多券").uncheck()
