"""Over HTTP: one request by a key has one effect, and the same answer byte for byte."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections

from kaquan.access.models import ApiKey
from kaquan.foundation.answers.models import KeptAnswer
from kaquan.organisations.actions import rename_organisation
from kaquan.organisations.models import Organisation
from tests.api.calling import Api, Reply, an_api
from tests.builders.access import a_key
from tests.builders.issuer import SYSTEM, an_organisation
from tests.fixtures_database import Database

pytestmark = pytest.mark.usefixtures("database")

NORTH = {"kind": "region", "name": "华北"}


@pytest.fixture
def api() -> Api:
    return an_api()


def names() -> set[str]:
    return set(Organisation.objects.values_list("name", flat=True))


def test_a_repeated_request_is_answered_from_the_first_one(api: Api) -> None:
    first = api.post("/organisations", NORTH, key="k")
    again = api.post("/organisations", NORTH, key="k")

    assert first.status == 201
    assert (again.status, again.content) == (first.status, first.content)
    assert "Idempotency-Replayed" not in first.headers
    assert again.headers["Idempotency-Replayed"] == "true"
    assert Organisation.objects.count() == 1


def test_the_order_of_fields_and_blanks_make_no_other_request(api: Api) -> None:
    first = api.post("/organisations", '{"kind": "region", "name": "华北"}', key="k")
    again = api.post("/organisations", '{"name":"\\u534e\\u5317","kind":"region"}', key="k")

    assert again.content == first.content


def test_other_content_under_the_same_key_is_refused_and_nothing_happens(api: Api) -> None:
    api.post("/organisations", NORTH, key="k")

    reply = api.post("/organisations", {**NORTH, "name": "华南"}, key="k")

    assert (reply.status, reply.code) == (422, "request_key_reused")
    assert names() == {"华北"}


def test_the_same_key_for_another_object_is_another_request(api: Api) -> None:
    one, two = an_organisation("一", None), an_organisation("二", None)
    api.patch(f"/organisations/{one.id}", {"name": "新"}, key="k")

    reply = api.patch(f"/organisations/{two.id}", {"name": "新"}, key="k")

    assert reply.code == "request_key_reused"
    assert names() == {"新", "二"}


def test_keys_of_one_client_share_its_request_keys_and_those_of_others_do_not(api: Api) -> None:
    one = a_key("organisations.edit")
    same = a_key("organisations.edit", client_id=one.caller.client_id)
    first = Api(one.authorization).post("/organisations", NORTH, key="k")

    assert Api(same.authorization).post("/organisations", NORTH, key="k").content == first.content
    assert api.post("/organisations", NORTH, key="k").code == "organisation_exists"


def test_a_refusal_by_the_action_is_the_answer_for_ever(api: Api) -> None:
    north = an_organisation("华北", None)
    refused = api.post("/organisations", NORTH, key="k")
    rename_organisation(actor=SYSTEM, organisation_id=north.id, name="北方")

    again = api.post("/organisations", NORTH, key="k")

    assert refused.code == "organisation_exists"
    assert again.content == refused.content
    assert api.post("/organisations", NORTH, key="k2").status == 201


@pytest.mark.parametrize(
    ("body", "code"),
    [({"kind": "region"}, "malformed_request"), ("{", "malformed_request")],
)
def test_what_was_never_begun_is_not_kept(api: Api, body: object, code: str) -> None:
    assert api.post("/organisations", body, key="k").code == code
    assert api.post("/organisations", NORTH, key="k").status == 201


def test_a_lacking_permission_is_not_the_answer_for_ever() -> None:
    reader = a_key("organisations.view")
    refused = Api(reader.authorization).post("/organisations", NORTH, key="k")
    writer = a_key("organisations.edit", client_id=reader.caller.client_id)

    assert (refused.status, refused.code) == (403, "permission_denied")
    assert Api(writer.authorization).post("/organisations", NORTH, key="k").status == 201


def test_a_request_that_fails_halfway_changes_nothing(api: Api) -> None:
    north = an_organisation("华北", None)

    reply = api.patch(f"/organisations/{north.id}", {"name": "新名", "parent_id": north.id})

    assert reply.code == "organisation_misplaced"
    assert names() == {"华北"}


@pytest.mark.parametrize(
    ("key", "code"),
    [(None, "idempotency_key_missing"), ("", "idempotency_key_invalid"),
     ("a b", "idempotency_key_invalid"), ("x" * 256, "idempotency_key_invalid"),
     ("号", "idempotency_key_invalid")],
)  # fmt: skip
def test_a_change_without_a_good_key_is_refused(api: Api, key: str | None, code: str) -> None:
    reply = api.post("/organisations", NORTH, key=key)

    assert (reply.status, reply.code) == (400, code)
    assert not Organisation.objects.exists()
    assert not KeptAnswer.objects.exists()


def test_of_many_at_once_one_happens_and_all_get_its_answer() -> None:
    count = 6
    authorization = an_api().authorization
    start = threading.Barrier(count)

    def ask(_: int) -> Reply:
        try:
            start.wait()
            return Api(authorization).post("/organisations", NORTH, key="k")
        finally:
            connections.close_all()

    with ThreadPoolExecutor(count) as people:
        replies = list(people.map(ask, range(count)))

    assert {reply.content for reply in replies} == {replies[0].content}
    assert {reply.status for reply in replies} == {201}
    assert Organisation.objects.count() == 1


def test_a_new_key_is_told_to_its_own_request_and_is_readable_nowhere(database: Database) -> None:
    api = an_api()
    client_id = api.post("/clients", {"name": "商城"}).json["id"]
    body = {"client_id": client_id, "permissions": ["organisations.view"]}

    made = api.post("/keys", body, key="k")
    again = api.post("/keys", body, key="k")

    secret = made.json["key"].rpartition("_")[2]
    assert again.content == made.content
    assert ApiKey.objects.filter(client_id=client_id).count() == 1
    connection = database.connect()
    for table in ("access_key", "answers_kept_answer"):
        text = str(connection.execute(f"select t::text from {table} t").fetchall())
        assert secret not in text
        assert secret.encode().hex() not in text
