"""Login in a real Chromium, served by ``kaquan up`` itself, under its strict policy."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.programs import start_program
from tests.session_folder import copy_home, remove_home

pytestmark = pytest.mark.browser

STOP_S = 60
OWN_PASSWORD = "a long and quiet river"


@dataclass(frozen=True)
class Site:
    """A running installation with one person, whose password is temporary."""

    url: str
    password: str


@pytest.fixture(scope="module")
def site(session_folder: Path, pristine_home: Path) -> Iterator[Site]:
    """``kaquan up`` on a free port."""
    configuration = copy_home(pristine_home, session_folder / f"login-{uuid4().hex[:8]}")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {**os.environ, **configuration.environment(), "KAQUAN_HTTP_PORT": str(port)}
    command = [sys.executable, "-m", "kaquan"]
    server = start_program(
        "-m", "kaquan", "up", env=environment, stderr=subprocess.PIPE, encoding="utf-8"
    )
    assert server.stderr is not None
    try:
        assert any("Kaquan is up" in line for line in server.stderr)
        made = subprocess.run(
            [*command, "staff", "create", "zhang", "张三", "--role", "finance", "--json"],
            env=environment,
            stdout=subprocess.PIPE,
            check=True,
        )
        # Passkeys belong to names, not to addresses.
        yield Site(f"http://localhost:{port}", json.loads(made.stdout)["temporary_password"])
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(STOP_S)
        server.stderr.close()
        remove_home(configuration)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """The Chromium that CHROMIUM names, or the system's."""
    path = os.environ.get("CHROMIUM") or shutil.which("chromium")
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield launched
        launched.close()


@pytest.fixture
def open_page(chromium: Browser) -> Iterator[Callable[..., Page]]:
    """Opens a window; what its console says must be nothing."""
    contexts, said = [], []

    def open_(width: int = 1440, scheme: str = "light") -> Page:
        context = chromium.new_context(
            viewport={"width": width, "height": 900},
            color_scheme=scheme,  # type: ignore[arg-type]
            locale="zh-CN",
        )
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        return page

    yield open_
    for context in contexts:
        context.close()
    # What Chromium recommends to forms is no fault.
    assert [text for text in said if "ERR_" not in text and "[DOM]" not in text] == []


def log_in(page: Page, site: Site, password: str) -> None:
    page.goto(f"{site.url}/accounts/login/")
    page.get_by_label("用户名").fill("zhang")
    page.get_by_label("密码", exact=True).fill(password)
    page.get_by_role("button", name="登录", exact=True).click()


def serious(page: Page) -> list[str]:
    """What stands in someone's way on this page, seriously."""
    found: list[dict[str, Any]] = Axe().run(page).response["violations"]
    return [
        f"{one['id']}: {[node['target'] for node in one['nodes']][:5]}"
        for one in found
        if one["impact"] in ("serious", "critical")
    ]


def test_from_a_temporary_password_to_a_passkey(
    site: Site, open_page: Callable[..., Page], tmp_path: Path
) -> None:
    page = open_page()
    devices = page.context.new_cdp_session(page)
    devices.send("WebAuthn.enable")
    devices.send(
        "WebAuthn.addVirtualAuthenticator",
        {
            "options": {
                "protocol": "ctap2",
                "transport": "internal",
                "hasResidentKey": True,
                "hasUserVerification": True,
                "isUserVerified": True,
                "automaticPresenceSimulation": True,
            }
        },
    )
    log_in(page, site, site.password)

    page.goto(f"{site.url}/")  # the way is barred until the password is one's own
    expect(page.get_by_text("临时密码")).to_be_visible()
    assert serious(page) == []
    boxes = page.locator("input[type=password]")
    for box, text in enumerate((site.password, OWN_PASSWORD, OWN_PASSWORD)):
        boxes.nth(box).fill(text)
    page.locator("main form button").click()

    page.goto(f"{site.url}/")  # a role in finance asks for a second factor
    expect(page).to_have_url(f"{site.url}/accounts/2fa/")
    expect(page.get_by_text("您的角色要求二次验证")).to_be_visible()
    assert serious(page) == []
    page.goto(f"{site.url}/accounts/2fa/webauthn/add/")
    page.locator("input[type=password]").fill(OWN_PASSWORD)
    page.locator("main form button").click()
    page.locator("input[type=checkbox]").check()
    page.locator("#mfa_webauthn_add").click()
    expect(page).not_to_have_url(f"{site.url}/accounts/2fa/webauthn/add/")

    page.goto(f"{site.url}/")
    expect(page).to_have_url(f"{site.url}/")
    page.goto(f"{site.url}/accounts/logout/")
    page.locator("main form button").click()
    page.goto(f"{site.url}/accounts/login/")
    page.locator("#passkey_login").click()
    page.wait_for_url(lambda url: "/accounts/login" not in url)
    page.goto(f"{site.url}/accounts/sessions/")
    expect(page.get_by_role("main")).to_contain_text("127.0.0.1")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1440])
def test_nothing_serious_stands_before_the_door(
    site: Site, open_page: Callable[..., Page], width: int, scheme: str
) -> None:
    page = open_page(width, scheme)

    page.goto(f"{site.url}/accounts/login/")

    assert serious(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
