"""Webhooks over HTTP: their whole life, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection

from kaquan.integrations.models import WebhookEndpoint
from tests.api.calling import Api, Reply, an_api
from tests.builders.issuer import an_organisation

pytestmark = pytest.mark.usefixtures("database")

PUBLIC = "https://203.0.114.10/kaquan"


def created(api: Api, **fields: Any) -> dict[str, Any]:
    reply = api.post("/webhooks", {"url": PUBLIC, **fields})
    assert reply.status == 201, reply
    found: dict[str, Any] = reply.json
    return found


def test_a_webhook_lives_from_its_making_to_its_end() -> None:
    api = an_api()
    made = created(api, event_types=["voucher.redeemed"], description="对账")
    path = f"/webhooks/{made['id']}"
    assert api.get(path).json == made
    assert [one["id"] for one in api.get("/webhooks").json["items"]] == [made["id"]]

    (secret,) = api.get(f"{path}/secrets").json["items"]
    assert secret["secret"].startswith("whsec_")
    assert secret["ends_at"] is None
    api.post(f"{path}/secrets", {"overlap_hours": 1})
    new, old = api.get(f"{path}/secrets").json["items"]
    assert old["secret"] == secret["secret"] != new["secret"]
    assert old["ends_at"] is not None

    tested = api.post(f"{path}/test", None)
    assert (tested.status, tested.json["state"]) == (201, "pending")
    (listed,) = api.get(f"{path}/deliveries", state="pending").json["items"]
    assert listed == tested.json
    detail = api.get(f"{path}/deliveries/{listed['id']}").json
    assert '"type":"webhook.test"' in detail["body"]
    assert detail["tries"] == []

    changed = api.patch(path, {"active": False})
    assert (changed.json["active"], changed.json["description"]) == (False, "对账")
    refused = api.post(f"{path}/test", None)
    assert (refused.status, refused.code) == (409, "webhook_inactive")
    assert api.call("DELETE", path).status == 200
    assert (api.get(path).status, api.get(path).code) == (404, "webhook_unknown")


def test_no_answer_but_the_one_for_secrets_holds_a_secret() -> None:
    api = an_api()
    made = api.post("/webhooks", {"url": PUBLIC})
    path = f"/webhooks/{made.json['id']}"
    rotated = api.post(f"{path}/secrets", {})
    for reply in (made, rotated, api.get(path), api.get("/webhooks")):
        assert b"whsec_" not in reply.content
    viewer = an_api("webhooks.view")
    assert viewer.get(path).status == 200
    assert (viewer.get(f"{path}/secrets").status, viewer.get(f"{path}/secrets").code) == (
        403,
        "permission_denied",
    )


@pytest.mark.parametrize(
    ("url", "status"),
    [
        ("https://127.0.0.1/", 409),
        ("https://169.254.169.254/latest/meta-data", 409),
        ("https://[::1]/", 409),
        ("http://203.0.114.10/", 409),
        ("ftp://203.0.114.10/", 409),
        ("", 400),
        ("https://203.0.114.10/" + "x" * 500, 400),
    ],
)
def test_an_address_that_may_not_be_is_refused_and_nothing_is_made(url: str, status: int) -> None:
    reply = an_api().post("/webhooks", {"url": url})
    assert reply.status == status, reply
    assert reply.code == ("webhook_target_invalid" if status == 409 else "malformed_request")
    assert WebhookEndpoint.objects.count() == 0


def test_a_key_makes_webhooks_for_its_own_part_only() -> None:
    region, elsewhere = an_organisation("华东", None), an_organisation("华南", None)
    api = an_api(organisation=region)
    assert created(api)["organisation_id"] == region.id
    reply = api.post("/webhooks", {"url": PUBLIC, "organisation_id": elsewhere.id})
    assert (reply.status, reply.code) == (404, "organisation_unknown")


def test_the_same_request_makes_one_webhook() -> None:
    api = an_api()
    replies: list[Reply] = [api.post("/webhooks", {"url": PUBLIC}, key="once") for _ in range(2)]
    assert replies[0].content == replies[1].content
    assert WebhookEndpoint.objects.count() == 1


def test_given_up_deliveries_are_counted_when_they_are_sent_again() -> None:
    api = an_api()
    path = f"/webhooks/{created(api)['id']}"
    reply = api.post(f"{path}/resend-dead", {"since": "2026-06-01T00:00:00+08:00"})
    assert reply.json == {"resent": 0}
    naive = api.post(f"{path}/resend-dead", {"since": "2026-06-01T00:00:00"})
    assert (naive.status, naive.code) == (400, "malformed_request")


def test_a_host_is_looked_up_before_the_transaction_and_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[tuple[str, bool]] = []

    def look_up(host: str, port: int, **_more: Any) -> list[Any]:
        asked.append((host, connection.in_atomic_block))
        if host == "gone.example":
            raise OSError
        return [(None, None, None, None, ("203.0.114.10", port))]

    monkeypatch.setattr("socket.getaddrinfo", look_up)
    api = an_api()
    made = created(api, url="https://shop.example/events")
    path = f"/webhooks/{made['id']}"

    moved = api.patch(path, {"url": "https://new.example/events"})
    lost = api.patch(path, {"url": "https://gone.example/events"})
    api.patch(path, {"description": "对账"})

    assert moved.json["url"] == "https://new.example/events"
    assert (lost.status, lost.code) == (409, "webhook_target_invalid")
    assert asked == [("shop.example", False), ("new.example", False), ("gone.example", False)]
    assert api.get(path).json["url"] == moved.json["url"]
