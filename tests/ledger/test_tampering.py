"""Nobody changes the books unnoticed: not the application, not the owner, not a superuser."""

from typing import Any

import psycopg
import pytest
from psycopg import sql

from tests.builders.ledger import a_batch, a_key, done, redeem, revise
from tests.fixtures_database import Database
from tests.fixtures_ledger import OpenDoor
from tests.ledger.tampering import Tamperer, tables_of_the_books, tamper_campaign
from tests.ledger.traffic import every_operation

Connection = psycopg.Connection[Any]

KEPT_FOR_EVER = (
    "ledger_batch",
    "ledger_block",
    "ledger_entry",
    "ledger_pool_code",
    "ledger_request",
    "ledger_terms",
)
WRITES = {
    "UPDATE": "UPDATE {} SET shard = shard",
    "DELETE": "DELETE FROM {}",
    "TRUNCATE": "TRUNCATE {}",
}
THIRDS = range(3)


@pytest.mark.parametrize("third", THIRDS)
def test_every_single_change_of_the_books_is_found(
    superuser: Connection, new_door: OpenDoor, third: int
) -> None:
    """A row removed, forged or swapped with another; a column of a row edited, in every table."""
    every_operation([new_door(), new_door()])
    tables = tables_of_the_books(superuser)[third :: len(THIRDS)]
    campaign = tamper_campaign(superuser, tables=tables)
    assert campaign.missed == []
    edited = {
        f"{table}.{name}"
        for table, columns in Tamperer(superuser, tables, 1).tables.items()
        for name, _, _ in columns
    }
    assert edited <= campaign.columns, "a column was never edited"


def _try(connection: Connection, write: str, table: str) -> None:
    connection.execute(sql.SQL(WRITES[write]).format(sql.Identifier(table)))  # type: ignore[arg-type]


@pytest.mark.parametrize("table", KEPT_FOR_EVER)
@pytest.mark.parametrize("write", WRITES)
def test_not_even_the_owner_changes_what_only_grows(
    database: Database, new_door: OpenDoor, table: str, write: str
) -> None:
    door = new_door()
    batch = a_batch(door)
    done(door, redeem(batch.serial(), key=a_key()), revise(batch, transferable=True))
    owner = database.connect(database.owner_url)
    pool = sql.Identifier("ledger_pool_code")
    owner.execute(sql.SQL("INSERT INTO {} VALUES (64, 1, 60, '0123456789abcdef')").format(pool))
    with pytest.raises(psycopg.errors.RestrictViolation, match="账本只增不改"):
        _try(owner, write, table)


@pytest.mark.parametrize("table", KEPT_FOR_EVER)
@pytest.mark.parametrize("write", WRITES)
def test_the_application_has_no_right_to_change_what_only_grows(
    database: Database, table: str, write: str
) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        _try(database.connect(), write, table)


@pytest.mark.parametrize("write", ["DELETE", "TRUNCATE"])
def test_the_application_removes_no_row_from_any_table_of_the_ledger(
    database: Database, write: str
) -> None:
    connection = database.connect()
    for table in [*tables_of_the_books(connection), "ledger_cursor"]:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            _try(connection, write, table)


@pytest.mark.parametrize(
    "statement",
    [
        "SET session_replication_role = replica",
        "ALTER TABLE {} DISABLE TRIGGER ALL",
        "DROP TRIGGER ledger_entry_only_grows ON {}",
    ],
)
def test_the_application_cannot_lift_the_guards(database: Database, statement: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        database.connect().execute(
            sql.SQL(statement).format(sql.Identifier("ledger_entry"))  # type: ignore[arg-type]
        )
