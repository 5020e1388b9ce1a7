"""Lists: sorted, paged both ways, with the columns that were asked for; bad addresses are refused
in words."""

from __future__ import annotations

import re
from urllib.parse import quote

import pytest
from django.test import Client

from kaquan.foundation.paging import cursor_of
from kaquan.organisations.models import Organisation
from kaquan.surfaces.console.screens import LISTS
from tests.builders.issuer import a_store, an_organisation
from tests.console.people import a_browser, an_operator, at
from tests.fixtures_database import Database

pytestmark = pytest.mark.usefixtures("static_files")
ROW = re.compile(r">(Z\d\d)<")


@pytest.fixture
def region(database: Database) -> Organisation:
    return an_organisation("华东", an_organisation("总部", None))


@pytest.fixture
def browser(region: Organisation) -> Client:
    return a_browser(an_operator(region))


def rows(page: str) -> list[str]:
    return ROW.findall(page)


def link(page: str, rel: str) -> str | None:
    found = re.search(rf'rel="{rel}" href="([^"]+)"', page)
    return found[1].replace("&amp;", "&") if found else None


def read(browser: Client, address: str) -> str:
    answer = browser.get(address)
    assert answer.status_code == 200, answer.content.decode()
    return answer.content.decode()


@pytest.mark.parametrize("sort", ["code", "-code", "name", "-province"])
def test_pages_lead_on_and_back_again_over_every_row_once(
    region: Organisation, browser: Client, sort: str
) -> None:
    codes = [f"Z{number:02}" for number in range(45)]
    for code in codes:
        a_store(region, code)

    page = read(browser, f"{at('stores')}?sort={sort}")
    assert link(page, "prev") is None
    pages = [rows(page)]
    while (onward := link(page, "next")) is not None:
        page = read(browser, onward)
        pages.append(rows(page))
    back = [pages[-1]]
    while (previous := link(page, "prev")) is not None:
        page = read(browser, previous)
        back.append(rows(page))

    found = [code for one in pages for code in one]
    assert sorted(found) == codes
    assert back == pages[::-1]
    assert [len(one) for one in pages] == [20, 20, 5]
    if sort in ("code", "name"):
        assert found == codes
    if sort == "-code":
        assert found == codes[::-1]


def test_a_list_says_how_many_there_are_and_shows_as_many_as_asked(
    region: Organisation, browser: Client
) -> None:
    for number in range(25):
        a_store(region, f"Z{number:02}")

    page = read(browser, at("stores") + "?size=50")

    assert "共 25 条" in page
    assert len(rows(page)) == 25


def test_the_chosen_columns_are_shown_and_no_others(region: Organisation, browser: Client) -> None:
    a_store(region, "Z01")

    page = read(browser, at("stores") + "?columns=code&columns=hours")

    heads = re.findall(r'<th scope="col"[^>]*>(.*?)</th>', page)
    assert [re.sub("<.*?>|[⇅▲▼]", "", head) for head in heads] == ["编码", "营业时间", "操作"]


TAMPERED = (
    "after=%00",
    "after=xyz",
    "before=!!",
    f"after={cursor_of('a', 'b', 'c', 'd')}",
    f"after={cursor_of(True)}",
    f"after={cursor_of(2**70, 2**70)}",
    "after=" + "a" * 2_000,
    f"after={quote(cursor_of('x' * 200, 'y'))}",
    "sort=password",
    "sort=--id",
)


def test_an_address_that_was_tampered_with_is_refused_in_words(browser: Client) -> None:
    said = {}
    for screen in LISTS:
        for asked in TAMPERED:
            answer = browser.get(f"{at(screen.name)}?{asked}")
            page = answer.content.decode()
            is_refused = answer.status_code == 400 and ("翻页位置无效" in page or "排序" in page)
            if not is_refused and answer.status_code != 200:
                said[screen.name, asked] = answer.status_code

    assert said == {}


@pytest.mark.parametrize("asked", ["state=nonsense", "since=31.12.2026", "words=" + "x" * 101])
def test_a_query_that_cannot_be_read_says_so_and_shows_nothing(browser: Client, asked: str) -> None:
    page = read(browser, f"{at('campaigns')}?{asked}")

    assert "查询条件有误" in page
    assert 'class="field-error"' in page


def test_a_link_back_to_another_host_is_not_followed(region: Organisation, browser: Client) -> None:
    store = a_store(region, "Z01")
    address = at("store-action", key=store.pk, action="pause")

    for back in ("https://evil.example/", "//evil.example/", "javascript:alert(1)"):
        answer = browser.post(address, {"back": back})
        assert "evil" not in answer.headers.get("Location", "")
        assert "javascript" not in answer.content.decode()
        browser.post(at("store-action", key=store.pk, action="open"))


def test_no_row_is_hidden_by_an_unknown_column(region: Organisation, browser: Client) -> None:
    a_store(region, "Z01")

    assert rows(read(browser, at("stores") + "?columns=nothing")) == ["Z01"]
