"""Where, for whom and on what an offer is good; of several reasons the first by precedence."""

# ruff: noqa: E501  # scenario tables are wider than code
from __future__ import annotations

from typing import Any

import pytest

from kaquan.engine.outcomes import OutcomeCode
from kaquan.engine.rules.channels import channel_subject
from kaquan.engine.rules.check import CompiledLimit, Dimension, LimitUnit
from tests.engine.rules.offers import WEDNESDAY_NOON, as_json, facts, rows, the_rules, told

POS_NUMBER = 336_733_527_249_320_449

SCOPES = """
scope                                                 | facts                              | answer
-- stores: any organisation on the way down, exclusion wins
{"stores": {"include": [12]}}                         |                                    | fine
{"stores": {"include": [77, 500]}}                    |                                    | fine
{"stores": {"include": [13]}}                         |                                    | WRONG_STORE organisations=13 organisations_allowed=1 store_id=77
{"stores": {"include": [3], "exclude": [12]}}         |                                    | WRONG_STORE organisations=3 organisations_allowed=1 store_id=77
{"stores": {"exclude": [77]}}                         |                                    | WRONG_STORE store_id=77
{"stores": {"exclude": [78]}}                         |                                    | fine
{"stores": {"include": [3]}}                          | {"store_id": 0, "store_path": []}  | WRONG_STORE organisations=3 organisations_allowed=1 store_id=0
{"stores": {"include": [77]}}                         | {"store_path": []}                 | fine
-- channels and terminals
{"channels": ["app", "pos"]}                          |                                    | fine
{"channels": ["app"]}                                 |                                    | WRONG_CHANNEL channels=app
{"terminal_kinds": ["kiosk"]}                         |                                    | WRONG_TERMINAL terminal_kinds=kiosk
-- people
{"customer_required": true}                           | {"customer_id": 0}                 | CUSTOMER_REQUIRED
{"customer_tags": {"any": ["vip", "staff"]}}          | {"tags": ["staff"]}                | fine
{"customer_tags": {"any": ["vip", "staff"]}}          | {"tags": ["new"]}                  | CUSTOMER_NOT_TARGETED
{"customer_tags": {"every": ["vip", "new"]}}          | {"tags": ["vip"]}                  | CUSTOMER_NOT_TARGETED
{"customer_tags": {"every": ["vip", "new"]}}          | {"tags": ["vip", "new", "x"]}      | fine
{"customer_tags": {"none": ["blocked"]}}              | {"tags": []}                       | fine
{"customer_tags": {"none": ["blocked"]}}              | {"tags": ["blocked"]}              | CUSTOMER_NOT_TARGETED
{"customer_tags": {"none": ["blocked"]}}              | {"customer_id": 0}                 | CUSTOMER_REQUIRED
{"first_order_only": true}                            | {"first_order": true}              | fine
{"first_order_only": true}                            | {"first_order": false}             | FIRST_ORDER_ONLY
{"first_order_only": true}                            |                                    | FIRST_ORDER_ONLY
"""


@pytest.mark.parametrize(("scope", "known", "answer"), rows(SCOPES))
def test_scope_of_place_and_person(scope: str, known: str, answer: str) -> None:
    fields = as_json(known)
    fields |= {"tags": frozenset(fields.get("tags", ()))}
    fields |= {"store_path": tuple(fields.get("store_path", (1, 3, 12, 77)))}

    refusal = the_rules(scope=as_json(scope)).refusal(facts(**fields), WEDNESDAY_NOON)

    assert told(refusal) == answer


ORDERS = """
scope                                                            | order                                   | answer
{"products": {"include": {"skus": ["tea"]}}}                     | cake 9.00; tea 1.00                     | fine
{"products": {"include": {"skus": ["tea"]}}}                     | cake 9.00                               | PRODUCTS_NOT_ELIGIBLE wanted=tea
{"products": {"include": {"skus": ["tea"]}}}                     |                                         | ORDER_REQUIRED
{"products": {"include": {"categories": ["drink"]}}}             | ale 9.00 #food #drink                   | fine
{"products": {"exclude": {"categories": ["tobacco"]}}}           | cigar 9.00 #tobacco                     | PRODUCTS_NOT_ELIGIBLE wanted=
{"products": {"exclude": {"categories": ["tobacco"]}}}           | cigar 9.00 #tobacco; tea 1.00           | fine
{"products": {"none": {"categories": ["tobacco"]}}}              | cigar 9.00 #tobacco; tea 1.00           | PRODUCTS_NOT_ELIGIBLE forbidden=cigar
{"products": {"include": {"skus": ["a", "b"]}, "mode": "every"}} | a 1.00; c 1.00                          | PRODUCTS_NOT_ELIGIBLE missing=b
{"products": {"include": {"skus": ["a"], "categories": ["x"]}, "mode": "every"}} | a 1.00; c 1.00 #x       | fine
{"products": {"include": {"skus": ["a"], "categories": ["x"]}, "mode": "every"}} | a 1.00; c 1.00 #y       | PRODUCTS_NOT_ELIGIBLE missing=x
-- the order minimum
{"order_minimum_fen": 10000}                                     | a 92.00                                 | ORDER_BELOW_MINIMUM minimum_fen=100.00 shortfall_fen=8.00
{"order_minimum_fen": 10000}                                     | a 99.99                                 | ORDER_BELOW_MINIMUM minimum_fen=100.00 shortfall_fen=0.01
{"order_minimum_fen": 10000}                                     | a 60.00; b 40.00                        | fine
{"order_minimum_fen": 10000}                                     |                                         | ORDER_REQUIRED
{"order_minimum_fen": 10000}                                     | a 100.00-20.00                          | fine
{"order_minimum_fen": 10000, "minimum_basis": "after"}           | a 100.00-20.00                          | ORDER_BELOW_MINIMUM minimum_fen=100.00 shortfall_fen=20.00
{"order_minimum_fen": 10000, "products": {"include": {"skus": ["a"]}}} | a 60.00; b 40.00                  | ORDER_BELOW_MINIMUM minimum_fen=100.00 shortfall_fen=40.00
{"order_minimum_fen": 10000, "minimum_over": "order", "products": {"include": {"skus": ["a"]}}} | a 60.00; b 40.00 | fine
"""


@pytest.mark.parametrize(("scope", "order", "answer"), rows(ORDERS))
def test_scope_of_goods_and_order_minimum(scope: str, order: str, answer: str) -> None:
    refusal = the_rules(scope=as_json(scope)).refusal(facts(order), WEDNESDAY_NOON)
    assert told(refusal) == answer


def test_an_exchange_needs_its_goods_on_an_order_but_no_order_at_a_counter() -> None:
    rules = the_rules("exchange")

    assert told(rules.refusal(facts("latte 30.00"), WEDNESDAY_NOON)) == "fine"
    assert told(rules.refusal(facts(), WEDNESDAY_NOON)) == "fine"
    refusal = rules.refusal(facts("cake 30.00"), WEDNESDAY_NOON)
    assert told(refusal) == "PRODUCTS_NOT_ELIGIBLE wanted=latte,tea"


def test_the_lines_that_count_are_included_and_not_excluded() -> None:
    scope = {
        "products": {"include": {"categories": ["drink"]}, "exclude": {"skus": ["ale"]}},
    }
    lines = facts("tea 9.00 #drink; ale 8.00 #drink; cake 7.00; juice 6.00 #drink").order
    assert lines is not None

    assert the_rules(scope=scope).eligible_lines(lines.lines) == (0, 3)
    assert the_rules().eligible_lines(lines.lines) == (0, 1, 2, 3)


# Each step puts right what the one before was refused for.
MENDED: list[tuple[dict[str, Any], OutcomeCode | None]] = [
    ({"day": 17}, OutcomeCode.WRONG_WEEKDAY),
    ({"day": 14, "hour": 8}, OutcomeCode.OUTSIDE_DAILY_WINDOW),
    ({"hour": 12}, OutcomeCode.EXCLUDED_DATE),
    ({"day": 15}, OutcomeCode.WRONG_STORE),
    ({"store_path": (1, 9, 88)}, OutcomeCode.WRONG_CHANNEL),
    ({"channel": "app"}, OutcomeCode.WRONG_TERMINAL),
    ({"terminal_kind": "phone"}, OutcomeCode.CUSTOMER_REQUIRED),
    ({"customer_id": 9}, OutcomeCode.CUSTOMER_NOT_TARGETED),
    ({"tags": frozenset({"vip"})}, OutcomeCode.FIRST_ORDER_ONLY),
    ({"first_order": True}, OutcomeCode.ORDER_REQUIRED),
    ({"order_text": "cake 9.00"}, OutcomeCode.PRODUCTS_NOT_ELIGIBLE),
    ({"order_text": "tea 9.00"}, OutcomeCode.ORDER_BELOW_MINIMUM),
    ({"order_text": "tea 100.00"}, None),
]


def test_of_several_reasons_the_first_by_precedence_is_told() -> None:
    rules = the_rules(
        validity={
            "range": {"kind": "after_claim", "days": 30},
            "weekdays": [1, 2, 3, 4, 5],
            "daily_windows": [{"start": "11:00", "end": "14:00"}],
            "excluded_dates": ["2026-10-14"],
        },
        scope={
            "stores": {"include": [9]},
            "channels": ["app"],
            "terminal_kinds": ["phone"],
            "customer_tags": {"any": ["vip"]},
            "first_order_only": True,
            "products": {"include": {"skus": ["tea"]}},
            "order_minimum_fen": 10000,
        },
    )
    known: dict[str, Any] = {"hour": 8, "customer_id": 0}
    for mended, code in MENDED:
        known |= mended
        at = WEDNESDAY_NOON.replace(day=known["day"], hour=known["hour"])
        about = {key: value for key, value in known.items() if key not in ("day", "hour")}
        refusal = rules.refusal(facts(**about), at)
        assert (refusal.code if refusal else None) is code, mended


def test_a_limit_per_person_needs_to_know_the_person_where_it_counts() -> None:
    limits = [{"dimension": "person", "at": "claim", "cap": 1}]
    stranger, guest = facts(person_id=0), facts(customer_id=0)

    rules = the_rules(limits=limits)
    refusal = rules.claim_refusal(stranger)
    assert refusal is not None
    assert refusal.code is OutcomeCode.CUSTOMER_REQUIRED
    assert rules.claim_refusal(guest) is None
    assert rules.refusal(stranger, WEDNESDAY_NOON) is None


def test_a_claim_is_refused_to_those_an_offer_is_not_for_whatever_the_store() -> None:
    scope = {"customer_tags": {"any": ["vip"]}, "stores": {"include": [500]}}
    rules = the_rules(scope=scope)

    assert told(rules.claim_refusal(facts(tags=frozenset({"vip"})))) == "fine"
    assert told(rules.claim_refusal(facts())) == "CUSTOMER_NOT_TARGETED"
    assert told(rules.claim_refusal(facts(customer_id=0))) == "CUSTOMER_REQUIRED"


def test_a_channel_is_counted_under_a_number_that_never_changes() -> None:
    assert channel_subject("pos") == channel_subject("ＰＯＳ") == POS_NUMBER
    numbers = [channel_subject(name) for name in ("", "pos", "app", "小程序", "\ud800")]
    assert len(set(numbers)) == len(numbers)
    assert all(0 < number < 2**62 for number in numbers)


def test_limits_are_compiled_for_the_moment_they_count_at() -> None:
    rules = the_rules(
        limits=[
            {"dimension": "customer", "at": "claim", "cap": 1},
            {"dimension": "batch", "at": "redeem", "cap": 500, "period": "day"},
            {"dimension": "store", "at": "redeem", "cap": 10_000, "unit": "fen"},
        ]
    )

    assert rules.limits_at("claim") == (
        CompiledLimit(Dimension.CUSTOMER, daily=False, unit=LimitUnit.USES, cap=1),
    )
    assert rules.limits_at("redeem") == (
        CompiledLimit(Dimension.BATCH, daily=True, unit=LimitUnit.USES, cap=500),
        CompiledLimit(Dimension.STORE, daily=False, unit=LimitUnit.FEN, cap=10_000),
    )
