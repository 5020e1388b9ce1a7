"""Watching events: live within a second, resumed exactly, and never more kept than is bounded."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from typing import Any

import psycopg
from django.db import connections

from kaquan.engine.commands import AnyCommand
from kaquan.engine.places import lane_of
from kaquan.integrations.event_hub import EventHub
from kaquan.integrations.feed import read_page
from kaquan.integrations.positions import Position, parse_position
from kaquan.integrations.telling import Selection
from kaquan.ledger.door import Door
from kaquan.ledger.sessions import reading_session
from tests.builders.ledger import a_batch, done, redeem
from tests.fixtures_database import Database
from tests.fixtures_ledger import OpenDoor

Connection = psycopg.Connection[Any]
EVERYTHING = Selection("")
USES = Selection("", types=frozenset({"voucher.redeemed"}))


def a_hub(**fields: Any) -> EventHub:
    """A hub that looks often."""
    return EventHub(reading_session, rest=connections.close_all, period_s=0.01, **fields)


async def seen(
    hub: EventHub,
    count: int,
    *,
    selection: Selection = EVERYTHING,
    position: Position | None = None,
    started: Callable[[], None] = lambda: None,
) -> list[tuple[str, str]]:
    """The ids of so many events with the position behind each, as text; then the watcher leaves.

    ``started`` is called once the watcher has its place.
    """
    found: list[tuple[str, str]] = []
    async with aclosing(hub.watch(selection, position, silence_s=0.05)) as batches:
        async for batch in batches:
            found += [(told.event.id, place.text()) for told, place in batch.events]
            started()
            if len(found) >= count:
                break
    return found


async def in_thread(door: Door, *commands: AnyCommand) -> None:
    """Book something while the loop goes on."""
    await asyncio.get_running_loop().run_in_executor(None, done, door, *commands)


def test_what_is_booked_while_somebody_watches_reaches_them(new_door: OpenDoor) -> None:
    doors = [new_door(), new_door()]
    batch = a_batch(doors[0], quantity=20)

    async def watch() -> list[tuple[str, str]]:
        hub, here = a_hub(), asyncio.Event()
        watching = asyncio.create_task(seen(hub, 20, started=here.set))
        await here.wait()
        for index, serial in enumerate(batch.serials):
            await in_thread(doors[index % 2], redeem(serial))
        found = await asyncio.wait_for(watching, 10)
        assert hub.watchers == 0
        return found

    found = asyncio.run(watch())
    assert len({id_ for id_, _ in found}) == 20
    assert {lane_of(int(id_.split("-")[0])) for id_, _ in found} == {1, 2}


def test_resuming_by_the_last_id_misses_and_repeats_nothing_across_two_lanes(
    new_door: OpenDoor, connection: Connection
) -> None:
    doors = [new_door(), new_door()]
    batch = a_batch(doors[0], quantity=24)
    for index, serial in enumerate(batch.serials[:12]):
        done(doors[index % 2], redeem(serial), redeem(batch.serial(12 + index)))

    async def watch() -> list[str]:
        hub, last, found = a_hub(), Position(), list[str]()
        while len(found) < 24:  # each time the connection breaks after three events
            some = await seen(hub, 3, selection=USES, position=last)
            found += [id_ for id_, _ in some[:3]]
            last = parse_position(some[:3][-1][1])
        return found

    found = asyncio.run(watch())
    page = read_page(connection, USES, Position(), limit=100)
    assert sorted(found) == sorted(told.event.id for told, _ in page.events)


def test_a_late_watcher_gets_the_past_first_and_then_what_is_new(new_door: OpenDoor) -> None:
    door = new_door()
    batch = a_batch(door, quantity=30)
    done(door, *[redeem(serial) for serial in batch.serials[:20]])

    async def watch() -> list[tuple[str, str]]:
        hub, past = a_hub(), asyncio.Event()
        early = asyncio.create_task(seen(hub, 10, started=past.set))
        await past.wait()
        late = asyncio.create_task(seen(hub, 30, selection=USES, position=Position()))
        for serial in batch.serials[20:]:
            await in_thread(door, redeem(serial))
        await asyncio.wait_for(early, 10)
        return await asyncio.wait_for(late, 10)

    found = asyncio.run(watch())
    assert len({id_ for id_, _ in found}) == len(found) == 30


def test_a_slow_watcher_catches_up_from_the_books_and_memory_stays_bounded(
    new_door: OpenDoor,
) -> None:
    door = new_door()
    batch = a_batch(door, quantity=60)

    async def watch() -> set[str]:
        hub, found = a_hub(events_kept=10), set[str]()
        async with aclosing(hub.watch(USES, None, silence_s=0.05)) as batches:
            await anext(batches)
            fast, here = None, asyncio.Event()
            fast = asyncio.create_task(seen(hub, 60, selection=USES, started=here.set))
            await here.wait()
            for serial in batch.serials:  # the slow one takes nothing meanwhile
                await in_thread(door, redeem(serial))
                assert sum(len(one.told) for one in hub._kept) <= 10
            assert len(await asyncio.wait_for(fast, 10)) == 60
            async for batch_ in batches:
                found |= {told.event.id for told, _ in batch_.events}
                if len(found) == 60:
                    return found
        return found

    assert len(asyncio.run(watch())) == 60


def test_many_watchers_share_one_reader(new_door: OpenDoor) -> None:
    door = new_door()
    batch = a_batch(door)

    async def watch() -> int:
        hub, reads = a_hub(), list[int]()
        read_new = hub._read_new
        hub._read_new = lambda cut: (reads.append(1), read_new(cut))[1]  # type: ignore[method-assign]
        here = [asyncio.Event() for _ in range(30)]
        watching = [
            asyncio.create_task(seen(hub, 1, selection=USES, started=one.set)) for one in here
        ]
        await asyncio.gather(*(one.wait() for one in here))
        looks = len(reads)
        await in_thread(door, redeem(batch.serial()))
        found = await asyncio.wait_for(asyncio.gather(*watching), 10)
        assert {id_ for some in found for id_, _ in some} == {found[0][0][0]}
        return len(reads) - looks

    assert asyncio.run(watch()) < 30


def test_watching_goes_on_when_the_database_was_away(
    database: Database, new_door: OpenDoor
) -> None:
    door = new_door()
    batch = a_batch(door)
    broken = []

    def session() -> Connection:
        if len(broken) == 1:
            broken.append(2)
            raise psycopg.OperationalError("gone")
        return reading_session()

    async def watch() -> list[tuple[str, str]]:
        hub = EventHub(session, rest=connections.close_all, period_s=0.01, after_failure_s=0.01)
        here = asyncio.Event()
        watching = asyncio.create_task(seen(hub, 1, started=here.set))
        await here.wait()
        broken.append(1)
        while len(broken) < 2:
            await asyncio.sleep(0.01)
        await in_thread(door, redeem(batch.serial()))
        return await asyncio.wait_for(watching, 10)

    assert len(asyncio.run(watch())) == 1
