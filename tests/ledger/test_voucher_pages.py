"""Vouchers and runs of serials are read page by page along their batches, a bounded part a page."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import psycopg
import pytest

from kaquan.engine.commands import Freeze, Void
from kaquan.engine.lifecycle import State
from kaquan.ledger import voucher_pages
from kaquan.ledger.batch_rules import batch_ends
from kaquan.ledger.custody_pages import (
    RunFilter,
    allotted_quantities,
    run_at,
    runs_after,
    touched_in,
)
from kaquan.ledger.door import Door
from kaquan.ledger.voucher_pages import VoucherFilter, voucher_rows, vouchers_along
from tests.builders.ledger import NOON, BuiltBatch, a_batch, allot, claim, done

Connection = psycopg.Connection[Any]


def frozen(door: Door, batch: BuiltBatch, *indexes: int) -> list[int]:
    serials = [batch.serial(index) for index in indexes]
    done(door, *(Freeze(at=NOON, serial=serial, reason="查") for serial in serials))
    return serials


def pages(connection: Connection, limit: int = 3, **asked: Any) -> list[list[int]]:
    """All pages, each as its serials."""
    found = []
    after: int | None = -1
    while after is not None:
        page = vouchers_along(connection, after_serial=after, limit=limit, **asked)
        found.append([row.serial for row in page.rows])
        after = page.following
    return found


def test_the_vouchers_of_some_batches_come_in_pages_and_no_other(
    door: Door, connection: Connection
) -> None:
    first, other, second = (a_batch(door, quantity=200) for _ in range(3))
    wanted = [*frozen(door, first, 1, 7, 130, 199), *frozen(door, second, 0, 64)]
    frozen(door, other, 3)
    ids = [first.batch_id, second.batch_id]

    assert pages(connection, batch_ids=ids) == [wanted[:3], wanted[3:]]
    assert pages(connection, batch_ids=None, limit=7) == [sorted([*wanted, other.serial(3)])]
    assert pages(connection, batch_ids=[]) == [[]]


def test_stages_are_told_by_state_and_by_whether_a_voucher_was_handed_out(
    door: Door, connection: Connection
) -> None:
    batch = a_batch(door, quantity=64)
    (ice,) = frozen(door, batch, 5)
    done(door, Void(at=NOON, serial=batch.serial(6), reason="x"))
    held = done(door, claim(batch, serial=batch.serial(9))).vouchers[0]
    ids = [batch.batch_id]

    def only(**fields: Any) -> list[int]:
        wanted = VoucherFilter(**fields)
        return [
            row.serial
            for row in vouchers_along(connection, batch_ids=ids, wanted=wanted, limit=9).rows
        ]

    assert only(states=[State.FROZEN_LIVE, State.FROZEN_ISSUED]) == [ice]
    assert only(states=[State.VOID]) == [batch.serial(6)]
    assert only(handed_out=True) == [held.serial]
    (end,) = batch_ends(connection, ids).values()
    live = [State.LIVE, State.ISSUED]
    soon: dict[str, Any] = {"states": live, "ends_from": NOON, "batch_end": end}
    assert only(**soon, ends_before=end + timedelta(days=1)) == [held.serial]
    assert only(**soon, ends_before=end) == []


def test_a_page_looks_at_a_bounded_part_and_says_where_to_go_on(
    door: Door, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = a_batch(door, quantity=40)
    frozen(door, batch, *range(40))
    done(door, Void(at=NOON, serial=batch.serial(39), reason="x"))
    monkeypatch.setattr(voucher_pages, "_AT_ONCE", 5)
    wanted = VoucherFilter(states=[State.VOID])

    found = pages(connection, batch_ids=[batch.batch_id], wanted=wanted, looked_at_max=10)

    assert found[:3] == [[], [], []]
    assert [serial for page in found for serial in page] == [batch.serial(39)]


def test_untouched_vouchers_have_no_rows(door: Door, connection: Connection) -> None:
    batch = a_batch(door, quantity=64)
    (touched,) = frozen(door, batch, 0)

    found = voucher_rows(connection, [touched, batch.serial(1)])

    assert list(found) == [touched]
    assert found[touched].state is State.FROZEN_LIVE


def test_runs_tell_who_holds_what_and_how_much_was_touched(
    door: Door, connection: Connection
) -> None:
    batch, other = a_batch(door, quantity=100), a_batch(door, quantity=64)
    done(door, allot(batch, batch.serials[10:30], 501))
    frozen(door, batch, 12, 13, 40)
    ids = [batch.batch_id]

    def runs(**wanted: Any) -> list[tuple[int, int, int]]:
        found = runs_after(connection, batch_ids=ids, wanted=RunFilter(**wanted), limit=9)
        return [
            (run.first_serial - batch.first_serial, run.quantity, run.organisation_id)
            for run in found
        ]

    assert runs() == [(0, 10, 0), (10, 20, 501), (30, 70, 0)]
    assert runs(allotted=True) == [(10, 20, 501)]
    assert runs(active=False) == []
    whole = runs_after(connection, batch_ids=ids, wanted=RunFilter(), limit=9)
    assert touched_in(connection, whole) == [0, 2, 1]
    assert allotted_quantities(connection, [batch.batch_id, other.batch_id]) == {batch.batch_id: 20}
    assert run_at(connection, batch.serial(11)) == whole[1]
    assert run_at(connection, 2**37) is None
