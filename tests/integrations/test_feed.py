"""The feed: every event once, each voucher's in order, however it is read and wherever it stops."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable
from datetime import datetime, timedelta
from random import Random
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest

from kaquan.engine.commands import Freeze, Unfreeze
from kaquan.foundation import clock as real_clock
from kaquan.foundation.errors import KaquanError
from kaquan.integrations.event_types import EVENT_TYPES
from kaquan.integrations.feed import events_after, newest_position, read_page
from kaquan.integrations.positions import Position, parse_position
from kaquan.integrations.telling import Selection, Told, known_types
from kaquan.ledger import door as door_module
from tests.builders.issuer import SYSTEM, staff_of
from tests.builders.ledger import NOON, a_batch, done, redeem
from tests.fixtures_ledger import OpenDoor
from tests.ledger.traffic import every_operation
from tests.redemption.till import a_till

Connection = psycopg.Connection[Any]
EVERYTHING = Selection("", types=frozenset(EVENT_TYPES))


def read_all(
    connection: Connection, selection: Selection = EVERYTHING, *, limit: int = 200
) -> list[Told]:
    """All events of a selection, page by page, the cursor going through its text."""
    found: list[Told] = []
    position, more = Position(), True
    while more:
        page = read_page(connection, selection, position, limit=limit)
        found += [told for told, _ in page.events]
        position, more = parse_position(page.position.text()), page.more
    return found


def ids(events: list[Told]) -> list[str]:
    return [one.event.id for one in events]


@pytest.fixture
def two_lanes(new_door: OpenDoor) -> None:
    """Vouchers that live through two writers in turn."""
    doors = [new_door(), new_door()]
    chance = Random(3)
    batch = a_batch(doors[0], quantity=10)
    frozen: set[int] = set()
    for _ in range(40):
        serial, door = chance.choice(batch.serials), chance.choice(doors)
        if serial in frozen:
            done(door, Unfreeze(at=NOON, serial=serial))
            frozen.remove(serial)
        else:
            done(door, Freeze(at=NOON, serial=serial, reason="检查"))
            frozen.add(serial)


def versions_in_order(events: list[Told]) -> bool:
    """Whether each voucher's events tell its changes in order."""
    seen: defaultdict[int, list[int]] = defaultdict(list)
    for one in events:
        if one.event.version:
            seen[one.event.serial].append(one.event.version)
    return all(versions == sorted(versions) for versions in seen.values())


@pytest.mark.parametrize("limit", [1, 7, 200])
def test_pages_of_any_size_hold_every_event_once(
    two_lanes: None, connection: Connection, limit: int
) -> None:
    found = read_all(connection, limit=limit)
    assert len(set(ids(found))) == len(found) == 43
    assert ids(found) == ids(read_all(connection))
    assert versions_in_order(found)


def test_a_reader_goes_on_after_any_event_without_a_gap_or_a_repeat(
    two_lanes: None, connection: Connection
) -> None:
    page = read_page(connection, EVERYTHING, Position(), limit=1_000)
    all_ids = [told.event.id for told, _ in page.events]
    for place, (_, position) in enumerate(page.events):
        resumed = parse_position(position.text())
        rest = read_page(connection, EVERYTHING, resumed, limit=1_000)
        assert {told.event.id for told, _ in rest.events} == set(all_ids[place + 1 :])


def test_what_comes_between_two_pages_is_in_the_second(
    new_door: OpenDoor, connection: Connection
) -> None:
    one, other = new_door(), new_door()
    batch = a_batch(one)
    first = read_page(connection, EVERYTHING, Position(), limit=2)
    assert first.more
    done(other, redeem(batch.serial()))
    done(one, redeem(batch.serial(1)))
    second = read_page(connection, EVERYTHING, first.position, limit=100)
    assert not second.more
    types = [told.event.type for told, _ in (*first.events, *second.events)]
    assert sorted(types) == [
        "batch.defined",
        "batch.minted",
        "budget.opened",
        "voucher.redeemed",
        "voucher.redeemed",
    ]


def test_a_writer_whose_clock_is_behind_does_not_turn_the_order_round(
    new_door: OpenDoor, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    ahead, behind = new_door(), new_door()
    batch = a_batch(ahead)
    _set_clock(monkeypatch, real_clock.now)
    done(ahead, Freeze(at=NOON, serial=batch.serial(), reason="检查"))
    _set_clock(monkeypatch, lambda: real_clock.now() - timedelta(hours=1))
    done(behind, Unfreeze(at=NOON, serial=batch.serial()))
    found = [one for one in read_all(connection) if one.event.serial == batch.serial()]
    assert [one.event.type for one in found] == ["voucher.frozen", "voucher.unfrozen"]
    by_clock = sorted(found, key=lambda one: one.event.booked_at)
    assert not versions_in_order(by_clock)  # the control: clocks alone would have it wrong


def _set_clock(monkeypatch: pytest.MonkeyPatch, now: Callable[[], datetime]) -> None:
    monkeypatch.setattr(door_module, "clock", SimpleNamespace(now=now))


def test_only_the_types_that_were_asked_for_are_told(
    new_door: OpenDoor, connection: Connection
) -> None:
    every_operation([new_door()])
    found = read_all(connection, Selection("", types=known_types(["voucher.frozen"])))
    assert {one.event.type for one in found} == {"voucher.frozen"}
    usual = {one.event.type for one in read_all(connection, Selection(""))}
    assert usual == set(EVENT_TYPES) - {"voucher.redemption_refused"}


def test_only_the_batches_that_were_asked_for_are_told(
    new_door: OpenDoor, connection: Connection
) -> None:
    door = new_door()
    one, other = a_batch(door), a_batch(door)
    done(door, redeem(one.serial()), redeem(other.serial()))
    found = read_all(connection, Selection("", batch_ids=frozenset({other.batch_id})))
    assert [told.event.type for told in found] == [
        "batch.defined",
        "batch.minted",
        "voucher.redeemed",
    ]


def test_a_part_of_the_organisation_sees_what_happens_in_its_stores_and_no_more(
    new_door: OpenDoor, connection: Connection
) -> None:
    door = new_door()
    ours, theirs = a_till(door), a_till(door)
    assert ours.redeem().done
    assert theirs.redeem().done
    for till in (ours, theirs):
        found = read_all(connection, Selection(till.clerk.organisation_path))
        (told,) = found
        assert (told.event.type, json.loads(told.body)["store"]) == (
            "voucher.redeemed",
            till.store_code,
        )
    assert read_all(connection, Selection(ours.stranger.organisation_path)) == []


def test_without_the_permission_nothing_is_told(connection: Connection) -> None:
    nobody = staff_of(None, "reports.view")
    with pytest.raises(KaquanError) as caught:
        events_after(connection, actor=nobody, selection=EVERYTHING, position=Position(), limit=1)
    assert caught.value.code == "permission_denied"


def test_from_now_on_means_nothing_that_was_booked_before(
    new_door: OpenDoor, connection: Connection
) -> None:
    door = new_door()
    batch = a_batch(door)
    now = newest_position(connection)
    assert read_page(connection, EVERYTHING, now, limit=10).events == []
    done(door, redeem(batch.serial()))
    (told,) = [one for one, _ in read_page(connection, EVERYTHING, now, limit=10).events]
    assert told.event.type == "voucher.redeemed"


@pytest.mark.parametrize(
    "text",
    ["x", "", "AAAA", "键", "a" * 9_000, "kpHP////////////", "kpEBwA", "k5IBAcDA"],
)
def test_what_is_no_cursor_is_refused(text: str) -> None:
    with pytest.raises(KaquanError) as caught:
        parse_position(text)
    assert caught.value.code == "cursor_invalid"


def test_a_cursor_is_read_as_it_was_written() -> None:
    position = Position({1: (1 << 40) + 7, 3: 3 << 40, 900: (900 << 40) + 2**39}, (3, 5, 0))
    assert parse_position(position.text()) == position
    assert parse_position(Position().text()) == Position()


def test_events_of_nobody_known_need_the_whole_tree(
    new_door: OpenDoor, connection: Connection
) -> None:
    done(new_door(), redeem(a_batch(new_door()).serial()))  # in a store that the tree has not
    assert read_all(connection, Selection("1.")) == []
    page = events_after(
        connection, actor=SYSTEM, selection=EVERYTHING, position=Position(), limit=9
    )
    assert len(page.events) == 4
