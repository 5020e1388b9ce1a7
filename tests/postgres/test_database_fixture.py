"""What the other tests rely on: a migrated, clean database and the application's rights."""

import subprocess
import sys

import psycopg
import pytest
from django.db import connections

from kaquan.foundation.django_setup import migrate, unapplied_migrations
from kaquan.foundation.postgres.urls import superuser_url
from tests.database_cleaner import Cleaner
from tests.fixtures_cluster import OwnCluster
from tests.fixtures_database import Database

_WHO_AND_WHERE = """
import os, psycopg
from kaquan.foundation.configuration import load_configuration
from kaquan.foundation.postgres.urls import connection_urls
with psycopg.connect(connection_urls(load_configuration(os.environ)).app) as session:
    row = session.execute("select current_user, current_database()").fetchone()
os.write(1, " ".join(row).encode())
"""


def test_cleaning_restores_the_seeds_past_foreign_keys_and_triggers(
    fresh_cluster: OwnCluster,
) -> None:
    url = superuser_url(fresh_cluster.configuration, "kaquan")
    with (
        psycopg.connect(url, autocommit=True) as session,
        psycopg.connect(url, autocommit=True) as other,
    ):
        session.execute("create table parent (id int primary key, name text)")
        session.execute("create table child (id int references parent)")
        session.execute("insert into parent values (1, 'seed')")
        session.execute(
            "create function refuse() returns trigger language plpgsql as"
            " $$ begin raise 'never'; end $$"
        )
        session.execute(
            "create trigger never before delete on child for each row execute function refuse()"
        )
        cleaner = Cleaner(other)
        session.execute("update parent set name = 'changed'")
        session.execute("insert into parent select n, 'new' from generate_series(2, 50000) n")
        session.execute("insert into child select id from parent")
        with pytest.raises(psycopg.errors.RaiseException):
            session.execute("delete from child")

        cleaner.clean()

        assert session.execute("select * from parent").fetchall() == [(1, "seed")]
        assert session.execute("select * from child").fetchall() == []
        assert session.execute("select pg_relation_size('child')").fetchone() == (0,)

        for change in ("update parent set name = 'again'", "truncate parent cascade"):
            session.execute(change)
            cleaner.clean()
            assert session.execute("select * from parent").fetchall() == [(1, "seed")]


def test_every_way_into_the_database_meets_the_same_data_with_the_applications_rights(
    database: Database,
) -> None:
    with connections["default"].cursor() as cursor:
        cursor.execute("select current_user, current_database()")
        by_django = cursor.fetchone()
    child = subprocess.run(
        [sys.executable, "-c", _WHO_AND_WHERE],
        env=database.child_environment(),
        capture_output=True,
        check=True,
        text=True,
    )

    here = database.connect().execute("select current_user, current_database()").fetchone()
    assert here is not None
    assert here[0] == "kaquan_app"
    assert by_django == here
    assert tuple(child.stdout.split()) == here


def test_nothing_is_left_to_migrate_and_migrating_again_changes_nothing(
    database: Database,
) -> None:
    assert unapplied_migrations() == []
    assert migrate(database.configuration) == []


def test_two_processes_that_migrate_at_once_take_turns(empty_home_database: OwnCluster) -> None:
    code = (
        "import os\n"
        "from kaquan.foundation.configuration import load_configuration\n"
        "from kaquan.foundation.django_setup import migrate, setup\n"
        "configuration = load_configuration(os.environ)\n"
        "setup(configuration)\n"
        "os.write(1, b'ready'); os.read(0, 1)\n"
        "os.write(1, str(len(migrate(configuration))).encode())\n"
    )
    children = [
        subprocess.Popen(
            [sys.executable, "-c", code],
            env=empty_home_database.child_environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        for _ in range(2)
    ]
    for child in children:
        assert child.stdout is not None
        child.stdout.read(len(b"ready"))
    applied = sorted(int(child.communicate()[0]) for child in children)

    assert applied[0] == 0
    assert applied[1] > 0


@pytest.fixture
def empty_home_database(fresh_cluster: OwnCluster) -> OwnCluster:
    """A cluster whose database has nothing in it."""
    with psycopg.connect(fresh_cluster.superuser_url, autocommit=True) as superuser:
        superuser.execute("drop database kaquan")
    with psycopg.connect(fresh_cluster.superuser_url, autocommit=True) as superuser:
        superuser.execute("create database kaquan owner kaquan_owner")
    return fresh_cluster
