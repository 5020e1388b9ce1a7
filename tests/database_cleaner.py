"""Putting a database back to the rows that its migrations left, in a few milliseconds."""

from collections.abc import Sequence
from typing import Any, LiteralString

import psycopg
from psycopg import sql

_NEVER_CHANGED = {"django_migrations"}
_BIG_TABLE_BYTES = 1_000_000


class Cleaner:
    """Deletes what tests wrote, restores what migrations wrote; made while only the latter exists.

    Rows are deleted rather than tables truncated: a truncation makes and flushes new files for each
    table and index, while a test fills a handful of tables with a few rows. What migrations wrote
    is put back only where a test touched it: else each row is still of the transaction that put it
    there.
    """

    def __init__(self, superuser: psycopg.Connection[Any]) -> None:
        self._connection = superuser
        # As a replica, so that the ledger's triggers and foreign keys let the rows go; and what is
        # thrown away need not be flushed. All three hold for this session alone.
        superuser.execute("set session_replication_role = replica")
        superuser.execute("set synchronous_commit = off")
        superuser.execute("set lock_timeout = '10s'")  # for a transaction that a test left open
        found = superuser.execute(
            "select relname from pg_class where relkind = 'r'"
            " and relnamespace = 'public'::regnamespace order by relname"
        )
        tables = [name for (name,) in found if name not in _NEVER_CHANGED]
        counts = {table: self._count(table) for table in tables}
        seeded = [table for table in tables if counts[table]]
        for table in seeded:
            self._connection.execute(
                _for("create temporary table {seed} as select * from {table}", table)
            )
        #: What migrations wrote, and which transaction put it there.
        self._transactions = dict.fromkeys(seeded, "0")
        self._find_changed = sql.SQL(" union all ").join(
            _for(
                "select {name} where (select count(*) from {table}) <> {count}"
                " or exists (select from {table} where xmin <> %s::xid)"
                if counts[table]
                else "select {name} where exists (select from {table})",
                table,
                counts[table],
            )
            for table in [*seeded, *(table for table in tables if not counts[table])]
        )

    def clean(self) -> None:
        """Leave exactly the rows of the migrations."""
        changed = self._changed()
        if not changed:
            return
        restored = [table for table in changed if table in self._transactions]
        steps = [_for("delete from {table}", table) for table in changed]
        steps += [
            _for("insert into {table} overriding system value select * from {seed}", table)
            for table in restored
        ]
        steps.append(sql.SQL("select pg_current_xact_id()::xid::text").format())
        # Sent together they are one transaction.
        cursor = self._connection.execute(sql.SQL("; ").join(steps), prepare=False)
        while cursor.nextset():
            pass
        ((transaction,),) = cursor.fetchall()
        self._transactions |= dict.fromkeys(restored, transaction)
        self._shrink_the_big(changed)

    def _changed(self) -> list[str]:
        found = self._connection.execute(self._find_changed, [*self._transactions.values()])
        return [name for (name,) in found]

    def _count(self, table: str) -> int:
        ((count,),) = self._connection.execute(_for("select count(*) from {table}", table))
        return int(count)

    def _shrink_the_big(self, tables: Sequence[str]) -> None:
        # The dead rows of a test with many would slow down all tests after it.
        big = self._connection.execute(
            "select relname from pg_class where relname = any(%s)"
            " and relnamespace = 'public'::regnamespace and pg_relation_size(oid) > %s",
            [tables, _BIG_TABLE_BYTES],
        ).fetchall()
        for (table,) in big:
            self._connection.execute(_for("vacuum {table}", table))


def _for(statement: LiteralString, table: str, count: int = 0) -> sql.Composed:
    return sql.SQL(statement).format(
        table=sql.Identifier("public", table),
        seed=sql.Identifier(f"seed_{table}"),
        name=sql.Literal(table),
        count=sql.Literal(count),
    )
