"""Keys over HTTP: told once, never wider than the key that makes them, ended at once."""

from __future__ import annotations

import pytest

from kaquan.access.models import ApiKey
from tests.api.calling import Api, an_api
from tests.builders.issuer import a_store, an_organisation

pytestmark = pytest.mark.usefixtures("database")


def a_client(api: Api, **facts: object) -> int:
    reply = api.post("/clients", {"name": "小程序", **facts})
    assert reply.status == 201, reply
    return int(reply.json["id"])


def test_a_new_key_works_and_is_shown_without_its_secret_afterwards() -> None:
    api = an_api()
    made = api.post(
        "/keys", {"client_id": a_client(api), "permissions": ["organisations.view"]}
    ).json

    assert Api(f"Bearer {made['key']}").get("/organisations").status == 200
    shown = api.get(f"/keys/{made['id']}").json
    assert shown == {
        name: value for name, value in made.items() if name not in ("key", "signing_secret")
    }
    assert made["key"] not in api.get("/keys").content.decode()


def test_a_key_makes_no_key_that_may_do_more_than_itself() -> None:
    root = an_organisation("总部", None)
    north, south = an_organisation("华北", root), an_organisation("华南", root)
    api = an_api("keys.edit", "keys.view", organisation=north)
    client_id = a_client(api)
    elsewhere = a_client(an_api(organisation=south))
    before = ApiKey.objects.count()

    more = api.post("/keys", {"client_id": client_id, "permissions": ["customers.view"]})
    theirs = api.post("/keys", {"client_id": elsewhere, "permissions": ["keys.view"]})
    outside = api.post("/clients", {"name": "x", "organisation_id": south.id})

    assert (more.code, theirs.code, outside.code) == (
        "permission_denied", "client_unknown", "organisation_unknown",
    )  # fmt: skip
    assert ApiKey.objects.count() == before


def test_a_key_of_stores_and_networks_says_so() -> None:
    root = an_organisation("总部", None)
    a_store(root, "S1")
    api = an_api()
    made = api.post(
        "/keys",
        {"client_id": a_client(api), "permissions": ["redemption.redeem"], "stores": ["S1"],
         "networks": ["10.1.0.0/16"], "must_sign": True},
    ).json  # fmt: skip

    assert (made["stores"], made["networks"]) == (["S1"], ["10.1.0.0/16"])
    assert made["signing_secret"]
    assert Api(f"Bearer {made['key']}").get("/organisations").code == "source_not_allowed"


def test_a_replaced_key_goes_on_beside_the_new_one_for_a_while() -> None:
    api = an_api()
    body = {"client_id": a_client(api), "permissions": ["organisations.view"]}
    old = api.post("/keys", body).json

    new = api.post(f"/keys/{old['id']}/rotate", {"overlap_hours": 1}).json

    for key in (old, new):
        assert Api(f"Bearer {key['key']}").get("/organisations").status == 200
    assert api.get(f"/keys/{old['id']}").json["replaced_by_id"] == new["id"]
    assert api.post(f"/keys/{old['id']}/rotate", {"overlap_hours": 1}).code == "key_ended"


def test_a_revoked_key_and_those_of_a_stopped_client_open_nothing() -> None:
    api = an_api()
    client_id = a_client(api)
    body = {"client_id": client_id, "permissions": ["organisations.view"]}
    one, two = api.post("/keys", body).json, api.post("/keys", body).json

    assert api.post(f"/keys/{one['id']}/revoke").json["revoked_at"] is not None
    assert Api(f"Bearer {one['key']}").get("/organisations").status == 401
    assert Api(f"Bearer {two['key']}").get("/organisations").status == 200

    api.patch(f"/clients/{client_id}", {"active": False})
    assert Api(f"Bearer {two['key']}").get("/organisations").status == 401
    api.patch(f"/clients/{client_id}", {"active": True})
    assert Api(f"Bearer {two['key']}").get("/organisations").status == 200


@pytest.mark.parametrize(
    "change",
    [{"permissions": ["rockets.launch"]}, {"permissions": []}, {"networks": ["everywhere"]},
     {"expires_at": "2001-01-01T00:00:00+08:00"}, {"stores": ["S-NONE"]},
     {"kind": "publishable"}, {"expires_at": 1_800_000_000}, {"expires_at": "2030-01-01"}],
)  # fmt: skip
def test_a_key_that_cannot_be_is_refused_and_none_is_made(change: dict[str, object]) -> None:
    api = an_api()
    body = {"client_id": a_client(api), "permissions": ["organisations.view"], **change}
    before = ApiKey.objects.count()

    reply = api.post("/keys", body)

    assert reply.status in (400, 404, 422), reply
    assert ApiKey.objects.count() == before
