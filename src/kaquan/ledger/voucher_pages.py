"""Touched vouchers page by page, in the order of their serials: of some batches, or of all.

There is no index by batch or state: it would cost every redemption. The serials of a batch lie
together, so a page goes along its runs by the primary key, looks at so many vouchers at most and
then says where to go on, even where it found fewer than asked for.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime
from typing import Any

import psycopg
from msgspec import Struct

from kaquan.engine.lifecycle import State
from kaquan.engine.places import Place
from kaquan.engine.shards import SERIAL_END

VOUCHERS_LOOKED_AT_MAX = 20_000
RUNS_LOOKED_AT_MAX = 300
_AT_ONCE = 5_000

Connection = psycopg.Connection[Any]


class VoucherRow(Struct, frozen=True):
    """A voucher as it stands; ``last`` is where it last changed, ``hand`` how often it was passed
    on."""

    serial: int
    batch_id: int
    state: State
    customer_id: int
    balance_fen: int
    uses_left: int
    valid_from: datetime | None
    valid_until: datetime | None
    last: Place
    hand: int = 0


class VoucherFilter(Struct, frozen=True, kw_only=True):
    """Which vouchers; None does not restrict. ``handed_out``: whether a customer or a bearer who
    paid has it or had it; ``ends_from`` and ``ends_before`` bound a voucher's last moment, which is
    ``batch_end`` where it keeps none of its own."""

    states: Collection[State] | None = None
    handed_out: bool | None = None
    ends_from: datetime | None = None
    ends_before: datetime | None = None
    batch_end: datetime | None = None

    @property
    def restricts(self) -> bool:
        """Whether it leaves anything out."""
        return self != ANY


ANY = VoucherFilter()


class VoucherRows(Struct, frozen=True):
    """A page; the next one begins after ``following``, None at the end."""

    rows: list[VoucherRow]
    following: int | None


def vouchers_along(
    connection: Connection,
    *,
    batch_ids: Collection[int] | None,
    wanted: VoucherFilter = ANY,
    after_serial: int = -1,
    limit: int,
    looked_at_max: int = VOUCHERS_LOOKED_AT_MAX,
) -> VoucherRows:
    """Vouchers that something has happened to; ``batch_ids`` None: of the whole issuer."""
    found: list[VoucherRow] = []
    looked_at = 0
    for runs_looked_at, run in enumerate(_runs(connection, batch_ids, after_serial), start=1):
        start = run.start
        while start < run.stop:
            asked = limit + 1 - len(found)
            at_once = _AT_ONCE if wanted.restricts else asked
            last, number, rows = _look(connection, range(start, run.stop), wanted, at_once, asked)
            found += rows
            looked_at += number
            if len(found) > limit:
                return VoucherRows(found[:limit], found[limit - 1].serial)
            start = last + 1 if number == at_once else run.stop
            if looked_at >= looked_at_max or runs_looked_at >= RUNS_LOOKED_AT_MAX:
                return VoucherRows(found, start - 1)
    return VoucherRows(found, None)


def voucher_rows(connection: Connection, serials: Collection[int]) -> dict[int, VoucherRow]:
    """These vouchers as they stand; those that nothing has happened to are left out."""
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM ledger_voucher WHERE serial = any(%s)",  # noqa: S608  # our names
        [list(serials)],
    )
    return {row[0]: _voucher(row) for row in rows}


def passed_on_among(connection: Connection, serials: range) -> int:
    """How many of these vouchers were passed on, so that no print of them is good any more."""
    row = connection.execute(
        "SELECT count(*) FROM ledger_voucher WHERE serial >= %s AND serial < %s AND hand > 0",
        [serials.start, serials.stop],
    ).fetchone()
    assert row is not None
    return int(row[0])


_COLUMNS = (
    "serial, batch_id, state, coalesce(customer_id, 0), coalesce(balance_fen, 0), uses_left,"
    " valid_from, valid_until, last_block, last_index, coalesce(hand, 0)"
)
_LOOK = f"""
WITH looked (serial, batch_id, state, customer_id, balance_fen, uses_left, valid_from, valid_until,
    last_block, last_index, hand) AS MATERIALIZED (
    SELECT {_COLUMNS} FROM ledger_voucher
     WHERE serial >= %(first)s AND serial < %(end)s ORDER BY serial LIMIT %(at_once)s
)
SELECT edge.last_serial, edge.number, found.*
  FROM (SELECT max(serial), count(*) FROM looked) AS edge (last_serial, number)
  LEFT JOIN LATERAL (
    SELECT * FROM looked
     WHERE (%(states)s::int[] IS NULL OR state = any(%(states)s))
       AND (%(handed_out)s::bool IS NULL
            OR (customer_id > 0 OR valid_from IS NOT NULL) = %(handed_out)s)
       AND (%(ends_from)s::timestamptz IS NULL
            OR greatest(valid_until, %(batch_end)s::timestamptz) >= %(ends_from)s)
       AND (%(ends_before)s::timestamptz IS NULL
            OR greatest(valid_until, %(batch_end)s::timestamptz) < %(ends_before)s)
     ORDER BY serial LIMIT %(limit)s
  ) AS found ON true
 ORDER BY found.serial
"""  # noqa: S608  # names of our own


def _look(
    connection: Connection, serials: range, wanted: VoucherFilter, at_once: int, limit: int
) -> tuple[int, int, list[VoucherRow]]:
    """The last serial looked at, how many were, and those that are wanted."""
    rows = connection.execute(
        _LOOK,
        {
            "first": serials.start,
            "end": serials.stop,
            "at_once": at_once,
            "limit": limit,
            "states": None if wanted.states is None else [int(one) for one in wanted.states],
            "handed_out": wanted.handed_out,
            "ends_from": wanted.ends_from,
            "ends_before": wanted.ends_before,
            "batch_end": wanted.batch_end,
        },
    ).fetchall()
    last, number = rows[0][0], rows[0][1]
    return last or serials.start, number, [_voucher(row[2:]) for row in rows if row[2] is not None]


def _voucher(row: Any) -> VoucherRow:
    serial, batch_id, state, customer_id, balance_fen, uses_left, *moments, block, index, hand = row
    return VoucherRow(
        serial=serial,
        batch_id=batch_id,
        state=State(state),
        customer_id=customer_id,
        balance_fen=balance_fen,
        uses_left=uses_left,
        valid_from=moments[0],
        valid_until=moments[1],
        last=Place(block, index),
        hand=hand,
    )


def _runs(
    connection: Connection, batch_ids: Collection[int] | None, after_serial: int
) -> Iterator[range]:
    """The serials after one, as ranges; neighbours are one."""
    if batch_ids is None:
        yield range(after_serial + 1, SERIAL_END)
        return
    rows = connection.execute(
        "SELECT first_serial, first_serial + quantity FROM ledger_custody"
        " WHERE batch_id = any(%s) AND first_serial + quantity > %s + 1"
        " ORDER BY first_serial LIMIT %s",
        [list(batch_ids), after_serial, 10 * RUNS_LOOKED_AT_MAX],
    ).fetchall()
    run = range(0)
    for first, end in rows:
        start = max(first, after_serial + 1)
        if run and run.stop == start:
            run = range(run.start, end)
            continue
        if run:
            yield run
        run = range(start, end)
    if run:
        yield run
