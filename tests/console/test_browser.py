"""The console in a real Chromium: an operator's day, the keyboard, a phone, and nothing in anyone's
way."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.api.world import Side
from tests.builders.issuer import an_organisation
from tests.console.keys import addresses
from tests.console.people import an_operator, at
from tests.console.serving import as_user, chromium, hindrances, serving, session_of
from tests.fixtures_database import Database

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


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Playwright keeps an event loop in this thread, which Django's models would not work beside;
    nothing else uses it."""
    with pytest.MonkeyPatch.context() as patch, chromium() as launched:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        yield launched


@pytest.fixture
def site(database: Database, browser: Browser) -> Iterator[Site]:
    side = Side(an_organisation("总部", None))
    user = an_operator(side.organisation)
    list(addresses(side))  # everything is there
    with serving() as url:
        made = Site(side, url, session_of(user), browser, [])
        yield made
        for context in browser.contexts:
            context.close()
    assert [text for text in made.said if "status of 4" not in text] == []


@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (390, "light"), (1440, "dark")])
def test_nothing_serious_stands_in_anyones_way_on_any_screen(
    site: Site, width: int, scheme: str
) -> None:
    page = site.window(width, scheme).new_page()
    found = {}
    for name, address in addresses(site.side):
        if name == "job-file":
            continue
        page.goto(site.url + address)
        faults = hindrances(page)
        if not page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"):
            faults.append("it scrolls sideways")
        if faults:
            found[name] = faults

    assert found == {}
