"""Campaigns and batches over HTTP: opened, minted on, made live, handed over, paused."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from kaquan.campaigns.models import Campaign
from kaquan.campaigns.planning import plan_batch
from tests.api.calling import Api, Reply
from tests.api.world import Side
from tests.builders.books import books, number
from tests.builders.issuer import an_organisation
from tests.campaigns.stages import a_draft, maker
from tests.fixtures_database import Database
from tests.waiting import soon

pytestmark = pytest.mark.usefixtures("database")
Connection = psycopg.Connection[Any]
TERMS = {
    "benefit": {"kind": "amount_off", "amount_fen": 2_000},
    "validity": {"range": {"kind": "after_claim", "days": 30}},
}
DAYS = {"starts_at": "2027-03-01T00:00:00+08:00", "ends_at": "2027-04-01T00:00:00+08:00"}


@pytest.fixture
def side() -> Side:
    """A part of the organisation."""
    return Side(an_organisation("总部", None))


def made(api: Api, path: str, **body: Any) -> Any:
    reply = api.post(path, body)
    assert reply.status == 201, reply
    return reply.json


def a_batch(api: Api, **more: Any) -> Any:
    """From nothing: offer, campaign, budget, batch, each by its own call."""
    version = made(api, "/offers", code="summer", name="满减券", terms=TERMS)
    campaign = made(api, "/campaigns", code="spring", name="春季", kind="拉新", **DAYS)
    budget = made(api, "/budgets", code="spring", name="春季", total_fen=1_000_000)
    facts = {
        "campaign_id": campaign["id"],
        "name": "第一批",
        "version_id": version["id"],
        "quantity": 1_000,
        "budget_id": budget["id"],
    }
    return made(api, "/batches", **facts | more)


def test_a_batch_comes_into_being_by_calls_alone(side: Side) -> None:
    api = side.api()

    batch = a_batch(api)

    assert (batch["state"], batch["minted"], batch["stock_left"]) == ("running", 1_000, 1_000)
    assert api.get(f"/batches/{batch['id']}").json == batch
    listed = api.get("/batches", campaign_id=batch["campaign_id"]).json
    assert [one["id"] for one in listed["items"]] == [batch["id"]]
    assert api.get(f"/offer-versions/{batch['version_id']}").json["used"] is True


def test_minting_more_under_one_key_mints_once(side: Side, connection: Connection) -> None:
    api = side.api()
    path = f"/batches/{a_batch(api, by_code=True)['id']}/mint"

    first = api.post(path, {"quantity": 50}, key="more")
    before = books(connection)
    again = api.post(path, {"quantity": 50}, key="more")
    other = api.post(path, {"quantity": 51}, key="more")

    assert first.status == 200
    assert first.json["quantity"] == 50
    assert again.content == first.content
    assert (other.status, other.code) == (422, "request_key_reused")
    assert books(connection) == before


def test_a_range_is_activated_allotted_and_seen_in_custody(side: Side) -> None:
    api = side.api()
    batch = a_batch(api, by_code=True, active=False)
    path = f"/batches/{batch['id']}"
    (whole,) = api.get(f"{path}/custody").json["items"]
    part = {"first_serial": whole["first_serial"], "quantity": 100}
    here = side.organisation.id

    assert whole == {**whole, "quantity": 1_000, "active": False, "organisation_id": 0}
    assert api.post(f"{path}/activate", part).json == part
    assert api.post(f"{path}/allot", {**part, "organisation_id": here}).json == part
    refused = api.post(f"{path}/activate", part)

    assert (refused.status, refused.code) == (409, "range_not_available")
    runs = api.get(f"{path}/custody", limit=1)
    assert runs.json["items"] == [{**part, "active": True, "organisation_id": here}]
    rest = api.get(f"{path}/custody", cursor=runs.json["next_cursor"]).json
    assert [one["quantity"] for one in rest["items"]] == [900]
    assert rest["next_cursor"] is None


def test_a_paused_batch_gives_out_nothing_until_it_runs_again(side: Side) -> None:
    api = side.api()
    batch = a_batch(api)
    state = f"/batches/{batch['id']}/state"
    publication = made(api, "/publications", batch_id=batch["id"], name="春节")
    path = f"/publications/{publication['id']}/assignments"
    customers = {"customers": [side.customer.number]}

    paused = api.post(state, {"state": "paused", "reason": "查异常"})
    refused = api.post(path, customers)
    running = api.post(state, {"state": "running"})
    given = api.post(path, customers)

    assert paused.json["state"] == "paused"
    assert refused.json["refused"] == {"batch_paused": 1}
    assert running.json["state"] == "running"
    assert given.json["assigned"] == 1
    stopped = api.post(state, {"state": "stopped"})
    assert stopped.json["state"] == "stopped"
    assert api.post(state, {"state": "running"}).code == "batch_stopped"


def test_a_campaigns_days_and_goal_change_and_nothing_else(side: Side) -> None:
    api = side.api()
    campaign = made(api, "/campaigns", code="spring", name="春季", kind="拉新", **DAYS)
    path = f"/campaigns/{campaign['id']}"

    changed = api.patch(path, {"goal": "新客", "ends_at": "2027-05-01T00:00:00+08:00"})
    refused = api.patch(path, {"ends_at": "2027-02-01T00:00:00+08:00"})

    expected = campaign | {"goal": "新客", "ends_at": "2027-05-01T00:00:00+08:00"}
    assert changed.json == expected
    assert (refused.status, refused.code) == (409, "campaign_without_time")
    assert api.get(path).json == expected


def test_a_whole_campaign_is_paused_let_go_on_and_stopped(
    side: Side, connection: Connection
) -> None:
    api = side.api()
    batch = a_batch(api)
    path = f"/campaigns/{batch['campaign_id']}/state"

    def states(answer: Reply) -> tuple[str, str]:
        return answer.json["state"], api.get(f"/batches/{batch['id']}").json["state"]

    assert states(api.post(path, {"state": "paused", "reason": "查"})) == ("paused", "paused")
    # Asked again under another key, by somebody who got no answer.
    assert states(api.post(path, {"state": "paused"})) == ("paused", "paused")
    assert states(api.post(path, {"state": "running"}))[1] == "running"
    assert states(api.post(path, {"state": "stopped"})) == ("stopped", "stopped")
    before = books(connection)
    refused = api.post(path, {"state": "running"})
    assert (refused.status, refused.code) == (409, "campaign_state_wrong")
    assert books(connection) == before


def test_a_draft_is_handed_in_once_and_only_with_batches(side: Side) -> None:
    api = side.api()
    draft = a_draft(side.organisation, batches=0)
    path = f"/campaigns/{draft.id}/submit"
    empty = api.post(path)
    plan_batch(
        actor=maker(side.organisation), campaign_id=draft.id, name="第一批",
        version_id=side.trade.version.id, quantity=10,
    )  # fmt: skip

    handed_in, again = api.post(path), api.post(path)

    assert (empty.status, empty.code) == (409, "campaign_without_batches")
    assert (handed_in.status, handed_in.json["state"]) == (200, "waiting")
    assert (again.status, again.code) == (409, "campaign_not_draft")


def test_what_the_law_does_not_allow_is_refused_whoever_asks_and_makes_nothing(
    side: Side, connection: Connection
) -> None:
    api = side.api()
    card = {"kind": "prepaid_card", "face_fen": 0, "max_balance_fen": 100_001, "reloadable": True}
    days = {"validity": {"range": {"kind": "after_claim", "days": 1_096}}}
    version = made(api, "/offers", code="card", name="储值卡", terms={"benefit": card} | days)
    campaign = made(api, "/campaigns", code="cards", name="卡", kind="储值卡", **DAYS)
    draft = a_draft(side.organisation, batches=0)
    batch = {"name": "第一批", "version_id": version["id"], "quantity": 10}
    before = books(connection)

    def refused(reply: Reply) -> str:
        assert (reply.status, reply.code) == (422, "terms_unlawful")
        return str(reply.json["detail"])

    for one in (campaign["id"], draft.id):
        told = refused(api.post("/batches", batch | {"campaign_id": one}))
        assert "benefit.max_balance_fen：不记名卡单张不得超过 ¥1,000" in told
    path = f"/campaigns/{draft.id}"
    assert api.patch(path, {"jurisdiction": "other"}).json["jurisdiction"] == "other"
    assert api.post("/batches", batch | {"campaign_id": draft.id}).status == 201
    told = refused(api.call("PATCH", path, {"jurisdiction": "cn"}, language="en"))
    assert "An unregistered card may hold" in told
    Campaign.objects.filter(id=draft.id).update(jurisdiction="cn")  # as before that was kept
    refused(api.post(f"{path}/submit"))

    assert api.get(path).json["state"] == "draft"
    assert api.get("/batches", campaign_id=campaign["id"]).json["items"] == []
    assert api.get(f"/offer-versions/{version['id']}").json["used"] is False
    assert books(connection) == before
    check = api.post("/terms/check", {"terms": {"benefit": card} | days}).json
    assert "benefit.max_balance_fen" in {one["path"] for one in check["warnings"]}


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"])
def test_a_campaign_of_no_possible_day_is_refused(side: Side, moment: str) -> None:
    body = {"code": "c", "name": "n", "kind": "k", **DAYS}

    for field in DAYS:
        assert side.api().post("/campaigns", body | {field: moment}).status == 400
    assert side.api().get("/campaigns").json["items"] == []


def test_faulty_terms_are_answered_with_every_fault(side: Side) -> None:
    api = side.api()
    faulty = {"benefit": {"kind": "amount_off", "amount_fen": -1}, "surprise": 1}

    check = api.post("/terms/check", {"terms": faulty})
    refused = api.post("/offers", {"code": "x", "name": "x", "terms": faulty})
    sound = api.post("/terms/check", {"terms": TERMS})

    paths = {fault["path"] for fault in check.json["faults"]}
    assert paths == {"benefit.amount_fen", "surprise", "validity"}
    assert not check.json["valid"]
    assert (refused.status, refused.code) == (422, "terms_invalid")
    assert sound.json["valid"]
    assert sound.json["warnings"]
    assert api.get("/offers").json["items"] == []


def test_terms_are_told_in_words_in_both_languages(side: Side) -> None:
    api = side.api()
    scope = {"stores": {"include": [side.store.organisation_id]}}
    terms = {**TERMS, "scope": scope}
    version = made(api, "/offers", code="here", name="仅此店", terms=terms)

    words = api.get(f"/offer-versions/{version['id']}/words").json
    draft = api.post("/terms/words", {"terms": terms}).json

    assert words == draft
    assert any(side.store.organisation.name in one["text"] for one in words["zh"])
    assert any("20" in one["text"] for one in words["en"])
    schema = api.get("/terms/schema").json["document"]
    assert "Terms" in schema["$defs"]


def test_a_budget_is_changed_only_from_the_total_that_the_caller_saw(side: Side) -> None:
    api = side.api()
    budget = made(api, "/budgets", code="b", name="预算", total_fen=1_000_000)
    path = f"/budgets/{budget['id']}/change"

    changed = api.post(path, {"expected_fen": 1_000_000, "total_fen": 1_500_000})
    late = api.post(path, {"expected_fen": 1_000_000, "total_fen": 9_000_000})

    assert changed.json["total_fen"] == changed.json["available_fen"] == 1_500_000
    assert (late.status, late.code) == (409, "budget_changed")
    assert late.json["data"] == {"total_fen": 1_500_000}
    assert api.get(f"/budgets/{budget['id']}").json["total_fen"] == 1_500_000


def test_no_writer_of_the_ledger_is_left_behind_by_a_request(
    side: Side, database: Database, connection: Connection
) -> None:
    a_batch(side.api())

    def none_left() -> bool:
        lanes = number(
            connection,
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND classid = 27489"
            " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
        )
        return lanes == 0

    assert soon(none_left)  # a session that was closed takes a moment to go
