"""What a block tells the world: every operation has its event, with its figures and no secret."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from kaquan.customers.actions import create_customer
from kaquan.engine.commands import LineReturn, Release, Reverse, Transfer
from kaquan.engine.facts import Facts
from kaquan.engine.places import Place
from kaquan.integrations.event_types import EVENT_TYPES, OPTIONAL
from kaquan.integrations.events import Event
from kaquan.integrations.telling import Told, told_events
from kaquan.ledger.causal import blocks_between, heads
from kaquan.redemption.receipt_numbers import ReceiptKind, format_receipt
from tests.builders.issuer import SYSTEM, a_number
from tests.builders.ledger import (
    NOON,
    STORE,
    a_batch,
    a_claimed_voucher,
    a_key,
    a_sold_card,
    at_the_till,
    done,
    hold,
    redeem,
)
from tests.fixtures_ledger import OpenDoor
from tests.ledger.traffic import every_operation

Connection = psycopg.Connection[Any]


def told(connection: Connection) -> Iterator[Told]:
    """Everything that was booked, as it is told."""
    blocks = list(blocks_between(connection, {}, heads(connection)))
    for _, some in told_events(connection, blocks):
        yield from some


def document(one: Told) -> dict[str, Any]:
    """An event as its receiver reads it."""
    found: dict[str, Any] = json.loads(one.body)
    return found


def last(connection: Connection, type_: str) -> dict[str, Any]:
    """The document of the last event of a type."""
    return [document(one) for one in told(connection) if one.event.type == type_][-1]


def test_every_operation_has_its_event(new_door: OpenDoor, connection: Connection) -> None:
    every_operation([new_door(), new_door()])
    types = {one.event.type for one in told(connection)}
    assert types == set(EVENT_TYPES)


def test_refusals_are_no_events_but_for_the_type_that_asks_for_them(
    new_door: OpenDoor, connection: Connection
) -> None:
    door = new_door()
    batch = a_batch(door)
    done(door, redeem(batch.serial()))
    before = [one.event.id for one in told(connection)]
    door.submit([redeem(batch.serial(), key=a_key())])
    (refused,) = [one for one in told(connection) if one.event.id not in before]
    assert refused.event.type in OPTIONAL
    assert document(refused)["data"]["refusal"] == "voucher_used"


def test_an_id_is_the_same_whenever_the_books_are_read(
    new_door: OpenDoor, connection: Connection
) -> None:
    every_operation([new_door(), new_door()])
    once = {one.event.id: one.body for one in told(connection)}
    again = {one.event.id: one.body for one in told(connection)}
    assert once == again
    assert len(once) == len(list(told(connection)))


def test_a_redemption_tells_its_discount_its_lines_and_its_receipt(
    new_door: OpenDoor, connection: Connection
) -> None:
    door = new_door()
    batch = a_batch(door)
    outcome = done(door, redeem(batch.serial(), facts=at_the_till(order_no="A-77")))
    found = last(connection, "voucher.redeemed")
    place = _place(outcome.place)
    assert found["id"] == f"{place.block}-{place.index}-0"
    assert (found["batch_id"], found["serial"]) == (batch.batch_id, batch.serial())
    data = found["data"]
    assert data["redemption"] == format_receipt(ReceiptKind.REDEMPTION, place)
    assert (data["state"], data["discount_fen"], data["order_no"]) == ("used", 2_000, "A-77")
    assert sum(line["discount_fen"] for line in data["lines"]) == 2_000
    assert sum(one["amount_fen"] for one in data["funding"]) == 2_000


def test_a_reversal_names_its_redemption_and_what_came_back(
    new_door: OpenDoor, connection: Connection
) -> None:
    door = new_door()
    batch = a_batch(door)
    used = _place(done(door, redeem(batch.serial())).place)
    done(door, Reverse(at=NOON, redemption=used, lines=(LineReturn("1", 1),)))
    found = last(connection, "voucher.reversed")
    assert found["data"]["redemption"] == format_receipt(ReceiptKind.REDEMPTION, used)
    assert 0 < found["data"]["returned_fen"] < 2_000


def test_a_card_tells_its_balance(new_door: OpenDoor, connection: Connection) -> None:
    door = new_door()
    serial = a_sold_card(door)
    done(door, redeem(serial, amount_fen=1_500))
    assert last(connection, "voucher.sold")["data"]["paid_fen"] == 19_000
    data = last(connection, "voucher.redeemed")["data"]
    assert (data["balance_used_fen"], data["balance_fen"]) == (1_500, 18_500)


@pytest.mark.parametrize("end", ["settled", "released"])
def test_what_ends_a_hold_happened_in_the_store_of_the_hold(
    new_door: OpenDoor, connection: Connection, end: str
) -> None:
    door = new_door()
    serial = a_claimed_voucher(door)
    held = _place(done(door, hold(serial, expires_at=NOON.replace(hour=9))).place)
    if end == "released":
        done(door, Release(at=NOON, hold=held))
    else:
        done(door, redeem(hold=held, facts=Facts()))
    (*_, one) = told(connection)
    assert one.event.organisation_id == STORE
    assert document(one)["data"]["hold"] == format_receipt(ReceiptKind.HOLD, held)


def test_a_reversal_of_a_settled_hold_happened_in_the_store_of_the_hold(
    new_door: OpenDoor, connection: Connection
) -> None:
    door = new_door()
    serial = a_claimed_voucher(door)
    held = _place(done(door, hold(serial, expires_at=NOON.replace(hour=9))).place)
    used = _place(done(door, redeem(hold=held, facts=Facts())).place)
    done(door, Reverse(at=NOON, redemption=used, reason="13900000000 要求退货"))
    (*_, one) = told(connection)
    assert (one.event.type, one.event.organisation_id) == ("voucher.reversed", STORE)
    assert b"13900000000" not in one.body


def test_the_stream_of_a_voucher_its_batch_and_its_budget_are_apart() -> None:
    streams = {
        Event(1, 0, 0, "voucher.claimed", NOON, NOON, batch_id=7, serial=7).stream,
        Event(1, 0, 0, "batch.minted", NOON, NOON, batch_id=7).stream,
        Event(1, 0, 0, "budget.opened", NOON, NOON, budget_id=7).stream,
    }
    assert len(streams) == 3


def _place(place: Place | None) -> Place:
    assert place is not None
    return place


def test_a_transfer_names_both_customers_by_their_numbers(
    new_door: OpenDoor, connection: Connection
) -> None:
    one, other = (create_customer(actor=SYSTEM, number=a_number("M")) for _ in range(2))
    door = new_door()
    serial = a_claimed_voucher(door, customer_id=one.id, transferable=True, transfer_limit=1)
    done(
        door,
        Transfer(at=NOON, serial=serial, from_customer_id=one.id, to_customer_id=other.id),
    )
    found = last(connection, "voucher.transferred")
    assert (found["customer"], found["data"]["from_customer"]) == (other.number, one.number)
