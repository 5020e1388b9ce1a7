"""What runs beside the web server, as real processes; two on one database share the work."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import psycopg
from psycopg.types.json import Jsonb

from kaquan.analytics.models import Counter
from kaquan.analytics.queries import funnels
from kaquan.foundation.jobs.models import Job
from kaquan.foundation.jobs.queue import QUEUE, TASK
from tests.builders.books import number
from tests.builders.ledger import a_batch, done, redeem
from tests.fixtures_cluster import OwnCluster
from tests.fixtures_database import Database
from tests.fixtures_ledger import OpenDoor
from tests.jobs.test_records import a_job, queued
from tests.programs import start_program
from tests.waiting import soon

SOON_S = 60.0
JOBS = 20
VOUCHERS = 120


@contextmanager
def backgrounds(environment: dict[str, str], count: int) -> Iterator[None]:
    """Background processes, which end in order when the block does."""
    command = ("-m", "kaquan.project.background", str(os.getpid()))
    processes = [start_program(*command, env=environment) for _ in range(count)]
    try:
        yield
    finally:
        for process in processes:
            process.send_signal(signal.SIGTERM)
        endings = [process.wait(SOON_S) for process in processes]
    assert endings == [0] * count


def test_two_on_one_database_count_each_block_and_do_each_job_once(
    database: Database, new_door: OpenDoor
) -> None:
    door = new_door()
    with backgrounds(database.child_environment(), 2), database.connect() as connection:
        assert soon(lambda: number(connection, "SELECT count(*) FROM procrastinate_workers") == 2)
        batch = a_batch(door, quantity=VOUCHERS)
        for first in range(0, VOUCHERS, 10):
            done(door, *[redeem(serial) for serial in batch.serials[first : first + 10]])
            if first < 10 * JOBS:
                for _ in range(JOBS // 10):
                    a_job()
        assert soon(lambda: _redeemed(batch.batch_id) >= VOUCHERS and queued(database) == 0)
    assert _redeemed(batch.batch_id) == VOUCHERS
    # This kind is unknown to them, which is found once a job, by whoever took it.
    endings = set(Job.objects.values_list("state", "attempt", "error_code"))
    assert endings == {("failed", 1, "job_kind_unknown")}
    assert sum(Counter.objects.filter(name="minted").values_list("value", flat=True)) == VOUCHERS


def test_after_the_database_was_killed_jobs_are_done_again(fresh_cluster: OwnCluster) -> None:
    with backgrounds(fresh_cluster.child_environment(), 1):
        with fresh_cluster.connect() as connection:
            _ask_by_hand(connection)
            assert soon(lambda: _ended(connection) == 1)
        fresh_cluster.kill()
        fresh_cluster.server.start()
        with fresh_cluster.connect() as connection:
            _ask_by_hand(connection)
            assert soon(lambda: _ended(connection) == 2)


def _ask_by_hand(connection: psycopg.Connection[Any]) -> None:
    """What `actions.start` writes, on a database that is not this process's own."""
    job_id = str(uuid4())
    connection.execute(
        "INSERT INTO jobs_job (id, kind, state, title_zh, title_en, parameters, progress_done, "
        "file, file_sha256, error_code, error_zh, error_en, actor, organisation_path, client_id, "
        "attempt, created_at) VALUES (%s, 'tests', 'queued', '', '', '{}', 0, '', '', '', '', '', "
        "'{}', '', 0, 0, now())",
        [job_id],
    )
    connection.execute(
        "INSERT INTO procrastinate_jobs (queue_name, task_name, args) VALUES (%s, %s, %s)",
        [QUEUE, TASK, Jsonb({"job_id": job_id})],
    )


def _ended(connection: psycopg.Connection[Any]) -> int:
    return number(connection, "SELECT count(*) FROM jobs_job WHERE state = 'failed'")


def _redeemed(batch_id: int) -> int:
    return funnels([batch_id]).get(batch_id, {}).get("redeemed", 0)
