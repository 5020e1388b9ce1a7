"""Every screen in a real Chromium: nothing in anyone's way, on a desk, a tablet or a phone."""

from __future__ import annotations

from itertools import cycle

import pytest

from tests.console.keys import FILES, addresses
from tests.console.people import at
from tests.console.test_browser import Site, site
from tools.screens.in_place import cramped, widen, write
from tools.screens.serving import hindrances

__all__ = ["site"]
pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("static_files")]

MENU = "#side"
#: Widths and grounds, each screen in one of them in turn; a screen more moves all by one.
LOOKS = ((1440, "light"), (390, "light"), (1440, "dark"), (390, "dark"))
TABLET = 1024


class Window:
    """Shows one screen after the other, at its own width and at a tablet's."""

    def __init__(self, site: Site, width: int, scheme: str) -> None:
        self._page = site.window(width, scheme).new_page()
        self._page.goto(site.url + at("home"))
        self._url, self._width, self._is_narrowed = site.url, width, False
        self._menu = self._menu_now()
        self.faults_of_home = hindrances(self._page)

    def faults_of(self, address: str) -> list[str]:
        status = write(self._page, self._url + address)
        faults = [] if status == 200 else [f"answers {status}"]
        # The width that it has from the screen before comes first: a change takes the longest.
        for narrows in (self._is_narrowed, not self._is_narrowed):
            if narrows != self._is_narrowed:
                widen(self._page, TABLET if narrows else self._width)
                self._is_narrowed = narrows
            faults += cramped(self._page, but_for=MENU)
            if not narrows:
                self._drop_known_menu()
                faults += hindrances(self._page)
        return faults

    def _drop_known_menu(self) -> None:
        """What is the same on each page is looked at once: it takes half of the time."""
        if self._menu_now() == self._menu:
            self._page.evaluate("document.querySelector('#side').replaceChildren()")

    def _menu_now(self) -> str:
        text: str = self._page.evaluate("document.querySelector('#side').textContent")
        return text


def test_nothing_serious_stands_in_anyones_way_on_any_screen(site: Site) -> None:
    first = {}
    for name, address in addresses(site.side):
        first.setdefault(name.partition(":")[0], address)  # a screen's tabs are of the same parts
    for name in FILES:
        first.pop(name)
    windows = [Window(site, width, scheme) for width, scheme in LOOKS]

    found = {
        name: window.faults_of(address)
        for (name, address), window in zip(first.items(), cycle(windows), strict=False)
    }

    assert [window.faults_of_home for window in windows] == [[]] * len(LOOKS)
    assert {name: faults for name, faults in found.items() if faults} == {}


def test_what_stands_in_the_way_is_named_on_a_page_that_was_written_over_another(
    site: Site,
) -> None:
    """The control: a check that sees nothing would find nothing."""
    page = site.open("campaigns", 390)
    write(page, site.url + at("stores"))
    assert hindrances(page) == []
    assert cramped(page, but_for=MENU) == []

    page.evaluate(
        """() => {
          const content = document.querySelector("#content");
          const faulty = '<p id="faint">看不清</p><input id="nameless"><a id="far" href="/">远</a>';
          content.insertAdjacentHTML("beforeend", faulty);
          document.querySelector("#faint").style.cssText = "color: #ddd; background: #fff";
          document.querySelector("#far").style.cssText = "position: relative; left: 700px";
        }"""
    )

    named = " ".join(hindrances(page))
    assert "color-contrast: #faint" in named
    assert "label: #nameless" in named
    assert "out of sight: 远" in cramped(page, but_for=MENU)
