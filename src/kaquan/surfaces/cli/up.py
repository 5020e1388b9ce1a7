"""``kaquan up``: everything, running, until Ctrl-C."""

from __future__ import annotations

# Not used here: whoever resolves a name loads it. A thread of ours does so while workers are forked
# off, and a worker that is born in the middle of an import waits for its end for ever.
import encodings.idna  # noqa: F401
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import Annotated, Any

import typer
from django.db import connections

from kaquan.foundation import clock
from kaquan.foundation.configuration import Configuration, current_configuration
from kaquan.foundation.django_setup import collect_static_files
from kaquan.foundation.locks import locked
from kaquan.foundation.postgres.sessions import server_kept_running
from kaquan.foundation.private_files import make_folder
from kaquan.foundation.reporting import silent
from kaquan.foundation.shutdown import announce_shutdown, end_with_parent
from kaquan.surfaces.cli.installation import address_of, open_installation, report
from kaquan.surfaces.cli.output import Json, show, stderr
from kaquan.surfaces.cli.sandbox import private_socket, sandbox_environment

APPLICATION = "kaquan.project.asgi:application"
BACKGROUND = "kaquan.project.background"
STOP_S = 5
RESTART_S = 1.0
ANSWER_WAIT_S, ANSWER_RETRY_S = 1.0, 0.05
RESTART_S_MAX = 30.0
SOUND_S = 60.0  # what ran for so long did not fail at its start


def up(
    *,
    demo: Annotated[
        bool, typer.Option("--demo", help="装入演示发行方（只装一次）· load the demo issuer, once")
    ] = False,
    traffic: Annotated[
        float,
        typer.Option(
            "--traffic",
            metavar="PER_SECOND",
            min=0,
            max=1000,
            help="持续模拟的流量，每秒笔数 · simulated traffic to keep going, per second",
        ),
    ] = 0,
    workers: Annotated[
        int,
        typer.Option(
            "--workers",
            metavar="COUNT",
            min=0,
            max=64,
            help="服务进程数，默认按 KAQUAN_WORKERS · processes that serve; else KAQUAN_WORKERS",
        ),
    ] = 0,
    behind: Annotated[int, typer.Option("--behind", hidden=True)] = 0,
    json: Json = False,
) -> None:
    """启动数据库、网页和后台任务，Ctrl-C 停止 · Run everything until Ctrl-C.

    ``--behind PROCESS`` is how another ``kaquan up`` runs its sandbox: on a socket, silently.
    """
    started_s = clock.monotonic_s()
    if behind:
        end_with_parent(behind)
    with _only_one(behind), open_installation(migrate=True) as configuration:
        if demo or configuration.demo:
            from kaquan.surfaces.cli.demo import load, show_accounts, show_claim_pages

            load()
            if not behind:
                show_accounts()
                show_claim_pages()
        collect_static_files(report=silent if behind else report)
        connections.close_all()  # the workers are forked and open their own
        with (
            server_kept_running(configuration, report=report),
            _kept_running("-m", BACKGROUND, str(os.getpid()), str(traffic)),
            _sandbox_kept_running(configuration, demo=demo or configuration.demo),
        ):
            _serve(
                configuration,
                workers or configuration.workers,
                started_s,
                behind=bool(behind),
                json=json,
            )
        if not behind:
            report("正在停止……", "Stopping …")


@contextmanager
def _only_one(behind: int) -> Iterator[None]:
    """A second server of one home waits with its sandbox, or would take the first's socket."""
    if not behind:
        yield
        return
    home = current_configuration().home
    make_folder(home)
    with locked(home / "server.lock"):
        yield


@contextmanager
def _sandbox_kept_running(configuration: Configuration, *, demo: bool) -> Iterator[None]:
    if not configuration.sandbox:
        yield
        return
    environment = {**os.environ, **sandbox_environment(configuration)}
    command = ["-m", "kaquan", "up", "--behind", str(os.getpid()), *(["--demo"] if demo else [])]
    with _kept_running(*command, environment=environment):
        yield


def _serve(
    configuration: Configuration, workers: int, started_s: float, *, behind: bool, json: bool
) -> None:
    """Serve pages until a signal comes."""
    from granian import Granian
    from granian.constants import Interfaces, RuntimeModes
    from granian.log import LogLevels

    server = Granian(
        APPLICATION,
        address=configuration.http_host,
        port=configuration.http_port,
        uds=private_socket(configuration) if behind else None,
        uds_permissions=0o600 if behind else None,
        interface=Interfaces.ASGINL,
        runtime_mode=RuntimeModes.st,  # one thread reads and writes: two hand each request over
        workers=workers,
        websockets=False,
        log_level=LogLevels.warning,
        workers_kill_timeout=STOP_S,
        respawn_failed_workers=True,
    )

    @server.on_startup
    def announce() -> None:
        _end_streams_first()
        if not behind:
            arguments = (configuration, started_s, json)
            threading.Thread(target=_announce, args=arguments, daemon=True).start()

    server.serve()


def _announce(configuration: Configuration, started_s: float, json: bool) -> None:
    """Say that it is up once a worker listens: they take a moment after the server started them."""
    host, port = configuration.http_host, configuration.http_port
    while True:
        try:
            socket.create_connection((host, port), ANSWER_WAIT_S).close()
        except OSError:
            time.sleep(ANSWER_RETRY_S)
        else:
            break
    url = address_of(configuration)
    took_s = clock.monotonic_s() - started_s
    if json:
        show({"url": url, "seconds": round(took_s, 1)}, json=True, people=lambda _: None)
        sys.stdout.flush()
    console = stderr()
    console.print(f"\n  卡券已启动（{took_s:.1f} 秒）：{url}", style="bold green")
    console.print(f"  Kaquan is up ({took_s:.1f} s): {url}", style="bold green")
    console.print("  按 Ctrl-C 停止 · Ctrl-C stops it\n")


def _end_streams_first() -> None:
    """Let live pages end before the server waits for its connections to."""
    for number in (signal.SIGINT, signal.SIGTERM):
        handle = signal.getsignal(number)
        assert callable(handle), handle

        def announced(signal_number: int, frame: FrameType | None, handle: Any = handle) -> None:
            announce_shutdown()
            handle(signal_number, frame)

        signal.signal(number, announced)


@contextmanager
def _kept_running(*arguments: str, environment: Mapping[str, str] | None = None) -> Iterator[None]:
    """A process of our own beside the web server, started again if it dies."""
    stop = threading.Event()
    thread = threading.Thread(target=_keep, args=(arguments, environment, stop), daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _keep(
    arguments: Sequence[str], environment: Mapping[str, str] | None, stop: threading.Event
) -> None:
    pause_s = RESTART_S
    while not stop.is_set():
        started_s = clock.monotonic_s()
        # A session of its own: Ctrl-C reaches us, and we end it in turn.
        process = subprocess.Popen(
            [sys.executable, *arguments], env=environment, start_new_session=True
        )
        while process.poll() is None and not stop.wait(0.2):
            pass
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        lived_s = clock.monotonic_s() - started_s
        pause_s = RESTART_S if lived_s > SOUND_S else min(2 * pause_s, RESTART_S_MAX)
        stop.wait(pause_s)
