"""Writes what deciding a block has touched, in a handful of statements, in one fixed order of
tables.

New rows go in by COPY: at 500 a block it costs 6 µs a row, multi-row VALUES 13–54 µs
(docs/decisions/0003). A row that another writer has just born fails on its key; the door then
starts the block anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from typing import Any

import psycopg

from kaquan.engine.rows import Batch, Budget, Custody, HeldVoucher, Limit, Reversed, Slice, Voucher
from kaquan.engine.world import World
from kaquan.ledger.catalogue import HOME_SHARD
from kaquan.ledger.records import ENTRY_COLUMNS, NULL, timestamp_text
from kaquan.ledger.statements import bound, statement

Connection = psycopg.Connection[Any]


def write_rows(connection: Connection, world: World) -> None:
    """Write every touched row of ``world`` but vouchers that are born and budgets.

    Those, entries, requests and the block follow separately.
    """
    touched = {name: sorted(keys) for name, keys in world.touched.items()}
    for batch_id in touched.get("batches", ()):
        _write_batch(connection, world.batches[batch_id])
    for batch_id in touched.get("custody", ()):
        for run in world.custody[batch_id]:
            _write_custody(connection, run)
    if "custody" in touched and world.next_serial:  # 0: not read, because nothing is minted
        values = {"shards": [HOME_SHARD], "next_serial": world.next_serial}
        connection.execute(statement("update_next_serial"), bound(values))
    vouchers = [world.vouchers[key] for key in touched.get("vouchers", ())]
    changed = [voucher for voucher in vouchers if voucher.stored]
    if changed:
        connection.execute(statement("update_vouchers"), bound(_voucher_columns(changed)))
    _write_limits(connection, [world.limits[key] for key in touched.get("limits", ())])
    for serial in touched.get("held", ()):
        for held in world.held[serial]:
            _write_held(connection, held)
    for key in touched.get("reversed", ()):
        _write_reversed(connection, world.reversed[key])
    for batch_id in touched.get("slices", ()):
        _write_slice(connection, world.slices[batch_id])


def write_budgets(connection: Connection, world: World, before: Mapping[int, Budget]) -> None:
    """Write the touched budgets: new ones, and by how much others have changed since ``before``.

    They come last, because every writer waits for the one who has written a budget.
    """
    for budget_id in sorted(world.touched.get("budgets", ())):
        row = world.budgets[budget_id]
        was = before.get(budget_id) or Budget(row.shard, budget_id)
        values = {
            "shard": row.shard,
            "budget_id": budget_id,
            "total": row.total_fen - was.total_fen,
            "available": row.available_fen - was.available_fen,
            "committed": row.committed_fen - was.committed_fen,
            "spent": row.spent_fen - was.spent_fen,
            "released": row.released_fen - was.released_fen,
        }
        _put(connection, "budget", values, stored=row.stored)


@contextmanager
def copying(connection: Connection, table: str, text: bytes) -> Iterator[None]:
    """Append whole lines of COPY's text format to ``table`` (with its column list).

    The server takes them in while the body runs, which prepares what comes next and leaves the
    connection alone. Nothing is sent where there is nothing to append.
    """
    if not text:
        yield
        return
    with connection.cursor() as cursor, cursor.copy(f"COPY {table} FROM STDIN".encode()) as copy:
        copy.write(text)
        yield


def copy_rows(connection: Connection, table: str, lines: Iterable[str]) -> None:
    """Append lines of COPY's text format to ``table`` (with its column list)."""
    with copying_rows(connection, table, lines):
        pass


def copying_rows(
    connection: Connection, table: str, lines: Iterable[str]
) -> AbstractContextManager[None]:
    """``copying`` of lines that are not joined yet."""
    return copying(connection, table, "".join(lines).encode())


def copying_born_vouchers(connection: Connection, world: World) -> AbstractContextManager[None]:
    """``copying`` of the vouchers that something first happened to."""
    vouchers = world.vouchers
    touched = [vouchers[serial] for serial in sorted(world.touched.get("vouchers", ()))]
    lines = [_voucher_line(voucher) for voucher in touched if not voucher.stored]
    return copying_rows(connection, _VOUCHER_COLUMNS, lines)


def copying_entries(
    connection: Connection, block: int, shard: int, lines: Sequence[bytes]
) -> AbstractContextManager[None]:
    """``copying`` of a block's entries; ``lines`` are those that its hash covers."""
    head = f"{block}\t{shard}\t".encode()
    table = f"ledger_entry (block, shard, {ENTRY_COLUMNS})"
    return copying(connection, table, b"".join([head + line for line in lines]))


_VOUCHER_COLUMNS = (
    "ledger_voucher (serial, last_block, customer_id, balance_fen, committed_fen, valid_from, "
    "valid_until, batch_id, version, shard, last_index, uses_left, state, holds)"
)


def _voucher_line(row: Voucher) -> str:
    assert row.last is not None
    return (
        f"{row.serial}\t{row.last.block}\t{row.customer_id or NULL}\t{row.balance_fen or NULL}\t"
        f"{row.committed_fen or NULL}\t{_moment(row.valid_from)}\t{_moment(row.valid_until)}\t"
        f"{row.batch_id}\t{row.version}\t{row.shard}\t{row.last.index}\t{row.uses_left}\t"
        f"{row.state:d}\t{row.holds or NULL}\n"
    )


def _moment(at: datetime | None) -> str:
    return NULL if at is None else timestamp_text(at)


def _voucher_columns(rows: Sequence[Voucher]) -> dict[str, list[Any]]:
    places = [row.last for row in rows if row.last is not None]
    assert len(places) == len(rows)
    return {
        "shards": sorted({row.shard for row in rows}),
        "serials": [row.serial for row in rows],
        "states": [int(row.state) for row in rows],
        "customer_ids": [row.customer_id or None for row in rows],
        "balances": [row.balance_fen or None for row in rows],
        "uses": [row.uses_left for row in rows],
        "committed": [row.committed_fen or None for row in rows],
        "valid_froms": [row.valid_from for row in rows],
        "valid_untils": [row.valid_until for row in rows],
        "holds": [row.holds or None for row in rows],
        "versions": [row.version for row in rows],
        "blocks": [place.block for place in places],
        "indexes": [place.index for place in places],
    }


def _write_limits(connection: Connection, limits: Sequence[Limit]) -> None:
    born = [limit for limit in limits if not limit.stored]
    lines = [
        "\t".join(map(str, (*_key_parts(limit), limit.used, limit.cap))) + "\n" for limit in born
    ]
    copy_rows(
        connection,
        "ledger_limit (shard, batch_id, dimension, subject_id, day, unit, moment, used, cap)",
        lines,
    )
    changed = [limit for limit in limits if limit.stored]
    if changed:
        keys = [limit.key for limit in changed]
        columns = {
            "shards": sorted({key.shard for key in keys}),
            "subject_ids": [key.subject_id for key in keys],
            "batch_ids": [key.batch_id for key in keys],
            "days": [key.day for key in keys],
            "dimensions": [key.dimension for key in keys],
            "units": [key.unit for key in keys],
            "moments": [key.moment for key in keys],
            "used": [limit.used for limit in changed],
        }
        connection.execute(statement("update_limits"), bound(columns))


def _key_parts(limit: Limit) -> tuple[int, ...]:
    key = limit.key
    return (
        key.shard,
        key.batch_id,
        key.dimension,
        key.subject_id,
        key.day,
        key.unit,
        key.moment,
    )


def _write_held(connection: Connection, row: HeldVoucher) -> None:
    values = {
        "shard": row.shard,
        "serial": row.serial,
        "block": row.hold.block,
        "index": row.hold.index,
        "state": row.state,
        "expires_at": row.expires_at,
    }
    _put(connection, "hold", values, stored=row.stored)


def _write_reversed(connection: Connection, row: Reversed) -> None:
    values = {
        "shard": row.shard,
        "serial": row.serial,
        "block": row.redemption.block,
        "index": row.redemption.index,
        "amount_fen": row.amount_fen,
        "uses": row.uses,
        "by_line": row.by_line,
    }
    _put(connection, "reversed", values, stored=row.stored)


def _write_slice(connection: Connection, row: Slice) -> None:
    values = {
        "shard": row.shard,
        "batch_id": row.batch_id,
        "state": row.state,
        "minted": row.minted,
        "stock_left": row.stock_left,
        "custody_version": row.custody_version,
        "cursor": row.cursor,
    }
    _put(connection, "slice", values, stored=row.stored)


def _write_batch(connection: Connection, row: Batch) -> None:
    values = {
        "shard": HOME_SHARD,
        "batch_id": row.batch_id,
        "offer_version_id": row.offer_version_id,
        "terms": row.terms,
        "budget_id": row.budget_id,
        "by_code": row.by_code,
        "active": row.active,
    }
    connection.execute(statement("add_batch"), bound(values))


def _write_custody(connection: Connection, row: Custody) -> None:
    values = {
        "shard": row.shard,
        "batch_id": row.batch_id,
        "first_serial": row.first_serial,
        "quantity": row.quantity,
        "active": row.active,
        "organisation_id": row.organisation_id,
    }
    _put(connection, "custody", values, stored=row.stored)


def _put(connection: Connection, name: str, values: dict[str, Any], *, stored: bool) -> None:
    connection.execute(statement(f"{'update' if stored else 'add'}_{name}"), bound(values))
