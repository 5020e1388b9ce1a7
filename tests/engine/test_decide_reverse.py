"""Returns in steps add up, for every funder and every line, however they are cut."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from kaquan.engine import commands as c
from kaquan.engine.decide.reverse import funding_returned
from kaquan.engine.facts import Order, OrderLine
from kaquan.engine.outcomes import OutcomeCode
from tests.engine.decide_cases import NOON, done, facts, paper, terms
from tests.engine.memory_ledger import MemoryLedger

parts = st.lists(st.integers(1, 10**10), min_size=1, max_size=16)


@given(parts, st.data())
def test_what_funders_get_back_sums_to_what_came_back(
    amounts: list[int], data: st.DataObject
) -> None:
    funding = tuple(enumerate(amounts))
    cost = data.draw(st.integers(0, sum(amounts)))

    back = funding_returned(funding, cost)

    assert sum(back) == cost
    assert all(0 <= part <= amount for part, amount in zip(back, amounts, strict=True))


@given(st.lists(st.integers(1, 40), min_size=1, max_size=6))
def test_no_funder_ever_gets_less_when_more_comes_back(amounts: list[int]) -> None:
    funding = tuple(enumerate(amounts))

    steps = [funding_returned(funding, cost) for cost in range(sum(amounts) + 1)]

    assert steps[-1] == amounts
    for before, after in pairwise(steps):
        grown = [now - then for then, now in zip(before, after, strict=True)]
        assert sorted(grown) == [0] * (len(amounts) - 1) + [1]


@given(
    st.lists(st.tuples(st.integers(1, 5), st.integers(100, 9_999)), min_size=1, max_size=4),
    st.data(),
)
def test_returning_every_unit_one_by_one_returns_the_whole_use(
    lines: list[tuple[int, int]], data: st.DataObject
) -> None:
    order = Order(
        "O1",
        tuple(
            OrderLine(str(number), "tea", quantity, amount)
            for number, (quantity, amount) in enumerate(lines)
        ),
    )
    funding = [
        {"kind": "percent", "funder_id": 11, "basis_points": 3333},
        {"kind": "remainder", "funder_id": 0},
    ]
    ledger = MemoryLedger()
    serial = paper(ledger, terms("percent_off", funding=funding))
    use = c.Redeem(at=NOON, vouchers=(c.VoucherUse(serial),), facts=facts(order=order))
    used = done(ledger.do(use))
    units = [line.line_id for line in order.lines for _ in range(line.quantity)]
    units = data.draw(st.permutations(units))

    returns = [
        ledger.do(c.Reverse(at=NOON, redemption=used.place, lines=(c.LineReturn(unit, 1),)))
        for unit in units
    ]

    answers = [one.code for one in returns]
    happened = [one for one in returns if one.done]
    assert set(answers) <= {OutcomeCode.DONE, OutcomeCode.ALREADY_REVERSED}
    back = [-one.vouchers[0].discount_fen for one in happened]
    assert sum(back) == used.vouchers[0].discount_fen
    assert ledger.tables["vouchers"][serial].uses_left == 1
