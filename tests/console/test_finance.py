"""Finance at work in the console: budgets, the books, statements, proofs, quotas and figures."""

from __future__ import annotations

import html
import re

import pytest
from django.http.response import HttpResponseBase
from django.test import Client

from kaquan.approvals.models import ApprovalRequest
from kaquan.budgets.actions import change_budget, open_budget
from kaquan.budgets.alerts import look
from kaquan.budgets.models import Budget, BudgetAlert
from kaquan.budgets.queries import amounts_of
from kaquan.campaigns.quotas import quotas
from kaquan.engine.money import format_yuan
from kaquan.foundation import clock
from kaquan.foundation.configuration import current_configuration
from kaquan.foundation.jobs.actions import begin
from kaquan.foundation.jobs.exports import path_of
from kaquan.foundation.jobs.models import Job
from kaquan.ledger import entry_pages
from kaquan.surfaces.console.kit.exports import KIND
from kaquan.surfaces.console.screens import write_list
from kaquan.surfaces.jobs.worker import run_queued
from tests.api.world import Side
from tests.budgets.people import agree
from tests.builders.books import books
from tests.builders.books import differing as changed
from tests.builders.issuer import NOON, SYSTEM, an_organisation, staff_of
from tests.console.keys import counted
from tests.console.people import a_browser, an_operator, at
from tests.fixtures_database import Database

pytestmark = pytest.mark.usefixtures("static_files")
TOTAL_FEN = 1_000_000


@pytest.fixture
def side(database: Database) -> Side:
    return Side(an_organisation("总部", None))


@pytest.fixture
def browser(side: Side) -> Client:
    return a_browser(an_operator(side.organisation))


def text_of(answer: HttpResponseBase) -> str:
    text: str = answer.content.decode()  # type: ignore[attr-defined]
    return text


def field(page: str, name: str) -> str:
    found = re.search(rf'name="{name}"[^>]*value="([^"]*)"', page)
    assert found is not None, name
    return found[1]


def total(budget: Budget) -> int:
    return amounts_of([budget.id])[budget.id].total_fen


def another_budget(side: Side) -> Budget:
    return open_budget(
        actor=staff_of(side.organisation), code="B-2", name="二号预算", total_fen=0, at=NOON
    )


def test_a_total_is_changed_and_a_conflict_shows_both_values_and_loses_nothing(
    side: Side, browser: Client
) -> None:
    budget = side.trade.budget
    address = at("budget-change", key=budget.id)
    form = text_of(browser.get(address))
    assert field(form, "expected") == str(TOTAL_FEN)
    change_budget(
        actor=SYSTEM, budget_id=budget.id, expected_fen=TOTAL_FEN, total_fen=1_200_000, at=NOON
    )
    typed = {"total": "10,500.00", "reason": "追加", "once": field(form, "once")}

    answer = browser.post(address, {**typed, "expected": field(form, "expected")})

    again = text_of(answer)
    assert answer.status_code == 409
    for amount in ("¥10,000.00", "¥12,000.00", "¥10,500.00"):
        assert amount in again
    assert field(again, "total") == "10,500.00"
    assert total(budget) == 1_200_000
    fresh = {**typed, "expected": field(again, "expected"), "once": field(again, "once")}
    done = browser.post(address, fresh, follow=True)
    assert "总额已变更" in text_of(done)
    assert total(budget) == 1_050_000
    assert "追加" in text_of(browser.get(at("budget", key=budget.id) + "?tab=changes"))
    assert side.trade.by_code.name in text_of(
        browser.get(at("budget", key=budget.id) + "?tab=batches")
    )


def test_a_large_change_waits_for_somebody_else(side: Side, browser: Client) -> None:
    budget = side.trade.budget
    address = at("budget-change", key=budget.id)
    form = text_of(browser.get(address))

    answer = browser.post(
        address,
        {"expected": field(form, "expected"), "total": "900,000", "reason": "大促", "once": "a"},
        follow=True,
    )

    assert "须由他人审批" in text_of(answer)
    assert total(budget) == TOTAL_FEN
    request = ApprovalRequest.objects.get()
    page = text_of(browser.get(at("approval", key=request.pk)))
    for shown in ("¥10,000.00", "¥900,000.00", "大促", "与提交时一致"):
        assert shown in page
    agree(request, 900_099)
    assert total(budget) == 90_000_000


def test_money_is_moved_between_budgets_by_two(side: Side, browser: Client) -> None:
    source, target = side.trade.budget, another_budget(side)
    address = at("budget-transfer", key=source.id)
    assert "二号预算" in text_of(browser.get(address))

    asked = {"to": target.id, "amount": "3000.50", "reason": "调剂"}
    answer = browser.post(address, asked, follow=True)

    assert "申请已提交" in text_of(answer)
    assert (total(source), total(target)) == (TOTAL_FEN, 0)
    agree(ApprovalRequest.objects.get(), 900_099)
    assert (total(source), total(target)) == (TOTAL_FEN - 300_050, 300_050)
    page = text_of(browser.get(at("approval", key=ApprovalRequest.objects.get().pk)))
    assert "已完成" in page


@pytest.mark.parametrize("amount", ["", "0", "-5", "1.234", "abc", "99999999999999"])
def test_an_impossible_transfer_is_refused_and_what_was_typed_stays(
    side: Side, browser: Client, database: Database, amount: str
) -> None:
    source, target = side.trade.budget, another_budget(side)
    connection = database.connect()
    before = books(connection)

    answer = browser.post(
        at("budget-transfer", key=source.id), {"to": target.id, "amount": amount, "reason": "调剂"}
    )

    assert answer.status_code in (409, 422)
    assert f'value="{amount}"' in text_of(answer)
    assert changed(before, books(connection)) == set()
    assert not ApprovalRequest.objects.exists()


def test_budgets_are_opened_warned_of_and_closed(side: Side, browser: Client) -> None:
    parent = side.trade.budget
    answer = browser.post(
        at("budget-new"), {"code": "Q1", "name": "一季度", "parent": parent.id}, follow=True
    )
    assert "预算已建立" in text_of(answer)
    below = Budget.objects.get(code="Q1")
    assert below.parent == parent
    assert "└ 一季度" in text_of(browser.get(at("budgets")))

    side.trade.redemption  # noqa: B018  # something is used up
    answer = browser.post(
        at("budget-warnings", key=parent.id), {"percents": "1，100%"}, follow=True
    )
    assert answer.status_code == 200
    assert Budget.objects.get(id=parent.id).warn_percents == [1, 100]
    BudgetAlert.objects.create(
        budget=parent, percent=1, used_fen=1, total_fen=100, raised_at=clock.now()
    )
    assert "待知悉" in text_of(browser.get(at("budget", key=parent.id)))
    browser.post(at("budget-action", key=parent.id, action="seen"), {"once": "s"})
    assert BudgetAlert.objects.get().seen_at is not None
    look(clock.now())

    address = at("budget-action", key=below.id, action="close")
    assert "关闭预算“一季度”" in text_of(browser.get(address))
    answer = browser.post(address, {"reason": "不用了", "once": "c"}, follow=True)
    assert "已关闭" in text_of(answer)
    assert Budget.objects.get(code="Q1").closed_at is not None


def test_a_wrong_warning_is_refused_in_words(side: Side, browser: Client) -> None:
    for percents in ("0", "101", "abc", "1,2,3,4,5,6"):
        answer = browser.post(
            at("budget-warnings", key=side.trade.budget.id), {"percents": percents}
        )
        assert answer.status_code == 409, percents
    assert Budget.objects.get(id=side.trade.budget.id).warn_percents == [80, 95]


def test_entries_are_found_by_budget_batch_order_account_and_store(
    side: Side, browser: Client
) -> None:
    receipt = side.trade.redemption
    assert receipt
    batch, budget, store = side.trade.by_code, side.trade.budget, side.store.organisation
    order = re.search(r">(A-\d+)<", text_of(browser.get(at("redemptions"))))
    assert order is not None

    def rows(**query: object) -> int:
        answer = browser.get(at("entries"), {**query, "size": 100})
        assert answer.status_code == 200, query
        return text_of(answer).count("<tr data-row>")

    assert rows() == 2  # minted, and one use
    assert rows(budget=budget.code) == 2  # opened, and one use
    assert rows(order=order[1]) == 1
    assert rows(order="A-nothing") == 0
    assert rows(account=6, number=side.store.pk) == 1
    assert rows(store=store.code) == 1
    assert rows(batch=batch.id) == 2
    assert rows(batch=batch.id + 1) == 0
    assert rows(operation="open_budget", budget=budget.code) == 1
    assert rows(first="2099-01-01") == 0
    assert browser.get(at("entries"), {"batch": "abc"}).status_code == 409
    assert browser.get(at("entries"), {"store": "none"}).status_code == 404
    assert browser.get(at("entries"), {"after": "bm9wZQ"}).status_code == 400


def test_the_entries_of_a_region_are_exported_within_its_part(side: Side, browser: Client) -> None:
    assert side.organisation.parent is not None
    theirs = Side(side.organisation.parent)
    assert side.trade.redemption
    assert theirs.trade.redemption
    browser.post(at("entries"), {"query": "operation=redeem"})

    job = begin(Job.objects.get(kind=KIND).id)
    assert job is not None
    write_list(job)

    text = path_of(job.id, "entries.csv").read_text(encoding="utf-8-sig")
    assert text.count("\n") == 2
    assert side.trade.by_code.name in text
    assert theirs.trade.by_code.name not in text


def test_the_statement_of_today_ties_to_what_was_used_and_its_file_is_ordered(
    side: Side, browser: Client
) -> None:
    assert side.trade.redemption
    today = clock.now().astimezone(current_configuration().time_zone).date().isoformat()

    page = text_of(browser.get(at("statements"), {"day": today}))
    assert side.store.organisation.name in page
    assert format_yuan(2_000) in page
    there = re.search(rf'href="({at("entries")}[^"]+)"[^>]*>{side.store.organisation.name}', page)
    assert there is not None
    entries = text_of(browser.get(html.unescape(there[1])))
    assert entries.count("<tr data-row>") == entries.count("¥20.00") == 1
    unknown = browser.get(at("statements"), {"day": today, "store": "none"})
    assert unknown.status_code == 422
    answer = browser.post(at("statements") + f"?day={today}", {"do": "lines"}, follow=True)

    assert "已开始导出" in text_of(answer)
    job = Job.objects.get(kind="reports.reconciliation")
    assert job.parameters["ask"]["detail"] == "lines"
    assert browser.post(at("statements"), {"do": "nothing"}).status_code == 404
    assert Job.objects.count() == 1


def test_a_proof_is_begun_followed_and_kept(side: Side) -> None:
    assert side.trade.redemption
    looking = a_browser(an_operator(None, "ledger.view"))
    assert "立即核对" not in text_of(looking.get(at("proof")))
    assert looking.post(at("proof"), {"do": "run"}).status_code == 404
    assert not Job.objects.exists()
    proving = a_browser(an_operator(None, "ledger.view", "ledger.prove"))
    assert "立即核对" in text_of(proving.get(at("proof")))

    answer = text_of(proving.post(at("proof"), {"do": "run"}, follow=True))

    assert "正在核对" in answer
    assert 'hx-trigger="every 2s"' in answer
    run_queued()
    after = text_of(looking.get(at("proof")))
    assert "every 2s" not in after
    assert "账目无误" in after
    assert "王小明" in after


def test_a_stores_quota_is_set_on_its_page(side: Side, browser: Client) -> None:
    batch, store = side.trade.by_code, side.store
    key = f"{batch.id}-{store.pk}"
    address = at("quota-action", key=key, action="set")
    assert batch.name in text_of(browser.get(address))

    answer = browser.post(address, {"quantity": "7", "once": "q"}, follow=True)

    assert "7 张" in text_of(answer)
    (found,) = quotas(staff_of(side.organisation), batch, [store.pk], at=clock.now())
    assert found.allotted == 7
    for quantity in ("", "-1", "x", "999"):
        assert browser.post(address, {"quantity": quantity}).status_code in (409, 422), quantity
    for wrong in ("1", "x-y", "1-2-3", f"{batch.id}-0", "9" * 30):
        assert browser.get(at("quota", key=wrong)).status_code == 404, wrong


def test_figures_name_the_clerk_and_tie_to_the_redemption(side: Side, browser: Client) -> None:
    assert side.trade.redemption
    name = counted(side.store.organisation.name)

    clerks = text_of(browser.get(at("clerk-figures")))
    page = text_of(browser.get(at("performance"), {"store": side.store.organisation.code}))
    stores = text_of(browser.get(at("store-figures")))

    assert name in clerks
    assert format_yuan(2_000) in page
    assert format_yuan(2_000) in stores
    for wrong in ({"first": "2026-01-01", "last": "2025-01-01"}, {"store": "none"}):
        assert "form-fault" in text_of(browser.get(at("performance"), wrong))


def test_a_page_that_looked_through_a_part_says_so_and_how_to_begin_elsewhere(
    side: Side, browser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert side.trade.redemption
    whole = text_of(browser.get(at("entries")))
    monkeypatch.setattr(entry_pages, "ENTRIES_LOOKED_AT_MAX", 1)
    monkeypatch.setattr(entry_pages, "_AT_ONCE", 1)

    part = text_of(browser.get(at("entries")))  # the latest use
    none = text_of(browser.get(at("entries"), {"operation": "expire"}))
    first = text_of(browser.get(at("entries"), {"operation": "mint"}))
    further = re.search(r'href="([^"]*look=on[^"]*)"', first)
    assert further is not None
    found = text_of(browser.get(html.unescape(further[1])))

    assert "记账日期至”，即可直接从那一天开始" not in whole
    assert "本页只查找了一部分记录" in part
    assert "已查找的部分没有符合条件的记录" in none
    # Whoever looks further is spared the pages that have nothing.
    assert "<tbody>" not in first
    assert side.trade.by_code.name in found.split("<tbody>")[1]
    assert "记账日期至”，即可直接从那一天开始" in part
    assert "记账日期至”，即可直接从那一天开始" in none
