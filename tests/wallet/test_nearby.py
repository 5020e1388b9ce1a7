"""Stores near me: the phone gets the offer's stores and measures; its position is not sent."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext, expect

from kaquan.foundation.errors import KaquanError
from kaquan.foundation.imports import run_import
from kaquan.organisations.actions import create_store, update_store
from kaquan.organisations.coordinates import Position, read_position, written_degrees
from kaquan.organisations.imports import STORES
from kaquan.organisations.models import Store, StoreStatus
from kaquan.wallet.links import claim_by_link
from tests.builders.issuer import SYSTEM, an_organisation, import_rows
from tests.fixtures_database import Database
from tests.wallet.visiting import a_browser, a_link, a_member, a_phone_of
from tools.screens.serving import SOON_MS, chromium, hindrances, serving

pytestmark = pytest.mark.usefixtures("database")
BUND = Position(31_240_000, 121_490_000)


def test_stores_of_the_offer_are_listed_with_their_places_and_others_are_not() -> None:
    root = an_organisation("总部", None)
    east, west = an_organisation("华东", root), an_organisation("华西", root)
    for code, parent, position, status in (
        ("S1", east, BUND, StoreStatus.OPEN),
        ("S2", east, None, StoreStatus.OPEN),
        ("S3", east, BUND, StoreStatus.PAUSED),
        ("S4", west, BUND, StoreStatus.OPEN),
    ):
        create_store(actor=SYSTEM, code=code, name=code, parent_id=parent.id, position=position,
                     status=status, address="上海市黄浦区中山路 1 号", city="上海")  # fmt: skip
    link, customer = a_link(scope={"stores": {"exclude": [west.id]}}), a_member()
    serial = claim_by_link(customer=customer, token=link.token, once="a")

    public = a_browser().get(f"/w/c/{link.token}/stores").content
    own = a_phone_of(customer).get(f"/w/v/{serial}/stores").content

    where = "上海市黄浦区中山路 1 号"
    listed = [["S1", where, "", *BUND], ["S2", where, "", None, None]]
    assert json.loads(public) == {"stores": listed, "cut": False}
    assert own == public
    assert a_phone_of(a_member()).get(f"/w/v/{serial}/stores").status_code == 404
    assert "S4" not in a_browser().get(f"/w/c/{link.token}").content.decode()


def test_positions_are_brought_in_by_a_table_and_half_a_position_is_refused() -> None:
    row = {"code": "B1", "name": "店", "region": "华东", "latitude": "31.24", "longitude": "121.49"}
    alone = {"code": "B2", "name": "店二", "region": "华东", "latitude": "31.24"}
    swapped = {**row, "code": "B3", "latitude": "121.49", "longitude": "31.24"}

    report = run_import(STORES, [row, alone, swapped], actor=SYSTEM, commit=True)
    again = import_rows(STORES, [{"code": "B1", "name": "店"}])

    assert [one.reason.code for one in report.problems] == [
        "coordinate_alone",
        "degrees_out_of_range",
    ]
    assert again.unchanged == 1
    store = Store.objects.get()
    assert (store.latitude_microdegrees, store.longitude_microdegrees) == BUND


def test_a_position_that_is_none_changes_nothing() -> None:
    root = an_organisation("总部", None)
    create_store(actor=SYSTEM, code="S1", name="店", parent_id=root.id, position=BUND)

    for wrong in (Position(91_000_000, 0), Position(0, 180_000_001)):
        with pytest.raises(KaquanError) as refused:
            update_store(actor=SYSTEM, code="S1", position=wrong)
        assert refused.value.code == "value_invalid"
    for latitude, longitude in (("31.2", ""), ("x", "1"), ("nan", "1"), ("1e9", "1")):
        with pytest.raises(KaquanError):
            read_position(latitude, longitude)

    store = Store.objects.get()
    assert written_degrees(store.latitude_microdegrees) == "31.240000"
    assert read_position("３１.２４", "-121.49°") == (31_240_000, -121_490_000)


# Pairs that the package eviltransform publishes for its tests.
WGS = {"latitude": 31.1774276, "longitude": 121.5272106}
GCJ = Position(31_175_304, 121_531_542)


@pytest.fixture
def phone(database: Database) -> Iterator[BrowserContext]:
    with pytest.MonkeyPatch.context() as patch, chromium() as browser:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        context = browser.new_context(viewport={"width": 390, "height": 844}, locale="zh-CN")
        context.set_default_timeout(SOON_MS)
        yield context
        context.close()


@pytest.mark.browser
@pytest.mark.usefixtures("static_files")
def test_the_nearest_store_comes_first_and_the_position_stays_on_the_phone(
    phone: BrowserContext,
) -> None:
    root = an_organisation("总部", None)
    for code, position in (("远店", BUND), ("近店", GCJ)):
        create_store(actor=SYSTEM, code=code, name=code, parent_id=root.id, position=position)
    link = a_link()
    asked: list[str] = []
    phone.on("request", lambda one: asked.append(f"{one.url} {one.post_data or ''}"))

    with serving() as url:
        page = phone.new_page()
        page.goto(f"{url}/w/c/{link.token}")
        button = page.get_by_role("button", name="离我最近的门店")
        button.click()
        expect(page.locator("#near-told")).to_contain_text("没有获得位置许可")
        phone.grant_permissions(["geolocation"])
        phone.set_geolocation(WGS)
        button.click()
        expect(page.locator("#near-told")).to_have_text("已按距离排列。")

        rows = page.locator("#stores li")
        assert [rows.nth(place).locator("strong").inner_text() for place in (0, 1)] == [
            "近店",
            "远店",
        ]
        assert rows.nth(0).locator("span").first.inner_text() == "0 m"
        assert rows.nth(1).locator("span").first.inner_text() == "8.2 km"
        assert hindrances(page) == []
        page.get_by_label("按城市、区县或名称查找").fill("远")
        expect(rows).to_have_text(["远店"])
        page.get_by_label("按城市、区县或名称查找").fill("没有这家")
        expect(page.locator("#found-told")).to_have_text("没有找到这样的门店。")
        phone.close()
    assert [one for one in asked if "31.17" in one or "121.5" in one] == []
