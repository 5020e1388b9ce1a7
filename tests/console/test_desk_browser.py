"""A day at the desk in a real Chromium, served with streams: numbers that move, a chart, the
drawer, the search by keyboard, and nothing typed that is lost."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

import pytest
from django.db import connections
from playwright.sync_api import Browser, BrowserContext, Page, expect

from kaquan.analytics.actions import Counters
from kaquan.foundation import clock
from kaquan.foundation.configuration import current_configuration
from kaquan.ledger.connections import connect_default
from kaquan.redemption import actions
from kaquan.redemption.visits import Visit
from tests.api.world import Side
from tests.builders.issuer import SYSTEM, a_number, an_organisation
from tests.console.people import an_operator, at
from tests.console.streaming_server import streaming
from tests.fixtures_database import Database
from tools.screens.serving import as_user, hindrances, session_of

pytestmark = [
    pytest.mark.browser,
    pytest.mark.usefixtures("static_files"),
    # As project/asgi.py has it: WhiteNoise's files are read whole, which suits their size.
    pytest.mark.filterwarnings("ignore:StreamingHttpResponse must consume synchronous iterators"),
    # Django leaves a request's body to the collector where its browser has gone away.
    pytest.mark.filterwarnings("ignore:Unclosed file:ResourceWarning"),
]


class Desk(NamedTuple):
    """Somebody's browser, and their part of the organisation."""

    side: Side
    url: str
    session: str
    context: BrowserContext
    said: list[str]

    def open(self, name: str, **key: object) -> Page:
        page = self.context.new_page()
        page.goto(self.url + at(name, **key))
        return page


@pytest.fixture
def desk(database: Database, browser: Browser) -> Iterator[Desk]:
    side = Side(an_organisation("总部", None))
    assert side.trade.redemption
    count_everything()
    session = session_of(an_operator(side.organisation))
    said: list[str] = []
    with streaming() as url:
        context = as_user(browser, url, session)
        context.on("console", lambda message: said.append(message.text))
        context.on("weberror", lambda error: said.append(str(error.error)))
        yield Desk(side, url, session, context, said)
        context.close()
    connections.close_all()
    assert [text for text in said if "ERR_" not in text and "status of 4" not in text] == []


def count_everything() -> None:
    counters = Counters(connect_default, current_configuration().time_zone)
    counters.catch_up()
    counters.close()


def use(side: Side, index: int) -> None:
    visit = Visit(
        store_code=side.store.organisation.code, order_no=a_number("A-"), amount_fen=10_000
    )
    used = [actions.CodeUse(side.trade._code(index))]
    assert actions.redeem_codes(actor=SYSTEM, uses=used, visit=visit, at=clock.now()).done
    count_everything()


def test_the_workbench_moves_by_itself_and_says_when_it_does_not(desk: Desk) -> None:
    page = desk.open("home")
    state = page.locator("#live-state .live-words")
    expect(page.locator("#now-redeemed")).to_have_text("1")
    expect(state).to_have_text("实时")
    expect(page.locator("figure.chart canvas")).to_be_visible()
    expect(page.locator(".chart-table table")).to_be_hidden()
    assert hindrances(page) == []

    page.evaluate("window.here = true")
    use(desk.side, 2)
    expect(page.locator("#now-redeemed")).to_have_text("2", timeout=1_500)
    expect(page.locator(".events li").first).to_contain_text("核销")
    expect(page.locator("figure.chart canvas")).to_be_visible()
    assert page.evaluate("window.here")  # the page is the same one

    page.route("**/console/live/**", lambda route: route.abort())
    page.context.set_offline(True)
    page.evaluate("window.dispatchEvent(new Event('pagehide'))")
    page.evaluate("window.dispatchEvent(new PageTransitionEvent('pageshow', {persisted: true}))")
    expect(state).to_have_text("连接中断，正在重连……")
    expect(page.locator("#offline")).to_be_visible()
    use(desk.side, 3)
    page.unroute("**/console/live/**")
    page.context.set_offline(False)
    expect(state).to_have_text("实时")
    expect(page.locator("#now-redeemed")).to_have_text("3")
    expect(page.locator("#offline")).to_be_hidden()


def test_a_row_is_looked_at_beside_its_list_and_things_are_found_by_keyboard(desk: Desk) -> None:
    page = desk.open("stores")
    name = desk.side.store.organisation.name
    drawer = page.get_by_role("complementary", name="列表旁的详情")

    page.locator("tr[data-row] td").last.click(position={"x": 2, "y": 2})
    expect(drawer.get_by_role("heading", level=1)).to_contain_text(name)
    assert page.url.endswith(at("stores"))
    assert hindrances(page) == []
    page.keyboard.press("Escape")
    expect(drawer).to_be_hidden()

    page.keyboard.press("/")
    page.keyboard.type("春季")
    expect(page.locator("#found .found-one").first).to_contain_text("春季拉新")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("春季拉新")
    assert "words" not in page.url


def test_what_was_typed_into_a_question_is_there_again_after_the_login(desk: Desk) -> None:
    cookies = desk.context.cookies()
    batch_id = desk.side.trade.by_code.id
    page = desk.open("batch", key=batch_id)
    page.get_by_role("link", name="暂停").click()
    question = page.get_by_role("dialog")
    question.get_by_label("原因").fill("盘点三天")
    page.context.clear_cookies()
    question.get_by_role("button", name="暂停").click()
    expect(page).to_have_url(re.compile("/accounts/login/"))

    page.context.add_cookies(cookies)  # type: ignore[arg-type]  # as they came
    page.goto(desk.url + at("batch-action", key=batch_id, action="pause"))

    expect(page.get_by_label("原因")).to_have_value("盘点三天")
    expect(page.locator("#restored")).to_be_visible()
