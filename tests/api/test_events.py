"""The event feed over HTTP: pages, filters, scopes, and the stream's headers and bounds."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connections
from django.test import RequestFactory

from kaquan.access.actions import revoke_key
from kaquan.customers.actions import create_customer
from kaquan.foundation import clock
from kaquan.integrations.event_hub import EventHub
from kaquan.integrations.event_types import EVENT_TYPES
from kaquan.integrations.telling import Selection
from kaquan.ledger.door import Door
from kaquan.ledger.sessions import reading_session
from kaquan.organisations.models import Organisation
from kaquan.surfaces.api import event_stream
from kaquan.surfaces.api.event_stream import stream_text
from tests.api.calling import Api, an_api
from tests.builders.access import a_key
from tests.builders.issuer import SYSTEM, a_number
from tests.builders.ledger import a_batch, a_claimed_voucher, done, redeem
from tests.redemption.till import Till, a_till

pytestmark = pytest.mark.usefixtures("database")


def types(reply: Any) -> list[str]:
    assert reply.status == 200, reply
    return [one["type"] for one in reply.json["items"]]


def region_of(till: Till) -> Api:
    return an_api(
        "events.view", organisation=Organisation.objects.get(path=till.clerk.organisation_path)
    )


def test_the_pages_go_on_where_the_last_one_ended(door: Door) -> None:
    batch = a_batch(door)
    done(door, redeem(batch.serial()))
    api = an_api("events.view")
    first = api.get("/events", limit=3)
    assert types(first) == ["budget.opened", "batch.defined", "batch.minted"]
    second = api.get("/events", cursor=first.json["next_cursor"])
    assert types(second) == ["voucher.redeemed"]
    assert second.json["next_cursor"] is None
    done(door, redeem(batch.serial(1)))
    third = api.get("/events", cursor=second.json["position"])
    assert [one["serial"] for one in third.json["items"]] == [batch.serial(1)]


def test_from_now_on_begins_behind_everything(door: Door) -> None:
    batch = a_batch(door)
    api = an_api("events.view")
    now = api.get("/events", start="now")
    assert types(now) == []
    done(door, redeem(batch.serial()))
    assert types(api.get("/events", cursor=now.json["position"])) == ["voucher.redeemed"]


def test_events_are_chosen_by_type_store_and_part(door: Door) -> None:
    ours, theirs = a_till(door), a_till(door)
    assert ours.redeem().done
    assert theirs.redeem().done
    api = an_api("events.view")
    assert types(api.get("/events", types=["batch.minted"])) == ["batch.minted"] * 2
    assert types(api.get("/events", store=ours.store_code)) == ["voucher.redeemed"]
    unknown = api.get("/events", store="S-NONE")
    assert (unknown.status, unknown.code) == (404, "store_unknown")
    wrong = api.get("/events", types=["voucher.eaten"])
    assert (wrong.status, wrong.code) == (422, "value_invalid")
    nobodys = api.get("/events", batch_ids=[2_000_000_000])
    assert (nobodys.status, nobodys.code) == (404, "batch_unknown")


def test_a_key_of_another_part_sees_nothing(door: Door) -> None:
    ours, theirs = a_till(door), a_till(door)
    assert ours.redeem().done
    assert types(region_of(theirs).get("/events")) == []
    assert types(region_of(ours).get("/events")) == ["voucher.redeemed"]
    foreign = region_of(theirs).get("/events", store=ours.store_code)
    assert (foreign.status, foreign.code) == (404, "store_unknown")


def test_a_store_outside_the_part_that_was_asked_for_has_no_events_there(door: Door) -> None:
    ours, theirs = a_till(door), a_till(door)
    assert ours.redeem().done
    part = Organisation.objects.get(path=theirs.clerk.organisation_path)
    reply = an_api("events.view").get("/events", store=ours.store_code, under_id=part.id)
    assert types(reply) == []


@pytest.mark.parametrize("cursor", ["x", "键", "AAAA"])
def test_a_strange_cursor_is_refused(cursor: str) -> None:
    reply = an_api("events.view").get("/events", cursor=cursor)
    assert (reply.status, reply.code) == (400, "cursor_invalid")


def test_every_type_is_listed_in_words() -> None:
    listed = an_api("events.view").get("/event-types").json["items"]
    assert {one["name"] for one in listed} == set(EVENT_TYPES)
    assert [one["name"] for one in listed if one["optional"]] == ["voucher.redemption_refused"]


def test_a_stream_says_that_it_is_one(door: Door) -> None:
    api = an_api("events.view")
    headers = {
        "host": "localhost",
        "authorization": api.authorization or "",
        "accept": "text/event-stream",
    }
    response = api.client.get("/api/v1/events", headers=headers)
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "text/event-stream; charset=utf-8"
    assert response.headers["X-Accel-Buffering"] == "no"
    assert response.headers["Cache-Control"] == "no-store"
    assert "RateLimit" in response.headers
    headers["last-event-id"] = "nonsense"
    wrong = api.client.get("/api/v1/events", headers=headers)
    assert (wrong.status_code, wrong.json()["code"]) == (400, "cursor_invalid")


def test_one_client_has_only_so_many_streams(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_stream, "STREAMS_MAX_PER_CLIENT", 0)
    reply = an_api("events.view").call("GET", "/events", headers={"accept": "text/event-stream"})
    assert (reply.status, reply.code) == (429, "rate_limited")
    assert "Retry-After" in reply.headers


def test_a_silent_stream_pings_with_its_position() -> None:
    async def listen() -> list[bytes]:
        hub = EventHub(reading_session, rest=connections.close_all, period_s=0.01)
        stream = stream_text(hub, Selection(""), None, lambda: True, ping_s=0.02)
        said = [await anext(stream), await anext(stream), await anext(stream)]
        await stream.aclose()
        assert hub.watchers == 0
        return said

    retry, beginning, ping = asyncio.run(listen())
    assert beginning == ping
    assert retry == b"retry: 3000\n\n"
    assert ping.startswith(b": ping\nid: ")


def test_a_stream_ends_with_its_key() -> None:
    made = a_key("events.view")
    request = RequestFactory().get("/api/v1/events", headers={"authorization": made.authorization})
    request.call = SimpleNamespace(caller=made.caller)  # type: ignore[attr-defined]
    is_let_in = event_stream.still_let_in(request)  # type: ignore[arg-type]
    assert is_let_in()
    revoke_key(actor=SYSTEM, key_id=made.caller.key_id, at=clock.now())
    assert not is_let_in()


def test_customers_are_named_only_to_keys_that_may_see_them(door: Door) -> None:
    customer = create_customer(actor=SYSTEM, number=a_number("M"))
    a_claimed_voucher(door, customer_id=customer.id)
    told = {}
    for permissions in (("events.view",), ("events.view", "customers.view")):
        (one,) = an_api(*permissions).get("/events", types=["voucher.claimed"]).json["items"]
        told[len(permissions)] = one["customer"]
    assert told == {1: None, 2: customer.number}
