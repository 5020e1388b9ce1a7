"""Codes and lists of customers over HTTP, and the jobs that work them off."""

from __future__ import annotations

import random
from typing import Any

import psycopg
import pytest

from kaquan.redemption.codes import code_book
from kaquan.surfaces.jobs.worker import run_queued
from tests.api.calling import Reply
from tests.api.world import Side
from tests.builders.books import books, number
from tests.builders.issuer import an_organisation
from tests.fixtures_database import Database

pytestmark = pytest.mark.usefixtures("database")
Connection = psycopg.Connection[Any]
SYMBOLS = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"


@pytest.fixture
def side() -> Side:
    """A part of the organisation."""
    return Side(an_organisation("总部", None))


def foreign_codes(count: int) -> list[str]:
    source = random.Random(7)
    return ["".join(source.choices(SYMBOLS, k=18)) for _ in range(count)]


def vouchers(connection: Connection) -> int:
    return number(connection, "SELECT count(*) FROM ledger_voucher")


def finished(side: Side, started: Reply) -> dict[str, Any]:
    """The job after the worker has done it."""
    assert started.status == 202, started
    assert started.json["state"] == "queued"
    run_queued()
    job: dict[str, Any] = side.api().get(f"/jobs/{started.json['id']}").json
    return job


def test_uploaded_codes_are_told_apart_by_position(side: Side, connection: Connection) -> None:
    path = f"/batches/{side.trade.by_code.id}/codes"
    codes = foreign_codes(100)

    first = side.api().post(path, {"codes": codes[:99]})
    second = side.api().post(path, {"codes": [*codes, codes[0], " "]})

    assert first.json["success"] == list(range(99))
    assert second.json["success"] == [99]
    assert second.json["existing"] == list(range(99))
    assert second.json["duplicates"] == [100]
    assert [(one["position"], one["code"]) for one in second.json["failed"]] == [(101, "required")]
    assert not any(code in second.content.decode() for code in codes)


def test_a_file_of_codes_is_taken_as_well(side: Side) -> None:
    path = f"/batches/{side.trade.by_code.id}/codes/csv"
    codes = foreign_codes(100)
    file = "\ufeff券码\r\n" + "\r\n".join(codes) + "\r\n"

    reply = side.api().post(path, file, content_type="text/csv")
    broken = side.api().post(path, b"\xff\xfe\x00", content_type="text/csv")
    long = side.api().post(path, "\n".join(foreign_codes(10_001)), content_type="text/csv")

    assert reply.json["success"] == list(range(100))
    assert (broken.status, broken.code) == (422, "value_invalid")
    assert (long.status, long.code) == (422, "value_invalid")


def test_weak_codes_are_refused_and_a_key_without_the_permission_brings_in_none(
    side: Side, connection: Connection
) -> None:
    path = f"/batches/{side.trade.by_code.id}/codes"
    before = books(connection)

    weak = side.api().post(path, {"codes": [f"GIFT{n:04}" for n in range(150)]})
    denied = side.api("campaigns.edit").post(path, {"codes": foreign_codes(100)})

    assert (weak.status, weak.code) == (409, "codes_too_weak")
    assert (denied.status, denied.code) == (403, "permission_denied")
    assert books(connection) == before
    assert number(connection, "SELECT count(*) FROM ledger_pool_code") == 0


def test_a_batchs_codes_are_written_to_a_file_that_only_their_permission_opens(
    side: Side,
) -> None:
    batch_id = side.trade.by_code.id

    job = finished(side, side.api().post(f"/batches/{batch_id}/code-file"))
    file = f"/jobs/{job['id']}/file"
    reply = side.api().get(file)
    denied = side.api("jobs.view").get(file)

    assert (job["state"], job["result"]) == ("done", {"batch_id": batch_id, "codes": 20})
    heading, *codes = reply.content.decode().split()
    assert heading == "code"
    assert len(codes) == 20
    assert code_book().decode(codes[0]) == code_book().decode(side.trade.code)
    assert (denied.status, denied.code) == (403, "permission_denied")


def test_codes_that_cannot_be_written_down_fail_the_job_with_its_words(side: Side) -> None:
    job = finished(side, side.api().post(f"/batches/{side.trade.from_stock.id}/code-file"))

    assert job["state"] == "failed"
    assert job["error"]["code"] == "batch_without_codes"


def test_a_list_of_customers_is_answered_one_by_one(side: Side, connection: Connection) -> None:
    path = f"/publications/{side.trade.publication.id}/assignments"
    some = [side.a_customer().number for _ in range(3)]

    first = side.api().post(path, {"customers": [*some, "nobody"]}, key="spring")
    again = side.api().post(path, {"customers": [*some, "nobody"]}, key="spring")
    later = side.api().post(path, {"customers": some}, key="later")

    assert (first.json["assigned"], first.json["repeated"]) == (3, 0)
    assert first.json["refused"] == {"customer_unknown": 1}
    assert [one["customer"] for one in first.json["items"]] == [*some, "nobody"]
    assert again.content == first.content
    assert (later.json["assigned"], later.json["repeated"]) == (0, 3)
    assert vouchers(connection) == 3


def test_a_file_of_customers_is_worked_off_by_a_job_and_repeats_nothing(
    side: Side, connection: Connection
) -> None:
    path = f"/publications/{side.trade.publication.id}/lists"
    some = [side.a_customer().number for _ in range(25)]
    file = "会员号\n" + "\n".join([*some, "nobody"]) + "\n"

    job = finished(side, side.api().post(path, file, content_type="text/csv"))
    refused = side.api().get(f"/jobs/{job['id']}/file").content.decode("utf-8-sig")
    again = finished(side, side.api().post(path, file, content_type="text/csv"))

    assert job["state"] == "done"
    assert (job["result"]["assigned"], job["result"]["not_taken"]) == (20, 6)  # 20 in stock
    assert job["result"]["refused"] == {"stock_exhausted": 5, "customer_unknown": 1}
    assert "nobody" in refused
    assert (again["result"]["assigned"], again["result"]["repeated"]) == (0, 20)
    assert vouchers(connection) == 20


def test_a_file_that_is_no_list_fails_its_job_with_the_reason(
    side: Side, connection: Connection
) -> None:
    path = f"/publications/{side.trade.publication.id}/lists"

    job = finished(side, side.api().post(path, "phone\n138\n", content_type="text/csv"))

    assert (job["state"], job["error"]["code"]) == ("failed", "import_header_invalid")
    assert job["file"] is None
    assert vouchers(connection) == 0


def test_the_same_name_finds_the_publication_that_is_there(side: Side, database: Database) -> None:
    body = {"batch_id": side.trade.from_stock.id, "name": "元宵"}

    first, again = (side.api().post("/publications", body) for _ in range(2))
    by_code = side.api().post("/publications", body | {"batch_id": side.trade.by_code.id})

    assert first.json == again.json
    assert (by_code.status, by_code.code) == (409, "batch_by_code")
    listed = side.api().get("/publications", batch_id=side.trade.from_stock.id).json["items"]
    assert listed == [first.json]
