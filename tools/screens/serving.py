"""The console served from this process, and a Chromium to look at it with."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from django.conf import settings
from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler
from django.core.wsgi import get_wsgi_application
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from kaquan.staff.models import StaffUser

SOON_MS = 15_000


class _Quiet(WSGIRequestHandler):
    """Says nothing of each request."""

    def log_message(self, *args: Any) -> None: ...


class _Server(ThreadedWSGIServer):
    """Waits for its threads, so that none works on the database of the next test."""

    daemon_threads = False
    block_on_close = True


@contextmanager
def serving() -> Iterator[str]:
    """The console's server, as the address before the paths."""
    server = _Server(("127.0.0.1", 0), _Quiet, connections_override=None)
    server.set_app(get_wsgi_application())
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def chromium() -> Iterator[Browser]:
    """The Chromium that CHROMIUM names, or the system's."""
    path = os.environ.get("CHROMIUM") or shutil.which("chromium")
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield launched
        launched.close()


def session_of(user: StaffUser) -> str:
    """The cookie of somebody who has just logged in."""
    client = Client()
    client.force_login(user)
    return client.cookies[settings.SESSION_COOKIE_NAME].value


def as_user(
    browser: Browser, url: str, session: str, *, width: int = 1440, scheme: str = "light",
    locale: str = "zh-CN",
) -> BrowserContext:  # fmt: skip
    """A window of somebody who has logged in."""
    context = browser.new_context(
        viewport={"width": width, "height": 900},
        color_scheme=scheme,  # type: ignore[arg-type]
        locale=locale,
    )
    context.set_default_timeout(SOON_MS)
    context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": url}])
    return context


def hindrances(page: Page) -> list[str]:
    """What stands in somebody's way: axe's serious and critical findings."""
    found = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    return [
        f"{one['id']}: {[node['target'] for node in one['nodes']][:4]}"
        for one in found
        if one["impact"] in ("serious", "critical")
    ]
