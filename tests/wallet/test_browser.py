"""A phone in a real Chromium: two taps to a voucher, a code that renews offline, a gift."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import NamedTuple

import pytest
import zxingcpp
from django.db import connections
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, expect

from kaquan.engine import ndef
from kaquan.foundation import clock
from kaquan.redemption.codes import ISSUER
from kaquan.redemption.dynamic_keys import dynamic_code
from kaquan.redemption.signed_keys import signed_serial
from kaquan.surfaces.wallet import entering
from kaquan.wallet import member_cards
from kaquan.wallet.models import LinkClaim
from tests.api.world import Side
from tests.builders.issuer import an_organisation
from tests.console.claim_links import a_claim_link
from tests.console.people import an_operator, at
from tests.fixtures_database import Database
from tests.wallet.visiting import a_link, a_phone
from tools.screens.serving import SOON_MS, as_user, hindrances, serving, session_of

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("static_files")]
WIDTH = 390


class Phone(NamedTuple):
    """A browser of a phone's size, and the codes that were sent to it."""

    url: str
    context: BrowserContext
    codes: list[str]
    said: list[str]

    def open(self, path: str) -> Page:
        page = self.context.new_page()
        page.goto(self.url + path)
        return page


@pytest.fixture
def phone(database: Database, browser: Browser, monkeypatch: pytest.MonkeyPatch) -> Iterator[Phone]:
    codes: list[str] = []
    said: list[str] = []

    class Kept:
        def send_code(self, phone: str, code: str) -> None:
            del phone
            codes.append(code)

    monkeypatch.setattr(entering, "gateway_for", lambda _account: Kept())
    with serving() as url:
        context = browser.new_context(
            viewport={"width": WIDTH, "height": 844}, locale="zh-CN", device_scale_factor=2
        )
        context.set_default_timeout(SOON_MS)
        context.on("console", lambda message: said.append(message.text))
        context.on("weberror", lambda error: said.append(str(error.error)))
        yield Phone(url, context, codes, said)
        context.close()
    connections.close_all()
    assert [text for text in said if "ERR_" not in text] == []


def fits(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))


def read_code(page: Page, place: str = "#qr") -> str:
    page.locator(f"{place} svg").wait_for()
    picture = page.locator(place).screenshot()
    (found,) = zxingcpp.read_barcodes(Image.open(io.BytesIO(picture)))
    return str(found.text)


def test_a_voucher_is_two_taps_away_and_its_code_renews_without_a_network(phone: Phone) -> None:
    page = phone.open(f"/w/c/{a_link(transferable=True, offline_use=True).token}")
    expect(page.get_by_role("heading", level=1)).to_have_text("满减券")
    assert hindrances(page) == []
    assert fits(page)

    page.get_by_label("手机号").fill(a_phone())
    page.get_by_role("button", name="获取验证码").click()
    expect(page.get_by_role("status")).to_contain_text("验证码已发送")
    page.get_by_label("验证码", exact=True).fill(phone.codes[0])
    page.get_by_role("button", name="立即领取").click()

    expect(page.get_by_role("heading", name="到店出示")).to_be_visible()
    first = read_code(page)
    serial = LinkClaim.objects.get().serial
    assert dynamic_code(first, clock.now()) == (serial, 0)
    page.get_by_text("店里没有网络？").click()
    assert signed_serial(read_code(page, "#signed"), ISSUER) == serial
    assert hindrances(page) == []
    assert fits(page)

    page.context.set_offline(True)
    page.clock.install()
    page.clock.fast_forward(31_000)
    page.clock.run_for(2_000)
    expect(page.locator("#qr")).not_to_have_attribute("data-text", first)
    assert read_code(page) != first
    page.context.set_offline(False)

    for path in ("", "code", "paper", "?tab=used", "statement", "me", "privacy"):
        page.goto(f"{phone.url}/w/{path}")
        assert hindrances(page) == [], path
        assert fits(page), path


def test_a_gift_goes_by_a_link_whose_secret_no_server_sees(phone: Phone) -> None:
    asked: list[str] = []
    phone.context.on("request", lambda request: asked.append(request.url))
    page = phone.open(f"/w/c/{a_link(transferable=True).token}")
    page.get_by_label("手机号").fill(a_phone())
    page.get_by_role("button", name="获取验证码").click()
    page.get_by_label("验证码", exact=True).fill(phone.codes[0])
    page.get_by_role("button", name="立即领取").click()
    page.get_by_role("button", name="送给朋友").click()
    link = page.locator("#gift-link").input_value()
    assert hindrances(page) == []
    assert fits(page)

    phone.context.clear_cookies()
    friend = phone.context.new_page()
    friend.goto(link)
    token = link.partition("#")[2]
    expect(friend.get_by_role("heading", name="满减券")).to_be_visible()
    expect(friend.locator("#token")).to_have_value(token)
    assert hindrances(friend) == []
    friend.get_by_label("手机号").fill(a_phone())
    friend.get_by_role("button", name="获取验证码").click()
    expect(friend.locator("#token")).to_have_value(token)
    friend.get_by_label("验证码", exact=True).fill(phone.codes[1])
    friend.get_by_role("button", name="收下").click()

    expect(friend.get_by_role("heading", name="到店出示")).to_be_visible()
    assert not any(token in url.partition("#")[0] for url in asked)


def test_a_tag_is_written_where_the_browser_can_and_else_that_is_said(
    phone: Phone, database: Database
) -> None:
    side = Side(an_organisation("总部", None))
    link = a_claim_link(side)
    session = session_of(an_operator(side.organisation))
    context = as_user(phone.context.browser, phone.url, session, width=WIDTH)  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(phone.url + at("claim-link-tag", key=link.id))
    expect(page.get_by_role("button", name="写入")).to_be_disabled()
    expect(page.locator("#tag")).to_contain_text("这个浏览器不能写标签")

    page.add_init_script(
        "window.NDEFReader = class { async write(message) { window.written = message; } }"
    )
    page.reload()
    page.get_by_role("button", name="写入").click()

    expect(page.locator("#tag")).to_have_text("标签已写好。")
    written = page.evaluate("window.written.records")
    assert written == [{"recordType": "url", "data": f"{phone.url}/w/c/{link.token}"}]
    assert hindrances(page) == []

    page.goto(phone.url + at("customer-card", key=side.customer.id))
    page.get_by_role("button", name="写入").click()
    expect(page.locator("#tag")).to_have_text("标签已写好。")
    kind, payload = page.evaluate(
        "[window.written.records[0].recordType, [...window.written.records[0].data]]"
    )
    assert kind.encode() == ndef.CARD_TYPE
    assert member_cards.read(bytes(payload)).id == side.customer.id
    assert hindrances(page) == []
    context.close()
