"""A job's record: born with its transaction, written by its last attempt only, seen by its own."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import transaction

from kaquan.foundation.actor import Actor, ActorKind
from kaquan.foundation.errors import KaquanError
from kaquan.foundation.jobs import actions, exports
from kaquan.foundation.jobs.errors import JobEndedError
from kaquan.foundation.jobs.models import Job, JobState
from kaquan.foundation.jobs.queries import job_by_id, jobs
from kaquan.foundation.jobs.running import attempt_of
from tests.builders.books import number
from tests.builders.issuer import SYSTEM
from tests.fixtures_database import Database

pytestmark = pytest.mark.usefixtures("database")

API = Actor(ActorKind.API_KEY, "key:7", "收银系统", frozenset({"jobs.view"}), "1.5.")


def a_job(*, actor: Actor = SYSTEM, client_id: int = 0, **parameters: Any) -> Job:
    """A queued job."""
    return actions.start(
        actor=actor,
        kind="tests",
        title_zh="测试",
        title_en="Test",
        parameters=parameters,
        client_id=client_id,
    )


def begun(job: Job) -> Job:
    """The job, taken up."""
    taken = actions.begin(job.id)
    assert taken is not None
    return taken


def queued(database: Database) -> int:
    """How many jobs wait for a worker."""
    with database.connect() as connection:
        return number(connection, "SELECT count(*) FROM procrastinate_jobs")


def now(job: Job) -> Job:
    """The job as it stands."""
    return Job.objects.get(id=job.id)


def test_a_job_comes_and_goes_with_the_transaction_that_asked_for_it(database: Database) -> None:
    with transaction.atomic():
        a_job()
        transaction.set_rollback(True)
    assert (Job.objects.count(), queued(database)) == (0, 0)
    with transaction.atomic():
        a_job()
    assert (Job.objects.count(), queued(database)) == (1, 1)


def test_no_trigger_of_the_queue_notifies_anyone(database: Database) -> None:
    """A later version of procrastinate may bring others, under other names."""
    with database.connect() as connection:
        assert (
            number(
                connection,
                "SELECT count(*) FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid "
                "WHERE p.prosrc ILIKE '%%notify%%' AND t.tgenabled <> 'D' AND NOT t.tgisinternal",
            )
            == 0
        )


def test_progress_is_written_at_most_once_a_second_and_at_the_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    job = begun(a_job())
    time_s = 100.0
    monkeypatch.setattr(actions.clock, "monotonic_s", lambda: time_s)
    seen = []
    for done in range(1, 11):
        time_s += 0.3
        actions.progress(job.id, done, 10)
        seen.append(now(job).progress_done)
    assert seen == [1, 1, 1, 1, 5, 5, 5, 5, 9, 10]
    assert now(job).progress_total == 10


def test_progress_within_a_transaction_locks_nobody_out() -> None:
    job = begun(a_job())
    with transaction.atomic():
        actions.progress(job.id, 10, 10)
        assert now(job).progress_done == 0
    actions.progress(job.id, 10, 10)
    assert now(job).progress_done == 10


def test_a_finished_job_keeps_its_result_and_takes_nothing_more() -> None:
    job = begun(a_job())
    actions.finish(job.id, {"assigned": 3})
    for late in (
        lambda: actions.progress(job.id, 9, 9),
        lambda: actions.finish(job.id, {"assigned": 4}),
        lambda: actions.fail(job.id, "x", "x", "x"),
    ):
        with pytest.raises(JobEndedError):
            late()
    ended = now(job)
    assert (ended.state, ended.result, ended.error_code) == (JobState.DONE, {"assigned": 3}, "")
    assert ended.finished_at is not None
    assert actions.begin(job.id) is None


def test_an_attempt_that_was_taken_over_can_write_no_more() -> None:
    first = begun(a_job())
    second = begun(first)
    assert (first.attempt, second.attempt) == (1, 2)
    with attempt_of(first.id, first.attempt), pytest.raises(JobEndedError):
        actions.finish(first.id, {"by": "the dead"})
    with attempt_of(second.id, second.attempt):
        actions.finish(second.id, {"by": "the living"})
    assert now(first).result == {"by": "the living"}


def test_a_cancelled_job_stops_at_its_next_progress() -> None:
    waiting, running = a_job(), begun(a_job())
    for job in (waiting, running):
        assert actions.cancel(actor=SYSTEM, job_id=job.id).state == JobState.CANCELLED
    assert actions.begin(waiting.id) is None
    with pytest.raises(JobEndedError):
        actions.progress(running.id, 1, 1)
    assert now(running).progress_done == 0


def test_cancelling_what_has_ended_changes_nothing() -> None:
    job = begun(a_job())
    actions.finish(job.id, {})
    assert actions.cancel(actor=SYSTEM, job_id=job.id).state == JobState.DONE


def test_a_result_file_is_private_whole_and_known_by_its_digest() -> None:
    job = begun(a_job())
    with exports.new_file(job.id, "codes.csv") as file:
        file.write(b"serial\n1\n")
    path = exports.path_of(job.id, "codes.csv")
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    done = actions.finish(job.id, {}, path)
    assert (done.file, done.file_bytes) == ("codes.csv", 9)
    assert done.file_sha256 == sha256(b"serial\n1\n").hexdigest()
    with exports.open_result(done) as read:
        assert read.read() == b"serial\n1\n"


def test_a_failed_job_leaves_no_file_and_says_why() -> None:
    job = begun(a_job())
    with exports.new_file(job.id, "codes.csv") as file:
        file.write(b"half")
    failed = actions.fail(job.id, "customer_unknown", "没有该客户。", "There is no such customer.")
    assert (failed.state, failed.error_code, failed.error_zh) == (
        JobState.FAILED,
        "customer_unknown",
        "没有该客户。",
    )
    assert not exports.path_of(job.id, "codes.csv").parent.exists()
    with pytest.raises(KaquanError, match="没有结果文件"):
        exports.open_result(failed)


def test_others_see_no_job_of_another_part_or_client() -> None:
    mine = a_job(actor=API, client_id=7)
    elsewhere = replace(API, organisation_path="1.6.")
    assert job_by_id(API, mine.id, client_id=7).id == mine.id
    assert [job.id for job in jobs(API, client_id=7)] == [mine.id]
    unknown = _refusal(lambda: job_by_id(API, uuid4(), client_id=7))
    for actor, client_id in ((API, 8), (elsewhere, 7), (elsewhere, 0)):
        assert _refusal(lambda a=actor, c=client_id: job_by_id(a, mine.id, client_id=c)) == unknown
        assert jobs(actor, client_id=client_id) == []
    with pytest.raises(KaquanError, match=r"jobs\.view"):
        jobs(replace(API, permissions=frozenset()), client_id=7)


def test_pages_of_jobs_miss_and_repeat_none() -> None:
    made = {a_job().id for _ in range(7)}
    seen: list[UUID] = []
    before = None
    while page := jobs(SYSTEM, before=before, limit=3):
        seen += [job.id for job in page]
        before = (page[-1].created_at, page[-1].id)
    assert len(seen) == len(made)
    assert set(seen) == made


def test_one_client_cannot_fill_the_queue(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(actions, "NOT_ENDED_MAX", 2)
    job, _ = a_job(client_id=7), a_job(client_id=7)
    with pytest.raises(KaquanError) as refused:
        a_job(client_id=7)
    assert refused.value.code == "jobs_too_many"
    assert Job.objects.count() == 2
    a_job(client_id=8)
    actions.finish(begun(job).id, {})
    a_job(client_id=7)


def _refusal(ask: Any) -> tuple[str, int]:
    with pytest.raises(KaquanError) as refused:
        ask()
    return refused.value.code, refused.value.exit_code
