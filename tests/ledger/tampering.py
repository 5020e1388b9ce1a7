"""Somebody with all rights on the database changes one thing; does the proof find it?

Each attempt happens in a savepoint of one transaction that is rolled back, with triggers and checks
out of the way, so that the books stay as they are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from typing import Any

import psycopg
from psycopg import sql

from kaquan.ledger.prove import Proof, prove_snapshot

#: Where consumers have got to is a bookmark, not the books; a pool's hashes come from elsewhere.
NOT_BOOKS = frozenset({"ledger_cursor", "ledger_pool_code"})

TRIES_MAX = 10

Connection = psycopg.Connection[Any]
Column = tuple[str, str, bool]  # name, type, nullable
Attempt = tuple[str, str, str]  # table, what, column


@dataclass
class Campaign:
    """What was tried (on which columns), what the database itself refused, what nobody noticed."""

    tried: int = 0
    refused: int = 0
    missed: list[str] = field(default_factory=list)
    columns: set[str] = field(default_factory=set)


class Tamperer:
    """Changes single things in the ledger's tables, within a transaction of a superuser."""

    def __init__(self, superuser: Connection, tables: Sequence[str], seed: int) -> None:
        self._connection = superuser
        self._random = Random(seed)
        self.tables = {table: self._columns(table) for table in tables}

    def _columns(self, table: str) -> list[Column]:
        return self._connection.execute(
            "SELECT attname, format_type(atttypid, NULL), NOT attnotnull FROM pg_attribute "
            "WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum",
            [table],
        ).fetchall()

    def lift_guards(self) -> None:
        """Triggers and checks are gone until the transaction ends."""
        self._connection.execute("SET LOCAL session_replication_role = replica")
        for table, name in self._connection.execute(
            "SELECT conrelid::regclass::text, conname FROM pg_constraint "
            "WHERE contype = 'c' AND conrelid = any(%s::regclass[])",
            [list(self.tables)],
        ).fetchall():
            self._run("ALTER TABLE {} DROP CONSTRAINT {}", table, name)

    def every_kind(self) -> Iterator[Attempt]:
        """Each table's rows removed, copied and swapped; each of its columns edited."""
        for table, columns in self.tables.items():
            names = [name for name, _, _ in columns]
            yield table, "delete", ""
            yield table, "copy", ""
            yield table, "swap", self._random.choice(names)
            for name in names:
                yield table, "edit", name

    def attempt(self, table: str, what: str, column: str) -> str | None:
        """Do it to a random row; tells what was done, None where there is nothing to do it to."""
        rows = self._pick(table, 2)
        if not rows:
            return None
        row = rows[0]
        if what == "delete":
            self._run("DELETE FROM {} WHERE ctid = %s", table, values=[row["ctid"]])
        elif what == "copy":
            self._copy(table, row)
        elif what == "edit":
            value = self._other_value(table, column, row[column])
            self._set(table, column, row, value)
            return f"{table}.{column}: {row[column]!r} -> {value!r}"
        else:
            if len(rows) < 2 or rows[0][column] == rows[1][column]:
                return None
            self._swap(table, column, rows)
        return f"{table} {what} {column} of {row}"

    def _pick(self, table: str, rows_max: int) -> list[dict[str, Any]]:
        with self._connection.cursor(row_factory=psycopg.rows.dict_row) as cursor:
            query = sql.SQL("SELECT ctid::text, * FROM {} ORDER BY ctid").format(
                sql.Identifier(table)
            )
            rows = cursor.execute(query).fetchall()
        return self._random.sample(rows, min(rows_max, len(rows)))

    def _copy(self, table: str, row: dict[str, Any]) -> None:
        """A forged row: like another one, with a key of its own."""
        values = {name: row[name] for name, _, _ in self.tables[table]}
        key = [
            name
            for (name,) in self._connection.execute(
                "SELECT attname FROM pg_index JOIN pg_attribute ON attrelid = indrelid "
                "AND attnum = any(indkey) WHERE indrelid = %s::regclass AND indisprimary",
                [table],
            )
        ]
        values[self._random.choice(key)] += self._random.choice((1, 2))
        names = list(values)
        query = sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
            sql.Identifier(table),
            sql.SQL(", ").join(map(sql.Identifier, names)),
            sql.SQL(", ").join([sql.Placeholder()] * len(names)),
        )
        self._connection.execute(query, [values[name] for name in names])

    def _swap(self, table: str, column: str, rows: list[dict[str, Any]]) -> None:
        # In one statement, so that two keys can change places.
        query = sql.SQL(
            "UPDATE {} SET {} = CASE ctid WHEN %s THEN %s ELSE %s END WHERE ctid = any(%s)"
        )
        one, two = rows
        self._connection.execute(
            query.format(sql.Identifier(table), sql.Identifier(column)),
            [one["ctid"], two[column], one[column], [one["ctid"], two["ctid"]]],
        )

    def _set(self, table: str, column: str, row: dict[str, Any], value: Any) -> None:
        query = sql.SQL("UPDATE {} SET {} = %s WHERE ctid = %s")
        named = query.format(sql.Identifier(table), sql.Identifier(column))
        self._connection.execute(named, [value, row["ctid"]])

    def _other_value(self, table: str, column: str, value: Any) -> Any:
        """Something else of the same type, near or far."""
        kind, nullable = next((k, n) for name, k, n in self.tables[table] if name == column)
        if nullable and value is not None and self._random.random() < 0.25:
            return None
        if kind == "boolean":
            return not value
        if kind == "bytea":
            return self._other_bytes(value)
        if kind == "text":
            words = {"running", "paused", "stopped", "active", "redeemed", "released", "expired"}
            return self._random.choice(sorted(words - {value}))
        if kind.startswith("timestamp"):
            return self._other_moment(value)
        if kind == "integer[]":
            return self._other_numbers(value)
        return self._other_number(kind, value)

    def _other_bytes(self, value: bytes) -> bytes:
        changed = bytearray(value)
        place = self._random.randrange(len(changed))
        what = self._random.randrange(4)
        if what == 0:
            del changed[place]
        elif what == 1:
            changed.insert(place, self._random.randrange(256))
        else:
            changed[place] ^= 1 << self._random.randrange(8)
        return bytes(changed)

    def _other_moment(self, value: Any) -> Any:
        if value is None:
            return "2026-06-01 00:00:00+00"
        if self._random.random() < 0.1:
            return "infinity"
        steps = (timedelta(microseconds=1), timedelta(hours=-1), timedelta(days=400))
        return value + self._random.choice(steps)

    def _other_numbers(self, value: list[int]) -> list[int]:
        if not value or self._random.random() < 0.2:
            return [*value, 0]
        changed = list(value)
        changed[self._random.randrange(len(changed))] += self._random.choice((1, -1))
        return changed

    def _other_number(self, kind: str, value: int | None) -> int:
        if value is None:
            return self._random.choice((0, 1, 7))
        bits = {"smallint": 15, "integer": 31, "bigint": 63}[kind]
        near = [value + 1, value - 1, -value, value ^ 1 << self._random.randrange(bits - 1)]
        return self._random.choice([n for n in near if n != value and abs(n) < 1 << bits])

    def _run(self, statement: str, *names: str, values: list[Any] | None = None) -> None:
        query = sql.SQL(statement).format(*map(sql.Identifier, names))  # type: ignore[arg-type]
        self._connection.execute(query, values)


def tables_of_the_books(connection: Connection) -> list[str]:
    """Every table of the ledger whose content the proof answers for."""
    rows = connection.execute(
        "SELECT relname FROM pg_class WHERE relkind = 'r' AND starts_with(relname, 'ledger_') "
        "AND relnamespace = 'public'::regnamespace ORDER BY relname"
    ).fetchall()
    return [table for (table,) in rows if table not in NOT_BOOKS]


def tamper_campaign(
    superuser: Connection,
    *,
    rounds: int = 1,
    seed: int = 1,
    tables: Sequence[str] | None = None,
) -> Campaign:
    """Try every kind of single change so many times; the books stay as they are.

    ``superuser``: a session that may do anything, in autocommit mode.
    """
    campaign = Campaign()
    for number in range(rounds):
        superuser.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
        try:
            chosen = tables_of_the_books(superuser) if tables is None else tables
            tamperer = Tamperer(superuser, chosen, seed + number)
            tamperer.lift_guards()
            assert _prove_and_undo(superuser).ok
            for attempt in tamperer.every_kind():
                _try(superuser, tamperer, campaign, attempt)
        finally:
            superuser.execute("ROLLBACK")
    return campaign


def _try(superuser: Connection, tamperer: Tamperer, campaign: Campaign, attempt: Attempt) -> None:
    superuser.execute("SAVEPOINT attempt")
    for _ in range(TRIES_MAX):
        try:
            done = tamperer.attempt(*attempt)
        except psycopg.errors.IntegrityError:  # such a key is there already
            campaign.refused += 1
            superuser.execute("ROLLBACK TO SAVEPOINT attempt")
        else:
            break
    else:
        return
    if done is not None:
        campaign.tried += 1
        campaign.columns.add(f"{attempt[0]}.{attempt[2]}")
        if _prove_and_undo(superuser).ok:
            campaign.missed.append(done)
    superuser.execute("ROLLBACK TO SAVEPOINT attempt")


def _prove_and_undo(superuser: Connection) -> Proof:
    """The proof of what the transaction sees; its temporary tables go again."""
    superuser.execute("SAVEPOINT proof")
    proof = prove_snapshot(superuser, progress=lambda *_: None)
    superuser.execute("ROLLBACK TO SAVEPOINT proof")
    return proof
