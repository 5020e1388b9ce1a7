"""Who pays for a use, to the fen."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kaquan.engine.rules.funding import compile_funding
from kaquan.engine.rules.reading import read_terms
from kaquan.engine.rules.terms import (
    FirstToCap,
    FixedPart,
    Percent,
    Remainder,
    Share,
    Terms,
)
from tests.engine.rules.offers import as_json, fen, offer, rows, the_rules, yuan


def share(text: str) -> dict[str, Any]:
    """``7: 30%`` · ``7: fixed 5.00`` · ``7: first to 100.00`` · ``7: rest``."""
    who, what = text.split(": ")
    funder_id = int(who)
    if what == "rest":
        return {"kind": "remainder", "funder_id": funder_id}
    if what.startswith("fixed "):
        return {"kind": "fixed", "funder_id": funder_id, "amount_fen": fen(what[6:])}
    if what.startswith("first to "):
        return {"kind": "first_to_cap", "funder_id": funder_id, "cap_fen": fen(what[9:])}
    return {"kind": "percent", "funder_id": funder_id, "basis_points": fen(what.rstrip("%"))}


SPLITS = """
shares                                   | cost  | funded so far | paid by
                                         | 20.00 |               | 0: 20.00
1: rest                                  | 20.00 |               | 1: 20.00
1: 70%, 2: 30%                           | 20.00 |               | 1: 14.00, 2: 6.00
1: 70%, 2: 30%                           | 0.01  |               | 1: 0.01
1: 33.34%, 2: 33.33%, 3: 33.33%          | 1.00  |               | 1: 0.34, 2: 0.33, 3: 0.33
1: 70%, 2: rest                          | 20.00 |               | 1: 14.00, 2: 6.00
1: fixed 5.00, 2: rest                   | 20.00 |               | 1: 5.00, 2: 15.00
1: fixed 5.00, 2: rest                   | 4.00  |               | 1: 4.00
1: fixed 5.00, 2: fixed 15.00            | 20.00 |               | 1: 5.00, 2: 15.00
1: fixed 5.00, 2: fixed 15.00            | 10.00 |               | 1: 2.50, 2: 7.50
1: fixed 4.00, 2: 75%, 3: 25%            | 20.00 |               | 1: 4.00, 2: 12.00, 3: 4.00
1: first to 100.00, 2: rest              | 20.00 |               | 1: 20.00
1: first to 100.00, 2: rest              | 20.00 | {"1": 8500}   | 1: 15.00, 2: 5.00
1: first to 100.00, 2: rest              | 20.00 | {"1": 10000}  | 2: 20.00
1: first to 100.00, 2: rest              | 20.00 | {"1": 10001}  | 2: 20.00
1: first to 100.00, 2: first to 9.00, 3: rest | 20.00 | {"1": 9500}   | 1: 5.00, 2: 9.00, 3: 6.00
1: fixed 2.00, 2: first to 3.00, 3: 50%, 4: 50% | 6.00 |    | 1: 2.00, 2: 3.00, 3: 0.50, 4: 0.50
"""


@pytest.mark.parametrize(("shares", "cost", "so_far", "paid"), rows(SPLITS))
def test_costs_are_split_as_the_table_says(shares: str, cost: str, so_far: str, paid: str) -> None:
    rules = the_rules(funding=[share(one) for one in shares.split(", ") if one])
    funded = {int(funder): amount for funder, amount in as_json(so_far).items()}

    parts = rules.split_funding(fen(cost), funded)

    assert ", ".join(f"{funder}: {yuan(part)}" for funder, part in parts) == paid


def test_capped_funders_are_named_with_their_caps() -> None:
    rules = the_rules(funding=[share("1: first to 100.00"), share("2: rest")])
    assert rules.capped_funders == {1: 10_000}


FAULTS = """
shares                            | told
1: 70%                            | 补足 100%
1: 70%, 2: 31%                    | 超过 100%
1: 70%, 2: 30%, 3: rest           | 没有其余部分
1: rest, 2: rest                  | 只能由一方
1: fixed 5.00                     | 补足 100%
1: fixed 25.00, 2: rest           | 超过券的最大成本
1: first to 100.00                | 补足 100%
1: 50%, 1: 50%                    | 出现两次
"""


@pytest.mark.parametrize(("shares", "told"), rows(FAULTS))
def test_shares_that_do_not_add_up_are_refused(shares: str, told: str) -> None:
    faults = read_terms(offer(funding=[share(one) for one in shares.split(", ")]))

    assert isinstance(faults, list)
    assert [fault.path for fault in faults] == ["funding"]
    assert told in faults[0].zh


some_amounts = st.lists(st.integers(1, 5_000), max_size=3)


@st.composite
def any_shares(draw: st.DrawFn) -> tuple[Share, ...]:
    """Shares that add up: fixed and capped ones in any order, percentages, perhaps a remainder."""
    funders = iter(range(1, 20))
    shares: list[Share] = [FixedPart(next(funders), one) for one in draw(some_amounts)]
    shares += [FirstToCap(next(funders), one) for one in draw(some_amounts)]
    points = draw(st.lists(st.integers(1, 2_500), max_size=4))
    shares += [Percent(next(funders), one) for one in points]
    if sum(points) < 10_000:
        shares.append(Remainder(0))
    return tuple(draw(st.permutations(shares)))


@given(any_shares(), st.integers(0, 20_000), st.integers(0, 6_000))
def test_parts_sum_to_the_cost_and_no_cap_is_passed(
    shares: tuple[Share, ...], cost: int, so_far: int
) -> None:
    caps = {one.funder_id: one.cap_fen for one in shares if isinstance(one, FirstToCap)}
    funded = dict.fromkeys(caps, so_far)

    parts = compile_funding(shares)(cost, funded)

    assert sum(part for _, part in parts) == cost
    assert all(part > 0 for _, part in parts)
    assert len({funder for funder, _ in parts}) == len(parts)
    for funder, part in parts:
        assert funder not in caps or part + funded[funder] <= max(caps[funder], so_far)


@given(st.permutations(["1: 20%", "2: 30%", "3: 50%"]))
def test_shares_of_a_hundred_percent_read_as_terms(shares: list[str]) -> None:
    assert isinstance(read_terms(offer(funding=[share(one) for one in shares])), Terms)
