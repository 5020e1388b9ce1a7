"""What each coupon was worth, and which order it was handed in with.

The data set records a redemption to the day, without order and without amount. Both follow from the
orders of that household on that day:

- The order is the one that holds products of the coupon; of several the one with the highest coupon
  discount on them, then the earliest. Where none holds any, it is the household's only order of the
  day, or unknown.
- The amount is the coupon discount that the till recorded on those lines; a line counts once. Where
  it recorded none (most of the retailer's own coupons, whose value went into the shelf price), the
  amount is the coupon's usual one, the most frequent of all that were recorded for it, or of all
  coupons together. Such amounts are kept apart in the report, as estimates.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, time
from enum import StrEnum
from typing import NamedTuple

from kaquan.surfaces.demo.journey_data import ZONE, Basket, Journey, Line, Redemption


class Evidence(StrEnum):
    """What the till's records say about a redemption."""

    AMOUNT = "amount"
    PRODUCT = "product"
    NOTHING = "nothing"


class HandedIn(NamedTuple):
    """A redemption with its order; ``lines`` are those that the coupon is for."""

    redemption: Redemption
    at: datetime
    basket: Basket | None
    lines: tuple[Line, ...]
    amount_fen: int
    evidence: Evidence


class Worth:
    """What coupons were worth, by what the tills recorded."""

    def __init__(self, recorded: Iterable[tuple[int, int]]) -> None:
        by_coupon: dict[int, Counter[int]] = {}
        self._all: Counter[int] = Counter()
        self._most: dict[int, int] = {}
        for coupon, amount_fen in recorded:
            by_coupon.setdefault(coupon, Counter())[amount_fen] += 1
            self._all[amount_fen] += 1
            self._most[coupon] = max(amount_fen, self._most.get(coupon, 0))
        self._usual = {coupon: _most_frequent(counts) for coupon, counts in by_coupon.items()}

    def usual_fen(self, coupon: int) -> int:
        """The amount recorded most often for the coupon, or for all; the smaller of equals."""
        return self._usual.get(coupon) or _most_frequent(self._all)

    def face_fen(self, coupon: int) -> int:
        """What a voucher must hold so that every recorded amount can be taken from it."""
        return max(self._most.get(coupon, 0), self.usual_fen(coupon))


def handed_in(journey: Journey) -> tuple[list[HandedIn], Worth]:
    """The recorded redemptions of the journey's campaigns with order and amount, in time order."""
    baskets = journey.baskets_of_redemptions()
    matched = []
    taken: set[tuple[int, int]] = set()
    for redemption in journey.redemptions:
        products = journey.all_campaigns[redemption.campaign].coupons.get(
            redemption.coupon, frozenset()
        )
        basket, lines = _order_of(baskets.get((redemption.household, redemption.day), []), products)
        amount_fen = 0
        for line in lines:
            if basket is not None and (basket.number, line.product) not in taken:
                amount_fen += line.coupon_fen
                taken.add((basket.number, line.product))
        # A till may take more off one line than that line costs; the ledger never does.
        matched.append((redemption, basket, lines, min(amount_fen, _payable_fen(lines))))
    worth = Worth([(one.coupon, amount_fen) for one, _, _, amount_fen in matched if amount_fen])
    found = [_valued(*one, worth) for one in matched if one[0].campaign in journey.campaigns]
    return sorted(found, key=lambda one: one.at), worth


def _order_of(
    baskets: list[Basket], products: frozenset[int]
) -> tuple[Basket | None, tuple[Line, ...]]:
    best: Basket | None = None
    best_lines: tuple[Line, ...] = ()
    best_fen = -1
    for basket in baskets:
        lines = tuple(line for line in basket.lines if line.product in products)
        coupon_fen = sum(line.coupon_fen for line in lines)
        if lines and coupon_fen > best_fen:
            best, best_lines, best_fen = basket, lines, coupon_fen
    if best is None and len(baskets) == 1:
        return baskets[0], ()
    return best, best_lines


def _valued(
    redemption: Redemption,
    basket: Basket | None,
    lines: tuple[Line, ...],
    recorded_fen: int,
    worth: Worth,
) -> HandedIn:
    at = basket.at if basket else datetime.combine(redemption.day, time(12), ZONE)
    if recorded_fen:
        return HandedIn(redemption, at, basket, lines, recorded_fen, Evidence.AMOUNT)
    usual_fen, payable_fen = worth.usual_fen(redemption.coupon), _payable_fen(lines)
    if payable_fen:
        amount_fen = min(usual_fen, payable_fen)
        return HandedIn(redemption, at, basket, lines, amount_fen, Evidence.PRODUCT)
    evidence = Evidence.PRODUCT if lines else Evidence.NOTHING
    return HandedIn(redemption, at, basket, (), usual_fen, evidence)


def _payable_fen(lines: tuple[Line, ...]) -> int:
    return sum(line.sales_fen for line in lines)


def _most_frequent(counts: Counter[int]) -> int:
    """Nothing recorded at all, as in a small part of the data: a dollar."""
    if not counts:
        return 100
    return min(counts, key=lambda amount_fen: (-counts[amount_fen], amount_fen))
