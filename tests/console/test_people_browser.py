"""Places in a real Chromium: a row is dragged, names are completed, districts follow cities."""

from __future__ import annotations

from contextlib import closing

import pytest
from playwright.sync_api import Browser, expect

from kaquan.organisations.models import Organisation
from tests.api.world import Side
from tests.builders.issuer import a_store, an_organisation
from tests.console.people import an_operator, at
from tests.fixtures_database import Database
from tools.screens.serving import as_user, serving, session_of

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("static_files")]


def test_a_store_is_dragged_to_another_city_and_its_new_form_follows_the_province(
    database: Database, browser: Browser
) -> None:
    side = Side(an_organisation("总部", None))
    first = an_organisation("杭州", side.organisation)
    second = an_organisation("宁波", side.organisation)
    store = a_store(first).organisation
    session = session_of(an_operator(side.organisation))
    with serving() as url, closing(as_user(browser, url, session)) as context:
        page = context.new_page()
        page.goto(f"{url}{at('organisations')}?node={side.organisation.id}")
        page.get_by_role("row", name="杭州").drag_to(page.get_by_role("row", name="宁波"))
        question = page.get_by_role("dialog")
        expect(question).to_contain_text("将“杭州”（下级组织 1 个）")
        question.get_by_role("button", name="移动").click()
        expect(page.get_by_role("heading", level=1)).to_contain_text("宁波")
        expect(page.get_by_role("row", name="杭州")).to_be_visible()

        page.goto(f"{url}{at('store-new')}")
        page.get_by_label("编码").fill("B1")
        page.get_by_label("所属").press_sequentially("ningb")
        expect(page.locator("datalist option")).to_have_count(1)
        page.get_by_label("省份").select_option(label="浙江省")
        page.get_by_label("城市").select_option(label="宁波市")
        expect(page.get_by_label("区县").locator("option")).not_to_have_count(1)
        page.get_by_label("区县").select_option(label="海曙区")
        expect(page.get_by_label("编码")).to_have_value("B1")

    assert Organisation.objects.get(id=first.id).parent == second
    assert Organisation.objects.get(id=store.id).path.startswith(second.path)
