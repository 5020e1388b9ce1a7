"""Stores near me: the phone gets the offer's stores and measures; its position is not sent."""

from __future__ import annotations

import json

import pytest

from kaquan.foundation.errors import KaquanError
from kaquan.foundation.imports import run_import
from kaquan.organisations.actions import create_store, update_store
from kaquan.organisations.coordinates import Position, read_position, written_degrees
from kaquan.organisations.imports import STORES
from kaquan.organisations.models import Store, StoreStatus
from kaquan.wallet.links import claim_by_link
from tests.builders.issuer import SYSTEM, an_organisation, import_rows
from tests.wallet.visiting import a_browser, a_link, a_member, a_phone_of

pytestmark = pytest.mark.usefixtures("database")
BUND = Position(31_240_000, 121_490_000)


def test_stores_of_the_offer_are_listed_with_their_places_and_others_are_not() -> None:
    root = an_organisation("总部", None)
    east, west = an_organisation("华东", root), an_organisation("华西", root)
    for code, parent, position, status in (
        ("S1", east, BUND, StoreStatus.OPEN),
        ("S2", east, None, StoreStatus.OPEN),
        ("S3", east, BUND, StoreStatus.PAUSED),
        ("S4", west, BUND, StoreStatus.OPEN),
    ):
        create_store(actor=SYSTEM, code=code, name=code, parent_id=parent.id, position=position,
                     status=status, address="中山路 1 号")  # fmt: skip
    link, customer = a_link(scope={"stores": {"exclude": [west.id]}}), a_member()
    serial = claim_by_link(customer=customer, token=link.token, once="a")

    public = a_browser().get(f"/w/c/{link.token}/stores").content
    own = a_phone_of(customer).get(f"/w/v/{serial}/stores").content

    assert json.loads(public) == {"stores": [["S1", "中山路 1 号", "", *BUND]]}
    assert own == public
    assert a_phone_of(a_member()).get(f"/w/v/{serial}/stores").status_code == 404
    assert "S4" not in a_browser().get(f"/w/c/{link.token}").content.decode()


def test_positions_are_brought_in_by_a_table_and_half_a_position_is_refused() -> None:
    row = {"code": "B1", "name": "店", "region": "华东", "latitude": "31.24", "longitude": "121.49"}
    alone = {"code": "B2", "name": "店二", "region": "华东", "latitude": "31.24"}
    swapped = {**row, "code": "B3", "latitude": "121.49", "longitude": "31.24"}

    report = run_import(STORES, [row, alone, swapped], actor=SYSTEM, commit=True)
    again = import_rows(STORES, [{"code": "B1", "name": "店"}])

    assert [one.reason.code for one in report.problems] == [
        "coordinate_alone",
        "degrees_out_of_range",
    ]
    assert again.unchanged == 1
    store = Store.objects.get()
    assert (store.latitude_microdegrees, store.longitude_microdegrees) == BUND


def test_a_position_that_is_none_changes_nothing() -> None:
    root = an_organisation("总部", None)
    create_store(actor=SYSTEM, code="S1", name="店", parent_id=root.id, position=BUND)

    for wrong in (Position(91_000_000, 0), Position(0, 180_000_001)):
        with pytest.raises(KaquanError) as refused:
            update_store(actor=SYSTEM, code="S1", position=wrong)
        assert refused.value.code == "value_invalid"
    for latitude, longitude in (("31.2", ""), ("x", "1"), ("nan", "1"), ("1e9", "1")):
        with pytest.raises(KaquanError):
            read_position(latitude, longitude)

    store = Store.objects.get()
    assert written_degrees(store.latitude_microdegrees) == "31.240000"
    assert read_position("３１.２４", "-121.49°") == (31_240_000, -121_490_000)
