"""The whole ledger as it stands in the database, for comparing before with after."""

from collections.abc import Callable
from typing import Any

import psycopg
from psycopg.rows import dict_row

from kaquan.engine.entries import Account, Unit
from kaquan.ledger.prove import Fault, prove
from kaquan.ledger.records import Record, unpack_body

KEPT_FOR_EVER = (
    "ledger_batch",
    "ledger_block",
    "ledger_entry",
    "ledger_request",
    "ledger_terms",
)
MOVING = (
    "ledger_slice",
    "ledger_custody",
    "ledger_serial",
    "ledger_voucher",
    "ledger_budget",
    "ledger_limit",
    "ledger_hold",
    "ledger_reversed",
    "ledger_lane",
)

Rows = list[tuple[Any, ...]]


def books(connection: psycopg.Connection[Any]) -> dict[str, Rows]:
    """Every row of every table that the door writes, as text, sorted."""
    return {
        table: connection.execute(f"SELECT t::text FROM {table} t ORDER BY 1").fetchall()  # type: ignore[arg-type]
        for table in (*KEPT_FOR_EVER, *MOVING)
    }


def differing(before: dict[str, Rows], after: dict[str, Rows]) -> set[str]:
    """The tables whose rows are not the same."""
    return {table for table in before if before[table] != after[table]}


def row(connection: psycopg.Connection[Any], query: str, *values: Any) -> dict[str, Any]:
    """The one row of a query, by column."""
    with connection.cursor(row_factory=dict_row) as cursor:
        found = cursor.execute(query, values).fetchall()  # type: ignore[arg-type]
    assert len(found) == 1, found
    return found[0]


def number(connection: psycopg.Connection[Any], query: str, *values: Any) -> int:
    """The one number that a query gives."""
    (found,) = row(connection, query, *values).values()
    return int(found or 0)


def records(connection: psycopg.Connection[Any]) -> list[Record]:
    """Every command with its answer, block by block."""
    found = connection.execute("SELECT body FROM ledger_block ORDER BY block").fetchall()
    return [record for (body,) in found for record in unpack_body(body)]


def entries(connection: psycopg.Connection[Any], block: int) -> list[str]:
    """A block's entries as text, such as ``FEN 2000 BUDGET_AVAILABLE:3 > STORE:501``."""
    found = connection.execute(
        "SELECT unit, amount, debit, debit_id, credit, credit_id FROM ledger_entry"
        " WHERE block = %s ORDER BY index",
        [block],
    )
    return [
        f"{Unit(unit).name} {amount} {Account(debit).name}:{debit_id}"
        f" > {Account(credit).name}:{credit_id}"
        for unit, amount, debit, debit_id, credit, credit_id in found
    ]


def faults(connect: Callable[[], psycopg.Connection[Any]]) -> list[Fault]:
    """What ``kaquan prove`` finds wrong with the books."""
    return prove(connect, progress=lambda *_: None).faults
