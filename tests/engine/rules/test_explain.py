"""Terms in words, kept as whole texts in ``golden/``; UPDATE_GOLDEN=1 writes them anew."""

from __future__ import annotations

from typing import Any

import pytest

from kaquan.engine.rules.explain import Language, explain, printed_terms
from kaquan.engine.rules.terms import Terms
from tests.engine.rules.offers import BENEFITS, as_golden, the_terms

NAMES = {
    "organisation:3": "浙江省",
    "organisation:31": "杭州萧山机场店",
    "sku:latte": "拿铁（中杯）",
    "category:tea": "茶饮",
    "category:tobacco": "烟草",
    "category:drink": "饮品",
    "channel:pos": "门店收银",
    "channel:app": "小程序",
    "terminal:till": "收银机",
    "tag:vip": "金卡会员",
    "tag:staff": "员工",
    "class:delivery": "配送券",
    "funder:8": "杭州市商务局",
    "funder:9": "平台",
}

FIELDS: dict[str, dict[str, Any]] = {
    "amount_off": {
        "validity": {
            "range": {"kind": "after_claim", "days": 30, "start_after_days": 1},
            "weekdays": [1, 2, 3, 4, 5],
            "daily_windows": [
                {"start": "10:00", "end": "14:00"},
                {"start": "21:00", "end": "02:00"},
            ],
            "excluded_dates": ["2026-10-01", "2026-10-02", "2026-10-03", "2026-12-31"],
        },
        "scope": {
            "stores": {"include": [3], "exclude": [31]},
            "channels": ["pos", "app"],
            "products": {"exclude": {"categories": ["tobacco"]}},
            "order_minimum_fen": 10000,
        },
        "limits": [{"dimension": "customer", "at": "claim", "cap": 1}],
        "funding": [
            {"kind": "percent", "funder_id": 8, "basis_points": 7000},
            {"kind": "remainder", "funder_id": 0},
        ],
    },
    "percent_off": {
        "validity": {
            "range": {"kind": "fixed_range", "first_day": "2026-10-01", "last_day": "2026-10-31"},
            "weekdays": [3, 6, 7],
        },
        "scope": {
            "products": {"include": {"skus": ["latte"], "categories": ["tea"]}},
            "order_minimum_fen": 5000,
            "minimum_basis": "after",
            "first_order_only": True,
            "terminal_kinds": ["till"],
        },
        "limits": [
            {"dimension": "person", "at": "redeem", "cap": 1, "period": "day"},
            {"dimension": "customer", "at": "redeem", "cap": 10000, "unit": "fen"},
        ],
        "stack": {"policy": "only_with", "classes": ["delivery"]},
        "refund_on_reverse": "never",
    },
    "cash_voucher": {
        "validity": {
            "range": {"kind": "fixed_range", "first_day": "2026-11-11", "last_day": "2026-11-11"}
        },
        "scope": {"order_minimum_fen": 8000, "minimum_over": "order"},
        "stack": {"policy": "always"},
        "transferable": True,
        "transfer_limit": 2,
        "price_fen": 3990,
        "limits": [
            {"dimension": "store", "at": "redeem", "cap": 100, "period": "day"},
            {"dimension": "channel", "at": "claim", "cap": 1000},
            {"dimension": "channel", "at": "redeem", "cap": 50, "channels": ["pos", "mail"]},
            {"dimension": "channel", "at": "redeem", "cap": 300000, "unit": "fen"},
        ],
    },
    "cash_in_parts": {
        "validity": {
            "range": {
                "kind": "exact_range",
                "starts_at": "2026-11-11T00:00:00+08:00",
                "ends_at": "2026-11-11T22:30:30+08:00",
            }
        },
        "scope": {"customer_tags": {"any": ["vip", "staff"], "none": ["blocked"]}},
        "limits": [{"dimension": "batch", "at": "redeem", "cap": 500}],
    },
    "exchange": {
        "validity": {"range": {"kind": "after_claim", "days": 7}},
        "scope": {"products": {"none": {"categories": ["tobacco"]}}},
        "funding": [
            {"kind": "fixed", "funder_id": 9, "amount_fen": 1000},
            {"kind": "first_to_cap", "funder_id": 8, "cap_fen": 100_000_000},
            {"kind": "percent", "funder_id": 3, "basis_points": 2550},
            {"kind": "remainder", "funder_id": 0},
        ],
    },
    "prepaid_card": {
        "validity": {
            "range": {"kind": "after_claim", "days": 1095, "start_after_days": 3},
            "time_zone": "Asia/Urumqi",
        },
        "price_fen": 20000,
        "transferable": True,
        "refund_on_reverse": "always",
        "limits": [
            {"dimension": "customer", "at": "redeem", "cap": 50000, "period": "day", "unit": "fen"}
        ],
    },
    "count_card": {
        "scope": {"customer_required": True, "products": {"include": {"categories": ["drink"]}}},
        "limits": [{"dimension": "customer", "at": "redeem", "cap": 1, "period": "day"}],
    },
    "free_unit": {
        "validity": {"range": {"kind": "after_claim", "days": 1}},
        "scope": {
            "products": {"include": {"skus": ["latte"], "categories": ["tea"]}, "mode": "every"}
        },
        "commit": "redeem",
    },
}
OTHERS: dict[str, dict[str, Any]] = {
    "surcharge": {
        "kind": "exchange",
        "goods": {"skus": ["latte"]},
        "quantity": 2,
        "pay_fen": 990,
        "value_cap_fen": 5000,
    },
    "plain_card": {"kind": "prepaid_card", "face_fen": 0, "max_balance_fen": 100000},
    "plain_discount": {"kind": "percent_off", "basis_points_off": 1234},
    "all_free": {"kind": "percent_off", "basis_points_off": 10000, "cap_fen": 100000},
    "plain_amount": {"kind": "amount_off", "amount_fen": 550},
}


def all_terms() -> dict[str, Terms]:
    """Offers that between them use every sentence there is."""
    some = {name: the_terms(name, **FIELDS[name]) for name in BENEFITS}
    return some | {name: the_terms(kind, commit="redeem") for name, kind in OTHERS.items()}


@pytest.mark.parametrize("language", ["zh", "en"])
def test_printed_terms_read_like_a_coupon(language: Language) -> None:
    texts = [
        f"== {name} ==\n{printed_terms(terms, language, NAMES)}\n"
        for name, terms in all_terms().items()
    ]
    text = "\n".join(texts)
    assert text == as_golden(f"printed_terms.{language}.txt", text)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_operators_are_told_also_what_is_not_printed(language: Language) -> None:
    texts = []
    for name, terms in all_terms().items():
        told = [one for one in explain(terms, language, NAMES) if not one.printed]
        texts.append("\n".join([f"== {name} ==", *(f"[{one.topic}] {one.text}" for one in told)]))
    text = "\n\n".join(texts) + "\n"
    assert text == as_golden(f"operators.{language}.txt", text)


def test_both_languages_say_the_same_things_in_the_same_order() -> None:
    for name, terms in all_terms().items():
        chinese, english = (explain(terms, language) for language in ("zh", "en"))
        outlines = [[(one.topic, one.printed) for one in some] for some in (chinese, english)]
        assert outlines[0] == outlines[1], name


def test_keys_without_a_name_stand_for_themselves() -> None:
    assert "3（含下属门店）" in printed_terms(the_terms(scope={"stores": {"include": [3]}}), "zh")


def test_long_lists_are_cut_short() -> None:
    scope = {"stores": {"include": list(range(1, 31))}}
    assert "等30项" in printed_terms(the_terms(scope=scope), "zh")
    assert "and 10 more" in printed_terms(the_terms(scope=scope), "en")
