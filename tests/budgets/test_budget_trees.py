"""Budgets below budgets: what they come to together, where they may stand, and how they end."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from kaquan.budgets.actions import change_budget, close_budget, create_funder, open_budget
from kaquan.budgets.listings import budget_page
from kaquan.budgets.models import Budget
from kaquan.budgets.movements import movements
from kaquan.budgets.queries import amounts_of, budget_by_id
from kaquan.budgets.trees import budgets_above, budgets_right_below, open_budgets, sums_below
from kaquan.engine.entries import OPERATIONS, Account
from kaquan.foundation.changes.models import Change
from kaquan.foundation.errors import KaquanError
from kaquan.foundation.paging import Paging
from kaquan.ledger.balances import BudgetAmounts
from kaquan.ledger.door import close_door
from tests.budgets.people import a_budget, finance
from tests.builders.books import books
from tests.builders.books import differing as changed
from tests.builders.issuer import NOON, SYSTEM, an_organisation, staff_of
from tests.fixtures_database import Database
from tests.redemption.counter import a_counter


@pytest.fixture(autouse=True)
def _own_door(database: Database) -> Iterator[None]:
    yield
    close_door()


def test_a_budget_comes_to_itself_and_all_below_it() -> None:
    year = a_budget(1_000)
    quarters = [a_budget(amount, parent=year) for amount in (200, 30)]
    month = a_budget(4, parent=quarters[0])
    other = a_budget(50_000)

    sums = sums_below([year, *quarters, month, other])

    assert {pk: one.total_fen for pk, one in sums.items()} == {
        year.id: 1_234,
        quarters[0].id: 204,
        quarters[1].id: 30,
        month.id: 4,
        other.id: 50_000,
    }
    assert sums[year.id] == BudgetAmounts(1_234, 1_234, 0, 0, 0)
    assert [one.id for one in budgets_right_below(SYSTEM, year.id)] == [one.id for one in quarters]
    assert [one.id for one in budgets_above(SYSTEM, month)] == [year.id, quarters[0].id]


def test_the_list_shows_budgets_below_after_the_one_above_page_by_page() -> None:
    first, second = a_budget(), a_budget()
    below_second = a_budget(parent=second)
    below_first = a_budget(parent=first)

    pages: list[int] = []
    after = ""
    for _ in range(4):
        page = budget_page(SYSTEM, None, None, Paging(after=after, limit=1))
        pages += [one.id for one in page.rows]
        after = page.after

    assert pages == [first.id, below_first.id, second.id, below_second.id]
    assert after == ""


def test_a_budget_stands_below_one_of_its_funder_and_part_of_the_tree_only() -> None:
    root = an_organisation("总部", None)
    east, west = an_organisation("华东", root), an_organisation("华西", root)
    city = create_funder(actor=SYSTEM, code="city", name="市商务局")
    above = a_budget(organisation=east)
    deep = above
    for _ in range(7):
        deep = a_budget(parent=deep, organisation=east)

    before = Budget.objects.count()
    for refused in (
        lambda: a_budget(parent=above, organisation=west),
        lambda: a_budget(parent=above),
        lambda: a_budget(parent=above, organisation=east, funder_id=city.id),
        lambda: a_budget(parent=deep, organisation=east),
    ):
        with pytest.raises(KaquanError) as error:
            refused()
        assert error.value.code == "budget_misplaced"
    with pytest.raises(KaquanError) as error:
        open_budget(
            actor=staff_of(west), code="w", name="w", total_fen=1, at=NOON, parent_id=above.id
        )
    assert error.value.code == "budget_unknown"
    assert Budget.objects.count() == before


def test_a_closed_budget_gives_nothing_more_and_what_is_out_can_still_be_used() -> None:
    counter = a_counter(budget_fen=10_000)
    budget = Budget.objects.get(id=counter.by_code.budget_id)
    used = counter.redeem(0)
    assert used.done
    held = amounts_of([budget.id])[budget.id]
    assert held.available_fen > 0

    close_budget(actor=SYSTEM, budget_id=budget.id, reason="活动结束", at=NOON)

    left = amounts_of([budget.id])[budget.id]
    assert left == BudgetAmounts(
        held.total_fen - held.available_fen,
        0,
        held.committed_fen,
        held.spent_fen,
        held.released_fen,
    )
    assert counter.redeem(1).code.name == "BUDGET_EXHAUSTED"
    for act in (
        lambda: close_budget(actor=SYSTEM, budget_id=budget.id, reason="再关", at=NOON),
        lambda: change_budget(
            actor=SYSTEM, budget_id=budget.id, expected_fen=left.total_fen, total_fen=9, at=NOON
        ),
        lambda: a_budget(parent=budget, organisation=counter.region),
    ):
        with pytest.raises(KaquanError) as error:
            act()
        assert error.value.code == "budget_closed"
    assert amounts_of([budget.id])[budget.id] == left
    change = Change.objects.get(verb="budgets.close")
    assert change.after is not None
    assert change.after["reason"] == "活动结束"
    assert [one.id for one in open_budgets(SYSTEM)] == []


def test_a_budget_with_open_ones_below_is_not_closed(database: Database) -> None:
    above = a_budget()
    a_budget(parent=above)
    connection = database.connect()
    before = books(connection)

    with pytest.raises(KaquanError) as error:
        close_budget(actor=SYSTEM, budget_id=above.id, reason="完", at=NOON)

    assert error.value.code == "budget_has_parts"
    assert budget_by_id(SYSTEM, above.id).closed_at is None
    assert changed(before, books(connection)) == set()


def test_movements_are_all_entries_of_a_budget_for_those_who_may_see_it() -> None:
    counter = a_counter(budget_fen=10_000)
    budget_id = counter.by_code.budget_id
    assert budget_id is not None
    assert counter.redeem(0).done
    assert counter.assign().done

    found = movements(finance(counter.region), budget_id, limit=100).items

    assert {OPERATIONS[one.entry.operation] for one in found} >= {"open_budget", "redeem"}
    net = 0
    for one in found:
        entry = one.entry
        sides = (
            (entry.debit, entry.debit_id, -entry.amount),
            (entry.credit, entry.credit_id, entry.amount),
        )
        net += sum(
            amount
            for account, number, amount in sides
            if account is Account.BUDGET_AVAILABLE and number == budget_id
        )
    assert net == amounts_of([budget_id])[budget_id].available_fen
    with pytest.raises(KaquanError) as error:
        movements(counter.stranger, budget_id, limit=10)
    assert error.value.code == "budget_unknown"
