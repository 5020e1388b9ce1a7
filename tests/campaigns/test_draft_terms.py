"""A draft's fields and an offer's terms say the same: there, back, and tried by the engine."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest

from kaquan.campaigns.draft_copies import content_of_campaign, content_of_terms, unheld
from kaquan.campaigns.draft_plans import plan_of
from kaquan.campaigns.draft_trials import Trial, try_out
from kaquan.campaigns.drafts import begin_copy
from kaquan.campaigns.models import Campaign
from kaquan.engine.outcomes import OutcomeCode
from kaquan.engine.rules.terms import Terms
from kaquan.offers.imports import PRODUCTS
from kaquan.organisations.models import Organisation
from tests.builders.books import books, differing
from tests.builders.issuer import NOON, SYSTEM, a_store, an_organisation, import_rows
from tests.campaigns.drafting import a_draft, a_person, handed_in
from tests.engine.rules.offers import BENEFITS, the_terms
from tests.fixtures_database import Database

WEDNESDAY = datetime(2026, 10, 14, 12, tzinfo=ZoneInfo("Asia/Shanghai"))

RICH: tuple[dict[str, Any], ...] = (
    {
        "validity": {
            "range": {"kind": "after_claim", "days": 30, "start_after_days": 1},
            "weekdays": [1, 3, 7],
            "daily_windows": [
                {"start": "10:00", "end": "14:00"},
                {"start": "21:00", "end": "02:00"},
            ],
            "excluded_dates": ["2026-10-01", "2026-10-02", "2026-12-31"],
        },
        "limits": [
            {"dimension": "customer", "at": "claim", "cap": 1},
            {"dimension": "person", "at": "claim", "cap": 2, "period": "day"},
            {"dimension": "store", "at": "redeem", "cap": 100, "period": "day"},
            {"dimension": "batch", "at": "redeem", "cap": 500_050, "unit": "fen"},
            {"dimension": "channel", "at": "claim", "cap": 50, "period": "day"},
            {"dimension": "channel", "at": "redeem", "cap": 70, "channels": ["app", "抖音"]},
            {
                "dimension": "channel",
                "at": "redeem",
                "cap": 9,
                "unit": "fen",
                "channels": ["app", "抖音"],
            },
        ],
        "transferable": True,
        "transfer_limit": 2,
        "commit": "redeem",
    },
    {
        "validity": {
            "range": {
                "kind": "exact_range",
                "starts_at": "2026-10-01T08:00:00+08:00",
                "ends_at": "2026-10-08T20:30:15+08:00",
            }
        },
        "scope": {
            "channels": ["store", "抖音"],
            "terminal_kinds": ["till", "kiosk"],
            "products": {
                "include": {"skus": ["a", "b"], "categories": ["茶饮"]},
                "mode": "every",
                "exclude": {"categories": ["烟草"]},
                "none": {"skus": ["x"]},
            },
            "order_minimum_fen": 12_345,
            "minimum_basis": "after",
            "minimum_over": "order",
            "first_order_only": True,
            "customer_required": True,
            "customer_tags": {"any": ["金卡", "银卡"], "none": ["员工"]},
        },
        "stack": {
            "policy": "only_with",
            "classes": ["运费"],
            "stack_class": "主券",
            "priority": -5,
        },
        "price_fen": 0,
    },
    {
        "stack": {"policy": "always"},
        "funding": [
            {"kind": "fixed", "funder_id": 3, "amount_fen": 100},
            {"kind": "first_to_cap", "funder_id": 4, "cap_fen": 900_000},
            {"kind": "percent", "funder_id": 5, "basis_points": 3_333},
            {"kind": "remainder", "funder_id": 0},
        ],
    },
)


@pytest.fixture
def root(database: Database) -> Organisation:
    return an_organisation("总部", None)


@pytest.mark.parametrize("benefit", BENEFITS)
@pytest.mark.parametrize("fields", RICH)
def test_terms_come_back_from_a_draft_as_they_went_in(
    root: Organisation, benefit: str, fields: dict[str, Any]
) -> None:
    if benefit in ("prepaid_card", "cash_in_parts", "count_card"):
        fields = {name: one for name, one in fields.items() if name != "funding"}
    terms = the_terms(benefit, **fields)
    maker = a_person(None)

    content = content_of_terms(maker, terms) | {"jurisdiction": "other"}
    plan = plan_of(maker, content)

    assert [one for one in plan.faults if one.field in content] == []
    assert plan.terms is not None
    assert in_order(plan.terms) == in_order(terms)


def in_order(terms: Terms) -> Terms:
    """Terms with their limits in one order, which says nothing."""
    return msgspec.structs.replace(terms, limits=tuple(sorted(terms.limits, key=str)))


def test_channels_with_limits_of_their_own_are_left_out_of_a_copy_and_told(
    root: Organisation,
) -> None:
    maker = a_person(root)
    terms = the_terms(
        limits=[
            {"dimension": "channel", "at": "redeem", "cap": 5, "channels": ["app"]},
            {"dimension": "channel", "at": "redeem", "cap": 9, "channels": ["web"]},
        ]
    )

    content = content_of_terms(maker, terms)

    assert (content["limited_channels_redeem"], content["limit_channel_redeem_ever_uses"]) == (
        "app",
        "5",
    )
    assert list(unheld(terms)) == ["limits"]


def test_channels_without_a_limit_are_a_fault_beside_them(root: Organisation) -> None:
    maker = a_person(root)

    plan = plan_of(maker, a_draft(maker, limited_channels_redeem="app").content)

    assert [one.field for one in plan.faults] == ["limited_channels_redeem"]


def test_stores_and_nodes_come_back_by_their_codes(root: Organisation) -> None:
    store, other = a_store(root), a_store(root)
    region = an_organisation("华东", root)
    terms = the_terms(scope={"stores": {"include": [region.id, store.pk], "exclude": [other.pk]}})
    maker = a_person(None)

    content = content_of_terms(maker, terms)

    assert content["nodes"] == str(region.id)
    assert content["store_codes"] == store.organisation.code
    assert content["not_store_codes"] == other.organisation.code
    plan = plan_of(maker, content)
    assert plan.terms is not None
    assert set(plan.terms.scope.stores.include) == {region.id, store.pk}


def test_a_copied_campaign_says_the_same_under_another_code(root: Organisation) -> None:
    maker = a_person(root)
    original = a_draft(maker, brand="雀港", colour="teal", minimum="88.8")
    handed_in(maker, original)
    campaign = Campaign.objects.get()

    draft, left_out = begin_copy(actor=maker, campaign_id=campaign.id, at=NOON)

    assert left_out == []
    wanted = plan_of(maker, original.content)
    copy = plan_of(maker, {**draft.content, "quantity": "1000"})
    assert copy.terms == wanted.terms
    assert copy.face == wanted.face
    assert copy.basics is not None
    assert copy.basics.code != campaign.code
    assert copy.basics.starts_at == campaign.starts_at
    assert content_of_campaign(maker, campaign.id).content["name"] == campaign.name


CART = {"try_1_sku": "latte", "try_1_quantity": "2", "try_1_price": "30",
        "try_2_sku": "烟", "try_2_categories": "烟草", "try_2_price": "50",
        "try_at": "2026-10-14T12:00"}  # fmt: skip


def tried(terms: Terms, **cart: str) -> Trial:
    trial, faults = try_out(a_person(None), terms, {**CART, **cart}, at=WEDNESDAY)
    assert faults == ()
    assert trial is not None
    return trial


def test_a_trial_gives_each_line_what_the_engine_would(root: Organisation) -> None:
    terms = the_terms(
        scope={"order_minimum_fen": 6_000, "products": {"exclude": {"categories": ["烟草"]}}},
        funding=[
            {"kind": "percent", "funder_id": 8, "basis_points": 7_000},
            {"kind": "remainder", "funder_id": 0},
        ],
    )

    trial = tried(terms)

    assert [one.code for one in trial.refusals] == []
    assert [(line.counts, line.discount_fen, line.left_fen) for line in trial.lines] == [
        (True, 2_000, 4_000),
        (False, 0, 5_000),
    ]
    assert (trial.total_fen, trial.discount_fen, trial.left_fen) == (11_000, 2_000, 9_000)
    assert dict(trial.funding) == {8: 1_400, 0: 600}


def test_a_trial_says_why_not_and_by_how_much(root: Organisation) -> None:
    store = a_store(root)
    terms = the_terms(
        scope={"order_minimum_fen": 20_000, "channels": ["app"], "stores": {"include": [999]}},
    )

    code = store.organisation.code
    trial = tried(terms, try_channel="store", try_store=code, try_at="2027-02-01")

    told = {one.code: one.data for one in trial.refusals}
    assert trial.refusals[0].code is OutcomeCode.VOUCHER_EXPIRED
    assert OutcomeCode.WRONG_STORE in told
    assert trial.discount_fen == 0
    assert all(line.discount_fen == 0 for line in trial.lines)
    short = tried(the_terms(scope={"order_minimum_fen": 20_000}))
    assert short.refusals[0].data["shortfall_fen"] == 9_000


@pytest.mark.parametrize("benefit", BENEFITS)
def test_every_kind_can_be_tried_and_nothing_is_booked(
    root: Organisation, database: Database, benefit: str
) -> None:
    before = books(database.connect())

    trial = tried(the_terms(benefit), try_3_sku="latte", try_3_quantity="3", try_3_price="25")

    assert trial.refusals == []
    assert 0 < trial.discount_fen <= trial.total_fen
    assert trial.total_fen - trial.discount_fen == trial.left_fen
    assert sum(fen for _funder, fen in trial.funding) == trial.value_fen
    rests = {"cash_in_parts": "fen:0", "prepaid_card": "fen:1500", "count_card": "uses:9"}
    assert trial.rest == rests.get(benefit, "")
    assert differing(before, books(database.connect())) == set()


def test_known_goods_bring_their_categories_to_a_trial(root: Organisation) -> None:
    import_rows(
        PRODUCTS, [{"sku": "latte", "name": "拿铁", "categories": ["饮品", "咖啡"]}], actor=SYSTEM
    )
    terms = the_terms(scope={"products": {"include": {"categories": ["饮品"]}}})

    assert [line.counts for line in tried(terms).lines] == [True, False]


def test_a_cart_that_cannot_be_read_is_told_beside_its_fields(root: Organisation) -> None:
    bad = {**CART, "try_1_price": "三十", "try_2_quantity": "0", "try_store": "S-NONE"}

    trial, faults = try_out(a_person(None), the_terms(), bad, at=WEDNESDAY)

    assert trial is None
    assert {one.field for one in faults} == {"try_1_price", "try_2_quantity", "try_store"}
