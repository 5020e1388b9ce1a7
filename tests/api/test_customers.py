"""Customers over HTTP: masked everywhere but in the export, found by phone without an address."""

from __future__ import annotations

import pytest

from kaquan.customers.models import Customer, PersonBasis
from kaquan.ledger.door import Door
from kaquan.redemption.actions import assign
from kaquan.redemption.models import Order
from kaquan.redemption.visits import Visit
from tests.api.calling import Api, an_api
from tests.builders.issuer import NOON, SYSTEM, a_store, an_organisation
from tests.builders.ledger import a_batch

pytestmark = pytest.mark.usefixtures("database")

WANG = {"number": "M1", "name": "王小明", "phone": "138 0013 8000", "tags": ["vip"]}


@pytest.fixture
def api() -> Api:
    return an_api()


def test_a_new_customer_is_shown_masked(api: Api) -> None:
    made = api.post("/customers", WANG | {"id_document": "11010119900101123X"})

    assert made.json == {
        "number": "M1", "name": "王*", "phone": "138****8000", "tags": ["vip"],
        "organisation_id": None, "first_order_at": None, "merged_into": None, "erased_at": None,
    }  # fmt: skip
    assert api.get("/customers/M1").json == made.json
    assert Customer.objects.get().phone == "+8613800138000"


@pytest.mark.parametrize(
    ("change", "code", "status"),
    [({"phone": "123"}, "value_invalid", 422), ({"number": "a\u200bb"}, "value_invalid", 422),
     ({"number": ""}, "malformed_request", 400), ({"tags": ["x" * 65]}, "malformed_request", 400),
     ({"organisation_id": 777}, "organisation_unknown", 404)],
)  # fmt: skip
def test_a_customer_that_is_none_is_refused_and_nobody_is_added(
    api: Api, change: dict[str, object], code: str, status: int
) -> None:
    reply = api.post("/customers", WANG | change)

    assert (reply.status, reply.code) == (status, code)
    assert not Customer.objects.exists()


def test_a_phone_is_found_in_any_spelling_and_by_nobody_elses_key(api: Api) -> None:
    root = an_organisation("总部", None)
    north, south = an_organisation("华北", root), an_organisation("华南", root)
    an_api(organisation=north).post("/customers", WANG)

    def found(asking: Api) -> list[str]:
        reply = asking.post("/customers/search", {"phone": "+86-13800138000"}, key=None)
        return [customer["number"] for customer in reply.json["items"]]

    assert found(api) == found(an_api(organisation=north)) == ["M1"]
    assert found(an_api(organisation=south)) == []
    assert api.post("/customers/search", {"phone": "12"}).code == "value_invalid"


def test_a_change_leaves_the_rest_as_it_is(api: Api) -> None:
    api.post("/customers", WANG)

    api.patch("/customers/M1", {"add_tags": ["沉睡", "vip"]})
    changed = api.patch("/customers/M1", {"remove_tags": ["vip"], "name": "王大明"})

    assert (changed.json["tags"], changed.json["phone"]) == (["沉睡"], "138****8000")
    assert Customer.objects.get().name == "王大明"


def test_a_first_phone_makes_the_person_and_a_new_one_does_not(api: Api) -> None:
    api.post("/customers", {"number": "M1"})
    api.post("/customers", {"number": "M2", "phone": "13800138000"})

    api.patch("/customers/M1", {"phone": "13800138000"})
    one, two = Customer.objects.order_by("number")
    assert one.person_id == two.person_id
    assert one.person_basis == PersonBasis.PHONE

    api.patch("/customers/M1", {"phone": "13900139000"})
    assert Customer.objects.get(number="M1").person_id == two.person_id


def test_an_export_holds_everything_and_needs_its_own_permission(api: Api, door: Door) -> None:
    root = an_organisation("总部", None)
    store = a_store(root, "S1")
    for number in ("M1", "M2"):
        api.post("/customers", WANG | {"number": number})
    api.post("/customers/M2/merge", {"into": "M1"})
    batch = a_batch(door, by_code=False)
    given = assign(
        actor=SYSTEM, batch_id=batch.batch_id, visit=Visit(customer_number="M1"), at=NOON
    )
    assert given.done
    Order.objects.create(
        order_no="A1", store=store, customer=Customer.objects.get(number="M1"),
        ordered_at=NOON, total_fen=8_800,
    )  # fmt: skip

    held = api.get("/customers/M1/personal-data").json

    assert (held["name"], held["phone"]) == ("王小明", "+8613800138000")
    assert held["merged_numbers"] == ["M2"]
    assert held["person_known_by"] == "phone"
    (voucher,) = held["vouchers"]
    assert voucher["serial"] == given.vouchers[0].serial
    assert voucher["state"] == "issued"
    assert held["orders"] == [
        {"order_no": "A1", "store": "S1", "ordered_at": "2026-06-01T12:00:00+08:00",
         "total_fen": 8_800}
    ]  # fmt: skip
    viewer = an_api("customers.view", "customers.edit")
    assert viewer.get("/customers/M1/personal-data").code == "permission_denied"


def test_a_merge_is_undone_over_http(api: Api) -> None:
    for number in ("M1", "M2"):
        api.post("/customers", {"number": number})

    assert api.post("/customers/M1/merge", {"into": "M2"}).json["merged_into"] == "M2"
    assert api.post("/customers/M1/merge", {"into": "M2"}).code == "customer_merged"
    assert api.post("/customers/M1/unmerge").json["merged_into"] is None


def test_an_erasure_runs_from_request_to_done(api: Api) -> None:
    api.post("/customers", WANG)
    assert api.get("/customers/M1/erasure").code == "erasure_unknown"

    assert api.post("/customers/M1/erasure").json["state"] == "requested"
    assert api.get("/customers/M1").json["name"] == "王*"
    done = api.post("/customers/M1/erasure/complete").json

    assert done["state"] == "done"
    assert api.get("/customers/M1").code == "customer_unknown"
    left = api.get(f"/customers/{done['customer']}").json
    assert (left["name"], left["phone"], left["tags"]) == ("", "", [])
    assert left["erased_at"] is not None
    assert api.get(f"/customers/{done['customer']}/erasure").json["state"] == "done"
