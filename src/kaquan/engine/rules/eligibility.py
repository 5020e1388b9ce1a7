"""Which lines of an order count for a voucher, and whether the order holds what it must."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from kaquan.engine.facts import OrderLine
from kaquan.engine.outcomes import Data, OutcomeCode, Refusal
from kaquan.engine.rules.terms import Exchange, Products, Scope, Terms

Lines = tuple[OrderLine, ...]
LineTest = Callable[[OrderLine], bool]
Choose = Callable[[Lines], Sequence[int]]

NAMES_SHOWN = 10


def payable_of(lines: Lines) -> list[int]:
    """What is left to pay on each line before any voucher, in fen; a returned line counts as 0."""
    return [
        left_fen if (left_fen := line.amount_fen - line.discount_fen) > 0 else 0 for line in lines
    ]


def names_line(products: Products) -> LineTest:
    """Whether a line is among these products, by its SKU or any of its categories."""
    skus, categories = frozenset(products.skus), frozenset(products.categories)
    return lambda line: line.sku in skus or not categories.isdisjoint(line.categories)


def compile_eligible(terms: Terms) -> Choose:
    """The indices of the lines that count: in scope and, for an exchange, among its goods."""
    rule = terms.scope.products
    wanted = [rule.include] if rule.include else []
    if isinstance(terms.benefit, Exchange):
        wanted.append(terms.benefit.goods)
    if not wanted and not rule.exclude:
        return lambda lines: range(len(lines))
    if len(wanted) == 1 and not rule.exclude:
        skus, elsewhere = frozenset(wanted[0].skus), frozenset(wanted[0].categories).isdisjoint
        # By far the commonest rule, written out: it runs twice for every use.
        return lambda lines: [
            index
            for index, line in enumerate(lines)
            if line.sku in skus or not elsewhere(line.categories)
        ]
    in_wanted, in_excluded = [names_line(one) for one in wanted], names_line(rule.exclude)
    return lambda lines: [
        index
        for index, line in enumerate(lines)
        if not in_excluded(line) and all(test(line) for test in in_wanted)
    ]


def compile_products(terms: Terms) -> Callable[[Lines, Sequence[int]], Refusal | None] | None:
    """Why an order's goods do not fit; None where any goods do."""
    rule = terms.scope.products
    goods = terms.benefit.goods if isinstance(terms.benefit, Exchange) else rule.include
    if not (rule.include or rule.exclude or rule.none or goods):
        return None
    is_forbidden = names_line(rule.none) if rule.none else None
    every = rule.mode == "every"
    skus, categories = frozenset(rule.include.skus), frozenset(rule.include.categories)

    def refusal(lines: Lines, eligible: Sequence[int]) -> Refusal | None:
        if is_forbidden is not None:
            forbidden = [line.sku for line in lines if is_forbidden(line)]
            if forbidden:
                return _not_eligible({"forbidden": forbidden[:NAMES_SHOWN]})
        if not eligible:
            return _not_eligible({"wanted": [*goods.skus, *goods.categories][:NAMES_SHOWN]})
        if every:
            counted = [lines[index] for index in eligible]
            missing = skus.difference([line.sku for line in counted])
            missing_categories = categories.difference(*[line.categories for line in counted])
            if missing or missing_categories:
                names = sorted(missing) + sorted(missing_categories)
                return _not_eligible({"missing": names[:NAMES_SHOWN]})
        return None

    return refusal


def _not_eligible(data: Data) -> Refusal:
    return Refusal(OutcomeCode.PRODUCTS_NOT_ELIGIBLE, data)


def compile_minimum(
    scope: Scope,
) -> Callable[[Lines, Sequence[int], Sequence[int] | None], Refusal | None] | None:
    """Why an order is too small; None where there is no minimum.

    With basis ``after`` it counts what other vouchers left to pay; None: there were none.
    """
    minimum, whole = scope.order_minimum_fen, scope.minimum_over == "order"
    before = scope.minimum_basis == "before"
    if minimum == 0:
        return None

    def refusal(
        lines: Lines, eligible: Sequence[int], payable: Sequence[int] | None
    ) -> Refusal | None:
        counted: Sequence[int] = range(len(lines)) if whole else eligible
        if before:
            amount = sum([lines[index].amount_fen for index in counted])
        else:
            left = payable_of(lines) if payable is None else payable
            amount = sum([left[index] for index in counted])
        if amount >= minimum:
            return None
        data: Data = {"minimum_fen": minimum, "shortfall_fen": minimum - amount}
        return Refusal(OutcomeCode.ORDER_BELOW_MINIMUM, data)

    return refusal
