"""Starting, sharing, stopping and killing the embedded server."""

import os
import signal
import socket
import subprocess
import sys
from dataclasses import replace

import psycopg
import pytest

from kaquan.foundation.errors import KaquanError
from kaquan.foundation.locks import locked
from kaquan.foundation.postgres import cluster
from kaquan.foundation.postgres.embedded import EmbeddedServer
from kaquan.foundation.postgres.sessions import running_database
from tests.fixtures_cluster import OwnCluster

_USE_UNTIL_INPUT_ENDS = """
import os
from kaquan.foundation.configuration import load_configuration
from kaquan.foundation.locks import locked
from kaquan.foundation.postgres.embedded import EmbeddedServer
with EmbeddedServer(load_configuration(os.environ)).in_use():
    os.write(1, b"in use")
    os.read(0, 1)
"""


def test_the_first_user_may_leave_and_the_last_one_stops_the_server(
    cluster_at_rest: OwnCluster,
) -> None:
    server = cluster_at_rest.server
    with server.in_use():
        first = server.status()
        other = _another_user(cluster_at_rest)
    assert first is not None
    assert server.status() == first

    other.communicate()

    assert server.status() is None


def test_a_user_killed_with_minus_9_no_longer_keeps_the_server_running(
    cluster_at_rest: OwnCluster,
) -> None:
    server = cluster_at_rest.server
    other = _another_user(cluster_at_rest)
    with server.in_use():
        other.kill()
        other.communicate()
        assert server.status() is not None

    assert server.status() is None


def test_the_server_outlives_a_killed_sole_user_and_the_next_one_takes_it_over(
    cluster_at_rest: OwnCluster,
) -> None:
    server = cluster_at_rest.server
    only = _another_user(cluster_at_rest)
    only.kill()
    only.communicate()
    left_behind = server.status()
    assert left_behind is not None

    with server.in_use():
        assert server.status() == left_behind

    assert server.status() is None


def test_the_last_user_leaves_the_server_to_a_connected_stranger(
    cluster_at_rest: OwnCluster,
) -> None:
    server = cluster_at_rest.server
    with server.in_use():
        stranger = cluster_at_rest.connect()
    assert stranger.execute("select 1").fetchone() == (1,)
    stranger.close()

    with server.in_use():
        pass

    assert server.status() is None


def test_configured_so_the_server_keeps_running_when_who_started_it_has_ended_in_silence(
    cluster_at_rest: OwnCluster,
) -> None:
    ended = subprocess.run(
        [sys.executable, "-W", "error::ResourceWarning", "-c", _USE_UNTIL_INPUT_ENDS],
        env=cluster_at_rest.child_environment(KAQUAN_POSTGRES_KEEP_RUNNING="1"),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )

    assert (ended.returncode, ended.stdout, ended.stderr) == (0, b"in use", b"")
    assert cluster_at_rest.server.status() is not None


def test_stop_and_restart_do_what_they_say(cluster_at_rest: OwnCluster) -> None:
    server = cluster_at_rest.server
    assert server.start() is True
    assert server.start() is False
    first = server.status()

    server.restart()

    second = server.status()
    assert first is not None
    assert second is not None
    assert first.pid != second.pid
    server.stop()
    server.stop()
    assert server.status() is None


def test_confirmed_rows_survive_kill_9_and_unconfirmed_ones_do_not(
    fresh_cluster: OwnCluster,
) -> None:
    with psycopg.connect(fresh_cluster.urls.owner) as owner:
        owner.execute("create table survivor (number int)")
    open_session = psycopg.connect(fresh_cluster.urls.owner)
    with psycopg.connect(fresh_cluster.urls.owner) as owner:
        owner.execute("insert into survivor values (1)")
    open_session.execute("insert into survivor values (2)")

    fresh_cluster.kill()
    open_session.close()
    fresh_cluster.server.start()

    with fresh_cluster.connect() as session:
        assert session.execute("select number from survivor").fetchall() == [(1,)]


def test_kill_9_again_and_again_always_recovers(fresh_cluster: OwnCluster) -> None:
    for _ in range(3):
        fresh_cluster.kill()
        fresh_cluster.server.start()
    with fresh_cluster.connect() as session:
        assert session.execute("select 1").fetchone() == (1,)


def test_orphans_of_a_killed_server_are_waited_for(fresh_cluster: OwnCluster) -> None:
    with fresh_cluster.connect() as session:
        (backend,) = session.execute("select pg_backend_pid()").fetchone() or (0,)
        os.kill(backend, signal.SIGSTOP)  # it cannot notice that its parent is gone
        fresh_cluster.kill()
        waiter = _another_user(fresh_cluster, wait=False)
        assert fresh_cluster.server.status() is None
        os.kill(backend, signal.SIGCONT)
        assert waiter.stdout is not None
        assert os.read(waiter.stdout.fileno(), 6) == b"in use"
        waiter.communicate()


@pytest.mark.parametrize("number", ["ours", "nobody's", "garbage"])
def test_a_stale_pid_file_does_not_stop_the_start(fresh_cluster: OwnCluster, number: str) -> None:
    fresh_cluster.kill()
    pid_file = fresh_cluster.server.layout.data / "postmaster.pid"
    with locked(fresh_cluster.server.layout.server_lock):  # once its orphans are gone too
        lines = pid_file.read_text().splitlines()
    lines[0] = {"ours": str(os.getpid()), "nobody's": lines[0], "garbage": "\x00\x00"}[number]
    pid_file.write_text("\n".join(lines))
    (socket_lock,) = fresh_cluster.server.layout.socket_folder.glob("*.lock")
    socket_lock.write_text("\n".join(lines))
    assert fresh_cluster.server.status() is None

    fresh_cluster.server.start()

    status = fresh_cluster.server.status()
    assert status is not None
    assert status.pid != os.getpid()


def test_a_server_that_cannot_start_says_why(cluster_at_rest: OwnCluster) -> None:
    settings = cluster_at_rest.server.layout.data / "postgresql.conf"
    with settings.open("a") as file:
        file.write("no_such_setting = 1\n")

    with pytest.raises(KaquanError) as refused:
        cluster_at_rest.server.start()

    assert refused.value.code == "postgres_start_failed"
    assert "no_such_setting" in refused.value.zh
    assert cluster_at_rest.server.status() is None


def test_a_start_or_stop_that_takes_long_says_so_once_in_both_languages(
    cluster_at_rest: OwnCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[tuple[str, str]] = []
    server = EmbeddedServer(
        cluster_at_rest.configuration, report=lambda zh, en: said.append((zh, en))
    )
    monkeypatch.setattr(cluster, "_SAY_SOMETHING_AFTER_S", -1.0)

    server.start()
    server.stop()

    assert [en.split(" …")[0].split(",")[0] for _, en in said] == [
        "The embedded database is starting",
        "Stopping the embedded database",
    ]
    assert all("内置数据库" in zh for zh, _ in said)


def test_with_a_port_it_listens_on_loopback_and_other_settings_are_refused_meanwhile(
    cluster_at_rest: OwnCluster,
) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with_port = replace(cluster_at_rest.configuration, postgres_port=port)

    with running_database(with_port) as urls:
        password = urls.app.split(":")[2].split("@")[0]
        with psycopg.connect(
            f"postgresql://kaquan_app:{password}@127.0.0.1:{port}/kaquan"
        ) as session:
            assert session.execute("select host(inet_server_addr())").fetchone() == ("127.0.0.1",)
        with pytest.raises(KaquanError) as refused:
            cluster_at_rest.server.start()

    assert refused.value.code == "postgres_other_address"


def test_interrupting_the_terminal_does_not_reach_the_server(cluster_at_rest: OwnCluster) -> None:
    user = _another_user(cluster_at_rest, start_new_session=True)
    status = cluster_at_rest.server.status()
    assert status is not None

    assert os.getpgid(status.pid) != os.getpgid(user.pid)
    os.killpg(user.pid, signal.SIGKILL)
    user.communicate()

    assert cluster_at_rest.server.status() == status


def _another_user(
    cluster: OwnCluster, *, wait: bool = True, start_new_session: bool = False
) -> subprocess.Popen[bytes]:
    """Another process that uses the server until its input is closed."""
    child = subprocess.Popen(
        [sys.executable, "-c", _USE_UNTIL_INPUT_ENDS],
        env=cluster.child_environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=start_new_session,
    )
    assert child.stdout is not None
    if wait:
        assert os.read(child.stdout.fileno(), 6) == b"in use"
    return child
