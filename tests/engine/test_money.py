"""Shares of an amount sum to it exactly, are never negative and never above their cap."""

from __future__ import annotations

from itertools import combinations, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kaquan.engine.money import (
    MAX_FEN,
    Rounding,
    allocate,
    allocate_capped,
    percent_of,
    refund_share,
)

amounts = st.integers(0, 100_000) | st.integers(0, MAX_FEN)
weights = st.lists(st.integers(0, 50) | st.integers(0, MAX_FEN), min_size=1, max_size=12)


@pytest.mark.parametrize(
    ("total_fen", "weights", "shares"),
    [
        (100, [1, 1, 1], [34, 33, 33]),  # ties go to the lower index
        (101, [1, 1, 1], [34, 34, 33]),
        (1000, [3000, 2000, 5000], [300, 200, 500]),
        (1, [1, 99], [0, 1]),
        (5, [0, 2, 0, 1], [0, 3, 0, 2]),  # 3⅓ and 1⅔: the larger remainder gets the fen
        (10, [0, 0, 0], [4, 3, 3]),  # no weight at all: evenly
        (0, [5, 7], [0, 0]),
        (7, [3], [7]),
        (0, [], []),
        (MAX_FEN, [1, 2], [MAX_FEN // 3, MAX_FEN - MAX_FEN // 3]),
    ],
)
def test_amounts_are_split_by_the_largest_remainder(
    total_fen: int, weights: list[int], shares: list[int]
) -> None:
    assert allocate(total_fen, weights) == shares


@given(total_fen=amounts, weights=weights)
def test_shares_sum_exactly_and_are_their_quota_rounded_down_or_up(
    total_fen: int, weights: list[int]
) -> None:
    shares = allocate(total_fen, weights)

    assert sum(shares) == total_fen
    whole = sum(weights)
    for share, weight in zip(shares, weights, strict=True):
        assert share >= 0
        if whole:
            assert abs(share * whole - total_fen * weight) < whole
            assert share == 0 or weight > 0


@given(total_fen=amounts, weights=weights)
def test_a_heavier_line_never_gets_less(total_fen: int, weights: list[int]) -> None:
    by_weight = sorted(zip(weights, allocate(total_fen, weights), strict=True))

    for (light, small), (heavy, large) in pairwise(by_weight):
        assert small <= large or light == heavy


@pytest.mark.parametrize(
    ("total_fen", "weights"), [(-1, [1]), (1, [-1, 2]), (1, [])], ids=["total", "weight", "nobody"]
)
def test_a_split_that_makes_no_sense_is_refused(total_fen: int, weights: list[int]) -> None:
    with pytest.raises(ValueError, match=r"negative|no shares"):
        allocate(total_fen, weights)


@pytest.mark.parametrize(
    ("total_fen", "weights", "caps_fen", "shares"),
    [
        (90, [1, 1, 1], [10, 100, 100], [10, 40, 40]),  # what the cap keeps out goes to the others
        (90, [1, 1, 1], [10, 39, 100], [10, 39, 41]),  # filling one makes the next one full
        (
            50,
            [1, 0],
            [30, 40],
            [30, 20],
        ),  # weight zero gets something only when all others are full
        (50, [0, 0], [10, 40], [10, 40]),
        (60, [2, 1], [40, 20], [40, 20]),
        (1, [1, 1], [0, 5], [0, 1]),
        (0, [1, 1], [0, 0], [0, 0]),
        (0, [], [], []),
    ],
)
def test_no_share_exceeds_its_cap(
    total_fen: int, weights: list[int], caps_fen: list[int], shares: list[int]
) -> None:
    assert allocate_capped(total_fen, weights, caps_fen) == shares


@given(data=st.data(), lines=st.lists(st.tuples(amounts, amounts), min_size=1, max_size=10))
def test_capped_shares_sum_exactly_and_those_below_their_cap_stay_proportional(
    data: st.DataObject, lines: list[tuple[int, int]]
) -> None:
    weights = [weight for weight, _ in lines]
    caps_fen = [cap for _, cap in lines]
    total_fen = data.draw(st.integers(0, sum(caps_fen)))

    shares = allocate_capped(total_fen, weights, caps_fen)

    assert sum(shares) == total_fen
    assert all(0 <= share <= cap for share, cap in zip(shares, caps_fen, strict=True))
    below = [
        (share, weight)
        for share, weight, cap in zip(shares, weights, caps_fen, strict=True)
        if share < cap and weight
    ]
    for (share, weight), (other_share, other_weight) in combinations(below, 2):
        assert abs(share * other_weight - other_share * weight) <= weight + other_weight


@given(total_fen=amounts, weights=weights)
def test_caps_that_nobody_reaches_change_nothing(total_fen: int, weights: list[int]) -> None:
    caps_fen = [total_fen] * len(weights)

    assert allocate_capped(total_fen, weights, caps_fen) == allocate(total_fen, weights)


@pytest.mark.parametrize(
    ("total_fen", "weights", "caps_fen", "reason"),
    [
        (11, [1, 1], [5, 5], "do not fit"),
        (1, [1, 1], [5], "2 weights but 1 caps"),
        (1, [1, 1], [-5, 9], "caps must not be negative"),
        (1, [1, -1], [5, 5], "weights"),
        (-1, [1, 1], [5, 5], "amounts"),
    ],
)
def test_a_capped_split_that_makes_no_sense_is_refused(
    total_fen: int, weights: list[int], caps_fen: list[int], reason: str
) -> None:
    with pytest.raises(ValueError, match=reason):
        allocate_capped(total_fen, weights, caps_fen)


@pytest.mark.parametrize(
    ("amount_fen", "basis_points", "down", "half_up", "up"),
    [
        (10_000, 8_500, 8_500, 8_500, 8_500),
        (999, 8_800, 879, 879, 880),
        (1, 5_000, 0, 1, 1),
        (1, 4_999, 0, 0, 1),
        (3, 3_333, 0, 1, 1),
        (0, 10_000, 0, 0, 0),
        (7, 0, 0, 0, 0),
        (MAX_FEN, 10_000, MAX_FEN, MAX_FEN, MAX_FEN),
        (100, 15_000, 150, 150, 150),
    ],
)
def test_percentages_round_as_named(
    amount_fen: int, basis_points: int, down: int, half_up: int, up: int
) -> None:
    assert percent_of(amount_fen, basis_points, Rounding.DOWN) == down
    assert percent_of(amount_fen, basis_points, Rounding.HALF_UP) == half_up
    assert percent_of(amount_fen, basis_points, Rounding.UP) == up


@pytest.mark.parametrize(("amount_fen", "basis_points"), [(-1, 10), (1, -10)])
def test_a_negative_percentage_is_refused(amount_fen: int, basis_points: int) -> None:
    with pytest.raises(ValueError, match="negative"):
        percent_of(amount_fen, basis_points, Rounding.DOWN)


@given(allocated_fen=amounts, steps=st.lists(st.integers(0, 7), min_size=1, max_size=10))
def test_returns_in_any_steps_add_up_to_the_allocation(
    allocated_fen: int, steps: list[int]
) -> None:
    line_quantity = max(sum(steps), 1)
    already, refunded_fen = 0, 0

    for quantity in [*steps, line_quantity - sum(steps)]:
        share = refund_share(allocated_fen, line_quantity, quantity, already)
        assert share >= 0
        already += quantity
        refunded_fen += share
        assert refunded_fen == allocated_fen * already // line_quantity

    assert refunded_fen == allocated_fen


@pytest.mark.parametrize(
    "arguments", [(100, 3, 4, 0), (100, 3, 1, 3), (100, 0, 0, 0), (-1, 3, 1, 0), (1, 3, -1, 2)]
)
def test_no_more_units_come_back_than_were_sold(arguments: tuple[int, int, int, int]) -> None:
    with pytest.raises(ValueError, match="unit"):
        refund_share(*arguments)
