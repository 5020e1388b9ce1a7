"""Several vouchers on one order: what they make together, and which of them are best."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import combinations, permutations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kaquan.engine.facts import Facts, Order, OrderLine
from kaquan.engine.outcomes import OutcomeCode, Refusal
from kaquan.engine.rules.benefits import Benefit
from kaquan.engine.rules.check import Rules, compile_terms
from kaquan.engine.rules.stack import (
    Candidate,
    Combination,
    Use,
    application_order,
    best_combination,
    price_order,
)
from kaquan.engine.rules.terms import PrepaidCard
from tests.engine.rules.offers import (
    BENEFITS,
    WEDNESDAY_NOON,
    facts,
    order,
    rows,
    the_rules,
    the_terms,
    told,
)

ALWAYS = {"policy": "always"}
OFFERS: dict[str, dict[str, Any]] = {
    "off20": {"benefit": "amount_off"},
    "off20_first": {"benefit": "amount_off", "stack": {"policy": "always", "priority": 5}},
    "off20_alone": {"benefit": "amount_off", "stack": {}},
    "off30_alone": {"benefit": {"kind": "amount_off", "amount_fen": 3000}, "stack": {}},
    "off20_over90": {
        "benefit": "amount_off",
        "scope": {"order_minimum_fen": 9000, "minimum_basis": "after"},
    },
    "off15percent": {"benefit": "percent_off"},
    "cash50": {"benefit": "cash_voucher"},
    "latte": {"benefit": "exchange"},
    "card": {"benefit": "prepaid_card"},
    "wash": {"benefit": "count_card"},
    "buy2get1": {"benefit": "free_unit"},
    "delivery": {
        "benefit": {"kind": "amount_off", "amount_fen": 500},
        "stack": {"policy": "only_with", "classes": ["meal"], "stack_class": "delivery"},
    },
    "lunch": {"benefit": "amount_off", "stack": {"policy": "always", "stack_class": "meal"}},
    "meal": {
        "benefit": {"kind": "amount_off", "amount_fen": 1000},
        "stack": {"policy": "only_with", "classes": ["delivery"], "stack_class": "meal"},
    },
}


def rules_of(name: str) -> Rules:
    fields = {"stack": ALWAYS, **OFFERS[name]}
    return the_rules(fields.pop("benefit"), **fields)


RULES = {name: rules_of(name) for name in OFFERS}


def use(name: str) -> Use:
    terms = RULES[name].terms
    return Use(
        RULES[name],
        balance_fen=terms.opening_balance_fen,
        uses_left=max(terms.opening_uses, 1),
    )


def some_uses(names: str) -> list[Use]:
    return [use(name) for name in names.split()]


PRICES = """
order                  | vouchers                | each gives
tea 100.00             | off20                   | 20.00
-- a percentage comes before a fixed amount, whichever is named first
tea 100.00             | off20 off15percent      | 20.00, 15.00
tea 100.00             | off15percent off20      | 15.00, 20.00
-- unless a priority says otherwise: 15 % of 80
tea 100.00             | off20_first off15percent | 20.00, 12.00
-- money last, and never more than is left
tea 60.00              | cash50 off20            | 40.00, 20.00
tea 60.00              | card cash50 off20       | NO_BENEFIT voucher=0
tea 100.00             | card cash50 off20       | 30.00, 50.00, 20.00
-- two exchanges take two units; a third finds none
latte*2 60.00          | latte latte             | 30.00, 30.00
latte*2 60.00          | latte latte latte       | PRODUCTS_NOT_ELIGIBLE units_missing=1 voucher=2
latte*2 100.00         | latte latte             | 40.00, 40.00
latte*3 100.00         | latte latte latte       | 33.34, 33.33, 33.33
-- units bought for a free one do not count twice
tea*5 50.00            | buy2get1 buy2get1       | PRODUCTS_NOT_ELIGIBLE units_missing=1 voucher=1
tea*4 40.00; cake*2 10.00 | buy2get1 buy2get1    | 5.00, 10.00
-- the minimum after other discounts is judged where the voucher applies
tea 100.00             | off20_over90 off15percent | ORDER_BELOW_MINIMUM minimum_fen=90.00 shortfall_fen=5.00 voucher=0
tea 110.00             | off20_over90 off15percent | 20.00, 16.50
-- both sides must allow
tea 100.00             | off20 off20_alone       | STACKING_FORBIDDEN voucher=1 with=0
tea 100.00             | delivery meal           | 5.00, 10.00
tea 100.00             | delivery off20          | STACKING_FORBIDDEN voucher=1 with=0
tea 100.00             | delivery meal meal      | STACKING_FORBIDDEN voucher=2 with=1
                       | off20                   | 20.00
                       | off15percent            | ORDER_REQUIRED voucher=0
                       | off20 cash50            | ORDER_REQUIRED
tea 100.00             | off20 off20 off20 off20 off20 off20 off20 off20 off20 | TOO_MANY_VOUCHERS vouchers=9 vouchers_most=8
"""  # noqa: E501


@pytest.mark.parametrize(("order_text", "vouchers", "answer"), rows(PRICES))
def test_vouchers_on_one_order_are_priced_as_the_table_says(
    order_text: str, vouchers: str, answer: str
) -> None:
    given = price_order(order(order_text), some_uses(vouchers))

    if isinstance(given, Refusal):
        assert told(given) == answer
    else:
        assert ", ".join(told(one).split(" =")[0] for one in given) == answer


def candidates(names: str) -> list[Candidate]:
    window = (WEDNESDAY_NOON - timedelta(days=9), WEDNESDAY_NOON + timedelta(days=9))
    return [Candidate(use(name), window) for name in names.split()]


BEST = """
order         | vouchers                    | chosen  | left out
tea 100.00    | off20 off15percent          | 1 0     |
tea 100.00    | off20_alone off30_alone     | 1       | 0: STACKING_FORBIDDEN with=1
tea 100.00    | off30_alone off20 off15percent | 2 1  | 0: STACKING_FORBIDDEN with=2
-- 85.00 are left after the percentage: together they would not do
tea 100.00    | off20_over90 off15percent   | 0       | 1: BETTER_WITHOUT displaces=0
tea 100.00    | latte off20                 | 1       | 0: PRODUCTS_NOT_ELIGIBLE wanted=latte,tea
tea 20.00     | off20 off15percent          | 0       | 1: BETTER_WITHOUT loss_fen=0.00
-- lunch stacks with both of the others, they not with each other
tea 100.00    | delivery lunch off20        | 1 2     | 0: STACKING_FORBIDDEN with=2
-- of equals the first
tea 100.00    | off20_alone off20_alone     | 0       | 1: STACKING_FORBIDDEN with=0
-- a card pays what is left, and is not a reason to leave a discount out
tea 100.00    | card off20                  | 1 0     |
tea 20.00     | card off20                  | 1       | 0: NO_BENEFIT
"""


@pytest.mark.parametrize(("order_text", "vouchers", "chosen", "left_out"), rows(BEST))
def test_the_best_combination_and_the_reasons_for_the_rest(
    order_text: str, vouchers: str, chosen: str, left_out: str
) -> None:
    best = best_combination(facts(order_text), candidates(vouchers), WEDNESDAY_NOON)

    assert isinstance(best, Combination)
    assert " ".join(map(str, best.chosen)) == chosen
    assert "; ".join(f"{one.index}: {told(one.reason)}" for one in best.left_out) == left_out


def test_a_voucher_out_of_its_validity_says_so_and_is_never_chosen() -> None:
    over = Candidate(use("off20"), (WEDNESDAY_NOON - timedelta(days=2), WEDNESDAY_NOON))
    unclaimed = Candidate(use("off20"), None)

    best = best_combination(facts("tea 100.00"), [over, unclaimed], WEDNESDAY_NOON)

    assert isinstance(best, Combination)
    assert best.chosen == ()
    codes = [one.reason.code for one in best.left_out]
    assert codes == [OutcomeCode.VOUCHER_EXPIRED, OutcomeCode.VOUCHER_NOT_ISSUED]


def test_of_equal_combinations_the_one_that_expires_first_is_used() -> None:
    start = WEDNESDAY_NOON - timedelta(days=1)
    ends = [WEDNESDAY_NOON + timedelta(days=days) for days in (9, 2, 5)]
    three = [Candidate(use("off20_alone"), (start, end)) for end in ends]

    best = best_combination(facts("tea 100.00"), three, WEDNESDAY_NOON)

    assert isinstance(best, Combination)
    assert best.chosen == (1,)


def test_nine_candidates_or_no_order_are_refused() -> None:
    nine = best_combination(facts("tea 1.00"), candidates("off20 " * 9), WEDNESDAY_NOON)
    none = best_combination(facts(), candidates("off20"), WEDNESDAY_NOON)

    assert told(nine if isinstance(nine, Refusal) else None).startswith("TOO_MANY_VOUCHERS")
    assert told(none if isinstance(none, Refusal) else None) == "ORDER_REQUIRED"


# An independent search: every subset in full, nothing shared, no pruning. -------------------------

POOL: list[Rules] = []
for policy in ({"policy": "always"}, {"policy": "only_with", "classes": ["x"]}, {}):
    for kind in BENEFITS:
        for place, scope in enumerate(
            ({}, {"order_minimum_fen": 6000, "minimum_basis": "after"}, {"first_order_only": True})
        ):
            stack = {**policy, "stack_class": ["x", "y"][place % 2], "priority": place % 2}
            POOL.append(compile_terms(the_terms(kind, scope=scope, stack=stack)))

lines = st.builds(
    OrderLine,
    st.just("1"),
    st.sampled_from(["latte", "cake"]),
    st.integers(1, 3),
    st.integers(0, 15_000),
    st.integers(0, 500),
)
EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


@st.composite
def any_candidates(draw: st.DrawFn) -> list[Candidate]:
    chosen = draw(st.lists(st.sampled_from(POOL), min_size=1, max_size=6))
    return [
        Candidate(
            Use(rules, balance_fen=draw(st.sampled_from([0, 3000])), uses_left=3),
            (EPOCH, EPOCH + timedelta(days=draw(st.integers(1, 3)))),
        )
        for rules in chosen
    ]


KINDS = ("CountCard", "Exchange", "FreeUnit", "PercentOff", "AmountOff", "CashVoucher")


def priced_in_full(about: Facts, some: list[Use]) -> list[tuple[Use, Benefit]] | None:
    """Every voucher in turn, from the whole order on; None where one is refused."""
    assert about.order is not None
    cart = about.order.lines

    def place(one: Use) -> tuple[int, int]:
        kind = type(one.rules.terms.benefit).__name__
        return -one.rules.terms.stack.priority, (*KINDS, "PrepaidCard").index(kind)

    left = [max(line.amount_fen - line.discount_fen, 0) for line in cart]
    taken = [0] * len(cart)
    given: list[tuple[Use, Benefit]] = []
    for one in sorted(some, key=place):
        if one.rules.minimum_refusal(cart, left):
            return None
        benefit = one.rules.benefit_on(cart, left, one.ask, taken=taken)
        if isinstance(benefit, Refusal):
            return None
        given.append((one, benefit))
        left = [rest - part for rest, part in zip(left, benefit.allocation, strict=True)]
        units = benefit.units or (0,) * len(cart)
        taken = [sum(pair) for pair in zip(taken, units, strict=True)]
    return given


def all_stack(some: list[Use]) -> bool:
    for one, other in permutations([use.rules.terms.stack for use in some], 2):
        if one.policy == "never":
            return False
        if one.policy == "only_with" and other.stack_class not in one.classes:
            return False
    return True


def score_by_brute_force(about: Facts, some: list[Candidate], at: datetime) -> tuple[Any, ...]:
    """The least (−saving, −total, vouchers, expiries, indices) of all subsets that are legal."""
    scores: list[tuple[Any, ...]] = []
    for size in range(len(some) + 1):
        for subset in combinations(range(len(some)), size):
            uses = [some[index].use for index in subset]
            windows = [some[index].window or (EPOCH, EPOCH) for index in subset]
            if any(at >= end or at < start for start, end in windows):
                continue
            if not all_stack(uses) or any(one.rules.refusal(about, at) for one in uses):
                continue
            given = priced_in_full(about, uses)
            if given is None:
                continue
            total = sum(benefit.discount_fen for _, benefit in given)
            saving = sum(
                benefit.discount_fen
                for one, benefit in given
                if not isinstance(one.rules.terms.benefit, PrepaidCard)
            )
            scores.append((-saving, -total, size, sorted(end for _, end in windows), list(subset)))
    return min(scores)


@settings(max_examples=120, deadline=None)
@given(st.lists(lines, min_size=1, max_size=3), any_candidates(), st.booleans())
def test_the_search_finds_what_brute_force_finds(
    some_lines: list[OrderLine], some: list[Candidate], first: bool
) -> None:
    about = Facts(customer_id=9, first_order=first, order=Order("T1", tuple(some_lines)))
    at = EPOCH + timedelta(days=1)

    best = best_combination(about, some, at)

    assert isinstance(best, Combination)
    expected = score_by_brute_force(about, some, at)
    assert (-best.saving_fen, -best.total_discount_fen) == expected[:2]
    assert sorted(best.chosen) == expected[4]
    priced = price_order(about.order, [some[index].use for index in best.chosen])
    assert priced == list(best.benefits)
    assert sorted([*best.chosen, *(one.index for one in best.left_out)]) == list(range(len(some)))
    assert all(one.reason.code for one in best.left_out)


money = st.sampled_from(["amount_off", "percent_off", "cash_voucher"])


@given(money, money, st.integers(1, 30_000))
def test_for_two_money_vouchers_the_order_of_kinds_is_the_customers_best(
    one: str, other: str, amount_fen: int
) -> None:
    cart = Order("T1", (OrderLine("1", "tea", 1, amount_fen),))

    def total(first_priority: int) -> int:
        stacks = [{**ALWAYS, "priority": first_priority}, ALWAYS]
        uses = [
            Use(the_rules(kind, stack=stack))
            for kind, stack in zip((one, other), stacks, strict=True)
        ]
        given = price_order(cart, uses)
        return 0 if isinstance(given, Refusal) else sum(benefit.discount_fen for benefit in given)

    assert total(0) >= max(total(1), total(-1))


@settings(max_examples=100)
@given(st.lists(lines, min_size=1, max_size=3), any_candidates())
def test_together_they_never_take_more_than_there_is_to_pay(
    some_lines: list[OrderLine], some: list[Candidate]
) -> None:
    uses = [one.use for one in some]
    given = price_order(Order("T1", tuple(some_lines)), uses)
    if isinstance(given, Refusal):
        return
    for index, line in enumerate(some_lines):
        assert sum(one.allocation[index] for one in given) <= max(line.payable_fen, 0)
        assert sum(one.units[index] for one in given if one.units) <= line.quantity


def test_equal_vouchers_apply_in_the_order_given() -> None:
    assert application_order(some_uses("card off20 latte off20 off15percent")) == [2, 4, 1, 3, 0]
    assert isinstance(RULES["off20"].benefit(facts("tea 1.00")), Benefit)
