"""``kaquan jobs``, and what the doctor says of them."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

from kaquan.foundation import clock
from kaquan.foundation.jobs import actions, exports
from kaquan.foundation.jobs.models import Job
from tests.cli.conftest import Kaquan
from tests.fixtures_database import Database
from tests.jobs.test_records import a_job, begun, now


def test_jobs_are_listed_newest_first_with_their_progress(kaquan: Kaquan) -> None:
    older, newer = begun(a_job()), a_job()
    actions.progress(older.id, 5, 10)

    shown, listed = kaquan("jobs", "list"), kaquan("jobs", "list", "--json").json["jobs"]

    assert [job["id"] for job in listed] == [str(newer.id), str(older.id)]
    assert listed[1]["progress"] == {"done": 5, "total": 10}
    assert "5/10" in shown.out
    assert "排队中 queued" in shown.out


def test_a_job_is_shown_with_its_file_or_its_error(kaquan: Kaquan) -> None:
    done, failed = begun(a_job()), begun(a_job())
    with exports.new_file(done.id, "codes.csv") as file:
        file.write(b"1\n")
    actions.finish(done.id, {"codes": 1}, exports.path_of(done.id, "codes.csv"))
    actions.fail(failed.id, "batch_unknown", "没有该批次。", "There is no such batch.")

    shown, as_json = kaquan("jobs", "show", done.id), kaquan("jobs", "show", done.id, "--json").json
    told = kaquan("jobs", "show", failed.id)

    assert as_json["file"]["sha256"] in shown.out
    assert (as_json["state"], as_json["result"]) == ("done", {"codes": 1})
    assert "没有该批次。" in told.out


def test_a_cancelled_job_never_begins(kaquan: Kaquan) -> None:
    job = a_job()

    assert kaquan("jobs", "cancel", job.id, "--json").json["state"] == "cancelled"

    assert actions.begin(job.id) is None


def test_an_unknown_job_is_refused(kaquan: Kaquan) -> None:
    ran = kaquan("jobs", "show", uuid4(), "--json")

    assert (ran.exit_code, ran.json["error"]["code"]) == (1, "job_unknown")


def test_the_doctor_warns_of_a_silent_job_and_of_one_that_waits_for_long(
    kaquan: Kaquan, database: Database
) -> None:
    job, waiting = begun(a_job()), a_job()
    assert _jobs_check(kaquan)["ok"]
    Job.objects.filter(id=job.id).update(heartbeat_at=clock.now() - timedelta(minutes=2))
    assert not _jobs_check(kaquan)["ok"]
    actions.finish(job.id, {})
    assert _jobs_check(kaquan)["ok"]
    Job.objects.filter(id=waiting.id).update(
        created_at=now(waiting).created_at - timedelta(hours=1)
    )
    assert not _jobs_check(kaquan)["ok"]


def test_without_a_sandbox_its_commands_say_so(kaquan: Kaquan) -> None:
    ran = kaquan("keys", "list", "--sandbox", "--json")

    assert (ran.exit_code, ran.json["error"]["code"]) == (78, "sandbox_off")


def _jobs_check(kaquan: Kaquan) -> dict[str, object]:
    checks = kaquan("doctor", "--json").json["checks"]
    return next(check for check in checks if check["name"] == "jobs")
