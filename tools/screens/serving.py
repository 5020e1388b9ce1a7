"""The console served from this process, and a Chromium to look at it with."""

from __future__ import annotations

import os
import shutil
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from axe_playwright_python.base import AXE_SCRIPT  # type: ignore[import-untyped]
from django.conf import settings
from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler
from django.core.wsgi import get_wsgi_application
from django.db import connections
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

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self._taken: set[socket.socket] = set()
        super().__init__(*arguments, **options)

    def get_request(self) -> Any:
        taken = super().get_request()
        self._taken.add(taken[0])
        return taken

    def shutdown_request(self, request: Any) -> None:
        self._taken.discard(request)
        super().shutdown_request(request)

    def server_close(self) -> None:
        """Also where a browser keeps connections open: nobody reads from them any more."""
        for taken in list(self._taken):
            with suppress(OSError):
                taken.shutdown(socket.SHUT_RD)
        super().server_close()


@contextmanager
def serving(port: int = 0) -> Iterator[str]:
    """The console's server, as the address before the paths; on a port of its own, or that one.

    As in earnest, a session of the database serves more than one request: here each is its
    connection's, and ends with it.
    """
    server = _Server(("127.0.0.1", port), _Quiet, connections_override=None)
    server.set_app(get_wsgi_application())
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    database = connections.settings["default"]
    age_before_s = database["CONN_MAX_AGE"]
    database["CONN_MAX_AGE"] = None
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
        database["CONN_MAX_AGE"] = age_before_s


@contextmanager
def chromium(*arguments: str) -> Iterator[Browser]:
    """The Chromium that CHROMIUM names, or the system's; beside it Django needs its permission.

    Django keeps what it opens beside Playwright's event loop within that, and nobody finds it when
    the loop has ended.
    """
    path = os.environ.get("CHROMIUM") or shutil.which("chromium")
    with sync_playwright() as playwright:
        args = ["--no-sandbox", *arguments]
        launched = playwright.chromium.launch(executable_path=path, args=args)
        try:
            yield launched
        finally:
            connections.close_all()
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


#: Runs axe; its findings, but those that are moderate or minor: rules that find no others are not
#: run. How to name where it found them is worked out only when there is something to name.
_RUN_AXE = """async () => {
  const isSerious = (one) => ["serious", "critical"].includes(one.impact);
  const serious = (found) => found.violations.filter(isSerious);
  // What a rule finds has the rule's impact, where it has one.
  const spared = axe._audit.rules.filter((one) => one.impact && !isSerious(one));
  const rules = Object.fromEntries(spared.map((one) => [one.id, { enabled: false }]));
  const options = { resultTypes: ["violations"], rules };
  const quick = { ...options, selectors: false, elementRef: false };
  if (!serious(await axe.run(document, quick)).length) return [];
  return serious(await axe.run(document, options)).map(
    (one) => `${one.id}: ${one.nodes.slice(0, 4).map((node) => node.target.join(" "))}`
  );
}"""


def hindrances(page: Page) -> list[str]:
    """What stands in somebody's way: axe's serious and critical findings."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(f"{AXE_SCRIPT}\nnull")  # else the whole of axe would come back as the answer
    found: list[str] = page.evaluate(_RUN_AXE)
    return found
