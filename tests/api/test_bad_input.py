"""Whatever is sent, the answer is a problem document that says what to do, and nothing is lost."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from django.db import OperationalError

from kaquan.access.limits import MANAGEMENT, admit, enter, leave
from kaquan.foundation.configuration import current_configuration
from kaquan.organisations import queries
from kaquan.organisations.models import Organisation
from kaquan.project.django_application import DjangoApplication
from kaquan.surfaces.api.operations import BODY_BYTES_MAX
from tests.api.calling import Api, an_api
from tests.builders.access import a_key
from tests.builders.issuer import a_store, an_organisation

pytestmark = pytest.mark.usefixtures("database")

DEEP = '{"a":' * 40 + "1" + "}" * 40


@pytest.fixture
def api() -> Api:
    return an_api()


@pytest.mark.parametrize(
    "body",
    ["{", "[]", "1", "null", '"x"', "[" * 100_000, DEEP, '{"kind":"region","name":NaN}',
     b'{"kind":"region","name":"\xff"}', '{"kind":"region","name":"\\ud800"}',
     '{"kind":"region","name":"a\\u0000b"}', '{"kind":"region","name":"x","parent_id":1e3}',
     '{"kind":"region","name":"x","parent_id":"1"}',
     '{"kind":"region","name":"x","parent_id":true}',
     f'{{"kind":"region","name":"x","parent_id":1{"0" * 5_000}}}', '{"kind":"store","name":"x"}',
     '{"kind":"region","name":""}', '{"kind":"region","name":"x","colour":"red"}'],
)  # fmt: skip
def test_a_body_that_is_not_as_described_is_refused(api: Api, body: Any) -> None:
    reply = api.post("/organisations", body)

    assert (reply.status, reply.code) == (400, "malformed_request")
    assert not Organisation.objects.exists()


def test_a_misspelled_field_is_named_and_what_was_sent_is_not_repeated(api: Api) -> None:
    reply = api.post("/customers", {"number": "M1", "phon": "13800138000", "name": 7})

    assert reply.json["data"]["fields"] == ["name", "phon"]
    assert "13800138000" not in reply.content.decode()


def test_a_body_over_the_bound_is_refused(api: Api) -> None:
    reply = api.post("/organisations", b" " * (BODY_BYTES_MAX + 1))

    assert (reply.status, reply.code) == (413, "body_too_large")


def test_a_body_of_another_type_is_refused(api: Api) -> None:
    reply = api.post("/organisations", "{}", content_type="application/x-www-form-urlencoded")

    assert (reply.status, reply.code) == (415, "content_type_unsupported")
    assert "application/json" in reply.json["remedy"]


@pytest.mark.parametrize("path", ["/nowhere", "/organisations/", "/organisations/1/2/3", "/"])
def test_where_nothing_is_the_answer_says_so(api: Api, path: str) -> None:
    reply = api.get(path)

    assert (reply.status, reply.code) == (404, "route_unknown")


def test_a_name_that_the_server_does_not_go_by_is_told_with_the_setting(api: Api) -> None:
    reply = api.call("GET", "/organisations", headers={"host": "cards.example"})

    assert (reply.status, reply.code) == (400, "malformed_request")
    assert "KAQUAN_ALLOWED_HOSTS" in reply.json["detail"]


def test_a_method_that_an_address_does_not_take_is_refused_with_those_it_takes(api: Api) -> None:
    reply = api.call("DELETE", "/organisations")

    assert (reply.status, reply.code) == (405, "method_not_allowed")
    assert sorted(reply.headers["Allow"].split(", ")) == ["GET", "POST"]


@pytest.mark.parametrize(
    "query", [{"colour": "red"}, {"limit": "many"}, {"limit": 0}, {"limit": 201},
              {"parent_id": "x"}, {"parent_id": -1}, {"parent_id": 10**30}],
)  # fmt: skip
def test_a_parameter_that_is_not_described_is_refused(api: Api, query: dict[str, Any]) -> None:
    reply = api.get("/organisations", **query)

    assert (reply.status, reply.code) == (400, "malformed_request")
    assert next(iter(query)) in reply.json["remedy"]


def test_text_that_no_database_holds_is_refused_in_addresses_too(api: Api) -> None:
    assert api.get("/stores/a%00b").code == "malformed_request"
    assert api.get("/stores", status="open\0").code == "malformed_request"


def test_the_language_is_the_callers(api: Api) -> None:
    path = "/organisations/77"

    assert "没有组织" in api.call("GET", path).json["detail"]
    assert "no organisation" in api.call("GET", path, language="en-GB,en;q=0.9").json["detail"]
    assert "没有这个地址" in api.call("GET", "/nowhere", language="fr").json["detail"]


def test_answers_hold_chinese_as_it_is(api: Api) -> None:
    an_organisation("总部", None)

    assert "总部".encode() in api.get("/organisations").content


def test_every_answer_tells_the_limit_and_stays_out_of_caches(api: Api) -> None:
    for reply in (api.get("/organisations"), api.get("/organisations/77"), api.get("/stores?x=1")):
        assert reply.headers["RateLimit"].startswith('"management";r=')
        assert reply.headers["RateLimit-Policy"].startswith('"management";q=')
        assert reply.headers["Cache-Control"] == "no-store"


def test_too_many_requests_are_told_to_wait() -> None:
    made = a_key("organisations.view")
    # More than a full bucket: for hours, however busy the machine is, there is nothing left in it.
    assert admit(made.caller, lane=MANAGEMENT, cost=1_000_000).refusal is None

    reply = Api(made.authorization).get("/organisations")

    assert (reply.status, reply.code) == (429, "rate_limited")
    assert int(reply.headers["Retry-After"]) >= 1
    assert reply.json["retryable"] is True


def test_a_key_with_too_many_calls_at_once_is_refused_and_nothing_happens() -> None:
    made = a_key("organisations.edit")
    api = Api(made.authorization)
    assert api.patch("/organisations/77", {"name": "华北"}, key="j").status == 404  # is over, too
    going_on = 0
    while enter(made.caller) is None:
        going_on += 1
    assert going_on == current_configuration().key_concurrency

    refused = api.post("/organisations", {"kind": "region", "name": "华北"}, key="k")
    for _ in range(going_on):
        leave(made.caller)

    assert (refused.status, refused.code) == (429, "concurrency_limited")
    assert "RateLimit" in refused.headers
    assert not Organisation.objects.exists()
    assert api.post("/organisations", {"kind": "region", "name": "华北"}, key="k").status == 201


def test_without_the_database_the_answer_may_be_had_later(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object, **__: object) -> None:
        raise OperationalError("the server is gone")

    monkeypatch.setattr(queries, "nodes_below", away)

    reply = api.get("/organisations")

    assert (reply.status, reply.code) == (503, "unavailable")
    assert int(reply.headers["Retry-After"]) >= 1


def test_our_own_fault_is_told_without_its_inside(
    api: Api, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("inside")

    monkeypatch.setattr(queries, "nodes_below", fail)

    reply = api.get("/organisations")

    assert (reply.status, reply.code) == (500, "internal_error")
    assert "inside" not in reply.content.decode()
    assert "inside" in caplog.text


def test_a_repeated_header_is_refused() -> None:
    header = a_key("organisations.view").authorization

    async def ask(*headers: tuple[bytes, bytes]) -> tuple[int, bytes]:
        scope = {
            "type": "http", "method": "GET", "path": "/api/v1/organisations", "query_string": b"",
            "headers": [(b"host", b"localhost"), *headers], "client": ("127.0.0.1", 1),
        }  # fmt: skip
        sent: list[dict[str, Any]] = []

        messages = [{"type": "http.request", "body": b"", "more_body": False}]

        async def receive() -> dict[str, Any]:
            if not messages:
                await asyncio.Event().wait()  # the caller stays
            return messages.pop()

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        await DjangoApplication()(scope, receive, send)  # type: ignore[arg-type]
        return sent[0]["status"], sent[1]["body"]

    once = (b"authorization", header.encode())
    assert asyncio.run(ask(once))[0] == 200
    status, body = asyncio.run(ask(once, once))
    assert status == 400
    assert b"header_repeated" in body


def test_a_key_of_one_store_acts_in_that_store_alone() -> None:
    root = an_organisation("总部", None)
    mine, other = a_store(root, "S-MINE"), a_store(root, "S-OTHER")
    api = an_api(organisation=root, store_codes=["S-MINE"])
    both = an_api(organisation=root, store_codes=["S-MINE", "S-OTHER"])

    assert api.get(f"/stores/{mine.organisation.code}").status == 200
    assert api.get(f"/stores/{other.organisation.code}").code == "store_unknown"
    assert [store["code"] for store in api.get("/stores").json["items"]] == ["S-MINE"]
    assert both.get("/stores").code == "permission_denied"
