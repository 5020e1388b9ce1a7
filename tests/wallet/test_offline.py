"""Without a network: one's own vouchers open and renew; nobody else's are kept, and none after
leaving."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator

import pytest
import zxingcpp
from django.db import connections
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, expect

from kaquan.customers.models import Customer
from kaquan.foundation import clock
from kaquan.redemption.dynamic_keys import dynamic_code
from kaquan.surfaces.wallet.pages import SESSION_COOKIE
from kaquan.wallet.links import claim_by_link
from kaquan.wallet.sessions import _begin
from tests.fixtures_database import Database
from tests.wallet.visiting import a_browser, a_link, a_member, a_phone_of
from tools.screens.serving import SOON_MS, hindrances, serving

pytestmark = pytest.mark.usefixtures("static_files")


@pytest.fixture
def phone(database: Database, browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport={"width": 390, "height": 844}, locale="zh-CN")
    context.set_default_timeout(SOON_MS)
    yield context
    context.close()
    connections.close_all()


def log_in(phone: BrowserContext, url: str, customer: Customer) -> None:
    token = _begin(customer, clock.now())
    phone.add_cookies([{"name": SESSION_COOKIE, "value": token, "url": f"{url}/w/"}])


def kept(page: Page) -> list[str]:
    """The own pages that this browser holds."""
    found = page.evaluate(
        "async () => (await (await caches.open('kaquan-wallet-own')).keys()).map((one) => one.url)"
    )
    return sorted(re.sub(r"^https?://[^/]+", "", one) for one in found)


@pytest.mark.browser
def test_without_a_network_ones_own_vouchers_open_and_renew_until_one_leaves(
    phone: BrowserContext,
) -> None:
    customer, stranger, link = a_member(), a_member(), a_link()
    serials = [claim_by_link(customer=customer, token=link.token, once=one) for one in "ab"]
    page = phone.new_page()
    with serving() as url:
        log_in(phone, url, customer)
        page.goto(f"{url}/w/")
        expect(page.locator("html")).to_have_attribute("data-kept", "yes")
        assert kept(page) == [
            "/w/",
            "/w/code",
            "/w/holder",
            *sorted(f"/w/v/{one}" for one in serials),
        ]

    # The server is gone: that is what no network is.
    for serial in serials:  # neither was ever opened
        page.goto(f"{url}/w/v/{serial}")
        page.locator("#qr svg").wait_for()
        (code,) = zxingcpp.read_barcodes(Image.open(io.BytesIO(page.locator("#qr").screenshot())))
        assert dynamic_code(str(code.text), clock.now()) == (serial, 0)
    assert hindrances(page) == []
    page.goto(f"{url}/w/statement")
    expect(page.get_by_role("heading", level=1)).to_have_text("没有网络")
    assert hindrances(page) == []

    host = url.removeprefix("http://")
    with serving(port=int(host.rpartition(":")[2])):
        page.goto(f"{url}/w/me")
        page.get_by_role("button", name="退出登录").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("登录卡包")
        assert kept(page) == []
        log_in(phone, url, customer)
        page.goto(f"{url}/w/v/{serials[0]}")
        expect(page.locator("html")).to_have_attribute("data-kept", "yes")
        log_in(phone, url, stranger)
        page.goto(f"{url}/w/statement")
        assert [one for one in kept(page) if "/v/" in one] == []


@pytest.mark.usefixtures("database")
def test_only_own_pages_of_good_vouchers_are_kept_and_each_names_its_holder() -> None:
    customer, other = a_member(), a_member()
    serial = claim_by_link(customer=customer, token=a_link().token, once="a")
    phone = a_phone_of(customer)

    mine = phone.get(f"/w/v/{serial}")
    assert mine.headers["X-Wallet-Keep"] == "yes"
    names = {phone.get(path).headers["X-Wallet-Holder"] for path in ("/w/", "/w/me")}
    assert names == {mine.headers["X-Wallet-Holder"]}
    assert a_phone_of(other).get("/w/").headers["X-Wallet-Holder"] not in names
    assert a_browser().get("/w/login").headers["X-Wallet-Holder"] == "none"
    for path in ("/w/me", "/w/statement", "/w/?tab=used"):
        assert "X-Wallet-Keep" not in phone.get(path).headers
    assert phone.cookies[SESSION_COOKIE].value not in str(mine.headers)


@pytest.mark.usefixtures("database")
def test_the_worker_names_the_files_that_pages_name() -> None:
    link, customer = a_link(), a_member()
    serial = claim_by_link(customer=customer, token=link.token, once="a")
    page = a_phone_of(customer).get(f"/w/v/{serial}").content.decode()

    source = a_browser().get("/w/worker.js")

    named = set(re.findall(r'(?:src|href)="(/static/[^"]+)"', page))
    assert source.headers["Cache-Control"] == "no-cache"
    assert named == set(re.findall(r'"(/static/[^"]+)"', source.content.decode()))
