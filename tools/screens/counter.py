"""Pictures of the counter as a clerk's phone shows it: scanning, green, red, today, no network."""

from __future__ import annotations

import secrets
import sys
import tempfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

from playwright.sync_api import Page, expect

from kaquan.campaigns.actions import add_batch, create_campaign
from kaquan.campaigns.models import CampaignBatch
from kaquan.foundation import clock
from kaquan.foundation.actor import system_actor
from kaquan.ledger.custody import serial_runs
from kaquan.ledger.sessions import reading_session
from kaquan.offers.actions import create_offer
from kaquan.offline.signing import signed_code
from kaquan.organisations.issuer_settings import OFFLINE_ONLINE_PERCENT, change_settings
from kaquan.organisations.models import Store, Terminal, TerminalKind
from kaquan.organisations.staffing import create_terminal
from kaquan.redemption.codes import new_code
from kaquan.staff.actions import create_staff
from kaquan.staff.granting import grant_role
from kaquan.terminals.registering import make_registration_code
from tools.screens.camera import arguments, feed
from tools.screens.serving import SOON_MS, chromium

NAMES = ("home", "typing", "scan", "green", "red", "several", "today", "shift", "offline")
WIDTH, HEIGHT = 390, 844
ACTOR = system_actor("screens")
_LOOKS_ONLY = """() => {
  window.BarcodeDetector = class {
    static async getSupportedFormats() { return ["qr_code", "code_128", "ean_13"]; }
    detect() { return new Promise(() => {}); }
  };
}"""
"""A reader that never finds anything: so the camera is seen with a code before it."""
CAMPAIGN = "counter-screens"


class Clerk(NamedTuple):
    """Somebody who may log in at a terminal that waits for its device."""

    terminal: Terminal
    registration_code: str
    username: str
    password: str


def take_counter(url: str, folder: Path, names: set[str]) -> None:
    """Take those that are named, all without names; each is ``counter-NAME-390.png``."""
    wanted = {f"counter-{name}" for name in NAMES}
    if names and not names & wanted:
        return
    exchange = {"kind": "exchange", "goods": {"skus": ["TEA"]}, "value_cap_fen": 1_500}
    codes = codes_of_a_batch("exchange", exchange, 3)
    amount_off = {"kind": "amount_off", "amount_fen": 2_000}
    change_settings(actor=ACTOR, values={OFFLINE_ONLINE_PERCENT.name: 0}, expected={})
    offline = codes_of_a_batch("offline", amount_off, 2, offline_use=True)
    with tempfile.TemporaryDirectory(prefix="kaquan-camera-") as temporary:
        film = Path(temporary) / "camera.y4m"
        feed(film, codes[0])
        with chromium(*arguments(film)) as browser:
            context = browser.new_context(
                viewport={"width": WIDTH, "height": HEIGHT}, locale="zh-CN",
                permissions=["camera"], device_scale_factor=2,
            )  # fmt: skip
            context.set_default_timeout(SOON_MS)
            page = context.new_page()

            def shot(name: str) -> None:
                if names and f"counter-{name}" not in names:
                    return
                page.screenshot(path=folder / f"counter-{name}-{WIDTH}.png")
                sys.stdout.write(f"counter-{name}-{WIDTH}\n")

            begin(page, url, a_clerk())
            _with_a_network(page, shot, codes)
            page.wait_for_function("() => navigator.serviceWorker.controller !== null")
            context.set_offline(True)
            _without_one(page, shot, offline)
            context.close()


def begin(page: Page, url: str, clerk: Clerk) -> None:
    """Register a browser as a terminal and log its clerk in."""
    page.goto(f"{url}/counter/")
    page.get_by_label("登记码").fill(clerk.registration_code)
    page.get_by_role("button", name="登记", exact=True).click()
    page.locator("#login-name").fill(clerk.username)
    page.locator("#login-secret").fill(clerk.password)
    page.get_by_role("button", name="登录", exact=True).click()
    expect(page.get_by_role("button", name="扫码核销")).to_be_visible()


def _with_a_network(page: Page, shot: Callable[[str], None], codes: list[str]) -> None:
    shot("home")
    page.get_by_label("或输入券码").fill(codes[0][:-1])
    shot("typing")
    page.get_by_label("或输入券码").fill("")
    page.evaluate(_LOOKS_ONLY)
    page.get_by_role("button", name="扫码核销").click()
    page.wait_for_function("() => document.getElementById('camera').currentTime > 0")
    shot("scan")
    page.get_by_role("button", name="取消").click()
    _type(page, codes[0])
    expect(page.get_by_role("heading", name="核销成功")).to_be_visible()
    shot("green")
    page.get_by_role("button", name="下一张").click()
    _type(page, codes[0])
    expect(page.get_by_role("heading", name="不能核销")).to_be_visible()
    shot("red")
    page.get_by_role("button", name="下一张").click()
    page.get_by_label("一单多券").check()
    _type(page, codes[1])
    expect(page.locator("#vouchers li")).to_have_count(1)
    page.get_by_role("button", name="再扫一张").click()
    page.get_by_role("button", name="取消").click()
    shot("several")
    page.locator("#redeem").click()
    page.get_by_role("button", name="下一张").click()
    page.get_by_label("一单多券").uncheck()
    page.get_by_role("button", name="今日").click()
    expect(page.locator("#done li").first).to_be_visible()
    shot("today")
    page.get_by_role("button", name="交班").click()
    expect(page.locator("#totals div").first).to_be_visible()
    shot("shift")
    page.locator("#bar").get_by_role("button", name="核销").click()


def _without_one(page: Page, shot: Callable[[str], None], codes: list[str]) -> None:
    for code in codes:
        _type(page, code)
        expect(page.get_by_role("heading", name="已离线核销")).to_be_visible()
        page.get_by_role("button", name="下一张").click()
    page.get_by_role("button", name="今日").click()
    expect(page.locator("#done li").first).to_be_visible()
    shot("offline")


def _type(page: Page, code: str) -> None:
    page.get_by_label("或输入券码").fill(code)
    page.get_by_role("button", name="核销这个券码").click()


def a_clerk() -> Clerk:
    """A new clerk at a new terminal of the first store."""
    at, store = clock.now(), Store.objects.select_related("organisation").order_by("pk").first()
    assert store is not None, "the demo issuer has stores"
    name = f"clerk-{secrets.token_hex(3)}"
    terminal = create_terminal(
        actor=ACTOR, code=name.upper(), store_code=store.organisation.code, kind=TerminalKind.PHONE
    )
    password = secrets.token_urlsafe(16)
    made = create_staff(
        actor=ACTOR, username=name, name="王小明", at=at, organisation_id=store.pk,
        password=password,
    )  # fmt: skip
    grant_role(
        actor=ACTOR, user_id=made.user.id, role_code="clerk", organisation_id=store.pk, at=at
    )
    code = make_registration_code(actor=ACTOR, terminal_id=terminal.pk, at=at)
    return Clerk(terminal, code, name, password)


def codes_of_a_batch(name: str, benefit: dict[str, Any], quantity: int, **terms: Any) -> list[str]:
    """Codes of a batch of its own; signed ones where its terms allow them."""
    batch = _batch(f"{CAMPAIGN}-{name}-{secrets.token_hex(3)}", benefit, quantity, terms)
    (run,) = serial_runs(reading_session(), batch.pk)
    if not terms.get("offline_use"):
        return [new_code(serial) for serial in run]
    return [
        signed_code(batch_id=batch.pk, offer_version=batch.offer_version_id, serial=serial) or ""
        for serial in run
    ]


def _batch(
    code: str, benefit: dict[str, Any], quantity: int, terms: dict[str, Any]
) -> CampaignBatch:
    at = clock.now()
    days = {"first_day": str(at.date() - timedelta(days=2)),
            "last_day": str(at.date() + timedelta(days=30))}  # fmt: skip
    title = "雀港茶饮兑换券" if benefit["kind"] == "exchange" else "雀港茶饮 20 元券"
    version = create_offer(
        actor=ACTOR, code=code, name=title, at=at,
        terms={"benefit": benefit, "validity": {"range": {"kind": "fixed_range", **days}}} | terms,
    )  # fmt: skip
    campaign = create_campaign(
        actor=ACTOR, code=code, name=title, kind="拉新", starts_at=at - timedelta(days=1),
        ends_at=at + timedelta(days=30),
    )  # fmt: skip
    return add_batch(
        actor=ACTOR, campaign_id=campaign.id, name=title, version_id=version.id,
        quantity=quantity, at=at, by_code=True,
    )  # fmt: skip
