"""Stores, clerks and terminals over HTTP; a store that is not open takes no vouchers."""

from __future__ import annotations

import pytest
import time_machine

from kaquan.foundation import clock
from kaquan.foundation.errors import KaquanError
from kaquan.ledger.door import Door
from kaquan.organisations.models import Organisation, Terminal
from kaquan.organisations.store_facts import StoreFactsCache
from kaquan.redemption.actions import CodeUse, redeem_codes
from tests.api.calling import an_api
from tests.builders.books import books
from tests.builders.issuer import SYSTEM, a_store, an_organisation
from tests.fixtures_database import Database
from tests.redemption.till import a_till

pytestmark = pytest.mark.usefixtures("database")


@pytest.mark.parametrize("status", ["paused", "closed"])
def test_a_store_that_is_not_open_takes_no_vouchers(
    status: str, database: Database, door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    till = a_till(door)
    visit = till.visit()
    code = visit.store_code
    api = an_api()
    assert api.patch(f"/stores/{code}", {"status": status}).json["status"] == status
    monkeypatch.setattr("kaquan.organisations.store_facts._store_facts", StoreFactsCache())
    connection = database.connect()
    before = books(connection)

    def redeem() -> bool:
        uses = [CodeUse(till.code(0))]
        return redeem_codes(actor=SYSTEM, uses=uses, visit=visit, at=clock.now()).done

    with pytest.raises(KaquanError) as refused:
        redeem()

    assert refused.value.code == "store_not_open"
    assert books(connection) == before
    api.patch(f"/stores/{code}", {"status": "open"})
    monkeypatch.setattr("kaquan.organisations.store_facts._store_facts", StoreFactsCache())
    assert redeem()


def test_a_store_is_changed_field_by_field() -> None:
    root = an_organisation("总部", None)
    south = an_organisation("华南", root)
    api = an_api()
    made = api.post(
        "/stores", {"code": "S1", "name": "一店", "parent_id": root.id, "address": "中山路 8 号"}
    )
    assert made.status == 201

    changed = api.patch("/stores/S1", {"name": "旗舰店", "parent_id": south.id, "address": ""})

    assert changed.json == made.json | {"name": "旗舰店", "parent_id": south.id, "address": ""}
    assert api.get("/stores/S1").json == changed.json
    assert Organisation.objects.get(code="S1").path.startswith(south.path)


def test_a_store_that_cannot_be_moved_is_not_renamed_either() -> None:
    root = an_organisation("总部", None)
    store, other = a_store(root, "S1"), a_store(root, "S2")
    reply = an_api().patch("/stores/S1", {"name": "新名", "parent_id": other.pk, "city": "南京"})

    assert reply.code == "organisation_misplaced"
    store.refresh_from_db()
    assert (store.organisation.name, store.city) == ("门店 S1", "")


def test_an_organisation_is_no_store() -> None:
    root = an_organisation("总部", None)

    assert an_api().get(f"/stores/{root.code}").code == "store_unknown"


def test_a_clerk_serves_stops_and_moves() -> None:
    root = an_organisation("总部", None)
    store, other = a_store(root), a_store(root)
    api = an_api()
    body = {"staff_no": "E1", "name": "李娜", "organisation_id": store.pk}

    assert api.post("/clerks", body).json["active"] is True
    assert api.post("/clerks", body | {"name": "王芳"}).code == "clerk_exists"
    changed = api.patch("/clerks/E1", {"active": False, "organisation_id": other.pk}).json
    assert (changed["name"], changed["active"]) == ("李娜", False)
    assert changed["organisation_id"] == other.pk


def test_nobody_moves_a_clerk_out_of_their_part() -> None:
    root = an_organisation("总部", None)
    north, south = an_organisation("华北", root), an_organisation("华南", root)
    api = an_api(organisation=north)
    api.post("/clerks", {"staff_no": "E1", "name": "李娜", "organisation_id": north.id})

    assert api.patch("/clerks/E1", {"organisation_id": south.id}).code == "organisation_unknown"
    assert api.get("/clerks/E1").json["organisation_id"] == north.id


def test_a_terminal_says_that_it_is_there() -> None:
    root = an_organisation("总部", None)
    store = a_store(root, "S1")
    api = an_api("organisations.edit", "organisations.view")
    assert api.post("/terminals", {"terminal": "T1", "store": "S1", "kind": "till"}).status == 201
    till = an_api("redemption.redeem", organisation=root, store_codes=["S1"])

    with time_machine.travel("2026-06-01T04:00:00+00:00", tick=False):
        seen = till.post("/terminals/T1/seen")
    with time_machine.travel("2026-06-01T03:00:00+00:00", tick=False):
        earlier = till.post("/terminals/T1/seen")

    assert seen.json["last_seen_at"] == "2026-06-01T12:00:00+08:00"
    assert earlier.json["last_seen_at"] == seen.json["last_seen_at"]
    assert till.patch("/terminals/T1", {"active": False}).code == "permission_denied"
    assert Terminal.objects.get(code="T1").store == store


def test_the_tree_is_walked_from_where_the_caller_may_see_it() -> None:
    root = an_organisation("总部", None)
    north = an_organisation("华北", root)
    store = a_store(north)
    api = an_api(organisation=north)

    (top,) = api.get("/organisations").json["items"]
    below = api.get("/organisations", parent_id=top["id"]).json["items"]

    assert top["id"] == north.id
    assert [node["id"] for node in below] == [store.pk]
    assert api.get("/organisations", parent_id=root.id).code == "organisation_unknown"
