"""The books read back page by page: nothing twice, nothing left out, nothing out of scope."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import psycopg
import pytest
import time_machine

from kaquan.engine.entries import OPERATION_NUMBER, Account
from kaquan.engine.places import lane_of
from kaquan.ledger import entry_pages
from kaquan.ledger.block_walk import blocks_back, newest_position
from kaquan.ledger.entry_pages import (
    BookedEntry,
    BookedRecord,
    Bookmark,
    EntryFilter,
    Page,
    Period,
    Scope,
    entries_back,
    records_back,
)
from kaquan.ledger.glances import Glance
from tests.builders.books import number
from tests.builders.ledger import a_batch, at_the_till, done, redeem
from tests.fixtures_ledger import OpenDoor

Connection = psycopg.Connection[Any]
MONDAY = datetime(2026, 6, 1, 4, tzinfo=UTC)


def entries(
    connection: Connection, after: Bookmark | None = None, **more: Any
) -> Page[BookedEntry]:
    asked: dict[str, Any] = {
        "wanted": EntryFilter(),
        "scope": None,
        "period": Period(),
        "limit": 1_000,
    }
    return entries_back(connection, after=after, **(asked | more))


def all_entries(connection: Connection, **more: Any) -> list[BookedEntry]:
    """Page by page to the end."""
    found: list[BookedEntry] = []
    bookmark: Bookmark | None = None
    while True:
        page = entries(connection, bookmark, **more)
        found += page.items
        bookmark = page.following
        if bookmark is None:
            return found


def places(found: list[BookedEntry]) -> list[tuple[int, int]]:
    return [(one.block, one.entry.index) for one in found]


@pytest.fixture
def week(new_door: OpenDoor) -> dict[str, Any]:
    """Uses on five days in two stores of two batches, booked by three writers in turn."""
    doors = [new_door() for _ in range(3)]
    with time_machine.travel(MONDAY, tick=False) as clock:
        tea, cake = a_batch(doors[0]), a_batch(doors[1])
        for day in range(5):
            clock.move_to(MONDAY + timedelta(days=day))
            for turn, door in enumerate(doors):
                clock.shift(timedelta(seconds=1))
                batch = (tea, cake)[turn % 2]
                index = 2 * (3 * day + turn)
                store = 501 + turn % 2
                done(
                    door,
                    *[
                        redeem(batch.serial(index + n), facts=at_the_till(store_id=store))
                        for n in range(2)
                    ],
                )
    return {"tea": tea, "cake": cake}


def test_pages_of_any_size_give_every_entry_once_the_latest_first(
    week: dict[str, Any], connection: Connection
) -> None:
    whole = all_entries(connection)

    assert len(whole) == number(connection, "SELECT count(*) FROM ledger_entry")
    assert len({lane_of(one.block) for one in whole}) == 3
    assert all(one.committed_at >= other.committed_at for one, other in pairwise(whole))
    for limit in (1, 2, 3, 7):
        assert places(all_entries(connection, limit=limit)) == places(whole)


def test_what_is_booked_meanwhile_moves_no_page(
    week: dict[str, Any], connection: Connection, new_door: OpenDoor
) -> None:
    whole = all_entries(connection)
    first = entries(connection, limit=5)
    assert first.following is not None

    done(new_door(), redeem(week["tea"].serial(90)))
    rest: list[BookedEntry] = []
    bookmark: Bookmark | None = first.following
    while bookmark is not None:
        page = entries(connection, bookmark, limit=5)
        rest += page.items
        bookmark = page.following

    assert places([*first.items, *rest]) == places(whole)


def test_a_clock_that_was_set_back_loses_and_repeats_nothing(
    connection: Connection, new_door: OpenDoor
) -> None:
    doors = [new_door(), new_door()]
    with time_machine.travel(MONDAY, tick=False) as clock:
        batch = a_batch(doors[0])
        for turn in range(8):
            clock.shift(timedelta(hours=-2 if turn % 3 == 2 else 1))
            done(doors[turn % 2], redeem(batch.serial(turn)))

    whole = all_entries(connection)

    assert len(set(places(whole))) == number(connection, "SELECT count(*) FROM ledger_entry")
    assert places(all_entries(connection, limit=1)) == places(whole)


def test_entries_of_some_days_are_those_booked_then(
    week: dict[str, Any], connection: Connection
) -> None:
    tuesday = MONDAY + timedelta(days=1)
    period = Period(tuesday, tuesday + timedelta(days=2))

    found = all_entries(connection, period=period, limit=4)

    assert {one.committed_at.day for one in found} == {2, 3}
    everything = all_entries(connection)
    assert places(found) == places([one for one in everything if one.committed_at.day in (2, 3)])
    assert all_entries(connection, period=Period(MONDAY + timedelta(days=50))) == []
    assert all_entries(connection, period=Period(None, MONDAY - timedelta(days=1))) == []


def test_filters_take_what_they_name_and_nothing_else(
    week: dict[str, Any], connection: Connection
) -> None:
    tea = week["tea"]

    by_store = all_entries(connection, wanted=EntryFilter(store_ids=[502]))
    by_batch = all_entries(connection, wanted=EntryFilter(batch_ids=[tea.batch_id]))
    mints = all_entries(connection, wanted=EntryFilter(operation=OPERATION_NUMBER["mint"]))
    budget = all_entries(
        connection, wanted=EntryFilter(account=(Account.BUDGET_AVAILABLE, tea.budget_id))
    )

    assert len(by_store) == 10
    assert {one.entry.credit_id for one in by_store} == {502}
    assert {one.entry.batch_id for one in by_batch} == {tea.batch_id}
    assert len(by_batch) == 1 + 20
    assert len(mints) == 2
    assert len(budget) == 1 + 20


def test_a_scope_shows_its_batches_and_its_stores_and_nothing_else(
    week: dict[str, Any], connection: Connection
) -> None:
    cake = week["cake"].batch_id

    own_store = all_entries(connection, scope=Scope(frozenset(), frozenset({501})))
    own_batch = all_entries(connection, scope=Scope(frozenset({cake}), frozenset()))
    nothing = all_entries(connection, scope=Scope(frozenset(), frozenset()))

    assert {one.entry.credit_id for one in own_store} == {501}
    assert len(own_store) == 20
    assert {one.entry.batch_id for one in own_batch} == {cake}
    assert nothing == []


def test_a_page_looks_at_so_much_and_then_says_where_to_go_on(
    week: dict[str, Any], connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(entry_pages, "ENTRIES_LOOKED_AT_MAX", 4)
    monkeypatch.setattr(entry_pages, "_AT_ONCE", 2)
    wanted = EntryFilter(operation=OPERATION_NUMBER["mint"])

    first = entries(connection, wanted=wanted)

    assert first.items == []
    assert first.following is not None
    assert len(all_entries(connection, wanted=wanted)) == 2


def test_records_come_page_by_page_with_their_places(
    week: dict[str, Any], connection: Connection
) -> None:
    def wanted(one: Glance) -> bool:
        return one.operation == "redeem"

    found: list[BookedRecord] = []
    bookmark: Bookmark | None = None
    while True:
        page = records_back(connection, wanted=wanted, period=Period(), after=bookmark, limit=7)
        found += page.items
        bookmark = page.following
        if bookmark is None:
            break

    assert len({one.place for one in found}) == len(found) == 30
    assert all(one.record.outcome.place == one.place for one in found)


def test_the_walk_begins_before_a_moment_in_every_lane(
    week: dict[str, Any], connection: Connection
) -> None:
    until = MONDAY + timedelta(days=2)

    heads = list(blocks_back(connection, newest_position(connection, until)))

    assert heads
    assert all(head.committed_at < until for head in heads)
    count = number(connection, "SELECT count(*) FROM ledger_block WHERE committed_at < %s", until)
    assert len(heads) == count
