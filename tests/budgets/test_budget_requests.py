"""What one person may do to a budget alone, what takes two, and that nothing is done twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from kaquan.approvals.actions import decide, withdraw
from kaquan.approvals.models import ApprovalRequest, ApprovalRule, RequestState
from kaquan.budgets.actions import change_budget, close_budget, create_funder
from kaquan.budgets.approved import carry_out_transfer
from kaquan.budgets.models import Budget
from kaquan.budgets.queries import amounts_of
from kaquan.budgets.requests import (
    ALONE_MAX_FEN,
    CHANGE,
    alone_max_fen,
    ask_transfer,
    change_total,
    open_new,
)
from kaquan.engine.commands import RequestKey
from kaquan.foundation import clock
from kaquan.foundation.changes.models import Change
from kaquan.foundation.errors import KaquanError
from kaquan.ledger.door import close_door
from tests.budgets.people import a_budget, agree, finance
from tests.builders.issuer import NOON, SYSTEM, an_organisation
from tests.fixtures_database import Database

ME = finance(None, 1)


@pytest.fixture(autouse=True)
def _own_door(database: Database) -> Iterator[None]:
    yield
    close_door()


def total(budget: Budget) -> int:
    return amounts_of([budget.id])[budget.id].total_fen


def change(budget: Budget, by_fen: int, **more: object) -> ApprovalRequest | None:
    now_fen = total(budget)
    facts = {
        "actor": ME,
        "budget_id": budget.id,
        "expected_fen": now_fen,
        "total_fen": now_fen + by_fen,
        "reason": "追加",
        "at": clock.now(),
    }
    return change_total(**facts | more)  # type: ignore[arg-type]


def transfer(source: Budget, target: Budget, amount_fen: int) -> ApprovalRequest:
    return ask_transfer(
        actor=ME,
        from_id=source.id,
        to_id=target.id,
        amount_fen=amount_fen,
        reason="调剂",
        at=clock.now(),
    )


def refused(act: Callable[[], object]) -> str:
    with pytest.raises(KaquanError) as error:
        act()
    assert error.value.zh
    return error.value.code


def test_one_person_changes_a_little_a_day_and_beyond_that_a_second_is_asked() -> None:
    budget = a_budget(0)

    assert change(budget, ALONE_MAX_FEN - 100) is None
    request = change(budget, 101)

    assert total(budget) == ALONE_MAX_FEN - 100
    assert request is not None
    assert request.amount_fen == 101
    assert agree(request).state == RequestState.APPROVED
    assert total(budget) == ALONE_MAX_FEN + 1
    assert change(budget, 100) is None, "what two agreed to does not count against one"
    assert change(budget, -1, at=clock.now()) is not None


def test_what_was_changed_alone_counts_for_a_day_only() -> None:
    budget = a_budget(0)
    assert change(budget, ALONE_MAX_FEN) is None

    later = clock.now() + timedelta(days=1, seconds=1)

    assert change(budget, ALONE_MAX_FEN, at=later) is None
    assert total(budget) == 2 * ALONE_MAX_FEN


def test_a_rule_says_from_which_amount_on_a_second_person_is_asked() -> None:
    root = an_organisation("总部", None)
    east = an_organisation("华东", root)
    here, elsewhere = a_budget(organisation=east), a_budget(organisation=root)
    level = {"role": "", "at": "own"}
    ApprovalRule.objects.create(kind=CHANGE, organisation=east, from_amount_fen=500, levels=[level])

    assert alone_max_fen(here) == 499
    assert alone_max_fen(elsewhere) == ALONE_MAX_FEN
    assert change(here, 499) is None
    assert change(here, 1) is not None


def test_a_conflict_tells_both_values_and_moves_nothing() -> None:
    budget = a_budget(100_000)
    change_budget(
        actor=SYSTEM, budget_id=budget.id, expected_fen=100_000, total_fen=150_000, at=NOON
    )

    with pytest.raises(KaquanError) as error:
        change(budget, 0, expected_fen=100_000, total_fen=120_000)

    assert error.value.code == "budget_changed"
    for amount in ("¥1,000.00", "¥1,500.00", "¥1,200.00"):
        assert amount in error.value.zh
        assert amount in error.value.en
    assert total(budget) == 150_000


def test_the_same_form_sent_twice_changes_once_and_asks_once() -> None:
    budget = a_budget(100_000)
    key = RequestKey(0, "console:once:1")
    for _ in range(2):
        assert change(budget, 0, expected_fen=100_000, total_fen=100_500, request_key=key) is None

    requests = [
        change(budget, 0, expected_fen=100_500, total_fen=9_000_000, request_key=RequestKey(0, "2"))
        for _ in range(2)
    ]

    assert total(budget) == 100_500
    assert requests[0] == requests[1]
    assert ApprovalRequest.objects.count() == 1
    assert Change.objects.filter(verb="budgets.change").count() == 1


@pytest.mark.parametrize("by_fen", [0, -100_001, -1_000_000])
def test_an_impossible_change_is_refused_and_moves_nothing(by_fen: int) -> None:
    budget = a_budget(100_000)

    assert refused(lambda: change(budget, by_fen)) == "value_invalid"

    assert total(budget) == 100_000
    assert not ApprovalRequest.objects.exists()


def test_a_transfer_takes_two_and_moves_both_totals_or_none() -> None:
    source, target = a_budget(100_000), a_budget(5_000)

    request = transfer(source, target, 30_000)
    assert (total(source), total(target)) == (100_000, 5_000)
    mine = lambda: decide(  # noqa: E731  # said once
        ME, request_id=request.pk, verdict="approve", comment="", revision=request.revision
    )
    assert refused(mine) == "approval_own"
    assert (total(source), total(target)) == (100_000, 5_000)
    agree(request)

    assert (total(source), total(target)) == (70_000, 35_000)
    changes = Change.objects.filter(verb="budgets.transfer").order_by("id")
    assert [(one.before, one.after) for one in changes] == [
        ({"total_fen": 100_000, "reason": None, "approval": None},
         {"total_fen": 70_000, "reason": "调剂", "approval": request.pk}),
        ({"total_fen": 5_000, "reason": None, "approval": None},
         {"total_fen": 35_000, "reason": "调剂", "approval": request.pk}),
    ]  # fmt: skip


def test_a_transfer_that_is_carried_out_again_moves_nothing_more() -> None:
    """The books hold it and the request's own transaction was lost: who begins again ends it."""
    source, target = a_budget(100_000), a_budget(0)
    request = transfer(source, target, 30_000)
    agree(request)
    request.refresh_from_db()

    from django.db import transaction

    with transaction.atomic():
        carry_out_transfer(request)

    assert (total(source), total(target)) == (70_000, 30_000)


def test_a_transfer_whose_totals_moved_since_is_not_done_and_can_be_asked_for_anew() -> None:
    source, target = a_budget(100_000), a_budget(0)
    request = transfer(source, target, 30_000)
    change_budget(actor=SYSTEM, budget_id=target.id, expected_fen=0, total_fen=1, at=NOON)

    assert refused(lambda: agree(request)) == "budget_changed"

    assert (total(source), total(target)) == (100_000, 1)
    request.refresh_from_db()
    assert request.state == RequestState.OPEN
    withdraw(ME, request_id=request.pk)
    agree(transfer(source, target, 30_000))
    assert (total(source), total(target)) == (70_000, 30_001)


def test_money_that_is_not_there_any_more_is_not_moved_and_the_request_stays_open() -> None:
    source, target = a_budget(100_000), a_budget(0)
    request = transfer(source, target, 100_000)
    close_budget(actor=SYSTEM, budget_id=target.id, reason="停", at=NOON)

    assert refused(lambda: agree(request)) == "budget_closed"

    assert (total(source), total(target)) == (100_000, 0)


def test_transfers_that_make_no_sense_are_refused_and_nobody_is_asked() -> None:
    city = create_funder(actor=SYSTEM, code="city", name="市商务局")
    source, of_city = a_budget(100), a_budget(0, funder_id=city.id)
    target = a_budget(0)

    assert refused(lambda: transfer(source, source, 1)) == "transfer_invalid"
    assert refused(lambda: transfer(source, of_city, 1)) == "transfer_invalid"
    assert refused(lambda: transfer(source, target, 0)) == "value_invalid"
    assert refused(lambda: transfer(source, target, 101)) == "transfer_invalid"

    assert not ApprovalRequest.objects.exists()
    assert (total(source), total(of_city), total(target)) == (100, 0, 0)


def test_a_new_budget_gets_a_little_at_once_much_when_agreed_and_its_parents_by_transfer() -> None:
    def new(code: str, amount_fen: int, parent: Budget | None = None) -> tuple[Budget, bool]:
        budget, request = open_new(
            actor=ME,
            code=code,
            name=code,
            amount_fen=amount_fen,
            at=clock.now(),
            parent_id=parent.id if parent else None,
        )
        if request is not None:
            assert total(budget) == 0
            agree(request)
        return budget, request is not None

    small, was_asked = new("small", 5_000)
    assert (total(small), was_asked) == (5_000, False)
    large, was_asked = new("large", 9_000_000)
    assert (total(large), was_asked) == (9_000_000, True)
    part, was_asked = new("part", 1_000, parent=large)
    assert (total(part), total(large), was_asked) == (1_000, 8_999_000, True)
    assert refused(lambda: new("more", 99_999_999, parent=large)) == "transfer_invalid"
    assert not Budget.objects.filter(code="more").exists()
