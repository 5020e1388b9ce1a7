"""The entries of an order are found by its number, within one's part of the tree."""

from __future__ import annotations

import pytest

from kaquan.engine.entries import OPERATIONS, Account
from kaquan.ledger.door import Door
from kaquan.redemption import actions
from kaquan.redemption.order_entries import entries_of_order
from tests.builders.issuer import NOON, SYSTEM
from tests.redemption.counter import Counter, a_counter


@pytest.fixture
def counter(door: Door) -> Counter:
    """One with two orders, the first of them refunded."""
    counter = a_counter()
    used = counter.redeem(0, order_no="O-1")
    assert counter.redeem(1, order_no="O-2").done
    assert used.place is not None
    assert actions.reverse(actor=SYSTEM, redemption=used.place, at=NOON).done
    return counter


def test_an_orders_uses_and_refunds_are_found_the_latest_first(counter: Counter) -> None:
    found = entries_of_order(counter.clerk, "O-1", limit=20)

    operations = [OPERATIONS[one.entry.operation] for one in found.items]
    assert operations[0] == "reverse"
    assert operations[-1] == "redeem"
    owed = [
        one.entry.amount if one.entry.credit is Account.STORE else -one.entry.amount
        for one in found.items
        if Account.STORE in (one.entry.credit, one.entry.debit)
    ]
    assert owed == [-2_000, 2_000]
    assert found.following is None


def test_somebody_elses_order_is_not_found(counter: Counter) -> None:
    assert entries_of_order(counter.stranger, "O-1", limit=20).items == []
    assert entries_of_order(counter.clerk, "O-3", limit=20).items == []
    assert len(entries_of_order(SYSTEM, "O-2", limit=20).items) > 0


def test_pages_give_each_entry_once(counter: Counter) -> None:
    whole = entries_of_order(SYSTEM, "O-1", limit=20).items
    paged = []
    after = None
    while True:
        page = entries_of_order(SYSTEM, "O-1", after=after, limit=1)
        paged += page.items
        after = page.following
        if after is None:
            break

    assert paged == whole
