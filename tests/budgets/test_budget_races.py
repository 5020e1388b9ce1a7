"""Two people at once: what one may do alone is not doubled, and nothing is agreed to twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connections

from kaquan.approvals.models import ApprovalRequest, RequestState
from kaquan.budgets.queries import amounts_of
from kaquan.budgets.requests import ALONE_MAX_FEN, ask_transfer, change_total
from kaquan.foundation import clock
from kaquan.foundation.errors import KaquanError
from kaquan.ledger.door import close_door
from tests.budgets.people import a_budget, agree, finance
from tests.fixtures_database import Database

RACERS = 4


@pytest.fixture(autouse=True)
def _own_door(database: Database) -> Iterator[None]:
    yield
    close_door()


def at_once(act: Callable[[int], object]) -> list[str]:
    """What each of some threads came to: "done", or why not."""
    barrier = Barrier(RACERS)

    def run(number: int) -> str:
        try:
            barrier.wait()
            act(number)
        except KaquanError as error:
            return error.code
        else:
            return "done"
        finally:
            close_door()
            connections.close_all()

    with ThreadPoolExecutor(RACERS) as pool:
        return sorted(pool.map(run, range(RACERS)))


def total(budget_id: int) -> int:
    return amounts_of([budget_id])[budget_id].total_fen


def test_one_change_of_a_total_wins_and_the_others_are_told() -> None:
    budget = a_budget(0)

    came_to = at_once(
        lambda number: change_total(
            actor=finance(None, number + 1),
            budget_id=budget.id,
            expected_fen=0,
            total_fen=ALONE_MAX_FEN - number,
            reason="抢",
            at=clock.now(),
        )
    )

    assert came_to == ["budget_changed"] * (RACERS - 1) + ["done"]
    assert total(budget.id) > 0
    assert not ApprovalRequest.objects.exists()


def test_a_transfer_agreed_to_by_several_at_once_moves_the_money_once() -> None:
    source, target = a_budget(100_000), a_budget(0)
    request = ask_transfer(
        actor=finance(None, 1),
        from_id=source.id,
        to_id=target.id,
        amount_fen=30_000,
        reason="调剂",
        at=clock.now(),
    )

    came_to = at_once(lambda number: agree(request, number + 2))

    assert came_to.count("done") == 1
    assert (total(source.id), total(target.id)) == (70_000, 30_000)
    request.refresh_from_db()
    assert request.state == RequestState.APPROVED


def test_transfers_both_ways_at_once_do_not_wait_for_each_other_for_ever() -> None:
    left, right = a_budget(100_000), a_budget(100_000)
    requests = [
        ask_transfer(
            actor=finance(None, 1),
            from_id=one.id,
            to_id=other.id,
            amount_fen=10_000,
            reason="对调",
            at=clock.now(),
        )
        for one, other in ((left, right), (right, left))
    ]

    came_to = at_once(lambda number: agree(requests[number % 2], number + 2))

    # The first moves both totals; what was agreed to for the second is then no longer so.
    assert came_to.count("done") == 1
    assert total(left.id) + total(right.id) == 200_000
