"""The doctor: one list of answers, whatever state the installation is in."""

import shutil
import socket
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import psycopg
import time_machine

from kaquan.foundation import keys
from kaquan.foundation.configuration import Configuration
from kaquan.foundation.doctor import Check, run_checks
from kaquan.foundation.postgres.safety import Level
from kaquan.foundation.postgres.sandbox import sandbox_home, sandbox_socket
from tests.fixtures_cluster import OwnCluster


def test_a_new_installation_is_healthy_and_nothing_is_created(empty_home: Configuration) -> None:
    checks = _by_name(empty_home)

    assert checks["keys"].ok
    assert checks["database"].ok
    assert list(empty_home.home.iterdir()) == []


def test_a_sound_installation_at_rest_is_asked_everything_and_stopped_again(
    cluster_at_rest: OwnCluster,
) -> None:
    checks = _by_name(cluster_at_rest.configuration)

    assert [check for check in checks.values() if check.level is Level.ERROR and not check.ok] == []
    assert {"python", "memory", "disk", "clock", "keys", "sandbox", "database", "database_clock",
            "database_settings"} == set(checks)  # fmt: skip
    assert "PostgreSQL 18" in checks["database"].zh
    assert cluster_at_rest.server.status() is None


def test_each_unsafe_setting_is_a_check_of_its_own(fresh_cluster: OwnCluster) -> None:
    with psycopg.connect(fresh_cluster.superuser_url, autocommit=True) as superuser:
        superuser.execute("alter role kaquan_app set synchronous_commit = off")

    checks = _by_name(fresh_cluster.configuration)

    assert not checks["synchronous_commit"].ok
    assert checks["synchronous_commit"].level is Level.ERROR
    assert "database_settings" not in checks


def test_a_lost_or_exposed_key_file_is_an_error(cluster_at_rest: OwnCluster) -> None:
    configuration = cluster_at_rest.configuration
    configuration.key_file.chmod(0o644)
    assert not _by_name(configuration)["keys"].ok
    configuration.key_file.unlink()

    check = _by_name(configuration)["keys"]

    assert not check.ok
    assert check.level is Level.ERROR
    assert not configuration.key_file.exists()


def test_a_database_that_cannot_be_reached_is_one_failed_check(
    empty_home: Configuration,
) -> None:
    keys.load_or_create(empty_home.key_file)
    external = replace(empty_home, database_url="postgresql://a:b@/c?host=/nowhere")

    check = _by_name(external)["database"]

    assert not check.ok
    assert check.level is Level.ERROR


def test_a_clock_of_the_past_is_an_error(empty_home: Configuration) -> None:
    with time_machine.travel(datetime(1970, 1, 1, tzinfo=UTC)):
        assert not _by_name(empty_home)["clock"].ok
    assert _by_name(empty_home)["clock"].ok


def test_a_database_with_another_time_is_an_error(fresh_cluster: OwnCluster) -> None:
    with time_machine.travel(datetime(2030, 1, 1, tzinfo=UTC)):
        assert not _by_name(fresh_cluster.configuration)["database_clock"].ok


def test_layers_above_add_their_own_checks(fresh_cluster: OwnCluster) -> None:
    def more(connection: psycopg.Connection) -> Iterator[Check]:
        row = connection.execute("select 1").fetchone()
        yield Check("mine", row == (1,), Level.WARNING, "我的", "mine")

    checks = run_checks(fresh_cluster.configuration, more=more)

    assert checks[-1] == Check("mine", ok=True, level=Level.WARNING, zh="我的", en="mine")


def test_a_sandbox_that_should_run_and_does_not_is_a_warning(empty_home: Configuration) -> None:
    assert _by_name(empty_home)["sandbox"].ok
    wanted = replace(empty_home, sandbox=True)
    assert not _by_name(wanted)["sandbox"].ok
    path = sandbox_socket(sandbox_home(wanted))
    path.parent.mkdir(parents=True)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen()
        assert _by_name(wanted)["sandbox"].ok
    shutil.rmtree(sandbox_home(wanted))


def _by_name(configuration: Configuration) -> dict[str, Check]:
    checks = run_checks(configuration)
    by_name = {check.name: check for check in checks}
    assert len(by_name) == len(checks)
    return by_name
