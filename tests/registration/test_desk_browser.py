"""Twenty slips in a real Chromium, by the keyboard alone."""

from __future__ import annotations

from contextlib import closing

import pytest
from playwright.sync_api import Browser, Page, expect

from kaquan.redemption.codes import code_book
from kaquan.registration.models import Slip
from tests.console.people import an_operator, at
from tests.fixtures_database import Database
from tests.registration.slips import a_bundle, a_side, serial_at
from tests.registration.test_desk_screens import an_hour_ago
from tools.screens.serving import as_user, hindrances, serving, session_of

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("static_files")]
SLIPS = 20


def enter(page: Page, *texts: str) -> None:
    """Type into the field that has the focus, and go on with Enter; None leaves it as it is."""
    for text in texts:
        if text:
            page.keyboard.insert_text(text)
        page.keyboard.press("Enter")


def test_twenty_slips_are_registered_by_the_keyboard_alone(
    database: Database, browser: Browser
) -> None:
    side = a_side()
    bundle = a_bundle(side, slips=SLIPS, amount_fen=SLIPS * 10_000)
    session = session_of(an_operator(side.organisation))
    at_time, store = an_hour_ago(), side.store.organisation.code
    with serving() as url, closing(as_user(browser, url, session)) as context:
        page = context.new_page()
        page.goto(url + at("registration-entry", key=bundle.id))
        assert hindrances(page) == []
        for index in range(SLIPS):
            serial = serial_at(side, index)
            code = code_book().encode(serial)
            expect(page.locator("#f-number")).to_be_focused()
            # Some by serial and the end of the code, others by the code alone.
            enter(page, *((str(serial), code[-4:]) if index % 2 else (code,)))
            enter(page, "王敏", f"1380013{index:04}", at_time, "100", "" if index else store)
            # Asking now and then whether the next page is there would take longer than the page.
            with page.expect_navigation(wait_until="domcontentloaded"):
                enter(page, "" if index else "李娜")
            expect(page.locator("tbody tr").first).to_contain_text(str(serial))
        page.goto(url + at("bundle", key=bundle.id))
        page.get_by_role("link", name="封捆").click()
        page.get_by_role("dialog").get_by_role("button", name="封捆").click()
        expect(page.get_by_role("heading", level=1)).to_contain_text("已封捆")

    slips = Slip.objects.filter(bundle=bundle, state="registered")
    assert slips.count() == SLIPS
    assert set(slips.values_list("clerk", flat=True)) == {"李娜"}
    assert slips.values("customer").distinct().count() == SLIPS
