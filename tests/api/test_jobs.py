"""Jobs over HTTP: a client sees its own, reads what came of them, and can call them off."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterator

import pytest
from django.test import RequestFactory

from kaquan.foundation.jobs.actions import begin, fail, start
from kaquan.foundation.jobs.models import Job, JobState
from kaquan.surfaces.api.streams import streamed
from tests.api.calling import an_api
from tests.api.world import Side
from tests.builders.issuer import an_organisation, staff_of

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def side() -> Side:
    return Side(an_organisation("总部", None))


def a_job(side: Side) -> Job:
    return start(
        actor=staff_of(side.organisation), kind="tests.nothing", title_zh="无事",
        title_en="Nothing", parameters={}, client_id=side.client_id,
    )  # fmt: skip


def test_the_file_that_came_of_a_job_is_read_with_its_hash(side: Side) -> None:
    shown = side.api().get(f"/jobs/{side.job.id}").json
    reply = side.api().get(f"/jobs/{side.job.id}/file")

    assert reply.content == "序号\n1\n".encode()
    assert reply.headers["X-Content-SHA256"] == hashlib.sha256(reply.content).hexdigest()
    assert shown["file"]["sha256"] == reply.headers["X-Content-SHA256"]
    assert shown["file"]["bytes"] == len(reply.content) == int(reply.headers["Content-Length"])
    assert (shown["state"], shown["result"]) == ("done", {"rows": 1})


def test_another_client_of_the_same_part_sees_no_job_of_it(side: Side) -> None:
    job_id = side.job.id
    other = an_api(organisation=side.organisation)

    for reply in (
        other.get(f"/jobs/{job_id}"),
        other.get(f"/jobs/{job_id}/file"),
        other.post(f"/jobs/{job_id}/cancel"),
    ):
        assert (reply.status, reply.code) == (404, "job_unknown")
    assert other.get("/jobs").json["items"] == []


def test_a_job_without_a_file_says_so(side: Side) -> None:
    job = a_job(side)

    assert side.api().get(f"/jobs/{job.id}/file").code == "job_file_gone"


def test_a_failed_job_tells_why_in_the_callers_language(side: Side) -> None:
    job = a_job(side)
    begin(job.id)
    fail(job.id, "out_of_paper", "没有纸了", "There is no paper left")

    shown = side.api().call("GET", f"/jobs/{job.id}", language="en").json

    assert shown["error"] == {"code": "out_of_paper", "detail": "There is no paper left"}
    assert shown["title"] == "Nothing"
    assert side.api().get(f"/jobs/{job.id}").json["error"]["detail"] == "没有纸了"


def test_a_job_is_called_off(side: Side) -> None:
    job = a_job(side)

    assert side.api().post(f"/jobs/{job.id}/cancel").json["state"] == "cancelled"
    assert Job.objects.get().state == JobState.CANCELLED


def test_jobs_come_newest_first_in_pages_and_by_state(side: Side) -> None:
    jobs = [str(a_job(side).id) for _ in range(3)]
    api = side.api()
    first = api.get("/jobs", limit=2).json
    second = api.get("/jobs", limit=2, cursor=first["next_cursor"]).json

    assert [job["id"] for job in first["items"] + second["items"]] == jobs[::-1]
    assert second["next_cursor"] is None
    assert api.get("/jobs", state="running").json["items"] == []


def test_under_asgi_a_stream_is_read_part_by_part_and_ended_when_the_reader_leaves() -> None:
    read: list[str] = []

    def parts() -> Iterator[bytes]:
        try:
            for number in range(1_000_000):
                read.append(str(number))
                yield b"x"
        finally:
            read.append("closed")

    request = RequestFactory().get("/")
    request.scope = {}  # type: ignore[attr-defined]  # as an ASGI request has one
    response = streamed(request, parts(), media_type="text/csv")

    async def read_two_and_leave() -> None:
        stream = response.streaming_content
        assert await anext(stream) == b"x"  # type: ignore[arg-type]
        assert await anext(stream) == b"x"  # type: ignore[arg-type]
        await stream.aclose()  # type: ignore[union-attr]

    asyncio.run(read_two_and_leave())

    assert read[:2] == ["0", "1"]
    assert read[-1] == "closed"
    assert len(read) < 5
