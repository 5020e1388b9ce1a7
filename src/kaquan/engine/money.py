"""Money in integer fen: shares that sum exactly, percentages with named rounding, yuan as text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import Enum
from typing import Final

MAX_FEN: Final = 10**13
"""The largest amount: 100 billion yuan. The sum of 900,000 of them still fits 64 bits."""

BASIS_POINTS: Final = 10_000

_TYPED_MAXIMUM = 40
_DIGITS_AND_SIGNS = str.maketrans("０１２３４５６７８９．，－−＋￥\u3000", "0123456789.,--+¥ ")
_YUAN = re.compile(
    r"(?:(?P<sign>[-+])?(?:¥ ?)?|¥ ?(?P<inner_sign>[-+]))"
    r"(?P<yuan>[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?:\.(?P<decimals>[0-9]+))? ?元?"
)


class Rounding(Enum):
    """What happens to a fraction of a fen."""

    DOWN = "down"
    HALF_UP = "half_up"
    UP = "up"


class MoneyFault(Enum):
    """Why a text is not an amount."""

    NOT_AN_AMOUNT = "not_an_amount"
    TOO_PRECISE = "too_precise"  # more than two decimals
    NEGATIVE = "negative"  # below zero where that makes no sense
    TOO_LARGE = "too_large"  # beyond MAX_FEN


def allocate(total_fen: int, weights: Sequence[int]) -> list[int]:
    """``total_fen`` split in proportion to ``weights``, in whole fen that sum to it exactly.

    Largest remainder (Hamilton's method): every share is its exact quota rounded down or up, ties
    go to the lower index. Where all weights are zero the split is even. ``ValueError`` for a
    negative total or weight, and for a total with nothing to put it on.
    """
    if total_fen < 0 or (weights and min(weights) < 0):
        raise ValueError("amounts and weights to split must not be negative")
    if not weights:
        if total_fen:
            raise ValueError(f"{total_fen} fen and no shares to put them on")
        return []
    whole = sum(weights)
    if whole == 0:
        weights, whole = [1] * len(weights), len(weights)
    shares = [total_fen * weight // whole for weight in weights]
    left_fen = total_fen - sum(shares)
    if left_fen:
        remainders = [total_fen * weight % whole for weight in weights]
        if left_fen == 1:  # as often as not, and a search is quicker than sorting
            shares[remainders.index(max(remainders))] += 1
        else:
            # Sorting is stable, reversed too: of equal remainders the lower index comes first.
            by_remainder = sorted(range(len(shares)), key=remainders.__getitem__, reverse=True)
            for index in by_remainder[:left_fen]:
                shares[index] += 1
    assert sum(shares) == total_fen, (total_fen, shares)
    return shares


def allocate_capped(total_fen: int, weights: Sequence[int], caps_fen: Sequence[int]) -> list[int]:
    """``allocate``, but no share above its cap; what a cap keeps out is split among the others.

    A share of weight zero gets something only when all others are full. ``ValueError`` where
    ``allocate`` says so, for a negative cap, and for a total above the sum of the caps: the caller
    limits a discount to what there is before splitting it.
    """
    if len(weights) != len(caps_fen):
        raise ValueError(f"{len(weights)} weights but {len(caps_fen)} caps")
    if any(cap < 0 for cap in caps_fen):
        raise ValueError("caps must not be negative")
    if total_fen > sum(caps_fen):
        raise ValueError(f"{total_fen} fen do not fit under caps of {sum(caps_fen)} fen")
    shares = [0] * len(weights)
    unfilled = list(range(len(weights)))
    left_fen = total_fen
    while True:
        fair = allocate(left_fen, [weights[index] for index in unfilled])
        # A cap is whole, so a share rounded up exceeds it only if its exact quota does too.
        full = {i for i, share in zip(unfilled, fair, strict=True) if share > caps_fen[i]}
        if not full:
            break
        for index in full:
            shares[index] = caps_fen[index]
            left_fen -= caps_fen[index]
        unfilled = [index for index in unfilled if index not in full]
    for index, share in zip(unfilled, fair, strict=True):
        shares[index] = share
    assert sum(shares) == total_fen
    assert all(0 <= share <= cap for share, cap in zip(shares, caps_fen, strict=True))
    return shares


def percent_of(amount_fen: int, basis_points: int, rounding: Rounding) -> int:
    """``basis_points`` hundredths of a percent of an amount; 8.5折 is paying 8,500 of them.

    ``ValueError`` for a negative amount or percentage, whose rounding direction would be ambiguous.
    """
    if amount_fen < 0 or basis_points < 0:
        raise ValueError("amounts and percentages must not be negative")
    share, rest = divmod(amount_fen * basis_points, BASIS_POINTS)
    if rounding is Rounding.UP:
        return share + (rest > 0)
    if rounding is Rounding.HALF_UP:
        return share + (2 * rest >= BASIS_POINTS)
    return share


def refund_share(
    allocated_fen: int, line_quantity: int, quantity_returned: int, already_returned_quantity: int
) -> int:
    """What of a line's frozen allocation comes back when some of its units are returned.

    Shares are differences of cumulated ones, so returns in any steps add up to the allocation
    exactly when all units are back. ``ValueError`` for more units than the line has left.
    """
    if min(allocated_fen, quantity_returned, already_returned_quantity) < 0 or line_quantity < 1:
        raise ValueError("a refund needs amounts from 0 and a line of at least one unit")
    returned_quantity = already_returned_quantity + quantity_returned
    if returned_quantity > line_quantity:
        raise ValueError(f"{returned_quantity} units returned of {line_quantity}")
    before_fen = allocated_fen * already_returned_quantity // line_quantity
    return allocated_fen * returned_quantity // line_quantity - before_fen


def format_yuan(amount_fen: int) -> str:
    """An amount as people read it: ``¥1,234.50``, ``-¥0.05``."""
    yuan, fen = divmod(abs(amount_fen), 100)
    return f"{'-' if amount_fen < 0 else ''}¥{yuan:,}.{fen:02}"


def parse_yuan(text: str, *, negative_allowed: bool = False) -> int | MoneyFault:
    """The fen that a typed or imported amount in yuan means. Any string gets an answer.

    Full-width characters, ¥, 元, a sign before or after ¥, and thousands commas in their places are
    understood. Exponents, other scripts' digits and a third decimal are not: they come from
    spreadsheets gone wrong. A minus needs ``negative_allowed``, except before zero.
    """
    if len(text) > _TYPED_MAXIMUM:
        return MoneyFault.NOT_AN_AMOUNT
    match = _YUAN.fullmatch(text.translate(_DIGITS_AND_SIGNS).strip(" \t\r\n\u00a0"))
    if match is None:
        return MoneyFault.NOT_AN_AMOUNT
    decimals = match["decimals"] or ""
    if len(decimals) > 2:
        return MoneyFault.TOO_PRECISE
    amount_fen = int(match["yuan"].replace(",", "") + decimals.ljust(2, "0"))
    if amount_fen > MAX_FEN:
        return MoneyFault.TOO_LARGE
    if amount_fen and "-" in (match["sign"], match["inner_sign"]):
        return -amount_fen if negative_allowed else MoneyFault.NEGATIVE
    return amount_fen
