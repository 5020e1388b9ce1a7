"""A PostgreSQL of the run's own, with the product's own settings, and pgbench as the peer."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import psycopg

from kaquan.foundation.configuration import Configuration, load_configuration
from kaquan.foundation.django_setup import migrate, setup
from kaquan.foundation.postgres.binaries import wheel_binaries
from kaquan.foundation.postgres.sessions import running_database
from kaquan.foundation.postgres.urls import connection_urls, superuser_url

PGBENCH_SCALE = 20
PGBENCH_CLIENTS = 64
PGBENCH_S = 8
LOG_MB, LOG_PART_MB = 1_024, 16
SETTINGS = (
    "server_version",
    "shared_buffers",
    "fsync",
    "synchronous_commit",
    "full_page_writes",
    "max_wal_size",
    "wal_compression",
    "checkpoint_timeout",
    "data_checksums",
)


@dataclass(frozen=True)
class Bench:
    """The server under test."""

    configuration: Configuration

    def connect(self, url: str | None = None) -> psycopg.Connection[Any]:
        """A session as the application, or at ``url``."""
        return psycopg.connect(url or connection_urls(self.configuration).app, autocommit=True)

    def superuser(self) -> psycopg.Connection[Any]:
        """A session that may do anything with Kaquan's database, to fill it or to look at sizes."""
        return psycopg.connect(superuser_url(self.configuration, "kaquan"), autocommit=True)

    def fill_log(self) -> None:
        """Let there be files of the write-ahead log to use again, as a server at work has them.

        A fresh one makes each as it needs it, and meanwhile everybody's commit waits: 25–120 ms
        for every 16 MB, ours and pgbench's, wherever it happens to fall.
        """
        with self.superuser() as connection:
            for _ in range(LOG_MB // LOG_PART_MB):
                connection.execute(
                    "SELECT pg_logical_emit_message(false, 'filling', repeat('-', %s))",
                    [LOG_PART_MB << 20],
                )
            connection.execute("CHECKPOINT")

    def settings(self) -> dict[str, str]:
        """The settings that decide how fast a durable commit is."""
        with self.connect() as connection:
            rows = connection.execute(
                "SELECT name, current_setting(name) FROM pg_settings WHERE name = any(%s)",
                [list(SETTINGS)],
            ).fetchall()
        return dict(rows)

    def prepare_pgbench(self) -> None:
        """Make pgbench's own database."""
        with psycopg.connect(superuser_url(self.configuration), autocommit=True) as connection:
            connection.execute("DROP DATABASE IF EXISTS pgbench")
            connection.execute("CREATE DATABASE pgbench")
        self._pgbench("-i", "-q", "-s", str(PGBENCH_SCALE))

    def pgbench_simple_update(self) -> float:
        """Transactions a second of pgbench's simple-update, prepared, 64 clients."""
        output = self._pgbench(
            *("-N", "-M", "prepared", "-c", str(PGBENCH_CLIENTS), "-j", "2", "-T", str(PGBENCH_S))
        )
        found = re.search(r"tps = ([\d.]+) \(without", output)
        assert found is not None, output
        return float(found[1])

    def pgbench_p99_ms(self, per_second: float) -> float:
        """The 99th percentile of its transactions when it makes only so many a second, in ms;
        counted from when each was to begin."""
        with tempfile.TemporaryDirectory() as folder:
            self._pgbench(
                *("-N", "-M", "prepared", "-c", str(PGBENCH_CLIENTS), "-j", "2"),
                *("-R", f"{per_second:.0f}", "-T", str(PGBENCH_S)),
                *("--log", "--log-prefix", f"{folder}/log"),
            )
            taken_us = sorted(
                int(line.split()[2])
                for file in Path(folder).iterdir()
                for line in file.read_text(encoding="ascii").splitlines()
            )
        return taken_us[len(taken_us) * 99 // 100] / 1e3

    def _pgbench(self, *arguments: str) -> str:
        url = urlsplit(superuser_url(self.configuration, "pgbench"))
        query = parse_qs(url.query)
        done = subprocess.run(
            [wheel_binaries().folder / "pgbench", *arguments, "pgbench"],
            env=os.environ
            | {
                "PGHOST": query["host"][0],
                "PGPORT": query["port"][0],
                "PGUSER": url.username or "",
                "PGPASSWORD": unquote(url.password or ""),
            },
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout


def longest_pause_ms(time_s: float = PGBENCH_S) -> float:
    """The longest that a process which only looks at the clock was kept from doing so, in ms.

    On a machine that is shared with others no latency can be promised that is shorter.
    """
    began_s = last_s = time.monotonic()
    longest_s = 0.0
    while last_s < began_s + time_s:
        now_s = time.monotonic()
        longest_s = max(longest_s, now_s - last_s)
        last_s = now_s
    return longest_s * 1e3


@contextmanager
def bench_server(*, is_timed: bool = True) -> Iterator[Bench]:
    """An installation in a folder of its own, migrated; gone at the end, unless
    ``KAQUAN_BENCH_HOME`` names one to be kept. Where nothing is timed, its log is not filled."""
    kept = os.environ.pop("KAQUAN_BENCH_HOME", None)  # no setting: a server would refuse it
    folder = Path(kept or tempfile.mkdtemp(prefix="kaquan-bench-"))
    folder.mkdir(exist_ok=True)
    folder.chmod(0o711)  # as root, the database's own user must pass through
    try:
        configuration = load_configuration({"KAQUAN_HOME": str(folder)})
        with running_database(configuration):
            setup(configuration)
            migrate(configuration)
            bench = Bench(configuration)
            if is_timed:
                bench.fill_log()
            yield bench
    finally:
        if not kept:
            shutil.rmtree(folder)
