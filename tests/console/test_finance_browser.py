"""Finance in a real Chromium: a proof is followed without reloading, and two tabs do not overwrite
each other."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from playwright.sync_api import Browser, BrowserContext, expect

from kaquan.budgets.queries import amounts_of
from kaquan.surfaces.jobs.worker import run_queued
from tests.api.world import Side
from tests.builders.issuer import an_organisation
from tests.console.people import an_operator, at
from tests.fixtures_database import Database
from tools.screens.serving import as_user, serving, session_of

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("static_files")]


@pytest.fixture
def side(database: Database) -> Side:
    side = Side(an_organisation("总部", None))
    assert side.trade.redemption
    return side


@pytest.fixture
def window(side: Side, browser: Browser) -> Iterator[BrowserContext]:
    """Of somebody of finance of that part, at the console's address."""
    user = an_operator(side.organisation, *FINANCE)
    with serving() as url:
        context = as_user(browser, url, session_of(user))
        page = context.new_page()
        page.goto(url + at("budgets"))
        yield context
        context.close()


FINANCE = (
    "budgets.view",
    "budgets.edit",
    "approvals.view",
    "changes.view",
    "ledger.view",
    "ledger.prove",
    "reports.view",
)


def test_a_proof_is_followed_on_its_page_without_reloading(window: BrowserContext) -> None:
    page = window.pages[0]
    page.get_by_role("link", name="对账证明").click()
    page.get_by_role("button", name="立即核对").click()
    expect(page.get_by_role("heading", name="正在核对")).to_be_visible()
    expect(page.get_by_role("button", name="立即核对")).to_have_count(0)

    with ThreadPoolExecutor(1) as elsewhere:  # Playwright keeps an event loop in this thread
        elsewhere.submit(run_queued).result()

    expect(page.get_by_role("heading", name="正在核对")).to_have_count(0)
    expect(page.get_by_text("账目无误").first).to_be_visible()
    expect(page.get_by_role("button", name="立即核对")).to_be_visible()


def test_two_tabs_do_not_overwrite_each_other(side: Side, window: BrowserContext) -> None:
    first = window.pages[0]
    first.get_by_role("link", name="预算", exact=True).last.click()
    first.get_by_role("link", name="变更总额").click()
    second = window.new_page()
    second.goto(first.url)
    for page, total in ((first, "11,000"), (second, "9,500.50")):
        page.get_by_label("新的总额").fill(total)
        page.get_by_label("原因").fill("调整")
    first.get_by_role("button", name="保存").click()
    expect(first.get_by_text("总额已变更")).to_be_visible()

    second.get_by_role("button", name="保存").click()

    told = second.get_by_role("alert")
    for amount in ("¥10,000.00", "¥11,000.00", "¥9,500.50"):
        expect(told).to_contain_text(amount)
    expect(second.get_by_label("新的总额")).to_have_value("9,500.50")
    expect(second.get_by_label("原因")).to_have_value("调整")
    budget = side.trade.budget
    assert amounts_of([budget.id])[budget.id].total_fen == 1_100_000
