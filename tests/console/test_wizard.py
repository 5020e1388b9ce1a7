"""The campaign wizard without any script: steps, drafts, two tabs, templates and copies."""

from __future__ import annotations

import json
import re

import pytest
from django.test import Client

from kaquan.approvals.actions import decide
from kaquan.approvals.models import ApprovalRequest
from kaquan.campaigns.models import Campaign, CampaignBatch, CampaignDraft
from tests.api.world import Side
from tests.builders.issuer import NOON, a_number, an_organisation, staff_of
from tests.campaigns.drafting import a_person, handed_in
from tests.console.drafts import draft_of
from tests.console.people import a_browser, an_operator, at
from tests.fixtures_database import Database

pytestmark = pytest.mark.usefixtures("static_files")
STEPS = ("basics", "face", "rules", "issue", "budget", "preview", "submit")


@pytest.fixture
def side(database: Database) -> Side:
    return Side(an_organisation("总部", None))


@pytest.fixture
def browser(side: Side) -> Client:
    return a_browser(an_operator(side.organisation))


def step(draft: CampaignDraft, name: str) -> str:
    return at("campaign-wizard", key=draft.id, step=name)


def text(answer: object) -> str:
    return answer.content.decode()  # type: ignore[attr-defined, no-any-return]


def begun(browser: Client, template: str) -> CampaignDraft:
    answer = browser.post(at("campaign-begin"), {"template": template})
    assert answer.status_code == 302
    draft = CampaignDraft.objects.latest("id")
    assert answer.headers["Location"] == step(draft, "basics")
    return draft


def test_a_campaign_is_written_step_by_step_and_handed_in(side: Side, browser: Client) -> None:
    draft = begun(browser, "amount-off")
    code = a_number("hd-")
    forms = {
        "basics": {"name": "国庆满减", "code": code, "kind": "促活",
                   "starts_at": "2027-10-01T00:00", "ends_at": "2027-10-08T00:00"},
        "face": {"title_zh": "满100减20", "brand": "雀港", "colour": "teal"},
        "rules": {"benefit": "amount_off", "amount": "20", "minimum": "100",
                  "validity": "fixed_range", "first_day": "2027-10-01",
                  "last_day": "2027-10-07", "weekdays": ["1", "6", "7"], "channels": ["app"],
                  "limit_channel_redeem_day_uses": "300", "limited_channels_redeem": ["app"]},
        "issue": {"quantity": "1,000", "way": "stock", "limit_customer_claim_ever_uses": "1"},
        "budget": {"budget_id": str(side.trade.budget.id), "commit": "issue"},
        "preview": {"try_1_sku": "拿铁", "try_1_price": "120", "try_channel": "app",
                    "try_at": "2027-10-02T12:00"},
    }  # fmt: skip
    for number, (name, form) in enumerate(forms.items()):
        page = text(browser.get(step(draft, name)))
        assert 'aria-current="step"' in page
        draft.refresh_from_db()
        sent = {**form, "revision": draft.revision, "go": STEPS[number + 1]}
        answer = browser.post(step(draft, name), sent)
        assert answer.headers["Location"] == step(draft, STEPS[number + 1])

    preview = text(browser.get(step(draft, "preview")))
    assert "可用：优惠 ¥20.00，还需支付 ¥100.00。" in preview
    assert "适用，分摊优惠 ¥20.00。" in preview
    assert "本券为满减券：订单满100元减20元。" in preview
    last = text(browser.get(step(draft, "submit")))
    assert "¥20,000.00" in last
    assert " disabled" not in last
    draft.refresh_from_db()
    finish = {"revision": draft.revision, "go": "finish"}
    done = browser.post(step(draft, "submit"), finish)
    again = browser.post(step(draft, "submit"), finish)

    campaign = Campaign.objects.get(code=code)
    assert done.headers["Location"] == at("campaign", key=campaign.id)
    assert again.headers["Location"] == at("campaign", key=campaign.id)
    batch = CampaignBatch.objects.get(campaign=campaign)
    assert batch.offer_version.terms["validity"]["weekdays"] == [1, 6, 7]
    assert batch.offer_version.terms["limits"][1] == {
        "dimension": "channel", "at": "redeem", "period": "day", "cap": 300, "channels": ["app"],
    }  # fmt: skip
    assert batch.quantity == 1_000
    assert ApprovalRequest.objects.get().amount_fen == 1_000_000  # the budget has no more


def test_what_is_wrong_is_kept_told_at_the_end_and_not_handed_in(
    side: Side, browser: Client
) -> None:
    draft = draft_of(side)
    wrong = {"benefit": "amount_off", "amount": "二十", "revision": draft.revision, "go": "submit"}
    browser.post(step(draft, "rules"), wrong)

    page = text(browser.get(step(draft, "rules")))
    last = text(browser.get(step(draft, "submit")))
    draft.refresh_from_db()
    refused = browser.post(step(draft, "submit"), {"revision": draft.revision, "go": "finish"})

    assert 'value="二十"' in page
    assert "应为金额（元），例如 12.50" in page
    assert "应为金额（元），例如 12.50" in last
    assert " disabled" in last
    assert refused.status_code == 409
    assert "处需要填写或更正" in text(refused)
    assert Campaign.objects.count() == 0


def test_a_new_page_does_not_complain_of_what_nobody_has_filled_in_yet(browser: Client) -> None:
    draft = begun(browser, "")

    page = text(browser.get(step(draft, "rules")))
    browser.post(step(draft, "rules"), {"revision": draft.revision, "go": "issue"})
    passed = text(browser.get(step(draft, "rules")))

    assert "field-error" not in page
    assert "field-error" in passed


def test_two_tabs_on_one_field_are_told_and_nothing_typed_is_lost(
    side: Side, browser: Client
) -> None:
    draft = draft_of(side)
    colleague = a_browser(an_operator(side.organisation))
    sent = {"revision": draft.revision, "go": "face"}
    colleague.post(step(draft, "basics"), {**draft.content, **sent, "name": "同事的名字"})

    told = browser.post(step(draft, "basics"), {**draft.content, **sent, "name": "我的名字"})

    page = text(told)
    assert told.status_code == 409
    assert "同事的名字" in page
    assert 'value="我的名字"' in page
    revision = re.search(r'name="revision" value="(\d+)"', page)
    assert revision is not None
    kept = {**draft.content, "name": "我的名字", "revision": revision[1], "go": ""}
    assert browser.post(step(draft, "basics"), kept).status_code == 302
    draft.refresh_from_db()
    assert draft.content["name"] == "我的名字"


def by_script(browser: Client, address: str, form: dict[str, str]) -> tuple[int, dict[str, object]]:
    answer = browser.post(address, form, headers={"X-Wizard": "save", "HX-Request": "true"})
    return answer.status_code, json.loads(text(answer))


def test_the_script_saves_only_what_it_names_and_gets_the_preview(
    side: Side, browser: Client
) -> None:
    draft = draft_of(side)
    form = {
        "revision": str(draft.revision), "only": "amount\r\ntags_any", "amount": "35",
        "minimum": "1", "tags_any": "金卡\r\n银卡",
    }  # fmt: skip

    status, told = by_script(browser, step(draft, "rules"), form)

    draft.refresh_from_db()
    assert status == 200
    assert told["revision"] == draft.revision
    assert "减35元" in str(told["aside"])
    assert told["faults"] == {}
    assert draft.content["minimum"] == "100"
    assert draft.content["tags_any"] == "金卡\n银卡"


def test_the_script_is_told_of_a_change_elsewhere_with_both_texts(
    side: Side, browser: Client
) -> None:
    draft = draft_of(side)
    old = str(draft.revision)
    by_script(browser, step(draft, "rules"), {"revision": old, "only": "amount", "amount": "35"})

    form = {"revision": old, "only": "amount", "amount": "<b>50"}
    status, told = by_script(browser, step(draft, "rules"), form)

    assert status == 409
    assert "&lt;b&gt;50" in str(told["moved"])
    assert ">35<" in str(told["moved"])
    draft.refresh_from_db()
    assert draft.content["amount"] == "35"


def test_without_a_session_the_script_is_sent_to_the_login_page_and_back(
    side: Side, browser: Client
) -> None:
    draft = draft_of(side)
    browser.logout()

    answer = browser.post(
        step(draft, "rules"),
        {"only": "amount"},
        headers={
            "X-Wizard": "save",
            "HX-Request": "true",
            "HX-Current-URL": f"http://localhost{step(draft, 'rules')}",
        },
    )

    assert answer.status_code == 401
    assert step(draft, "rules").replace("/", "%2F") in answer.headers["HX-Redirect"]


def test_addresses_of_no_step_and_no_template_are_not_there(side: Side, browser: Client) -> None:
    draft = draft_of(side)

    assert browser.get(step(draft, "nothing")).status_code == 404
    assert browser.post(step(draft, "basics"), {"go": "nothing"}).status_code == 404
    assert browser.post(at("campaign-begin"), {"template": "x"}).status_code == 404
    assert browser.post(at("campaign-begin"), {"own": "999999"}).status_code == 404


def test_a_template_of_ones_own_begins_other_drafts(side: Side, browser: Client) -> None:
    draft = draft_of(side)
    kept = browser.post(at("campaign-draft-template", key=draft.id), {"name": "周末满减"})
    assert kept.status_code == 302
    template = CampaignDraft.objects.get(is_template=True)

    page = text(browser.get(at("campaign-begin")))
    browser.post(at("campaign-begin"), {"own": str(template.id)})
    other = CampaignDraft.objects.latest("id")

    assert "周末满减" in page
    assert other.content["amount"] == draft.content["amount"]
    assert browser.get(step(template, "basics")).headers["Location"] == at("campaign-begin")
    browser.post(at("campaign-draft-remove", key=template.id))
    assert not CampaignDraft.objects.filter(is_template=True).exists()


def test_a_campaign_is_copied_with_its_offer(side: Side, browser: Client) -> None:
    batch = side.trade.by_code

    answer = browser.post(at("campaign-copy", key=batch.campaign_id), follow=True)

    page = text(answer)
    draft = CampaignDraft.objects.get()
    assert batch.campaign.name in page
    assert draft.content["amount"] == "20"
    assert draft.content["way"] == "code"
    assert draft.content["quantity"] == "20"


def test_who_writes_no_offers_gets_the_short_form(side: Side) -> None:
    browser = a_browser(an_operator(side.organisation, "campaigns.edit", "campaigns.view"))

    answer = browser.get(at("campaign-begin"))

    assert answer.headers["Location"] == at("campaign-new")


def test_what_came_back_is_gone_on_with_from_its_page(side: Side, browser: Client) -> None:
    draft = draft_of(side)
    request = handed_in(staff_of(side.organisation), draft)
    campaign = at("campaign", key=request.subject_id)
    waiting = text(browser.get(campaign))
    checker = a_person(side.organisation, 2)
    decide(
        checker, request_id=request.id, verdict="request_changes", comment="面额太高",
        revision=request.revision,
    )  # fmt: skip

    page = text(browser.get(campaign))
    rework = browser.get(at("campaign-rework", key=request.subject_id))
    draft.refresh_from_db()
    wizard = text(browser.get(rework.headers["Location"]))

    assert "继续编辑" not in waiting
    assert "继续编辑" in page
    assert rework.headers["Location"] == step(draft, draft.step)
    assert "面额太高" in wizard


def test_the_wizard_speaks_english_too(side: Side) -> None:
    browser = a_browser(an_operator(side.organisation), "en")
    draft = draft_of(side)

    pages = {name: text(browser.get(step(draft, name))) for name in STEPS}

    assert "Hand in for approval" in pages["submit"]
    assert "¥20 off ¥100" in pages["face"]
    assert "Discount rate" in pages["rules"]


def test_the_calendar_shows_what_runs_in_a_month_and_nothing_of_others(
    side: Side, browser: Client
) -> None:
    campaign = side.trade.campaign
    campaign.starts_at, campaign.ends_at = NOON, NOON.replace(day=20)
    campaign.save()
    foreign = Side(an_organisation("别处", None)).trade.campaign
    foreign.name = "别人的活动"
    foreign.save()

    june = text(browser.get(at("campaign-calendar") + "?month=2026-06"))
    july = text(browser.get(at("campaign-calendar") + "?month=2026-07"))

    assert june.count("calendar-bar") >= 3  # three weeks of the grid
    assert f">{campaign.name}" in june
    assert "2026-06-01 – 2026-06-20" in june
    assert campaign.name not in july
    assert "别人的活动" not in june
    assert "?month=2026-05" in june


@pytest.mark.parametrize(
    "month", ["", "2026-13", "x", "0001-01", "9999-12", "2026-02-30", "２０２６-06"]
)
def test_a_month_that_is_none_is_this_one(browser: Client, month: str) -> None:
    answer = browser.get(at("campaign-calendar"), {"month": month})

    assert answer.status_code == 200
