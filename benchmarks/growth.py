"""Does redeeming slow down as vouchers are touched? And what does a redeemed voucher weigh?

The books are filled with synthetic rows of the same shape (server-side, as the database's
superuser), then real redemptions are measured on top. Bars: rate at the larger size ≥ 0.8 of the
smaller; ≤ 400 bytes a redeemed voucher, all tables and indexes (measured on the door's own rows,
before any filling).
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from time import perf_counter
from typing import Any

import psycopg

from benchmarks.report import Report
from benchmarks.server import Bench
from benchmarks.workload import BatchOfVouchers, a_batch, redeems
from kaquan.engine.commands import AnyCommand
from kaquan.engine.shards import SHARD_KEYS_64
from kaquan.ledger.door import Door, open_door

CALL = 500
MEASURED = 60_000
WEIGHED = 200_000
SIZES = (1_000_000, 10_000_000)
_LEDGER_BYTES = """SELECT sum(pg_total_relation_size(oid)) FROM pg_class
    WHERE relkind = 'r' AND relname LIKE 'ledger_%'"""


def run(report: Report, bench: Bench, sizes: Sequence[int] = SIZES) -> None:
    """Measure disk per voucher, then the redeem rate at each number of touched vouchers."""
    door = open_door()
    with bench.superuser() as superuser:
        _measure_disk(report, superuser, door)
        batch = a_batch(door, quantity=2 * max(sizes), by_code=True)
        # Even serials are filled, odd ones are redeemed: real uses fall between old rows.
        rates, filled, chance = [], 0, random.Random(2)
        used: set[int] = set()
        for size in sizes:
            _fill(superuser, batch, filled, size)
            filled = size
            fresh = [n for n in chance.sample(range(size), 3 * MEASURED) if n not in used]
            used.update(fresh)
            serials = [batch.first_serial + 2 * n + 1 for n in fresh]
            # Right after the filling's checkpoint each page is logged whole on its first touch; a
            # running system has that behind it for most of the time between two checkpoints.
            _book(door, redeems(serials[MEASURED:]))
            commands = redeems(serials[:MEASURED])
            start_s = perf_counter()
            _book(door, commands)
            rates.append(MEASURED / (perf_counter() - start_s))
            report(f"redeem rate with {size:,} touched vouchers", rates[-1], "redemptions/s")
        report(
            f"rate at {sizes[-1]:,} / at {sizes[0]:,}",
            rates[-1] / rates[0],
            "×",
            "≥ 0.8, hoped 0.95",
        )
    door.close()


def _book(door: Door, commands: Sequence[AnyCommand]) -> None:
    for position in range(0, len(commands), CALL):
        outcomes = door.submit(commands[position : position + CALL])
        assert all(outcome.done for outcome in outcomes)


def _measure_disk(report: Report, superuser: psycopg.Connection[Any], door: Door) -> None:
    for lines in (1, 3):
        batch = a_batch(door, quantity=WEIGHED, by_code=True)
        before = _ledger_bytes(superuser)
        serials = random.Random(3).sample(
            range(batch.first_serial, batch.first_serial + WEIGHED), WEIGHED
        )
        _book(door, redeems(serials, lines=lines))
        weight = (_ledger_bytes(superuser) - before) / WEIGHED
        report(
            f"disk per redeemed voucher, order of {lines} lines",
            weight,
            "bytes",
            "≤ 400, hoped 250",
        )


def _ledger_bytes(superuser: psycopg.Connection[Any]) -> int:
    row = superuser.execute(_LEDGER_BYTES.encode()).fetchone()
    assert row is not None
    return int(row[0])


def _fill(superuser: psycopg.Connection[Any], batch: BatchOfVouchers, first: int, end: int) -> None:
    values = {
        "batch_id": batch.batch_id,
        "serial": batch.first_serial,
        "first": first,
        "end": end,
        "shards": list(SHARD_KEYS_64),
    }
    for statement in _FILL:
        superuser.execute(statement.encode(), values)
    superuser.execute("VACUUM ANALYZE")
    superuser.execute("CHECKPOINT")


# The blocks are numbered in a lane that no writer takes; the shards are SHARD_KEYS_64.
_FILL = (
    # kaquan-allow: ledger-writes because a benchmark fills a throw-away ledger
    """INSERT INTO ledger_voucher
        (serial, last_block, batch_id, version, shard, last_index, uses_left, state)
    SELECT %(serial)s::bigint + 2 * i, (4000000::bigint << 40) + i / 500, %(batch_id)s, 1,
        (%(shards)s::int[])[((%(serial)s::bigint + 2 * i) & 63) + 1], i %% 500, 0, 3
    FROM generate_series(%(first)s::bigint, %(end)s::bigint - 1) i""",
    # kaquan-allow: ledger-writes because a benchmark fills a throw-away ledger
    """INSERT INTO ledger_request (key_high, key_low, shard, block, index)
    SELECT ('x' || substr(md5(i::text), 1, 16))::bit(64)::bigint, i::int, 60,
        (4000000::bigint << 40) + i / 500, i %% 500
    FROM generate_series(%(first)s::bigint, %(end)s::bigint - 1) i""",
    # kaquan-allow: ledger-writes because a benchmark fills a throw-away ledger
    """INSERT INTO ledger_entry (block, shard, index, operation, unit, amount, debit, debit_id,
        credit, credit_id, at, serial, version, batch_id)
    SELECT (4000000::bigint << 40) + i / 500, 60, i %% 500, 11, 1, 2000, 2, 1, 6, i %% 200, now(),
        %(serial)s::bigint + 2 * i, 1, %(batch_id)s
    FROM generate_series(%(first)s::bigint, %(end)s::bigint - 1) i""",
)
