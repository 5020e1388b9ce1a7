"""Putting a database back to the rows that its migrations left, in a few milliseconds."""

from typing import Any

import psycopg
from psycopg import sql

_NEVER_CHANGED = {"django_migrations"}
_BIG_TABLE_BYTES = 1_000_000


class Cleaner:
    """Deletes what tests wrote, restores what migrations wrote; made while only the latter exists.

    Rows are deleted rather than tables truncated: a truncation makes and flushes new files for each
    table and index, while a test fills a handful of tables with a few rows.
    """

    def __init__(self, superuser: psycopg.Connection[Any]) -> None:
        self._connection = superuser
        # As a replica, so that the ledger's triggers and foreign keys let the rows go; and what is
        # thrown away need not be flushed. All three hold for this session alone.
        superuser.execute("set session_replication_role = replica")
        superuser.execute("set synchronous_commit = off")
        superuser.execute("set lock_timeout = '10s'")  # for a transaction that a test left open
        tables = superuser.execute(
            "select relname from pg_class where relkind = 'r'"
            " and relnamespace = 'public'::regnamespace order by relname"
        )
        self._tables = [name for (name,) in tables if name not in _NEVER_CHANGED]
        self._find_filled = sql.SQL(" union all ").join(
            sql.SQL("select {} where exists (select from {})").format(
                sql.Literal(table), sql.Identifier(table)
            )
            for table in self._tables
        )
        self._seeded = self._filled()
        for table in self._seeded:
            self._run("create temporary table {seed} as select * from {table}", table)

    def clean(self) -> None:
        """Leave exactly the rows of the migrations."""
        filled = self._filled()
        with self._connection.transaction():
            for table in filled:
                self._run("delete from {table}", table)
            for table in self._seeded:
                self._run("insert into {table} overriding system value select * from {seed}", table)
        for table in filled:
            self._shrink_if_big(table)

    def _filled(self) -> list[str]:
        if not self._tables:
            return []
        return [name for (name,) in self._connection.execute(self._find_filled)]

    def _shrink_if_big(self, table: str) -> None:
        # The dead rows of a test with many would slow down all tests after it.
        row = self._connection.execute("select pg_relation_size(%s::regclass)", [table]).fetchone()
        if row is not None and row[0] > _BIG_TABLE_BYTES:
            self._run("vacuum {table}", table)

    def _run(self, statement: str, table: str) -> None:
        self._connection.execute(
            sql.SQL(statement).format(  # type: ignore[arg-type]  # constant texts of this class
                table=sql.Identifier("public", table), seed=sql.Identifier(f"seed_{table}")
            )
        )
