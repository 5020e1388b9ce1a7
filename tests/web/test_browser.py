"""The first page in a real Chromium, served by ``kaquan up`` itself."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from playwright.sync_api import Browser, Page, expect

from kaquan.foundation import clock
from kaquan.ledger.catalogue import Catalogue
from kaquan.ledger.connections import LedgerConnection
from kaquan.ledger.door import Door
from tests.builders.ledger import BuiltBatch, a_batch, at_the_till, done, redeem
from tests.programs import start_program
from tests.session_folder import copy_home, remove_home
from tools.screens.serving import hindrances

pytestmark = pytest.mark.browser

START_S = 60
SOON_MS = 15_000


@dataclass(frozen=True)
class Site:
    """A running installation of this module's own."""

    url: str
    door: Door
    batch: BuiltBatch
    server: subprocess.Popen[str]


@pytest.fixture(scope="module")
def site(session_folder: Path, pristine_home: Path) -> Iterator[Site]:
    """``kaquan up`` on a free port, with a batch to redeem from."""
    configuration = copy_home(pristine_home, session_folder / f"site-{uuid4().hex[:8]}")
    port = _free_port()
    environment = {**os.environ, **configuration.environment(), "KAQUAN_HTTP_PORT": str(port)}
    server = start_program(
        "-m", "kaquan", "up", env=environment, stderr=subprocess.PIPE, encoding="utf-8"
    )
    try:
        _wait_until_up(server)
        from kaquan.foundation.postgres.urls import connection_urls

        url = connection_urls(configuration).app
        door = Door(LedgerConnection(lambda: psycopg.connect(url)), Catalogue())
        batch = a_batch(door, quantity=50, at=clock.now())
        yield Site(f"http://127.0.0.1:{port}/", door, batch, server)
        door.close()
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(START_S)
        assert server.stderr is not None
        server.stderr.close()
        remove_home(configuration)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_up(server: subprocess.Popen[str]) -> None:
    assert server.stderr is not None
    said = []
    for line in server.stderr:
        said.append(line)
        if "Kaquan is up" in line:
            return
    raise AssertionError("".join(said))


OpenPage = Callable[..., Page]


@pytest.fixture
def open_page(browser: Browser, site: Site) -> Iterator[OpenPage]:
    """Opens the first page; what its console says must be nothing."""
    contexts, said = [], []

    def open_(width: int = 1440, scheme: str = "light", locale: str = "zh-CN") -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": 900},
            color_scheme=scheme,  # type: ignore[arg-type]
            locale=locale,
        )
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.goto(site.url)
        return page

    yield open_
    for context in contexts:
        context.close()
    assert [text for text in said if "ERR_" not in text] == []


def redeem_one(site: Site, index: int) -> None:
    """Use a voucher, now."""
    done(site.door, redeem(site.batch.serial(index), facts=at_the_till(), at=clock.now()))


def redeemed_today(page: Page) -> int:
    return int(page.locator("#redeemed-today").inner_text())


def test_a_redemption_moves_the_number_without_a_reload(open_page: OpenPage, site: Site) -> None:
    page = open_page()
    before = redeemed_today(page)

    redeem_one(site, 0)

    expect(page.locator("#redeemed-today")).to_have_text(str(before + 1), timeout=SOON_MS)
    expect(page.locator(".event-redeem").first).to_be_visible()
    expect(page.locator("#live-state")).to_have_text("实时")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1440])
def test_nothing_serious_stands_in_anyones_way(
    open_page: OpenPage, site: Site, scheme: str, width: int
) -> None:
    page = open_page(width, scheme)
    if redeemed_today(page) == 0:
        redeem_one(site, 1)
        expect(page.locator("#redeemed-today")).to_have_text("1", timeout=SOON_MS)

    assert hindrances(page) == []


@pytest.mark.parametrize("width", [320, 390, 768, 1440])
def test_the_page_never_scrolls_sideways(open_page: OpenPage, width: int) -> None:
    page = open_page(width)

    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_the_language_changes_both_ways(open_page: OpenPage) -> None:
    page = open_page()

    page.get_by_role("button", name="English").click()
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    expect(page.locator("#live-state")).to_have_text("Live")
    page.get_by_role("button", name="中文").click()
    expect(page.get_by_role("heading", name="总览")).to_be_visible()


def test_dark_is_remembered(open_page: OpenPage) -> None:
    page = open_page()
    root = page.locator("html")
    expect(root).to_have_attribute("data-bs-theme", "light")

    page.get_by_role("button", name="深色").click()
    page.reload()

    expect(root).to_have_attribute("data-bs-theme", "dark")
    expect(page.get_by_role("button", name="深色")).to_have_attribute("aria-pressed", "true")


def test_everything_is_reached_by_keyboard(open_page: OpenPage) -> None:
    page = open_page()

    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="跳到正文")).to_be_focused()
    stops = (
        ("link", "卡券 Kaquan"),
        ("link", "运营后台"),
        ("button", "深色"),
        ("button", "English"),
    )
    for role, name in stops:
        page.keyboard.press("Tab")
        expect(page.get_by_role(role, name=name)).to_be_focused()  # type: ignore[arg-type]


def test_a_lost_connection_is_said_and_mended(open_page: OpenPage) -> None:
    page = open_page()
    expect(page.locator("#live-state")).to_have_text("实时")

    page.route("**/live", lambda route: route.abort())
    page.context.set_offline(True)
    page.evaluate("window.dispatchEvent(new Event('pagehide'))")
    page.evaluate("window.dispatchEvent(new PageTransitionEvent('pageshow', {persisted: true}))")
    expect(page.locator("#live-state")).to_have_text("连接中断，正在重连……", timeout=SOON_MS)
    page.unroute("**/live")
    page.context.set_offline(False)

    expect(page.locator("#live-state")).to_have_text("实时", timeout=2 * SOON_MS)


def test_the_page_carries_its_headers(site: Site) -> None:
    with urllib.request.urlopen(site.url) as response:  # noqa: S310  # our own loopback address
        headers = response.headers

    assert headers["Content-Security-Policy"].startswith("default-src 'self'")
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["X-Content-Type-Options"] == "nosniff"


def test_the_apis_description_is_shown_offline_and_within_the_policy(
    open_page: OpenPage, site: Site
) -> None:
    page = open_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))

    page.goto(f"{site.url}api/v1/docs")

    tag = page.locator(".opblock-tag", has_text="stores")
    expect(tag).to_be_visible(timeout=SOON_MS)
    tag.click()
    expect(page.locator(".opblock", has_text="新建门店")).to_be_visible(timeout=SOON_MS)
    assert [url for url in asked if not url.startswith((site.url, "data:", "blob:"))] == []
