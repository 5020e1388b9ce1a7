"""What each kind of offer gives on an order: scenarios as text, then properties."""

# ruff: noqa: E501  # scenario tables are wider than code
from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kaquan.engine.facts import Facts, Order, OrderLine
from kaquan.engine.outcomes import Refusal
from kaquan.engine.rules.benefits import Benefit
from kaquan.engine.rules.check import compile_terms
from tests.engine.rules.offers import BENEFITS, as_json, facts, rows, the_rules, the_terms, told

SCENARIOS = """
offer         | scope                                     | order                                       | asked             | answer
-- 满减
amount_off    |                                           | tea 60.00; cake 40.00                       |                   | 20.00 = 12.00 + 8.00
amount_off    |                                           | tea 60.00-10.00; cake 50.00                 |                   | 20.00 = 10.00 + 10.00
amount_off    |                                           | a 10.00; b 10.00; c 10.00                   |                   | 20.00 = 6.67 + 6.67 + 6.66
amount_off    |                                           | tea 12.34                                   |                   | 12.34 = 12.34
amount_off    |                                           | tea 12.34-12.34                             |                   | NO_BENEFIT
amount_off    |                                           |                                             |                   | 20.00
amount_off    |                                           | tea 60.00                                   | {"amount_fen": 5} | AMOUNT_NOT_ALLOWED uses_possible=1
amount_off    |                                           |                                             | {"uses": 2}       | AMOUNT_NOT_ALLOWED uses_possible=1
amount_off    | {"include": {"categories": ["drink"]}}    | tea 15.00 #drink; cake 40.00                |                   | 15.00 = 15.00 + 0.00
amount_off    | {"exclude": {"skus": ["cake"]}}           | tea 30.00; cake 40.00; pie 10.00            |                   | 20.00 = 15.00 + 0.00 + 5.00
-- 折扣
percent_off   |                                           | tea 60.00; cake 40.00                       |                   | 15.00 = 9.00 + 6.00
percent_off   |                                           | tea 333.33                                  |                   | 30.00 = 30.00
percent_off   |                                           | tea 0.06                                    |                   | NO_BENEFIT
percent_off   |                                           | tea 0.07                                    |                   | 0.01 = 0.01
percent_off   |                                           |                                             |                   | ORDER_REQUIRED
-- 代金券
cash_voucher  |                                           | tea 60.00; cake 40.00                       |                   | 50.00 = 30.00 + 20.00
cash_voucher  |                                           | tea 30.00                                   |                   | 30.00 = 30.00
cash_voucher  |                                           |                                             |                   | 50.00
cash_in_parts |                                           | tea 30.00                                   |                   | 30.00 = 30.00, balance 30.00
cash_in_parts |                                           | tea 80.00                                   |                   | 50.00 = 50.00, balance 50.00
cash_in_parts |                                           | tea 80.00                                   | {"amount_fen":1}  | 0.01 = 0.01, balance 0.01
cash_in_parts |                                           |                                             |                   | 50.00, balance 50.00
-- 储值卡
prepaid_card  |                                           | tea 60.00; cake 40.00                       |                   | 100.00 = 60.00 + 40.00, balance 100.00
prepaid_card  |                                           | tea 600.00                                  |                   | 200.00 = 200.00, balance 200.00
prepaid_card  |                                           | tea 600.00                                  | {"amount_fen": 20001} | BALANCE_INSUFFICIENT balance_fen=200.00 shortfall_fen=0.01
prepaid_card  |                                           | tea 60.00                                   | {"amount_fen": 6001}  | AMOUNT_NOT_ALLOWED payable_fen=60.00
prepaid_card  |                                           | tea 60.00                                   | {"amount_fen": 0}     | AMOUNT_NOT_ALLOWED amount_fen=0.00
prepaid_card  |                                           | tea 60.00                                   | {"balance_fen": 0}    | BALANCE_INSUFFICIENT balance_fen=0.00 shortfall_fen=0.00
prepaid_card  |                                           | tea 60.00-60.00                             |                   | NO_BENEFIT
prepaid_card  |                                           |                                             |                   | ORDER_REQUIRED
prepaid_card  |                                           |                                             | {"amount_fen": 4550}  | 45.50, balance 45.50
-- 兑换券: the dearest matching unit, up to the cap
exchange      |                                           | latte*2 60.00; cake 50.00                   |                   | 30.00 = 30.00 + 0.00
exchange      |                                           | latte 25.00; oolong 38.00 #tea              |                   | 38.00 = 0.00 + 38.00
exchange      |                                           | oolong 90.00 #tea                           |                   | 40.00 = 40.00
exchange      |                                           | latte*3 100.00                              |                   | 33.34 = 33.34
exchange      |                                           | latte 30.00-30.00                           |                   | PRODUCTS_NOT_ELIGIBLE units_missing=1
exchange      |                                           | cake 30.00                                  |                   | PRODUCTS_NOT_ELIGIBLE units_missing=1
exchange      |                                           |                                             |                   | 40.00
-- 次卡: covers ¥35 at most, settles at ¥20 a use
count_card    |                                           | wash 30.00                                  |                   | 30.00 = 30.00, value 20.00
count_card    |                                           | wash 48.00                                  |                   | 35.00 = 35.00, value 20.00
count_card    |                                           | wash*2 60.00; wax 20.00                     | {"uses": 2}       | 60.00 = 60.00 + 0.00, uses 2, value 40.00
count_card    |                                           | wash*2 60.00; wax 20.00                     | {"uses": 3}       | 80.00 = 60.00 + 20.00, uses 3, value 60.00
count_card    |                                           | wash*2 60.00                                | {"uses": 3}       | AMOUNT_NOT_ALLOWED uses_possible=2
count_card    |                                           | wash*9 60.00                                | {"uses": 3, "uses_left": 2} | USES_INSUFFICIENT shortfall_uses=1 uses_left=2
count_card    |                                           | wash*9 60.00                                | {"uses": 0}       | AMOUNT_NOT_ALLOWED uses_possible=10
count_card    |                                           |                                             | {"uses": 2}       | 40.00, uses 2
-- 买赠: buy 2 get the cheapest of 3 free, at most ¥30 off
free_unit     |                                           | tea*2 60.00; cake 18.00                     |                   | 18.00 = 0.00 + 18.00
free_unit     |                                           | tea*3 150.00                                |                   | 30.00 = 30.00
free_unit     |                                           | tea*2 60.00                                 |                   | PRODUCTS_NOT_ELIGIBLE units_missing=1
free_unit     | {"include": {"skus": ["tea"]}}            | tea*3 75.00; cake 18.00                     |                   | 25.00 = 25.00 + 0.00
free_unit     |                                           |                                             |                   | 30.00
"""


@pytest.mark.parametrize(("name", "scope", "order", "asked", "answer"), rows(SCENARIOS))
def test_each_kind_gives_what_the_table_says(
    name: str, scope: str, order: str, asked: str, answer: str
) -> None:
    rules = the_rules(name, scope={"products": as_json(scope)})
    full = {
        "balance_fen": rules.terms.opening_balance_fen,
        "uses_left": max(rules.terms.opening_uses, 1),
    }
    given = rules.benefit(facts(order), **{**full, **as_json(asked)})
    assert told(given) == answer


def test_a_unit_for_a_surcharge_takes_off_what_is_above_it() -> None:
    rules = the_rules(
        {"kind": "exchange", "goods": {"skus": ["cup"]}, "quantity": 2, "pay_fen": 300},
        commit="redeem",
    )

    assert told(rules.benefit(facts("cup*3 60.00; tea 9.00"))) == "34.00 = 34.00 + 0.00"
    assert told(rules.benefit(facts("cup*3 9.00"))) == "NO_BENEFIT"
    assert told(rules.benefit(facts())) == "ORDER_REQUIRED"


def test_what_earlier_vouchers_left_bounds_the_next_one() -> None:
    rules = the_rules("cash_voucher")

    given = rules.benefit(facts("tea 60.00; cake 40.00"), payable_fen_by_line=[0, 1000])

    assert told(given) == "10.00 = 0.00 + 10.00"


def test_returned_lines_with_negative_amounts_neither_pay_nor_get_anything() -> None:
    lines = (OrderLine("1", "tea", 1, 3000), OrderLine("2", "cup", 1, -1000))

    given = the_rules("cash_voucher").benefit(Facts(order=Order("T1", lines)))

    assert told(given) == "30.00 = 30.00 + 0.00"


MOST = {"amount_off": 2000, "percent_off": 3000, "cash_voucher": 5000, "cash_in_parts": 5000}
MOST |= {"exchange": 4000, "prepaid_card": 20000, "count_card": 20000, "free_unit": 3000}


@pytest.mark.parametrize("name", BENEFITS)
def test_the_most_a_voucher_can_cost_is_known(name: str) -> None:
    assert the_terms(name).maximum_cost_fen() == MOST[name]


def test_a_percentage_without_a_cap_has_no_highest_cost() -> None:
    terms = the_terms({"kind": "percent_off", "basis_points_off": 100}, commit="redeem")
    assert terms.maximum_cost_fen() is None


order_lines = st.builds(
    OrderLine,
    st.just("1"),
    st.sampled_from(["latte", "cake", "cup"]),
    st.integers(0, 4),
    st.integers(0, 30_000),
    st.integers(0, 5_000),
    st.sampled_from([(), ("tea",), ("food", "cake")]),
)
RULES = {name: compile_terms(the_terms(name)) for name in BENEFITS}


@settings(max_examples=100)
@given(st.data(), st.sampled_from(sorted(BENEFITS)), st.lists(order_lines, min_size=1, max_size=6))
def test_no_voucher_gives_more_than_is_left_to_pay_or_than_it_holds(
    data: Any, name: str, lines: list[OrderLine]
) -> None:
    rules = RULES[name]
    payable = [
        data.draw(st.integers(0, max(line.amount_fen - line.discount_fen, 0))) for line in lines
    ]
    uses, balance = data.draw(st.integers(1, 3)), data.draw(st.integers(0, 25_000))
    uses = uses if name == "count_card" else 1

    given = rules.benefit(
        Facts(order=Order("T1", tuple(lines))),
        payable_fen_by_line=payable,
        uses=uses,
        balance_fen=balance,
        uses_left=10,
    )

    if isinstance(given, Refusal):
        return
    assert isinstance(given, Benefit)
    assert 0 < given.discount_fen <= sum(payable)
    assert sum(given.allocation) == given.discount_fen
    assert all(0 <= part <= left for part, left in zip(given.allocation, payable, strict=True))
    assert given.balance_used_fen in (0, given.discount_fen)
    assert given.balance_used_fen <= balance
    if not rules.terms.has_balance:
        assert given.value_fen <= MOST[name]
    if given.units:
        assert all(
            0 <= used <= line.quantity for used, line in zip(given.units, lines, strict=True)
        )
