"""Writes what deciding a block has touched, in a handful of statements, in one fixed order of
tables.

New rows go in as arrays of rows, which unlike COPY may share a pipeline with all other statements
(docs/decisions/0028). A row that another writer has just born fails on its key; the door then
starts the block anew.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import psycopg

from kaquan.engine.rows import Batch, Budget, Custody, HeldVoucher, Limit, Reversed, Slice, Voucher
from kaquan.engine.world import World
from kaquan.ledger.catalogue import HOME_SHARD
from kaquan.ledger.records import NULL, timestamp_text
from kaquan.ledger.statements import bound, statement

Connection = psycopg.Connection[Any]


def write_rows(connection: Connection, world: World, lane: int) -> None:
    """Write every touched row of ``world`` but budgets.

    Those, requests, entries and the block follow separately.
    """
    touched = {name: sorted(keys) for name, keys in world.touched.items()}
    for batch_id in touched.get("batches", ()):
        _write_batch(connection, world.batches[batch_id])
    for batch_id in touched.get("custody", ()):
        for run in world.custody[batch_id]:
            if run.changed or not run.stored:
                _write_custody(connection, run)
    if "custody" in touched and world.next_serial:  # 0: not read, because nothing is minted
        values = {"shards": [HOME_SHARD], "next_serial": world.next_serial}
        connection.execute(statement("update_next_serial"), bound(values))
    vouchers = [world.vouchers[key] for key in touched.get("vouchers", ())]
    changed = [voucher for voucher in vouchers if voucher.stored]
    if changed:
        connection.execute(statement("update_vouchers"), bound(_voucher_columns(changed)))
    born = [_voucher_line(voucher) for voucher in vouchers if not voucher.stored]
    _add_lines(connection, lane, "vouchers", "".join(born))
    _write_hands(connection, [voucher for voucher in vouchers if voucher.passed_on])
    _write_limits(connection, lane, [world.limits[key] for key in touched.get("limits", ())])
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


def add_requests(connection: Connection, lane: int, lines: str) -> None:
    """Add request keys: lines of COPY's text format."""
    _add_lines(connection, lane, "requests", lines)


def add_entries(connection: Connection, lane: int, block: int, lines: str) -> None:
    """Add a block's entries; ``lines`` are those that its hash covers."""
    _add_lines(connection, lane, "entries", lines, block=block)


def _add_lines(connection: Connection, lane: int, name: str, lines: str, **more: int) -> None:
    """Add rows that stand in lines of COPY's text format and hold nothing but numbers and moments.

    They go as one array of rows, whose text differs from COPY's by its marks alone.
    """
    if lines:
        rows = lines[:-1].replace(NULL, "").replace("\t", ",").replace("\n", ')","(')
        values = {"rows": f'{{"({rows})"}}', "shard": HOME_SHARD, "lane": lane, **more}
        connection.execute(statement(f"add_{name}"), values)


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


def _write_hands(connection: Connection, passed_on: Sequence[Voucher]) -> None:
    """Apart from all else about a voucher: few are passed on, and many are used."""
    if passed_on:
        columns = {
            "shards": sorted({row.shard for row in passed_on}),
            "serials": [row.serial for row in passed_on],
            "hands": [row.hand for row in passed_on],
        }
        connection.execute(statement("pass_on_vouchers"), bound(columns))


def _write_limits(connection: Connection, lane: int, limits: Sequence[Limit]) -> None:
    lines = [
        "\t".join(map(str, (*_key_parts(limit), limit.used, limit.cap))) + "\n"
        for limit in limits
        if not limit.stored
    ]
    _add_lines(connection, lane, "limits", "".join(lines))
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
            "caps": [limit.cap for limit in changed],  # better terms may have raised them
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
    """A new batch, and each revision of terms: rows that are added and never changed."""
    for one in row.unwritten:
        values = {
            "shard": HOME_SHARD,
            "batch_id": row.batch_id,
            "offer_version_id": one.offer_version_id,
            "terms": one.terms,
        }
        if one.number:
            connection.execute(statement("add_terms"), bound({**values, "number": one.number}))
        else:
            values |= {"budget_id": row.budget_id, "by_code": row.by_code, "active": row.active}
            connection.execute(statement("add_batch"), bound(values))


def _write_custody(connection: Connection, row: Custody) -> None:
    values = {
        "shard": row.shard,
        "batch_id": row.batch_id,
        "first_serial": row.first_serial,
        "quantity": row.quantity,
        "active": row.active,
        "organisation_id": row.organisation_id,
        "piece": int(row.piece),
        "hand_out_first": row.hand_out_first,
    }
    _put(connection, "custody", values, stored=row.stored)


def _put(connection: Connection, name: str, values: dict[str, Any], *, stored: bool) -> None:
    connection.execute(statement(f"{'update' if stored else 'add'}_{name}"), bound(values))
