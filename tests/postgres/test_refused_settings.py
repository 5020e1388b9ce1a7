"""Start-up refuses a PostgreSQL that could lose money; asked of real servers with real settings."""

import subprocess

import psycopg
import pytest
from psycopg import sql

from kaquan.foundation.configuration import load_configuration
from kaquan.foundation.errors import ExitCode, KaquanError
from kaquan.foundation.postgres.binaries import wheel_binaries
from kaquan.foundation.postgres.safety import Level, check_settings, refuse_unsafe
from kaquan.foundation.postgres.sessions import running_database
from kaquan.foundation.postgres.urls import connection_urls
from tests.fixtures_cluster import OwnCluster
from tests.fixtures_database import Database


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ("fsync = off", "fsync"),
        ("full_page_writes = off", "full_page_writes"),
        ("synchronous_commit = off", "synchronous_commit"),
        ("data_sync_retry = on", "data_sync_retry"),
        ("default_transaction_isolation = 'repeatable read'", "default_transaction_isolation"),
        ("default_transaction_read_only = on", "default_transaction_read_only"),
    ],
)
def test_a_server_with_an_unsafe_setting_is_refused_and_stopped_again(
    cluster_at_rest: OwnCluster, line: str, named: str
) -> None:
    with (cluster_at_rest.server.layout.data / "postgresql.conf").open("a") as file:
        file.write(line + "\n")

    with pytest.raises(KaquanError) as refused, running_database(cluster_at_rest.configuration):
        pass

    assert refused.value.code == "postgres_unsafe"
    assert refused.value.exit_code == ExitCode.CONFIGURATION
    assert named.partition("_")[0] in refused.value.en.lower() or named in refused.value.en
    assert cluster_at_rest.server.status() is None


@pytest.mark.parametrize("value", ["on", "local", "remote_write", "remote_apply"])
def test_every_synchronous_commit_that_waits_for_this_disk_is_accepted(
    database: Database, value: str
) -> None:
    session = database.connect()
    session.execute(sql.SQL("set synchronous_commit = {}").format(value))

    refuse_unsafe(session)


def test_a_setting_of_the_role_alone_is_found_and_all_errors_are_named_at_once(
    fresh_cluster: OwnCluster,
) -> None:
    with psycopg.connect(fresh_cluster.superuser_url, autocommit=True) as superuser:
        superuser.execute("alter role kaquan_app set synchronous_commit = off")
        superuser.execute("alter database kaquan set default_transaction_read_only = on")

    with fresh_cluster.connect() as session, pytest.raises(KaquanError) as refused:
        refuse_unsafe(session)

    assert "synchronous_commit" in refused.value.zh
    assert "default_transaction_read_only" in refused.value.zh


def test_a_standby_is_refused(cluster_at_rest: OwnCluster) -> None:
    (cluster_at_rest.server.layout.data / "standby.signal").touch()
    cluster_at_rest.server.start()

    with cluster_at_rest.connect() as session:
        assert _problems(session)["standby"] is Level.ERROR
        with pytest.raises(KaquanError):
            refuse_unsafe(session)


def test_a_database_that_cannot_hold_or_find_chinese_is_told(fresh_cluster: OwnCluster) -> None:
    for encoding, expected in (
        ("SQL_ASCII", {"server_encoding": Level.ERROR}),
        ("UTF8", {"chinese_search": Level.WARNING}),
    ):
        name = f"in_{encoding.lower()}"
        with psycopg.connect(fresh_cluster.superuser_url, autocommit=True) as superuser:
            superuser.execute(
                f"create database {name} template template0 encoding '{encoding}'"
                " locale_provider libc lc_collate 'C' lc_ctype 'C'"
            )
        url = fresh_cluster.superuser_url.replace("/postgres?", f"/{name}?")
        with psycopg.connect(url, autocommit=True) as session:
            before = _problems(session)
            session.execute("create extension pg_trgm")
            after = _problems(session)
        assert before.items() >= expected.items()
        assert after.items() >= expected.items()


def test_trigram_search_finds_chinese_in_the_embedded_database(fresh_cluster: OwnCluster) -> None:
    with psycopg.connect(fresh_cluster.urls.owner, autocommit=True) as owner:
        owner.execute("create extension pg_trgm")
        assert owner.execute("select show_trgm('北京市') <> '{}'").fetchone() == (True,)
    with fresh_cluster.connect() as session:
        assert _problems(session) == {}


def test_missing_checksums_are_a_warning(cluster_at_rest: OwnCluster) -> None:
    subprocess.run(
        [
            wheel_binaries().folder / "pg_checksums",
            "--disable",
            "--no-sync",
            cluster_at_rest.server.layout.data,
        ],
        check=True,
        capture_output=True,
    )
    cluster_at_rest.server.start()

    with cluster_at_rest.connect() as session:
        assert _problems(session) == {"data_checksums": Level.WARNING}
        refuse_unsafe(session)


def test_an_external_server_that_is_down_is_one_clear_error(
    cluster_at_rest: OwnCluster,
) -> None:
    external = load_configuration(
        {
            "KAQUAN_HOME": str(cluster_at_rest.configuration.home),
            "DATABASE_URL": connection_urls(cluster_at_rest.configuration).owner,
        }
    )

    with pytest.raises(KaquanError) as refused, running_database(external):
        pass

    assert refused.value.code == "database_unreachable"
    assert refused.value.exit_code == ExitCode.UNAVAILABLE
    password = connection_urls(cluster_at_rest.configuration).owner.split(":")[2].split("@")[0]
    assert password not in str(refused.value)


def _problems(session: psycopg.Connection) -> dict[str, Level]:
    return {problem.name: problem.level for problem in check_settings(session)}
