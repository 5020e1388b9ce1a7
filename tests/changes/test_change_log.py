"""The change log: written with the change or not at all, in order, and never altered unnoticed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from django.db import transaction

from kaquan.foundation.actor import Actor
from kaquan.foundation.changes.actions import record_change
from kaquan.foundation.changes.models import Change, ChangeLink
from kaquan.foundation.changes.origin import coming_from
from kaquan.foundation.changes.proof import ChangeProof, prove_changes, prove_changes_snapshot
from kaquan.foundation.changes.queries import ChangeFilter, change_by_id, change_page, changes_of
from kaquan.foundation.errors import KaquanError
from kaquan.foundation.paging import Paging
from kaquan.foundation.postgres.urls import superuser_url
from tests.builders.issuer import SYSTEM, an_organisation, staff_of
from tests.fixtures_database import Database, _database_name, _shared_home


def change(
    object_id: int = 1,
    *,
    actor: Actor = SYSTEM,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    path: str = "",
) -> Change | None:
    with transaction.atomic():
        return record_change(
            actor=actor,
            verb="tests.change",
            kind="thing",
            object_id=object_id,
            object_name="某物",
            organisation_path=path,
            before=before,
            after={"name": "新"} if after is None else after,
        )


def proof(database: Database) -> ChangeProof:
    return prove_changes(lambda: psycopg.connect(database.app_url))


def test_a_change_holds_who_when_where_from_and_only_what_differs(database: Database) -> None:
    with coming_from("203.0.113.7"):
        change(7, before={"name": "旧", "code": "A"}, after={"name": "新", "code": "A"})

    (kept,) = changes_of(SYSTEM, [("thing", 7)])

    assert (kept.actor_id, kept.actor_name, kept.origin) == (SYSTEM.id, "tests", "203.0.113.7")
    assert (kept.before, kept.after) == ({"name": "旧"}, {"name": "新"})
    assert kept.at.tzinfo is not None
    assert proof(database).changes == 1


def test_what_changes_nothing_is_no_change(database: Database) -> None:
    assert change(before={"name": "旧"}, after={"name": "旧"}) is None
    assert not Change.objects.exists()


def test_a_change_that_is_rolled_back_leaves_no_trace_and_no_gap(database: Database) -> None:
    change(1)
    with transaction.atomic():
        change(2)
        transaction.set_rollback(True)
    change(3)

    assert list(ChangeLink.objects.order_by("seq").values_list("seq", flat=True)) == [1, 2]
    assert proof(database).faults == []


def test_the_chain_is_in_the_order_of_commits(database: Database) -> None:
    insert = (
        "INSERT INTO changes_change (at, actor_kind, actor_id, actor_name, origin, verb, kind,"
        " object_id, object_name, organisation_path) VALUES"
        " (now(), 'staff', 'staff:1', '', '', 'x', 'thing', %s, '', '')"
    )
    first, second = database.connect(autocommit=False), database.connect(autocommit=False)
    first.execute(insert, ["begun first"])
    second.execute(insert, ["committed first"])
    second.commit()
    first.commit()

    links = ChangeLink.objects.order_by("seq").values_list("change__object_id", flat=True)

    assert list(links) == ["committed first", "begun first"]
    assert proof(database).faults == []


def test_only_those_of_a_part_of_the_tree_see_its_changes(database: Database) -> None:
    east, west = an_organisation("华东", None), an_organisation("华西", None)
    change(1, path=east.path)
    change(2, path=west.path)
    change(3)

    things = ChangeFilter(kinds=["thing"])
    eastern, all_three = staff_of(east, "changes.view"), [("thing", one) for one in (1, 2, 3)]

    page, whole = change_page(eastern, things, Paging()), change_page(SYSTEM, things, Paging())

    assert [one.object_id for one in page.rows] == ["1"]
    assert [one.object_id for one in whole.rows] == ["3", "2", "1"]
    assert [one.object_id for one in changes_of(eastern, all_three)] == ["1"]
    assert [one.object_id for one in changes_of(SYSTEM, all_three, limit=1)] == ["3"]
    assert change_by_id(SYSTEM, whole.rows[1].id).link.seq > 0
    with pytest.raises(KaquanError, match="没有变更记录"):
        change_by_id(eastern, whole.rows[1].id)
    with pytest.raises(KaquanError, match="没有“changes"):
        change_page(staff_of(None, "offers.view"), things, Paging())


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE changes_change SET actor_id = 'x'",
        "DELETE FROM changes_change",
        "TRUNCATE changes_change CASCADE",
        "UPDATE changes_link SET hash = ''",
        "INSERT INTO changes_link VALUES (9, '', 1)",
        "UPDATE changes_head SET seq = 0",
    ],
)
def test_the_application_cannot_alter_the_log(database: Database, statement: str) -> None:
    change()

    with pytest.raises((psycopg.errors.InsufficientPrivilege, psycopg.errors.RestrictViolation)):
        database.connect().execute(statement)  # type: ignore[arg-type]

    assert proof(database).changes == 1
    assert proof(database).faults == []


def test_tables_of_a_session_do_not_divert_the_chain(database: Database) -> None:
    session = database.connect()
    session.execute(
        "CREATE TEMP TABLE changes_head (single boolean, seq bigint, hash bytea);"
        "CREATE TEMP TABLE changes_link (seq bigint, change_id bigint, hash bytea);"
        "INSERT INTO changes_head VALUES (true, 41, sha256('x'));"
        "GRANT ALL ON changes_head, changes_link TO PUBLIC"
    )
    session.execute(
        "INSERT INTO changes_change (at, actor_kind, actor_id, actor_name, origin, verb, kind,"
        " object_id, object_name, organisation_path)"
        " VALUES (now(), 'staff', 'staff:1', '', '', 'x', 'thing', '1', '', '')"
    )

    assert session.execute("SELECT count(*) FROM pg_temp.changes_link").fetchone() == (0,)
    assert (proof(database).changes, proof(database).faults) == (1, [])


TAMPERINGS = {
    "another actor": ("UPDATE changes_change SET actor_id = 'staff:2' WHERE object_id = '2'", "2"),
    "another value": (
        """UPDATE changes_change SET after = '{"a": 1}' WHERE object_id = '2'""",
        "2",
    ),
    "another time": ("UPDATE changes_change SET at = at + '1 us' WHERE object_id = '2'", "2"),
    "a change gone": ("DELETE FROM changes_change WHERE object_id = '2'", "2"),
    "a link gone": ("DELETE FROM changes_link WHERE seq = 2", "2"),
    "the end cut off": (
        "DELETE FROM changes_link WHERE seq = 3; DELETE FROM changes_change WHERE object_id = '3'",
        "1",
    ),
    "another head": ("UPDATE changes_head SET hash = sha256('x')", "1"),
    "two swapped": (
        "UPDATE changes_change SET object_id = (5 - object_id::int)::text WHERE object_id <> '1'",
        "2",
    ),
}


@pytest.mark.parametrize("name", TAMPERINGS)
def test_the_proof_names_what_was_tampered_with(
    database: Database, tamperer: Callable[[], psycopg.Connection[Any]], name: str
) -> None:
    for number in (1, 2, 3):
        change(number)
    statement, key = TAMPERINGS[name]
    superuser = tamperer()

    assert prove_changes_snapshot(superuser).faults == []
    for part in statement.split(";"):
        superuser.execute(part)  # type: ignore[arg-type]
    found = prove_changes_snapshot(superuser)

    assert found.faults[0].key == key, found.faults
    assert found.faults[0].zh


@pytest.fixture
def tamperer(database: Database, session_folder: Any) -> Callable[[], psycopg.Connection[Any]]:
    """Someone with all rights on the database, whose deeds are rolled back."""

    def come() -> psycopg.Connection[Any]:
        url = superuser_url(_shared_home(session_folder), _database_name(database.configuration))
        connection = psycopg.connect(url)
        database.opened.append(connection)
        connection.execute("SET LOCAL session_replication_role = replica")
        return connection

    return come
