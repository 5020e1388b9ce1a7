"""Vouchers, redemptions, entries and reports over HTTP: the books' own numbers, page by page."""

from __future__ import annotations

import base64
import csv
import hashlib
from collections.abc import Iterator
from datetime import date, timedelta
from io import StringIO
from typing import Any

import psycopg
import pytest

from kaquan.analytics.actions import Counters
from kaquan.foundation import clock
from kaquan.foundation.configuration import current_configuration
from kaquan.redemption.receipt_numbers import ReceiptKind, parse_receipt
from kaquan.surfaces.api.pages import encoded_cursor
from kaquan.surfaces.jobs.worker import run_queued
from tests.api.calling import Api, an_api
from tests.api.trade import missing_code
from tests.api.world import Side
from tests.builders.books import books, number
from tests.builders.issuer import an_organisation
from tests.fixtures_database import Database

pytestmark = pytest.mark.usefixtures("database")
Connection = psycopg.Connection[Any]


@pytest.fixture
def side() -> Side:
    """A part of the organisation where a voucher was issued and a code redeemed."""
    side = Side(an_organisation("总部", None))
    assert side.trade.serial
    assert side.trade.redemption
    return side


@pytest.fixture
def counted(side: Side, database: Database) -> Iterator[Side]:
    """The same, counted."""
    counters = Counters(database.connect, current_configuration().time_zone)
    counters.catch_up()
    yield side
    counters.close()


def today() -> date:
    return clock.now().astimezone(current_configuration().time_zone).date()


def all_items(api: Api, path: str, **query: Any) -> list[Any]:
    """Every item, page by page."""
    items: list[Any] = []
    cursor: dict[str, str] = {}
    while True:
        reply = api.get(path, **query, **cursor)
        assert reply.status == 200, reply
        items += reply.json["items"]
        if reply.json["next_cursor"] is None:
            return items
        cursor = {"cursor": reply.json["next_cursor"]}


def test_the_life_of_a_voucher_is_told_by_its_code(side: Side) -> None:
    api, code = side.api(), side.trade.code
    store = {"voucher_code": code, "reason": "报失"}

    assert api.post("/vouchers/freeze", store).json["state"] == "frozen_live"
    assert api.post("/vouchers/unfreeze", store).json["state"] == "live"
    trace = api.post("/vouchers/trace", {"voucher_code": code.lower()}, key=None).json

    assert [(step["operation"], step["reason"]) for step in trace["steps"]] == [
        ("freeze", "报失"),
        ("unfreeze", "报失"),
    ]
    assert trace["batch_id"] == side.trade.by_code.id
    assert trace["steps"][0]["by"].startswith("key:")
    assert trace["steps"][0]["entries"][0]["credit"] == "frozen"
    assert code not in str(trace)


def test_a_voucher_that_there_never_was_has_no_life(side: Side) -> None:
    for api in (side.api(), an_api()):
        reply = api.post("/vouchers/trace", {"voucher_code": missing_code()}, key=None)
        assert (reply.status, reply.code) == (404, "voucher_unknown")


def test_a_care_command_under_one_key_is_booked_once(side: Side, connection: Connection) -> None:
    api, path = side.api(), "/vouchers/void"
    body = {"voucher_code": side.trade.code, "reason": "印错", "deactivate_request_no": "D-1"}

    first = api.post(path, body, key=None)
    before = books(connection)
    again = api.post(path, body, key=None)
    used = api.post(path, {**body, "deactivate_request_no": "D-2"}, key=None)

    assert first.json["state"] == "void"
    assert again.content == first.content
    assert (used.status, used.code) == (409, "voucher_void")
    assert vouchers_of(before) == vouchers_of(books(connection))


def vouchers_of(whole: dict[str, Any]) -> Any:
    return whole["ledger_voucher"], whole["ledger_entry"]


@pytest.mark.parametrize("names", [{}, {"voucher_code": "x", "serial": 64}])
def test_a_voucher_has_one_name(side: Side, names: dict[str, Any]) -> None:
    reply = side.api().post("/vouchers/freeze", {**names, "reason": "查"})

    assert (reply.status, reply.code) == (400, "malformed_request")


def test_redemptions_are_listed_and_found_by_their_number(side: Side) -> None:
    api, store = side.api(), side.store.organisation.code

    (found,) = all_items(api, "/redemptions", store=store)
    alone = api.get(f"/redemptions/{side.trade.redemption}")

    assert found == alone.json
    assert found["receipt"] == side.trade.redemption
    assert (found["discount_fen"], found["store"]) == (2_000, store)
    assert found["vouchers"][0]["funding"] == [{"funder_id": 0, "amount_fen": 2_000}]
    assert all_items(api, "/redemptions", operation="reverse") == []
    assert all_items(api, "/redemptions", order_no=found["order_no"]) == [found]
    assert all_items(api, "/redemptions", last_day=str(today() - timedelta(days=1))) == []
    assert api.get("/redemptions/R000").code == "redemption_unknown"


def test_entries_come_page_by_page_in_the_same_order(side: Side, connection: Connection) -> None:
    api = side.api()

    whole = all_items(api, "/entries", limit=200)
    paged = all_items(api, "/entries", limit=1)
    at_store = all_items(api, "/entries", account="store", account_of=side.store.organisation_id)

    assert paged == whole
    batches = {side.trade.by_code.id, side.trade.from_stock.id}
    assert {one["batch_id"] for one in whole} == batches
    count = "SELECT count(*) FROM ledger_entry WHERE batch_id = any(%s)"
    assert len(whole) == number(connection, count, list(batches))
    assert [one["amount"] for one in at_store] == [2_000]
    assert {one["serial"] for one in all_items(api, "/entries", serial=side.trade.serial)} == {
        side.trade.serial
    }


@pytest.mark.parametrize(
    "cursor",
    ["!", *(encoded_cursor(*keys) for keys in (
        (1,), ("1.2", 0, 0), ("1.-2", 0, 0), ("0.0", 0, 0), ("0.1", 0, 0), ("x", 0, 0),
        ("1.e54jkao0", -1, 0), ("zzzzzzzz.zzzzzzzzzzzzzzzz", 0, 0), ("1.2.3", 0, 0),
    ))],
)  # fmt: skip
def test_a_cursor_that_is_none_of_ours_is_refused(side: Side, cursor: str) -> None:
    for path in ("/entries", "/redemptions"):
        reply = side.api().get(path, cursor=cursor)
        assert (reply.status, reply.code) == (400, "cursor_invalid")


def test_days_of_batches_and_stores_are_what_was_booked(counted: Side) -> None:
    api, store = counted.api(), counted.store.organisation.code
    days = {"first_day": str(today() - timedelta(days=1)), "last_day": str(today())}

    stores = all_items(api, "/reports/stores", **days, store=store)
    batches = all_items(api, "/reports/batches", **days)

    assert sum(one["figures"].get("cost_fen", 0) for one in stores) == 2_000
    assert sum(one["figures"].get("redeemed", 0) for one in batches) == 1
    assert sum(one["figures"].get("issued", 0) for one in batches) == 1
    assert all_items(api, "/reports/batches", **days, limit=1) == batches
    batch = api.get(f"/batches/{counted.trade.by_code.id}").json
    assert batch["figures"]["redeemed"] == 1


def test_more_days_than_a_report_has_are_refused(side: Side) -> None:
    reply = side.api().get("/reports/stores", first_day="2020-01-01", last_day="2026-01-01")

    assert (reply.status, reply.code) == (400, "malformed_request")


def test_a_reconciliation_file_carries_its_hash_and_agrees_with_its_manifest(side: Side) -> None:
    api = side.api()
    asked = {"day": str(today()), "store": side.store.organisation.code}

    file = api.get("/reports/reconciliation", **asked)
    manifest = api.get("/reports/reconciliation/manifest", **asked).json

    digest = hashlib.sha256(file.content)
    assert file.headers["X-Content-SHA256"] == digest.hexdigest() == manifest["sha256"]
    encoded = base64.b64encode(digest.digest()).decode()
    assert file.headers["Content-Digest"] == f"sha-256=:{encoded}:"
    assert int(file.headers["Content-Length"]) == len(file.content) == manifest["bytes"]
    use, *totals = csv.DictReader(StringIO(file.content.decode(), newline=""))
    assert (use["redemption"], use["amount_fen"]) == (side.trade.redemption, "2000")
    assert parse_receipt(ReceiptKind.REDEMPTION, use["redemption"]) is not None
    assert [one["kind"] for one in totals] == ["total_use", "total_refund", "total_net"]
    assert (manifest["uses_fen"], manifest["net_fen"]) == (2_000, 2_000)
    assert manifest["final"] is False


def test_a_reconciliation_file_is_written_by_a_job_as_well(side: Side) -> None:
    api = side.api()
    asked = {"day": str(today()), "detail": "summary"}

    started = api.post("/reports/reconciliation/jobs", asked)
    run_queued()
    job = api.get(f"/jobs/{started.json['id']}").json
    file = api.get(f"/jobs/{job['id']}/file").content
    direct = api.get("/reports/reconciliation", **asked).content

    assert job["state"] == "done"
    assert job["result"]["sha256"] == hashlib.sha256(file).hexdigest()
    assert file == direct


def test_a_day_that_has_not_begun_and_a_foreign_store_have_no_file(side: Side) -> None:
    api = side.api()

    future = api.get("/reports/reconciliation", day="2199-01-01")
    nowhere = api.get("/reports/reconciliation", day=str(today()), store="nowhere")
    nobody = api.get("/reports/reconciliation", day=str(today()), funder="nobody")

    assert (future.status, future.code) == (422, "value_invalid")
    assert (nowhere.status, nowhere.code) == (404, "store_unknown")
    assert (nobody.status, nobody.code) == (404, "funder_unknown")
