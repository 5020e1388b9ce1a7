"""The life of one voucher, read back from the blocks: each change names the one before it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

import psycopg
from msgspec import Struct

from kaquan.engine.commands import AnyCommand, Redeem
from kaquan.engine.custody import Piece, untouched
from kaquan.engine.entries import Account, Entry, Unit
from kaquan.engine.facts import Facts
from kaquan.engine.lifecycle import State
from kaquan.engine.outcomes import Outcome, VoucherResult
from kaquan.engine.places import Place
from kaquan.ledger.records import ENTRY_COLUMNS, Record, unpack_body, unpack_some

STEPS_MAX = 1_000

Connection = psycopg.Connection[Any]


class TraceStep(Struct, frozen=True):
    """One change of a voucher: the command, its answer, and the entries that it wrote for it."""

    place: Place
    committed_at: datetime
    command: AnyCommand
    outcome: Outcome
    result: VoucherResult
    entries: list[Entry]


class Standing(Struct, frozen=True):
    """What custody says about a serial, touched or not: its batch, whether it is live, and where.

    ``organisation_id`` 0 is the batch's own custody.
    """

    batch_id: int
    by_code: bool
    active: bool
    organisation_id: int


def trace_voucher(
    connection: Connection, serial: int, *, steps_max: int = STEPS_MAX
) -> list[TraceStep]:
    """What happened to a voucher, oldest first; the latest ``steps_max`` changes of a longer life.

    Empty for a voucher that nothing has happened to. Raises ``ValueError`` where the books do not
    hold together: ``kaquan prove`` then tells more.
    """
    row = connection.execute(
        "SELECT last_block, last_index FROM ledger_voucher WHERE serial = %s", [serial]
    ).fetchone()
    place = None if row is None else Place(*row)
    steps: list[TraceStep] = []
    while place is not None and len(steps) < steps_max:
        step = _read_step(connection, serial, place)
        steps.append(step)
        place = step.result.before
    return steps[::-1]


def find_redemption(connection: Connection, serial: int, order_no: str) -> Place | None:
    """Where the latest redemption of a voucher on an order stands; None where there is none."""
    steps = trace_voucher(connection, serial)
    commands = {step.place: step.command for step in steps}
    for step in reversed(steps):
        if isinstance(step.command, Redeem):
            # What settles a hold may leave the order to it.
            hold = commands.get(step.command.hold) if step.command.hold else None
            if order_no in (_order_no(step.command), _order_no(hold)):
                return step.place
    return None


def _order_no(command: AnyCommand | None) -> str | None:
    facts: Facts | None = getattr(command, "facts", None)
    return None if facts is None or facts.order is None else facts.order.order_no


def standing_of(connection: Connection, serial: int) -> Standing | None:
    """The custody of a serial; None where it was never minted.

    In a stock batch a serial is only room for a voucher until it is handed out.
    """
    row = connection.execute(
        "SELECT c.batch_id, b.by_code, c.active, c.organisation_id, c.first_serial + c.quantity, "
        "c.piece, c.hand_out_first "
        "FROM ledger_custody c JOIN ledger_batch b USING (batch_id) "
        "WHERE c.first_serial <= %s ORDER BY c.first_serial DESC LIMIT 1",
        [serial],
    ).fetchone()
    if row is None or serial >= row[4]:
        return None
    batch_id, by_code, active, organisation_id, _end, piece, hand_out_first = row
    state, _ = untouched(active=active, piece=Piece(piece), hand_out_first=hand_out_first)
    return Standing(batch_id, by_code, state is State.LIVE, organisation_id)


def batches_of(connection: Connection, serials: Collection[int]) -> dict[int, int]:
    """The batch of each serial that was minted."""
    rows = connection.execute(
        "SELECT u.serial, c.batch_id FROM unnest(%s::bigint[]) AS u (serial), LATERAL ("
        "  SELECT batch_id, first_serial + quantity AS end_serial FROM ledger_custody"
        "  WHERE first_serial <= u.serial ORDER BY first_serial DESC LIMIT 1"
        ") AS c WHERE u.serial < c.end_serial",
        [list(serials)],
    )
    return dict(rows.fetchall())


def record_at(connection: Connection, place: Place) -> tuple[datetime, Record] | None:
    """A command with its answer, and when it was booked; None where nothing stands."""
    row = connection.execute(
        "SELECT committed_at, body FROM ledger_block WHERE block = %s", [place.block]
    ).fetchone()
    records = [] if row is None else unpack_body(row[1])
    if row is None or not 0 <= place.index < len(records):
        return None
    return row[0], records[place.index]


def records_at(connection: Connection, places: Collection[Place]) -> dict[Place, Record]:
    """The commands with their answers at some places; where nothing stands is left out."""
    wanted: defaultdict[int, list[int]] = defaultdict(list)
    for place in places:
        wanted[place.block].append(place.index)
    rows = connection.execute(
        "SELECT block, body FROM ledger_block WHERE block = any(%s)", [list(wanted)]
    )
    return {
        Place(block, index): record
        for block, body in rows
        for index, record in unpack_some(bytes(body), wanted[block]).items()
    }


def _read_step(connection: Connection, serial: int, place: Place) -> TraceStep:
    found = record_at(connection, place)
    if found is None:
        raise ValueError(f"serial {serial}: nothing stands at {place}")
    committed_at, record = found
    for result in record.outcome.vouchers:
        if result.serial == serial:
            entries = _read_entries(connection, place.block, serial, result.version)
            return TraceStep(place, committed_at, record.command, record.outcome, result, entries)
    raise ValueError(f"serial {serial}: the command at {place} is about other vouchers")


def _read_entries(connection: Connection, block: int, serial: int, version: int) -> list[Entry]:
    rows = connection.execute(
        f"SELECT {ENTRY_COLUMNS} FROM ledger_entry "  # noqa: S608  # names of our own
        "WHERE block = %s AND serial = %s AND version = %s ORDER BY index",
        [block, serial, version],
    )
    return [entry_of(row) for row in rows]


def entry_of(row: Sequence[Any]) -> Entry:
    """An entry from its row, as ``ENTRY_COLUMNS`` has it."""
    index, operation, unit, amount, debit, debit_id, credit, credit_id, at, *about = row
    serial, version, batch_id, funder_id, reverses_block, reverses_index = about
    return Entry(
        index,
        operation,
        Unit(unit),
        amount,
        Account(debit),
        debit_id,
        Account(credit),
        credit_id,
        at,
        serial=serial or 0,
        version=version or 0,
        batch_id=batch_id or 0,
        funder_id=funder_id or 0,
        reverses=None if reverses_block is None else Place(reverses_block, reverses_index),
    )
