"""Drafts: every text is kept as it was typed, nobody overwrites another unseen, and what is handed
in comes into being wholly or not at all."""

from __future__ import annotations

import json
from typing import Any

import pytest

from kaquan.approvals.actions import decide, withdraw
from kaquan.approvals.models import ApprovalRequest
from kaquan.campaigns import drafts
from kaquan.campaigns.draft_fields import FIELDS, STEP_OF
from kaquan.campaigns.draft_plans import funder_costs, plan_of
from kaquan.campaigns.draft_queries import draft_by_id, draft_page, own_templates
from kaquan.campaigns.draft_submission import submit_draft
from kaquan.campaigns.draft_templates import BUILT_IN
from kaquan.campaigns.models import Campaign, CampaignBatch, CampaignDraft, CampaignStatus
from kaquan.foundation import clock
from kaquan.foundation.errors import KaquanError
from kaquan.foundation.paging import Paging
from kaquan.offers.faces import face_of
from kaquan.offers.models import Offer, OfferVersion
from kaquan.organisations.models import Organisation
from tests.builders.books import books, differing
from tests.builders.issuer import NOON, SYSTEM, a_number, an_organisation
from tests.campaigns.drafting import a_draft, a_person, changed, handed_in
from tests.fixtures_database import Database


@pytest.fixture
def region(database: Database) -> Organisation:
    return an_organisation("华东", an_organisation("总部", None))


def made() -> tuple[int, int, int, int]:
    return (
        Campaign.objects.count(),
        Offer.objects.count(),
        CampaignBatch.objects.count(),
        ApprovalRequest.objects.count(),
    )


def test_whatever_was_typed_is_kept_and_told_beside_its_field(region: Organisation) -> None:
    maker = a_person(region)
    wrong = {"amount": "二十", "ends_at": "2020-01-01T00:00", "quantity": ""}
    draft = a_draft(maker, **wrong, tags_any="a\r\nb")

    kept = draft_by_id(maker, draft.id).content
    told = {one.field: one.zh for one in plan_of(maker, kept).faults}

    assert kept["amount"] == "二十"
    assert kept["tags_any"] == "a\nb"
    assert told == {
        "amount": "应为金额（元），例如 12.50",
        "ends_at": "结束时间必须晚于开始时间",
        "quantity": "请填写此项",
    }


HOSTILE = (
    "\0", "🧧" * 40, "-1", "1e9", "9" * 400, "<b>", "\ud800", "2026-13-45", "on", "0", "　", "%s",
)  # fmt: skip


def test_no_text_in_any_field_breaks_the_reading(region: Organisation) -> None:
    maker = a_person(region)
    kinds = [one.content["benefit"] for one in BUILT_IN]

    for number, text in enumerate(HOSTILE):
        content = dict.fromkeys(STEP_OF, text)
        content["benefit"] = kinds[number % len(kinds)]
        content["validity"] = ("fixed_range", "after_claim", "exact_range")[number % 3]
        plan = plan_of(maker, content)
        assert plan.faults or plan.terms, text
        assert {one.field for one in plan.faults} <= set(STEP_OF), text


def test_a_field_that_somebody_else_changed_meanwhile_is_not_overwritten(
    region: Organisation,
) -> None:
    maker, colleague = a_person(region, 1), a_person(region, 2)
    seen = a_draft(maker)
    changed(colleague, seen, name="同事改的名字")

    with pytest.raises(drafts.DraftMovedError) as moved:
        changed(maker, seen, name="我改的名字", goal="目标")

    assert moved.value.fields == ("name",)
    assert "员工2" in moved.value.zh
    kept = draft_by_id(maker, seen.id)
    assert kept.content["name"] == "同事改的名字"
    assert "goal" not in kept.content
    assert changed(maker, moved.value.draft, name="我改的名字").content["name"] == "我改的名字"


def test_two_people_in_different_fields_do_not_disturb_each_other(region: Organisation) -> None:
    maker, colleague = a_person(region, 1), a_person(region, 2)
    seen = a_draft(maker)
    changed(colleague, seen, goal="拉新一万人", name="夏日满减")  # the name is as it was

    kept = changed(maker, seen, name="我改的名字")

    assert kept.content["goal"] == "拉新一万人"
    assert kept.content["name"] == "我改的名字"
    again = changed(maker, seen, name="我改的名字")
    assert again.revision == kept.revision


def test_handing_in_makes_campaign_offer_and_batch_and_nothing_in_the_books(
    region: Organisation, database: Database
) -> None:
    maker = a_person(region)
    draft = a_draft(maker, brand="雀港", note_zh="周末也可用", way="code")
    before = books(database.connect())

    request = handed_in(maker, draft)

    campaign = Campaign.objects.get()
    batch = CampaignBatch.objects.select_related("offer_version__offer").get()
    assert campaign.status == CampaignStatus.WAITING
    assert (campaign.code, campaign.organisation_id) == (draft.content["code"], region.id)
    assert (batch.name, batch.quantity, batch.by_code) == ("第一批", 1_000, True)
    assert batch.offer_version.terms["benefit"] == {"kind": "amount_off", "amount_fen": 2_000}
    assert batch.offer_version.terms["scope"]["stores"] == {"include": [region.id]}
    face = face_of(batch.offer_version.offer.face)
    assert face is not None
    assert (face.title_zh, face.brand, face.note_zh) == ("满100减20", "雀港", "周末也可用")
    assert (request.subject_id, request.amount_fen) == (campaign.id, 2_000_000)
    assert request.asked_by == maker.id
    assert differing(before, books(database.connect())) == set()


def test_an_incomplete_draft_is_not_handed_in_and_makes_nothing(region: Organisation) -> None:
    maker = a_person(region)
    draft = a_draft(maker, amount="", quantity="0")

    with pytest.raises(KaquanError) as refused:
        handed_in(maker, draft)

    assert refused.value.code == "draft_incomplete"
    assert "2" in refused.value.zh
    assert made() == (0, 0, 0, 0)


def test_what_fails_at_the_end_leaves_nothing_behind(region: Organisation) -> None:
    maker = a_person(region)
    taken = a_draft(maker)
    handed_in(maker, taken)
    before = made()
    same_code = a_draft(maker, code=taken.content["code"])
    over = a_draft(maker, starts_at="2020-01-01T00:00", ends_at="2020-02-01T00:00")

    for draft, code in ((same_code, "campaign_exists"), (over, "campaign_over_already")):
        with pytest.raises(KaquanError) as refused:
            handed_in(maker, draft)
        assert refused.value.code == code

    assert made() == before
    assert draft_by_id(maker, over.id).campaign_id is None


def test_a_second_click_and_a_change_after_handing_in_are_refused(region: Organisation) -> None:
    maker = a_person(region)
    draft = a_draft(maker)
    handed_in(maker, draft)
    before = made()

    for attempt in (
        lambda: handed_in(maker, draft),
        lambda: changed(maker, draft, name="改名"),
        lambda: drafts.remove_draft(actor=maker, draft_id=draft.id),
    ):
        with pytest.raises(KaquanError) as refused:
            attempt()
        assert refused.value.code == "draft_handed_in"

    assert made() == before


def test_it_is_not_handed_in_over_a_change_that_was_not_seen(region: Organisation) -> None:
    maker, colleague = a_person(region, 1), a_person(region, 2)
    draft = a_draft(maker)
    seen = draft.revision
    changed(colleague, draft, amount="90")

    with pytest.raises(drafts.DraftMovedError):
        submit_draft(actor=maker, draft_id=draft.id, revision=seen, at=clock.now())

    assert made() == (0, 0, 0, 0)


def sent_back(request: ApprovalRequest, checker: Any) -> None:
    decide(
        checker, request_id=request.id, verdict="request_changes", comment="面额太高",
        revision=request.revision,
    )  # fmt: skip


def test_what_came_back_is_mended_and_handed_in_as_the_same_campaign(region: Organisation) -> None:
    maker, checker = a_person(region, 1), a_person(region, 2)
    draft = a_draft(maker)
    first = handed_in(maker, draft)
    sent_back(first, checker)
    campaign = Campaign.objects.get()
    assert campaign.status == CampaignStatus.DRAFT

    draft.refresh_from_db()
    changed(maker, draft, amount="10", name="夏日小满减", title_zh="满100减10")
    second = handed_in(maker, draft)

    campaign.refresh_from_db()
    assert second.subject_id == campaign.id
    assert campaign.name == "夏日小满减"
    assert campaign.status == CampaignStatus.WAITING
    versions = OfferVersion.objects.order_by("number")
    assert [one.terms["benefit"]["amount_fen"] for one in versions] == [2_000, 1_000]
    assert CampaignBatch.objects.get().offer_version == versions[1]
    assert Offer.objects.get().name == "满100减10"


def test_what_was_withdrawn_and_not_changed_gets_no_new_version(region: Organisation) -> None:
    maker = a_person(region)
    draft = a_draft(maker)
    withdraw(maker, request_id=handed_in(maker, draft).id)

    handed_in(maker, draft)

    assert OfferVersion.objects.count() == 1
    assert ApprovalRequest.objects.count() == 2


def test_another_code_after_it_came_back_makes_another_campaign(region: Organisation) -> None:
    maker = a_person(region)
    draft = a_draft(maker)
    withdraw(maker, request_id=handed_in(maker, draft).id)
    old = Campaign.objects.get()
    draft.refresh_from_db()
    code = a_number("hd-")
    changed(maker, draft, code=code)

    handed_in(maker, draft)

    campaign = Campaign.objects.get()
    assert campaign.id != old.id
    assert campaign.code == code
    assert draft_by_id(maker, draft.id).campaign_id == campaign.id
    assert Offer.objects.count() == 1


@pytest.mark.parametrize("template", [one.name for one in BUILT_IN])
def test_every_built_in_template_lacks_only_what_nobody_can_know(
    region: Organisation, template: str
) -> None:
    maker = a_person(region)
    draft = drafts.begin_draft(actor=maker, template=template, at=NOON)

    plan = plan_of(maker, draft.content)

    lacking = {one.field for one in plan.faults}
    assert lacking == {"name", "quantity"} | ({"goods_skus"} if template == "exchange" else set())
    if template != "exchange":
        assert plan.terms is not None
        assert plan.terms.maximum_cost_fen() is not None
    assert plan.face is not None


def test_a_template_keeps_the_rules_and_neither_code_nor_days(region: Organisation) -> None:
    maker = a_person(region)
    draft = a_draft(maker, starts_at="2026-07-01T00:00", ends_at="2026-07-08T00:00")
    template = drafts.keep_as_template(actor=maker, draft_id=draft.id, name=" 每周满减 ", at=NOON)

    begun = drafts.begin_from_template(actor=maker, draft_id=template.id, at=NOON)

    assert [one.name for one in own_templates(maker)] == ["每周满减"]
    assert begun.content["amount"] == draft.content["amount"]
    assert begun.content["code"] != draft.content["code"]
    assert begun.content["starts_at"] == "2026-06-02T00:00"
    assert begun.content["first_day"] == "2026-06-02"
    assert template.id not in [one.id for one in draft_page(maker, None, Paging()).rows]
    changed(maker, template, amount="5", name="别的名字")
    template.refresh_from_db()
    assert template.name == "每周满减"
    with pytest.raises(KaquanError, match="草稿"):
        handed_in(maker, template)


def test_drafts_of_another_part_do_not_exist(region: Organisation) -> None:
    maker = a_person(region)
    draft = a_draft(maker)
    template = drafts.keep_as_template(actor=maker, draft_id=draft.id, name="模板", at=NOON)
    stranger = a_person(an_organisation("华北", None), 2)

    for attempt in (
        lambda: changed(stranger, draft, name="改"),
        lambda: handed_in(stranger, draft),
        lambda: drafts.begin_from_template(actor=stranger, draft_id=template.id, at=NOON),
        lambda: drafts.keep_as_template(actor=stranger, draft_id=draft.id, name="x", at=NOON),
        lambda: drafts.remove_draft(actor=stranger, draft_id=draft.id),
    ):
        with pytest.raises(KaquanError) as refused:
            attempt()
        assert refused.value.code == "draft_unknown"

    assert list(draft_page(stranger, None, Paging()).rows) == []
    assert list(own_templates(stranger)) == []
    assert draft_by_id(maker, draft.id).content == draft.content


@pytest.mark.parametrize("lacking", ["campaigns.edit", "offers.edit"])
def test_whoever_may_not_write_campaigns_and_offers_begins_no_draft(
    region: Organisation, lacking: str
) -> None:
    clerk = a_person(region, 1, *({"campaigns.edit", "offers.edit"} - {lacking}))

    with pytest.raises(KaquanError, match="permission"):
        drafts.begin_draft(actor=clerk, at=NOON)

    assert CampaignDraft.objects.count() == 0


def test_nobody_begins_drafts_without_end(
    region: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drafts, "DRAFTS_MAX", 2)
    maker = a_person(region)
    first = a_draft(maker)
    a_draft(maker)

    with pytest.raises(KaquanError) as refused:
        a_draft(maker)

    assert refused.value.code == "draft_limit"
    drafts.remove_draft(actor=maker, draft_id=first.id)
    assert a_draft(maker).id


def test_the_worst_cost_is_told_to_the_fen_and_held_against_the_budget(
    region: Organisation,
) -> None:
    from kaquan.budgets.actions import open_budget

    budget = open_budget(
        actor=SYSTEM, code=a_number("b-"), name="夏季预算", total_fen=1_999_999, at=NOON,
        organisation_id=region.id,
    )  # fmt: skip
    maker = a_person(region)
    draft = a_draft(
        maker, budget_id=str(budget.id), share_1_funder="0", share_1_kind="remainder",
        share_2_funder="7", share_2_kind="percent", share_2_value="33.33",
    )  # fmt: skip

    plan = plan_of(maker, draft.content)

    assert plan.worst_cost_fen == 2_000_000
    assert ("budget_id", "最大成本超出预算可用额 ¥0.01，预算用完后将不能再发或再用") in [
        (one.field, one.zh) for one in plan.warnings
    ]
    assert plan.terms is not None
    assert sum(one.cost_fen for one in funder_costs(plan.terms)) == 2_000
    assert {one.funder_id: one.cost_fen for one in funder_costs(plan.terms)}[7] == 667


def test_a_part_of_the_tree_names_only_its_own_places(region: Organisation) -> None:
    elsewhere = an_organisation("华北", None)
    maker = a_person(region)
    draft = a_draft(
        maker, nodes=str(elsewhere.id), organisation_id=str(elsewhere.id), store_codes="S-NONE"
    )

    told = {one.field for one in plan_of(maker, draft.content).faults}

    assert told == {"nodes", "organisation_id", "store_codes"}


def test_every_field_stands_in_the_draft_as_json(region: Organisation) -> None:
    """What is kept is text for known fields and nothing else."""
    maker = a_person(region)
    draft = a_draft(maker, **dict.fromkeys(FIELDS["rules"], "字"), unknown_field="x")

    assert set(draft.content) <= set(STEP_OF)
    assert json.loads(json.dumps(draft.content)) == draft.content
