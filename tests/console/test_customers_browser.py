"""In a real Chromium: the count of a segment follows what is typed, and nothing typed is lost."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from kaquan.customers.actions import create_customer
from kaquan.customers.models import Segment
from tests.builders.issuer import an_organisation, staff_of
from tests.console.people import an_operator, at
from tests.fixtures_database import Database
from tools.screens.serving import as_user, chromium, serving, session_of

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("static_files")]


@pytest.fixture
def browser() -> Iterator[Browser]:
    """Playwright keeps an event loop in this thread, which Django's models would not work beside;
    nothing else uses it."""
    with pytest.MonkeyPatch.context() as patch, chromium() as launched:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        yield launched


def test_the_count_follows_what_is_typed_and_steps_lose_none_of_it(
    database: Database, browser: Browser
) -> None:
    region = an_organisation("华东", an_organisation("总部", None))
    for number, tags in (("M-1", ["vip"]), ("M-2", ["vip", "沉睡"]), ("M-3", [])):
        create_customer(actor=staff_of(region), number=number, tags=tags)
    session = session_of(an_operator(region))
    with serving() as url:
        context = as_user(browser, url, session)
        page = context.new_page()
        page.goto(url + at("segment-new"))
        count = page.locator("#headcount")
        expect(count).to_contain_text("3")

        page.locator("#f-code").fill("active")
        page.locator("#f-name").fill("活跃会员")
        page.locator("button[value='add:0']").click()
        page.locator("[name='any.0-0']").fill("vip")
        page.locator("[name='any.0-0']").blur()
        expect(count).to_contain_text("2")
        page.locator("button[value='group:0']").click()
        page.locator("[name='mode.0-1']").select_option("none")
        page.locator("button[value='add:0-1']").click()
        page.locator("[name='any.0-1-0']").fill("沉睡")
        page.locator("[name='any.0-1-0']").blur()
        expect(count).to_contain_text("1")
        assert page.locator("#f-name").input_value() == "活跃会员"
        page.locator("button[value='save']").click()
        expect(page.locator("h1")).to_contain_text("活跃会员")
        expect(page.locator("table")).to_contain_text("M-1")
        context.close()

    assert Segment.objects.get().conditions["of"][1]["mode"] == "none"
