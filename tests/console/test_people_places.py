"""The tree, stores and who serves in them, worked on screens; tables of stores brought in."""

from __future__ import annotations

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from kaquan.foundation.configuration import current_configuration
from kaquan.organisations.actions import create_organisation
from kaquan.organisations.models import Clerk, Organisation, OrganisationKind, Store, Terminal
from kaquan.organisations.searching import written_node
from tests.api.world import Side
from tests.builders.issuer import SYSTEM, a_store, an_organisation
from tests.console.people import a_browser, an_operator, at
from tests.fixtures_database import Database

pytestmark = pytest.mark.usefixtures("static_files")
SHEET = "门店编码,门店名称,地址\nN1,武林店,延安路 1 号\nN2,,\n"


@pytest.fixture
def side(database: Database) -> Side:
    return Side(an_organisation("总部", None))


@pytest.fixture
def browser(side: Side) -> Client:
    return a_browser(an_operator(side.organisation))


def a_city(side: Side, name: str) -> Organisation:
    return create_organisation(
        actor=SYSTEM, kind=OrganisationKind.CITY, code=None, name=name,
        parent_id=side.organisation.id,
    )  # fmt: skip


def a_file(text: str, name: str = "stores.csv") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, text.encode())


def test_a_node_is_found_by_pinyin_on_the_page_and_by_the_script(
    side: Side, browser: Client
) -> None:
    city = a_city(side, "杭州")
    foreign = an_organisation("杭嘉湖", None)

    page = browser.get(at("organisations") + "?words=hangzhou").content.decode()
    told = browser.get(
        at("organisations") + "?words=h", headers={"accept": "application/json"}
    ).json()

    assert city.code in page
    assert foreign.code not in page
    assert {"value": written_node(city), "above": side.organisation.name} in told["nodes"]
    assert foreign.name not in str(told)


def test_a_node_is_moved_after_a_question_that_names_both(side: Side, browser: Client) -> None:
    first, second = a_city(side, "杭州"), a_city(side, "宁波")
    store = a_store(first).organisation
    address = at("organisation-move", key=store.id)

    where = browser.get(address, {"place": written_node(second)})
    question = browser.get(where.headers["Location"]).content.decode()
    assert f"将“{store.name}”（下级组织 0 个）从“杭州”移到“宁波”之下" in question
    store.refresh_from_db()
    assert store.parent == first
    done = browser.post(where.headers["Location"], {}, follow=True).content.decode()

    store.refresh_from_db()
    assert store.parent == second
    assert store.path == f"{second.path}{store.id}."
    assert "已将" in done
    for page in (at("organisation", key=store.id), at("store", key=store.id)):
        history = browser.get(f"{page}?tab=changes").content.decode()
        assert "移动" in history
        assert "所属组织" in history


def test_what_cannot_stand_there_is_refused_in_words_and_stays(side: Side, browser: Client) -> None:
    city = a_city(side, "杭州")
    store = a_store(city)
    before = list(Organisation.objects.order_by("id").values())
    inside = at("organisation-move", key=side.organisation.id) + f"?to={city.id}"

    below_store = at("organisation-move", key=city.id) + f"?to={store.pk}"
    answers = [browser.post(one, {}) for one in (below_store, inside)]
    unknown = browser.get(at("organisation-move", key=city.id), {"place": "没有这里"})

    assert [one.status_code for one in answers] == [409, 409]
    assert "不能放在那里" in answers[0].content.decode()
    assert "没有组织" in unknown.content.decode()
    assert list(Organisation.objects.order_by("id").values()) == before


def test_nobody_moves_a_node_out_of_their_part_or_into_it(side: Side, browser: Client) -> None:
    foreign = an_organisation("别处", None)

    out = browser.post(at("organisation-move", key=side.store.pk) + f"?to={foreign.id}", {})
    into = browser.post(at("organisation-move", key=foreign.id) + f"?to={side.organisation.id}", {})

    assert (out.status_code, into.status_code) == (404, 404)
    assert Organisation.objects.get(id=side.store.pk).parent == side.organisation


def test_a_node_is_added_below_the_one_that_was_open_and_renamed(
    side: Side, browser: Client
) -> None:
    form = browser.get(at("organisation-new") + f"?parent={side.organisation.id}")
    assert written_node(side.organisation) in form.content.decode()

    browser.post(
        at("organisation-new"),
        {"parent": side.organisation.code, "kind": "city", "name": "温州"},
    )
    node = Organisation.objects.get(name="温州")
    browser.post(at("organisation-action", key=node.id, action="rename"), {"name": "温州市"})

    node.refresh_from_db()
    assert (node.name, node.parent, node.kind) == ("温州市", side.organisation, "city")


def test_cities_follow_from_the_province_without_any_script(side: Side, browser: Client) -> None:
    typed = {"code": "W1", "name": "西湖店", "parent": side.organisation.code, "address": "曙光路"}

    cities = browser.post(
        at("store-new"), {**typed, "province_code": "330000", "narrow": "yes"}
    ).content.decode()
    assert '<option value="330100">杭州市</option>' in cities
    assert 'value="曙光路"' in cities
    assert not Store.objects.filter(organisation__code="W1").exists()
    districts = browser.post(
        at("store-new"),
        {**typed, "province_code": "330000", "city_code": "330100", "narrow": "yes"},
    ).content.decode()
    assert '<option value="330106">西湖区</option>' in districts
    turned = browser.post(
        at("store-new"),
        {**typed, "province_code": "310000", "city_code": "330100", "narrow": "yes"},
    ).content.decode()
    assert "330106" not in turned

    chosen = {"province_code": "330000", "city_code": "330100", "district_code": "330106"}
    hours = {f"hours_{day}": "9:00-21:00" for day in range(1, 6)}
    browser.post(at("store-new"), {**typed, **chosen, **hours})

    store = Store.objects.get(organisation__code="W1")
    assert (store.province, store.city, store.district) == ("浙江省", "杭州市", "西湖区")
    page = browser.get(at("store", key=store.pk)).content.decode()
    assert "09:00–21:00" in page
    edit = browser.get(at("store-edit", key=store.pk)).content.decode()
    assert "现为：" not in edit
    Store.objects.filter(pk=side.store.pk).update(city="苏州", division_code="")
    assert "现为：苏州" in browser.get(at("store-edit", key=side.store.pk)).content.decode()
    assert '<option value="330106" selected>西湖区</option>' in edit
    assert 'value="09:00–21:00"' in edit


def test_hours_that_cannot_be_are_told_and_nothing_is_lost(side: Side, browser: Client) -> None:
    before = Store.objects.filter(pk=side.store.pk).values().get()

    answer = browser.post(
        at("store-edit", key=side.store.pk), {"hours_2": "21-9", "address": "新址"}
    )

    assert answer.status_code == 409
    assert "周二" in answer.content.decode()
    assert 'value="新址"' in answer.content.decode()
    assert Store.objects.filter(pk=side.store.pk).values().get() == before


def test_a_clerk_and_a_terminal_are_added_and_changed(side: Side, browser: Client) -> None:
    store = side.store
    browser.post(at("clerk-new", key=store.pk), {"staff_no": "E-1", "name": "小李"})
    browser.post(at("terminal-new", key=store.pk), {"code": "T-1", "kind": "till"})
    clerk, terminal = Clerk.objects.get(staff_no="E-1"), Terminal.objects.get(code="T-1")
    other = a_store(side.organisation)

    page = browser.get(at("store", key=store.pk) + "?tab=clerks").content.decode()
    assert at("clerk-edit", key=clerk.id) in page
    browser.post(
        at("clerk-edit", key=clerk.id), {"name": "李四", "organisation": other.organisation.code}
    )
    browser.post(
        at("terminal-edit", key=terminal.id),
        {"store": other.organisation.code, "kind": "kiosk", "active": "on"},
    )

    clerk.refresh_from_db()
    terminal.refresh_from_db()
    assert (clerk.name, clerk.organisation_id, clerk.active) == ("李四", other.pk, False)
    assert (terminal.kind, terminal.store_id, terminal.active) == ("kiosk", other.pk, True)


def test_a_table_of_stores_is_tried_first_and_then_brought_in(side: Side, browser: Client) -> None:
    tried = browser.post(at("store-import"), {"file": a_file(SHEET)}).content.decode()
    assert not Store.objects.filter(organisation__code="N1").exists()
    assert "此列必填" in tried
    (kept,) = re.findall(r'name="kept" value="([^"]+)"', tried)
    refused = browser.get(at("store-import"), {"refused": kept})
    assert "3,门店名称 name,," in refused.getvalue().decode()
    refused.close()

    stranger = a_browser(an_operator(side.organisation))
    assert stranger.post(at("store-import"), {"kept": kept}).status_code == 409
    assert stranger.get(at("store-import"), {"refused": kept}).status_code == 404
    done = browser.post(at("store-import"), {"kept": kept}, follow=True).content.decode()
    again = browser.post(at("store-import"), {"kept": kept})

    assert "已导入：新增 1，更新 0，未通过 1。" in done
    assert again.status_code == 409
    assert not list((current_configuration().home / "uploads").glob(f"{kept}*"))


def test_a_tree_is_brought_in_below_ones_own_part_by_a_page(side: Side, browser: Client) -> None:
    sheet = "编码,名称,上级编码\nQ2,湖南路商圈,Q1\nQ1,鼓楼片区,\n"
    tried = browser.post(at("organisation-import"), {"file": a_file(sheet)}).content.decode()
    assert not Organisation.objects.filter(code="Q1").exists()
    (kept,) = re.findall(r'name="kept" value="([^"]+)"', tried)

    done = browser.post(at("organisation-import"), {"kept": kept}, follow=True).content.decode()

    assert "已导入：新增 2，更新 0，未通过 0。" in done
    above = Organisation.objects.get(code="Q2").parent
    assert above is not None
    assert (above.code, above.parent) == ("Q1", side.organisation)


def test_a_file_that_is_no_table_of_stores_is_refused_in_words(browser: Client) -> None:
    files = [None, a_file("x", "stores.exe"), a_file(""), a_file("无,用\n1,2\n")]

    for file in files:
        answer = browser.post(at("store-import"), {"file": file} if file else {})
        assert answer.status_code in (409, 422), file
        assert 'role="alert"' in answer.content.decode()


def test_no_other_file_of_the_machine_is_brought_in_or_read(browser: Client) -> None:
    for kept in ("../../keys.json", f"{'a' * 12}-{'b' * 32}.csv", "x"):
        assert browser.post(at("store-import"), {"kept": kept}).status_code == 409
        assert browser.get(at("store-import"), {"refused": kept}).status_code == 404


def test_the_frame_of_a_page_asks_once_for_what_it_needs(browser: Client) -> None:
    browser.get(at("stores"))

    with CaptureQueriesContext(connection) as asked:
        browser.get(at("stores"))

    of_grants = [one for one in asked if 'FROM "staff_role_grant"' in one["sql"]]
    of_settings = [one for one in asked if 'FROM "organisations_issuersetting"' in one["sql"]]
    assert (len(of_grants), len(of_settings)) == (1, 1)
    assert len(asked) <= 11, [one["sql"] for one in asked]
