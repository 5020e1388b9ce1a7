"""The law of the chosen place stands beside the field that breaks it, with its article."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from kaquan.campaigns.draft_laws import law_faults, law_warnings
from kaquan.campaigns.draft_plans import plan_of
from kaquan.campaigns.draft_templates import BUILT_IN, beginning
from kaquan.engine.rules.reading import read_terms
from kaquan.engine.rules.terms import Terms
from kaquan.foundation.configuration import current_configuration
from tests.builders.issuer import NOON, SYSTEM
from tests.fixtures_database import Database

CARD = {"kind": "prepaid_card", "face_fen": 20_000, "max_balance_fen": 100_000}
CASH = {"kind": "cash_voucher", "face_fen": 100_000}
COUNT = {"kind": "count_card", "uses": 10, "value_per_use_fen": 2_000}
KNOWN = {"scope": {"customer_required": True}}


def after_claim(days: int) -> dict[str, Any]:
    return {"validity": {"range": {"kind": "after_claim", "days": days}}}


def until(last_day: str) -> dict[str, Any]:
    span = {"kind": "fixed_range", "first_day": "2027-01-01", "last_day": last_day}
    return {"validity": {"range": span}}


def terms_of(benefit: dict[str, Any], **parts: Any) -> Terms:
    terms = read_terms({"benefit": benefit, **after_claim(1_096), **parts})
    assert isinstance(terms, Terms), terms
    return terms


def told(terms: Terms, ends: str = "2027-01-31") -> dict[str, str]:
    zone = current_configuration().time_zone
    at = datetime.fromisoformat(ends).replace(tzinfo=zone)
    return {one.field: one.zh for one in law_faults(terms, at)}


@pytest.mark.parametrize(
    ("terms", "field", "words"),
    [
        (terms_of(CARD | {"max_balance_fen": 100_001}), "card_max", "不记名卡单张不得超过 ¥1,000"),
        (terms_of(CASH | {"face_fen": 100_001}, price_fen=9_000), "cash_face", "第十八条"),
        (terms_of(COUNT, price_fen=100_001), "price", "国办发〔2011〕25号（三）"),
        (terms_of(CARD, **after_claim(1_095)), "days", "不得少于 3 年：请填 1096 天"),
        (terms_of(CARD, **until("2030-01-30")), "last_day", "请填 2030-01-31 或以后"),
        (
            terms_of(CARD | {"max_balance_fen": 500_001}, **KNOWN, **after_claim(36_500)),
            "card_max",
            "记名卡单张不得超过 ¥5,000",
        ),
        (terms_of(CARD, **KNOWN), "days", "记名卡不得设有效期：请填 36500 天"),
    ],
)
def test_what_is_sold_must_keep_to_the_law(terms: Terms, field: str, words: str) -> None:
    found = told(terms)
    assert list(found) == [field]
    assert words in found[field]


@pytest.mark.parametrize(
    "terms",
    [
        terms_of(CARD),
        terms_of(CARD, **until("2030-01-31")),
        terms_of(CARD | {"max_balance_fen": 500_000}, **KNOWN, **after_claim(36_500)),
        terms_of(CASH | {"face_fen": 900_000}, **after_claim(1)),  # given away
        terms_of(COUNT, **after_claim(1)),
    ],
)
def test_what_keeps_to_it_or_is_given_away_is_let_be(terms: Terms) -> None:
    assert told(terms) == {}


def test_a_day_that_not_every_year_has_is_none_too_few() -> None:
    card = terms_of(CARD, **until("2031-02-28"))
    assert "2031-03-01" in told(card, "2028-02-29")["last_day"]


def test_the_ban_on_passing_on_what_was_paid_for_is_looked_at_twice() -> None:
    assert [one.field for one in law_warnings(terms_of(CARD))] == ["transferable"]
    assert not list(law_warnings(terms_of(CARD, transferable=True)))
    assert not list(law_warnings(terms_of(CASH)))


def test_a_draft_is_checked_for_its_place_and_templates_keep_to_the_law(
    database: Database,
) -> None:
    for one in BUILT_IN:
        faults = {
            fault.field: fault.zh for fault in plan_of(SYSTEM, beginning(one.name, NOON)).faults
        }
        assert not any("条" in words for words in faults.values()), (one.name, faults)
    draft = beginning("prepaid-card", NOON) | {"card_max": "1,500"}

    here = {one.field for one in plan_of(SYSTEM, draft).faults}
    there = {one.field for one in plan_of(SYSTEM, draft | {"jurisdiction": "other"}).faults}

    assert here - there == {"card_max"}
