"""Approvals on the console: the inbox, the bar where it is decided, rules, and whole campaigns."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.http.response import HttpResponseBase
from django.test import Client

from kaquan.approvals.models import ApprovalRequest, ApprovalRule
from kaquan.campaigns.models import Campaign
from kaquan.foundation import clock
from kaquan.ledger.door import close_door
from kaquan.organisations.models import Organisation
from tests.builders.issuer import an_organisation
from tests.campaigns.stages import a_draft, approved, batches_of, decided, handed_in, now, states
from tests.console.people import a_browser, an_operator, at
from tests.fixtures_database import Database

pytestmark = pytest.mark.usefixtures("static_files")


@pytest.fixture
def root(database: Database) -> Any:
    yield an_organisation("总部", None)
    close_door()


def text_of(response: HttpResponseBase) -> str:
    text: str = response.getvalue().decode()  # type: ignore[attr-defined]  # files have it too
    return text


def page(browser: Client, name: str, **key: Any) -> str:
    answer = browser.get(at(name, **key))
    assert answer.status_code == 200, (name, answer.status_code)
    return text_of(answer)


def decide(browser: Client, request: ApprovalRequest, verdict: str, **typed: str) -> Any:
    """Press a button of the bar as the page shows it."""
    shown = page(browser, "approval", key=request.pk)
    (revision,) = re.findall(r'name="revision" value="(\d+)"', shown)
    form = {"verdict": verdict, "revision": revision, "comment": ""} | typed
    return browser.post(at("approval", key=request.pk), form)


def do(browser: Client, campaign: Campaign, action: str, **typed: str) -> Any:
    """Answer the question before an action of a campaign."""
    address = at("campaign-action", key=campaign.id, action=action)
    return browser.post(address, {"reason": "测试", **typed}, follow=True)


def test_a_campaign_is_approved_on_its_page_and_leaves_the_inbox(root: Organisation) -> None:
    campaign = a_draft(root, batches=2)
    request = handed_in(campaign)
    browser = a_browser(an_operator(root))

    inbox = page(browser, "approvals")
    assert "春季拉新" in inbox
    assert '<span class="tag tag-warn">1</span>' in inbox
    shown = page(browser, "approval", key=request.pk)
    for words in ("第 1 批", "第 2 批", "¥4,000.00", "¥20.00", "待审批", "总部"):
        assert words in shown, words
    answer = decide(browser, request, "approve", comment="同意")

    assert answer.status_code == 302
    assert now(campaign).status == "approved"
    assert states(campaign) == ["paused", "paused"]
    after = page(browser, "approval", key=request.pk)
    assert 'name="verdict"' not in after
    assert "同意" in after
    assert "春季拉新" not in page(browser, "approvals")
    assert "春季拉新" in page(browser, "approvals-all")


def test_the_bar_stands_on_the_campaigns_page_and_leads_back_there(root: Organisation) -> None:
    campaign = a_draft(root)
    request = handed_in(campaign)
    browser = a_browser(an_operator(root))
    shown = page(browser, "campaign", key=campaign.id)
    back = at("campaign", key=campaign.id)
    assert f'action="{at("approval", key=request.pk)}"' in shown
    assert f'name="back" value="{back}"' in shown

    answer = decide(browser, request, "request_changes", comment="请缩短时间", back=back)

    assert (answer.status_code, answer.headers["Location"]) == (302, back)
    shown = page(browser, "campaign", key=campaign.id)
    assert "请缩短时间" in shown
    assert "退回修改" in shown
    assert now(campaign).status == "draft"


def test_turning_down_without_a_reason_is_refused_and_nothing_is_lost(root: Organisation) -> None:
    request = handed_in(a_draft(root))
    browser = a_browser(an_operator(root))

    answer = decide(browser, request, "reject")
    assert answer.status_code == 409
    assert "须填写意见" in text_of(answer)
    answer = decide(browser, request, "sign it", comment="写了很久的意见")

    assert answer.status_code == 409
    assert "写了很久的意见" in text_of(answer)
    assert ApprovalRequest.objects.get(id=request.pk).state == "open"


def test_what_moved_while_the_page_was_open_is_told_with_what_was_typed(
    root: Organisation,
) -> None:
    request = handed_in(a_draft(root))
    browser = a_browser(an_operator(root))
    decided(request)

    answer = browser.post(
        at("approval", key=request.pk),
        {"verdict": "reject", "revision": "1", "comment": "不同意"},
    )

    assert answer.status_code == 409
    assert "此审批已结束" in text_of(answer)
    assert ApprovalRequest.objects.get(id=request.pk).state == "approved"


def test_ones_own_request_shows_no_button_and_takes_no_decision(root: Organisation) -> None:
    user = an_operator(root)
    browser = a_browser(user)
    campaign = a_draft(root)
    assert do(browser, campaign, "submit").status_code == 200
    request = ApprovalRequest.objects.get()
    assert request.asked_by == f"staff:{user.pk}"

    shown = page(browser, "approval", key=request.pk)
    assert 'name="verdict"' not in shown
    assert "须由他人审批" in shown
    answer = browser.post(
        at("approval", key=request.pk), {"verdict": "approve", "revision": "1", "comment": ""}
    )

    assert answer.status_code == 403
    assert now(campaign).status == "waiting"
    assert "春季拉新" not in page(browser, "approvals")
    assert "春季拉新" in text_of(browser.get(at("approvals-all") + "?mine=yes"))
    withdrawn = browser.post(at("approval-action", key=request.pk, action="withdraw"))
    assert withdrawn.status_code == 302
    assert now(campaign).status == "draft"


def test_a_rule_is_made_changed_and_deleted(root: Organisation) -> None:
    browser = a_browser(an_operator(None))
    blank = {f"{name}_{number}": "" for name in ("role", "at") for number in range(1, 5)}
    form = blank | {
        "kind": "campaign.start",
        "organisation_id": str(root.id),
        "from_amount": "10,000",
        "role_1": "-",
        "at_1": "own",
        "role_2": "finance",
        "at_2": "head_office",
    }

    made = browser.post(at("approval-rule-new"), form)
    rule = ApprovalRule.objects.get()
    assert made.headers["Location"] == at("approval-rule", key=rule.pk)
    assert rule.from_amount_fen == 1_000_000
    assert [level["role"] for level in rule.levels] == ["", "finance"]
    listed = page(browser, "approval-rules")
    assert "总部 · 财务" in listed
    assert "¥10,000.00" in listed
    shown = page(browser, "approval-rule-edit", key=rule.pk)
    assert 'value="10000"' in shown
    edited = browser.post(at("approval-rule-edit", key=rule.pk), form | {"at_2": ""})
    assert edited.status_code == 409
    edited = browser.post(at("approval-rule-edit", key=rule.pk), form | {"from_amount": "0.5"})
    assert edited.status_code == 302
    rule.refresh_from_db()
    assert rule.from_amount_fen == 50
    gone = browser.post(at("approval-rule-action", key=rule.pk, action="delete"))

    assert gone.headers["Location"] == at("approval-rules")
    assert not ApprovalRule.objects.exists()


def test_a_whole_campaign_is_paused_let_go_on_and_stopped(root: Organisation) -> None:
    campaign = approved(a_draft(root, batches=2, starts_at=clock.now() - timedelta(hours=1)))
    browser = a_browser(an_operator(root))

    for action, state in (("pause", "paused"), ("resume", "running"), ("stop", "stopped")):
        offered = page(browser, "campaign", key=campaign.id)
        assert at("campaign-action", key=campaign.id, action=action) in offered
        done = do(browser, campaign, action)
        assert done.status_code == 200
        assert states(campaign) == [state, state]

    offered = page(browser, "campaign", key=campaign.id)
    for action in ("pause", "resume", "stop", "submit", "discard"):
        assert at("campaign-action", key=campaign.id, action=action) not in offered
    assert do(browser, campaign, "pause").status_code == 409


def test_a_draft_offers_what_can_be_done_to_a_draft(root: Organisation) -> None:
    campaign = a_draft(root)
    browser = a_browser(an_operator(root))
    shown = page(browser, "campaign", key=campaign.id)

    for action in ("submit", "discard"):
        assert at("campaign-action", key=campaign.id, action=action) in shown
    assert at("batch-new", key=campaign.id) in shown
    assert "计划中" in shown
    assert do(browser, campaign, "discard").redirect_chain[-1][0] == at("campaigns")

    assert not Campaign.objects.exists()


def test_more_vouchers_are_asked_for_on_the_campaigns_page(root: Organisation) -> None:
    campaign = approved(a_draft(root))
    browser = a_browser(an_operator(root))
    shown = page(browser, "campaign", key=campaign.id)
    assert at("campaign-more", key=campaign.id) in shown
    assert at("batch-new", key=campaign.id) not in shown
    (batch,) = batches_of(campaign)

    asked = browser.post(
        at("campaign-more", key=campaign.id),
        {"batch": str(batch.id), "quantity": "5,000", "reason": "追加"},
    )

    request = ApprovalRequest.objects.get(kind="batch.mint")
    assert asked.headers["Location"] == at("approval", key=request.pk)
    assert request.content == {"batch_id": batch.id, "quantity": 5_000, "reason": "追加"}
    assert request.amount_fen == 10_000_000
