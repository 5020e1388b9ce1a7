"""Budgets: a name above, the money in the ledger, and both agree."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection

from kaquan.budgets.actions import change_budget, create_funder, open_budget
from kaquan.budgets.models import Budget, Funder
from kaquan.budgets.queries import (
    amounts_of,
    budget_by_id,
    budgets,
    funder_by_id,
    funder_names,
    funders,
)
from kaquan.engine.commands import RequestKey
from kaquan.foundation.errors import KaquanError
from kaquan.foundation.refusals import RefusedError
from kaquan.ledger.balances import BudgetAmounts
from kaquan.ledger.door import close_door
from tests.builders.issuer import NOON, SYSTEM, an_organisation, staff_of
from tests.fixtures_database import Database


@pytest.fixture(autouse=True)
def _own_door(database: Database) -> Iterator[None]:
    yield
    close_door()


def in_ledger() -> dict[int, tuple[int, int]]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT budget_id, total_fen, available_fen FROM ledger_budget")
        return {budget_id: (total, available) for budget_id, total, available in cursor.fetchall()}


def a_budget(code: str = "b", total_fen: int = 100_000) -> Budget:
    return open_budget(actor=SYSTEM, code=code, name="拉新预算", total_fen=total_fen, at=NOON)


def test_an_opened_budget_has_its_money_in_the_ledger() -> None:
    budget = a_budget(total_fen=123_456)

    assert in_ledger() == {budget.id: (123_456, 123_456)}


def test_the_same_call_again_finds_the_budget_and_adds_no_money() -> None:
    budget = a_budget()

    assert a_budget() == budget
    assert in_ledger() == {budget.id: (100_000, 100_000)}
    assert Budget.objects.count() == 1


def test_a_call_whose_answer_was_lost_is_completed_by_the_same_call() -> None:
    # Where the process died between the two: the name is there and the money is not.
    Budget.objects.create(code="b", name="拉新预算")

    budget = a_budget()

    assert in_ledger() == {budget.id: (100_000, 100_000)}


@pytest.mark.parametrize(
    ("facts", "code"),
    [({"name": "别的"}, "code_taken"), ({"total_fen": 1}, "request_key_reused")],
)
def test_another_budget_under_the_same_code_is_refused(facts: dict[str, object], code: str) -> None:
    budget = a_budget()

    with pytest.raises(KaquanError) as refused:
        open_budget(
            **{  # type: ignore[arg-type]
                "actor": SYSTEM, "code": "b", "name": "拉新预算", "total_fen": 100_000, "at": NOON
            }
            | facts
        )  # fmt: skip

    assert refused.value.code == code
    assert in_ledger() == {budget.id: (100_000, 100_000)}


@pytest.mark.parametrize("total_fen", [-1, 10**18])
def test_a_budget_that_the_ledger_refuses_leaves_no_name_behind(total_fen: int) -> None:
    with pytest.raises(KaquanError) as refused:
        a_budget(total_fen=total_fen)

    assert refused.value.code == "malformed_command"
    assert not Budget.objects.exists()
    assert in_ledger() == {}


def test_a_total_is_changed_only_if_it_is_what_the_actor_saw() -> None:
    budget = a_budget()

    change_budget(
        actor=SYSTEM, budget_id=budget.id, expected_fen=100_000, total_fen=150_000, at=NOON
    )
    with pytest.raises(KaquanError) as refused:
        change_budget(actor=SYSTEM, budget_id=budget.id, expected_fen=100_000, total_fen=1, at=NOON)

    assert refused.value.code == "budget_changed"
    assert refused.value.zh
    assert in_ledger() == {budget.id: (150_000, 150_000)}


def test_a_refused_change_tells_the_total_of_now() -> None:
    budget = a_budget()

    with pytest.raises(RefusedError) as refused:
        change_budget(actor=SYSTEM, budget_id=budget.id, expected_fen=1, total_fen=2, at=NOON)

    assert refused.value.outcome.data == {"total_fen": 100_000}
    assert in_ledger() == {budget.id: (100_000, 100_000)}


def test_a_change_asked_for_twice_under_one_request_is_made_once() -> None:
    budget = a_budget()
    change: dict[str, Any] = {
        "actor": SYSTEM,
        "budget_id": budget.id,
        "expected_fen": 100_000,
        "total_fen": 150_000,
        "at": NOON,
        "request_key": RequestKey(7, "more"),
    }

    change_budget(**change)
    change_budget(**change)

    assert amounts_of([budget.id]) == {budget.id: BudgetAmounts(150_000, 150_000, 0, 0, 0)}
    with pytest.raises(RefusedError) as refused:
        change_budget(**change | {"total_fen": 160_000})
    assert refused.value.code == "request_key_reused"
    assert in_ledger() == {budget.id: (150_000, 150_000)}


def test_funders_are_listed_by_code_page_by_page() -> None:
    made = [create_funder(actor=SYSTEM, code=code, name=code) for code in ("c", "a", "b")]

    first = funders(limit=2)

    assert [funder.code for funder in (*first, *funders(after_code=first[-1].code))] == [*"abc"]
    assert funder_by_id(made[0].id) == made[0]


def test_funders_have_names_for_reports() -> None:
    city = create_funder(actor=SYSTEM, code="gov", name="市商务局")

    with pytest.raises(KaquanError) as refused:
        create_funder(actor=SYSTEM, code="gov", name="别人")

    assert refused.value.code == "code_taken"
    assert funder_names() == {city.id: "市商务局"}
    with pytest.raises(KaquanError) as refused:
        open_budget(actor=SYSTEM, code="b", name="b", total_fen=1, at=NOON, funder_id=city.id + 1)
    assert refused.value.code == "funder_unknown"
    assert Funder.objects.count() == 1


def test_everyone_sees_and_changes_the_budgets_of_their_part_only() -> None:
    root = an_organisation("总部", None)
    north, south = an_organisation("华北", root), an_organisation("华南", root)
    actor = staff_of(north)
    mine = open_budget(actor=actor, code="n", name="n", total_fen=1, at=NOON)
    theirs = open_budget(actor=staff_of(south), code="s", name="s", total_fen=1, at=NOON)

    assert budgets(actor) == [mine]
    assert budgets(SYSTEM) == [mine, theirs]
    for attempt in (
        lambda: budget_by_id(actor, theirs.id),
        lambda: change_budget(
            actor=actor, budget_id=theirs.id, expected_fen=1, total_fen=2, at=NOON
        ),
    ):
        with pytest.raises(KaquanError) as refused:
            attempt()
        assert refused.value.code == "budget_unknown"
    assert in_ledger()[theirs.id] == (1, 1)
