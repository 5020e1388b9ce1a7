"""Lists of what was booked: all of it once, and nobody sees past their stores and batches."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from kaquan.engine.entries import OPERATION_NUMBER, OPERATIONS
from kaquan.engine.outcomes import Outcome
from kaquan.foundation.actor import Actor
from kaquan.foundation.errors import KaquanError
from kaquan.ledger.door import Door
from kaquan.ledger.entry_pages import Bookmark, EntryFilter
from kaquan.ledger.glances import glances_at
from kaquan.redemption import actions, care, listings
from kaquan.redemption.codes import read_code
from kaquan.redemption.listings import Activity, ActivityFilter
from tests.builders.issuer import NOON, SYSTEM, staff_of
from tests.redemption.counter import Counter, a_counter

ANY = ActivityFilter(operations=("redeem", "hold", "reverse"))


def listed(actor: Actor, wanted: ActivityFilter = ANY, **more: Any) -> list[Activity]:
    found: list[Activity] = []
    bookmark: Bookmark | None = None
    while True:
        page = listings.activities(actor=actor, wanted=wanted, after=bookmark, limit=3, **more)
        found += page.items
        bookmark = page.following
        if bookmark is None:
            return found


def serial_of(code: str) -> int:
    serial = read_code(code)
    assert isinstance(serial, int)
    return serial


def redeem(code: str, counter: Counter, **visit: Any) -> Outcome:
    return actions.redeem_codes(
        actor=SYSTEM, uses=[actions.CodeUse(code)], visit=counter.visit(**visit), at=NOON
    )


@pytest.fixture
def two(door: Door) -> tuple[Counter, Counter]:
    """Two regions; each redeems two own codes and one of the other's, and one is reversed."""
    here, there = a_counter(), a_counter()
    for own, other in ((here, there), (there, here)):
        assert redeem(own.codes[0], own, order_no="A-1").done
        assert redeem(own.codes[1], own).done
        used = redeem(other.codes[9], own)
        assert used.place is not None
        assert actions.reverse(actor=SYSTEM, redemption=used.place, at=NOON).done
    return here, there


def test_redemptions_are_listed_once_each_the_latest_first(two: tuple[Counter, Counter]) -> None:
    found = listed(SYSTEM, ActivityFilter())

    assert len({one.place for one in found}) == len(found) == 6
    assert [one.place.block for one in found] == sorted(
        (one.place.block for one in found), reverse=True
    )
    assert {one.discount_fen for one in found} == {2_000}


def test_a_region_sees_what_happened_in_its_stores_and_to_its_batches(
    two: tuple[Counter, Counter],
) -> None:
    here, there = two
    found = listed(here.clerk)

    where = [(one.operation, one.store_id == here.store_id) for one in found]
    assert sorted(where) == sorted(
        [("redeem", True)] * 3 + [("reverse", True)] + [("redeem", False), ("reverse", False)]
    )
    abroad = [one for one in found if one.store_id == there.store_id]
    assert {r.batch_id for one in abroad for r in one.vouchers} == {here.by_code.id}
    assert listed(here.stranger) == []


def test_filters_take_what_they_name_and_nothing_else(two: tuple[Counter, Counter]) -> None:
    here, there = two

    by_store = listed(SYSTEM, ActivityFilter(store_id=here.store_id))
    by_batch = listed(SYSTEM, ActivityFilter(batch_id=here.by_code.id))
    by_order = listed(SYSTEM, ActivityFilter(order_no="A-1"))
    reversals = listed(SYSTEM, ActivityFilter(operations=("reverse",)))

    assert {one.store_id for one in by_store} == {here.store_id}
    assert len(by_store) == len(by_batch) == 3
    assert len(by_order) == 2
    assert {one.store_id for one in reversals} == {here.store_id, there.store_id}
    assert all(one.redemption is not None for one in reversals)
    assert (
        listed(here.clerk, ActivityFilter(store_id=there.store_id, batch_id=there.by_code.id)) == []
    )


def test_one_voucher_is_followed_through_its_own_changes(two: tuple[Counter, Counter]) -> None:
    here, there = two
    serial = serial_of(here.codes[9])

    assert [one.operation for one in listed(SYSTEM, serial=serial)] == ["reverse", "redeem"]
    assert [one.operation for one in listed(here.clerk, serial=serial)] == ["reverse", "redeem"]
    assert [one.operation for one in listed(there.clerk, serial=serial)] == ["reverse", "redeem"]
    assert listed(there.clerk, serial=serial_of(here.codes[0])) == []
    assert listed(SYSTEM, serial=2**37) == []


def test_a_settled_hold_is_listed_where_the_hold_was_made(door: Door) -> None:
    counter = a_counter()
    held = actions.hold_codes(
        actor=SYSTEM,
        uses=[actions.CodeUse(counter.codes[0])],
        visit=counter.visit(order_no="H-1"),
        expires_at=NOON + timedelta(hours=1),
        at=NOON,
    )
    assert held.place is not None
    assert actions.settle(actor=SYSTEM, hold=held.place, at=NOON).done

    found = listed(counter.clerk)

    assert [(one.operation, one.order_no) for one in found] == [
        ("redeem", "H-1"),
        ("hold", "H-1"),
    ]


def test_where_settled_holds_and_reversals_happened_is_read_at_once_for_a_page(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    counter = a_counter()
    for number in range(4):
        visit = counter.visit(order_no=f"H-{number}")
        uses = [actions.CodeUse(counter.codes[number])]
        end = NOON + timedelta(hours=1)
        held = actions.hold_codes(actor=SYSTEM, uses=uses, visit=visit, expires_at=end, at=NOON)
        assert held.place is not None
        settled = actions.settle(actor=SYSTEM, hold=held.place, at=NOON)
        assert settled.place is not None
        assert actions.reverse(actor=SYSTEM, redemption=settled.place, at=NOON).done
    asked: list[int] = []

    def counted(connection: Any, places: Any) -> Any:
        asked.append(len(places))
        return glances_at(connection, places)

    monkeypatch.setattr(listings, "glances_at", counted)
    wanted = ActivityFilter(operations=ANY.operations, order_no="H-2")
    page = listings.activities(actor=counter.clerk, wanted=wanted, limit=20)

    assert [one.operation for one in page.items] == ["reverse", "redeem", "hold"]
    assert {one.order_no for one in page.items} == {"H-2"}
    assert asked == [8]  # the holds of four settlements, and the settlements of four reversals


def test_one_redemption_is_found_by_its_place_by_those_who_may_see_it(
    two: tuple[Counter, Counter],
) -> None:
    here, there = two
    (first, *_) = listed(SYSTEM, ActivityFilter(order_no="A-1", store_id=here.store_id))

    for actor, is_found in ((SYSTEM, True), (here.clerk, True), (there.clerk, False)):
        found = listings.activity_at(actor=actor, place=first.place, operation="redeem")
        assert (found is not None) == is_found
    assert listings.activity_at(actor=SYSTEM, place=first.place, operation="reverse") is None


def test_entries_of_one_voucher_come_page_by_page(two: tuple[Counter, Counter]) -> None:
    here, there = two
    serial = serial_of(here.codes[9])
    assert care.freeze(actor=SYSTEM, voucher=serial, reason="查", at=NOON).done

    def operations(actor: Actor, **wanted: Any) -> list[str]:
        found = []
        bookmark: Bookmark | None = None
        while True:
            page = listings.entries(
                actor=actor,
                wanted=EntryFilter(**wanted),
                serial=serial,
                after=bookmark,
                limit=1,
            )
            found += [OPERATIONS[one.entry.operation] for one in page.items]
            bookmark = page.following
            if bookmark is None:
                return found

    whole = operations(SYSTEM)
    assert whole[0] == "freeze"
    assert {"reverse", "redeem"} <= set(whole)
    assert operations(here.clerk) == whole
    assert set(operations(there.clerk)) == {"reverse", "redeem"}
    assert operations(here.stranger) == []
    assert set(operations(SYSTEM, operation=OPERATION_NUMBER["redeem"])) == {"redeem"}


def test_the_books_are_for_those_who_may_see_them(two: tuple[Counter, Counter]) -> None:
    nobody = staff_of(two[0].region, "reports.view")

    for attempt in (
        lambda: listings.activities(actor=nobody, wanted=ANY, limit=1),
        lambda: listings.entries(actor=nobody, wanted=EntryFilter(), limit=1),
    ):
        with pytest.raises(KaquanError) as refused:
            attempt()
        assert refused.value.code == "permission_denied"
