"""Logging in by WeChat against a loopback server: who is known, who is new, and forged returns."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client

from kaquan.customers.models import Customer, Identity
from kaquan.surfaces.wallet import entering, wechat
from kaquan.wallet.outside import Outside, WechatLogin
from tests.wallet.visiting import a_browser

pytestmark = pytest.mark.usefixtures("static_files", "database")


class _Handler(BaseHTTPRequestHandler):
    def log_message(self, *args: Any) -> None: ...

    def do_GET(self) -> None:
        asked = {name: one[0] for name, one in parse_qs(urlsplit(self.path).query).items()}
        good = (asked["appid"], asked["secret"]) == ("wx1", "s") and asked["code"] != "old"
        answer = {"openid": f"o-{asked['code']}"} if good else {"errcode": 40029}
        text = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)


@pytest.fixture(autouse=True)
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[WechatLogin]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    url = f"http://127.0.0.1:{server.server_address[1]}"
    told = WechatLogin("wx1", "s", f"{url}/authorize", f"{url}/token")
    monkeypatch.setattr(wechat, "outside", lambda: Outside(wechat=told))
    yield told
    server.shutdown()
    server.server_close()
    thread.join()


def asked_of(browser: Client, next_path: str = "") -> dict[str, str]:
    there = urlsplit(browser.get("/w/wechat", {"next": next_path}).headers["Location"])
    return {name: one[0] for name, one in parse_qs(there.query).items()}


def back(browser: Client, code: str, state: str) -> int:
    return browser.get("/w/wechat/back", {"code": code, "state": state}).status_code


def test_somebody_new_becomes_a_member_known_the_next_time_and_no_secret_is_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    for _ in range(2):
        browser = a_browser()
        asked = asked_of(browser)
        assert asked["appid"] == "wx1"
        assert asked["redirect_uri"].endswith("/w/wechat/back")

        assert back(browser, "abc", asked["state"]) == 302
        assert browser.get("/w/").status_code == 200

    assert "secret=" not in caplog.text
    assert Customer.objects.count() == 1
    assert Identity.objects.get().value == "o-abc"


def test_a_login_begun_in_wechats_browser_comes_back_to_its_page_and_goes_nowhere_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(entering, "outside", wechat.outside)
    inside = {"user-agent": "Mozilla/5.0 (iPhone) MicroMessenger/8.0.50(0x1800323d) Language/zh_CN"}
    assert "用微信登录" in a_browser().get("/w/login", headers=inside).content.decode()
    assert "用微信登录" not in a_browser().get("/w/login").content.decode()
    for asked, there in (("/w/c/abc", "/w/c/abc"), ("https://evil.example/w/", "/w/")):
        browser = a_browser()
        state = asked_of(browser, asked)["state"]
        answer = browser.get("/w/wechat/back", {"code": "abc", "state": state})
        assert answer.headers["Location"] == there


def test_a_return_that_this_browser_did_not_ask_for_lets_nobody_in() -> None:
    browser, other = a_browser(), a_browser()
    state = asked_of(other)["state"]

    assert back(browser, "abc", state) == 409
    asked_of(browser)
    assert back(browser, "abc", state) == 409
    assert back(browser, "old", asked_of(browser)["state"]) == 409
    assert Customer.objects.count() == 0
    assert "kaquan_wallet" not in browser.cookies
