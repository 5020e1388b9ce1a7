"""The worker: what is asked for gets done, once, whatever dies in between."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from kaquan.foundation import clock
from kaquan.foundation.actor import ActorKind
from kaquan.foundation.errors import KaquanError
from kaquan.foundation.jobs import actions, actors, exports
from kaquan.foundation.jobs.clearing import RECORDS_KEPT_DAYS, clear_old
from kaquan.foundation.jobs.models import Job, JobState
from kaquan.surfaces.jobs import doing, worker
from kaquan.surfaces.jobs.registry import TASKS, Work, task
from tests.builders.books import number
from tests.fixtures_database import Database
from tests.jobs.test_records import API, a_job, begun, now, queued
from tests.programs import start_program
from tests.waiting import soon

SOON_S = 20.0


@pytest.fixture(autouse=True)
def own_kind(database: Database) -> Iterator[None]:
    """The kind that `a_job` makes is registered by each test."""
    yield
    TASKS.pop("tests", None)


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    """A failed attempt is repeated at once."""
    monkeypatch.setattr(doing, "RETRY_S", 0)
    monkeypatch.setattr(worker, "RETRY_S", 0)


def test_a_job_is_done_and_its_carrier_goes(database: Database) -> None:
    @task("tests")
    def double(job: Job) -> dict[str, Any]:
        return {"doubled": job.parameters["number"] * 2}

    job = a_job(number=21)
    worker.run_queued()
    assert (now(job).state, now(job).result, now(job).attempt) == (
        JobState.DONE,
        {"doubled": 42},
        1,
    )
    assert queued(database) == 0


def test_the_work_acts_as_the_one_who_asked() -> None:
    seen = []

    @task("tests")
    def look(job: Job) -> None:
        seen.append(actors.from_json(job.actor))

    a_job(actor=API, client_id=7)
    worker.run_queued()
    assert seen == [API]
    assert seen[0].kind is ActorKind.API_KEY


def test_an_error_that_says_what_to_do_fails_the_job_at_once() -> None:
    @task("tests")
    def refuse(job: Job) -> None:
        raise KaquanError("batch_unknown", zh="没有该批次。", en="There is no such batch.")

    job = a_job()
    worker.run_queued()
    assert (now(job).state, now(job).attempt) == (JobState.FAILED, 1)
    assert (now(job).error_code, now(job).error_en) == ("batch_unknown", "There is no such batch.")


def test_a_crash_is_tried_again_and_not_for_ever(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    crashes = []

    @task("tests", attempts=3)
    def crash(job: Job) -> None:
        crashes.append(job.attempt)
        raise ZeroDivisionError

    job = a_job()
    for _ in range(4):
        worker.run_queued()
    assert crashes == [1, 2, 3]
    assert (now(job).state, now(job).error_code) == (JobState.FAILED, "job_crashed")
    assert "ZeroDivisionError" in now(job).error_zh
    assert queued(database) == 0
    assert caplog.text.count("ZeroDivisionError") >= 3


def test_a_kind_that_nobody_knows_fails_with_words() -> None:
    job = a_job()
    worker.run_queued()
    assert (now(job).state, now(job).error_code) == (JobState.FAILED, "job_kind_unknown")


def test_a_worker_that_is_told_to_stop_gives_its_job_back_uncounted(database: Database) -> None:
    working = threading.Event()

    @task("tests")
    def for_ever(job: Job) -> None:
        while True:
            working.set()
            actions.progress(job.id, 1, 2)
            time.sleep(0.01)

    job = a_job()
    stop = threading.Event()
    thread = threading.Thread(target=worker.run_worker, args=(stop,))
    thread.start()
    assert working.wait(SOON_S)
    stop.set()
    thread.join(SOON_S)
    assert not thread.is_alive()
    assert (now(job).state, now(job).attempt) == (JobState.QUEUED, 0)
    with database.connect() as connection:
        assert number(connection, "SELECT count(*) FROM procrastinate_jobs WHERE status = 'todo'")


def test_a_running_job_that_is_cancelled_stops_and_leaves_no_file() -> None:
    @task("tests")
    def cancelled_halfway(job: Job) -> None:
        with exports.new_file(job.id, "codes.csv") as file:
            file.write(b"half")
        actions.cancel(actor=API, job_id=job.id)
        actions.progress(job.id, 1, 1)
        raise AssertionError("it went on")

    job = a_job(actor=API)
    worker.run_queued()
    assert now(job).state == JobState.CANCELLED
    assert not exports.path_of(job.id, "codes.csv").parent.exists()


_KILLED = """
import os, sys, threading
from kaquan.foundation.configuration import current_configuration
from kaquan.foundation.django_setup import setup
setup(current_configuration())
from kaquan.surfaces.jobs.registry import task
from kaquan.surfaces.jobs.worker import run_worker

@task("tests")
def hang(job):
    print("working", flush=True)
    threading.Event().wait()

run_worker(threading.Event())
"""


def _worker_killed_at_work(database: Database) -> None:
    """A worker in a process of its own takes the job up and is killed over it."""
    with start_program(
        "-c", _KILLED, env=database.child_environment(), stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"working\n"
        os.kill(process.pid, signal.SIGKILL)
    with database.connect() as connection:
        # As if half a minute had passed without a sign of life.
        connection.execute(
            "UPDATE procrastinate_workers SET last_heartbeat = last_heartbeat - interval '30 s'"
        )


def _another_worker_until(happens: Callable[[], bool]) -> bool:
    stop = threading.Event()
    thread = threading.Thread(target=worker.run_worker, args=(stop,))
    thread.start()
    try:
        return soon(happens)
    finally:
        stop.set()
        thread.join()


def test_the_job_of_a_killed_worker_is_done_by_the_next_one(database: Database) -> None:
    job = a_job()
    _worker_killed_at_work(database)
    assert (now(job).state, now(job).attempt) == (JobState.RUNNING, 1)

    _register_quick()

    assert _another_worker_until(lambda: now(job).ended)
    assert (now(job).state, now(job).attempt) == (JobState.DONE, 2)
    assert queued(database) == 0


def test_a_job_that_kills_every_worker_fails_in_the_end(database: Database) -> None:
    job = a_job()
    Job.objects.filter(id=job.id).update(attempt=2)  # two have died over it by now
    _worker_killed_at_work(database)

    _register_quick()

    assert _another_worker_until(lambda: now(job).ended)
    assert (now(job).state, now(job).error_code) == (JobState.FAILED, "job_stalled")
    assert queued(database) == 0


def _register_quick() -> None:
    def quick(job: Job) -> dict[str, Any]:
        return {}

    done: Work = quick
    task("tests")(done)


def test_a_job_whose_end_was_lost_with_a_connection_is_put_away(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its record is done, its carrier still counts as being done by a worker that lives."""
    monkeypatch.setattr(worker, "TEND_S", 0.05)
    _register_quick()
    job = a_job()
    stop = threading.Event()
    with database.connect() as connection:
        connection.execute("UPDATE procrastinate_jobs SET scheduled_at = now() + interval '1 hour'")
        thread = threading.Thread(target=worker.run_worker, args=(stop,))
        thread.start()
        try:
            assert soon(
                lambda: number(connection, "SELECT count(*) FROM procrastinate_workers") == 1
            )
            connection.execute(
                "UPDATE procrastinate_jobs SET status = 'doing', scheduled_at = NULL, "
                "worker_id = (SELECT id FROM procrastinate_workers)"
            )
            assert soon(lambda: queued(database) == 0)
        finally:
            stop.set()
            thread.join()
    assert (now(job).state, now(job).attempt) == (JobState.DONE, 1)


def test_files_go_after_their_days_and_records_long_after(database: Database) -> None:
    days = database.configuration.export_days
    kept, expired, ancient = (_done_with_file() for _ in range(3))
    for job, age_days in ((kept, days - 2), (expired, days + 1), (ancient, RECORDS_KEPT_DAYS + 1)):
        Job.objects.filter(id=job.id).update(finished_at=clock.now() - timedelta(days=age_days))
    running = begun(a_job())
    with exports.new_file(running.id, "half.csv") as file:
        file.write(b"half")
    uncommitted = uuid4()
    with exports.new_file(uncommitted, "list.csv") as file:
        file.write(b"M1\n")

    clear_old(clock.now())
    assert exports.path_of(uncommitted, "list.csv").exists()
    clear_old(clock.now() + timedelta(days=1, hours=1))

    made = (kept.id, expired.id, ancient.id, running.id, uncommitted)
    left = {job_id for job_id in made if exports.path_of(job_id, "x").parent.exists()}
    assert left == {kept.id, running.id}
    assert [now(job).file for job in (kept, expired)] == ["codes.csv", ""]
    assert not Job.objects.filter(id=ancient.id).exists()
    with pytest.raises(KaquanError, match="保留期"):
        exports.open_result(now(expired))


def _done_with_file() -> Job:
    job = begun(a_job())
    with exports.new_file(job.id, "codes.csv") as file:
        file.write(b"serial\n")
    return actions.finish(job.id, {}, exports.path_of(job.id, "codes.csv"))
