"""The event feed: everything that was booked, for those who come and read it.

It is read straight from the blocks, so it has no table that could lag behind or be pruned: what was
an event once is one for ever. Reading goes on from a position; nothing is missed or told twice.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from msgspec import Struct

from kaquan.foundation.actor import Actor, require
from kaquan.integrations.positions import Position
from kaquan.integrations.telling import Selection, Told, told_events
from kaquan.ledger.causal import Connection, Cut, blocks_between, heads
from kaquan.ledger.tail import BlockRecords

VIEW = "events.view"
LIMIT_MAX = 500
#: A page ends after looking at so many records, whatever it found.
RECORDS_SCANNED_MAX = 10_000
_BLOCKS_AT_ONCE_MAX = 16


class EventPage(Struct, frozen=True):
    """Events in order, each with the position behind it; ``position`` is where to go on.

    ``more``: something lies beyond already.
    """

    events: list[tuple[Told, Position]]
    position: Position
    more: bool


def events_after(
    connection: Connection,
    *,
    actor: Actor,
    selection: Selection,
    position: Position,
    limit: int,
) -> EventPage:
    """The next events of a selection, which must lie in the actor's part; raises
    ``permission_denied``."""
    require(actor, VIEW)
    assert selection.organisation_path.startswith(actor.organisation_path), selection
    return read_page(connection, selection, position, limit=min(limit, LIMIT_MAX))


def newest_position(connection: Connection) -> Position:
    """Behind everything that has been booked by now."""
    return Position(heads(connection))


def read_page(
    connection: Connection, selection: Selection, position: Position, *, limit: int
) -> EventPage:
    """The next events of a selection, for those who were asked for their permission before."""
    assert limit > 0, limit
    until = heads(connection)
    events: list[tuple[Told, Position]] = []
    scanned = 0
    for block, told in told_blocks(connection, position.cut, until):
        scanned += len(block.records)
        for one in told:
            if position.covers(one.event):
                continue
            position = position.after_event(one.event)
            if selection.takes(one):
                events.append((one, position))
                if len(events) == limit:
                    return EventPage(events, position, more=True)
        position = position.after_block(block.block)
        if scanned >= RECORDS_SCANNED_MAX:
            break
    return EventPage(events, position, more=not position.reaches(until))


def told_blocks(
    connection: Connection, after: Cut, until: Cut
) -> Iterator[tuple[BlockRecords, list[Told]]]:
    """Blocks beyond a cut with their events, in causal order, fetched as they are asked for."""
    blocks = blocks_between(connection, after, until)
    count = 1  # few at first: a small page may end inside the first block
    while some := list(islice(blocks, count)):
        yield from told_events(connection, some)
        count = min(2 * count, _BLOCKS_AT_ONCE_MAX)
