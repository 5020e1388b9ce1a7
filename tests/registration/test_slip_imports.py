"""Slips from a table: first what would happen, then that, and the same file twice is one."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from kaquan.foundation import clock
from kaquan.foundation.imports import ImportReport, run_import
from kaquan.redemption.codes import code_book
from kaquan.registration.actions import reverse_slip
from kaquan.registration.imports import SLIPS
from kaquan.registration.models import Bundle, Slip
from tests.api.world import Side
from tests.builders.books import books, differing, faults
from tests.builders.issuer import write_csv
from tests.fixtures_database import Database
from tests.registration.slips import a_bundle, a_side, serial_at, typist

HEAD = ("捆编号", "券码或序号", "后4位", "姓名", "手机", "时间", "金额(元)", "门店", "店员")


@pytest.fixture
def side(database: Database) -> Side:
    return a_side()


def a_table(side: Side, bundle: Bundle, path: Path) -> Path:
    """Two slips that are good, and four that are not."""
    at = (clock.now() - timedelta(hours=2)).isoformat(timespec="seconds")
    long_ago = (clock.now() - timedelta(days=90)).isoformat(timespec="seconds")
    store = side.store.organisation.code
    codes = [code_book().encode(serial_at(side, index)) for index in range(4)]
    rows = [
        (bundle.id, codes[0], "", "陈晨", "13800138123", at, "100.00", store, "李娜"),
        (bundle.id, serial_at(side, 1), codes[1][-4:], "", "", at, "88", store, ""),
        (bundle.id, serial_at(side, 2), codes[3][-4:], "", "", at, "88", store, ""),
        (bundle.id, codes[2], "", "", "", long_ago, "88", store, ""),
        (bundle.id, codes[2], "", "", "", at, "88", "nowhere", ""),
        (2_000_000_009, codes[2], "", "", "", at, "88", store, ""),
    ]
    return write_csv(path / "slips.csv", [HEAD, *rows])


def bring_in(side: Side, table: Path, *, commit: bool) -> ImportReport:
    return run_import(SLIPS, table, actor=typist(side), commit=commit)


def test_a_table_is_tried_first_and_the_same_table_twice_is_one(
    side: Side, database: Database, tmp_path: Path
) -> None:
    bundle = a_bundle(side)
    table = a_table(side, bundle, tmp_path)
    before = books(database.connect())

    tried = bring_in(side, table, commit=False)
    assert (tried.new, tried.broken) == (2, 4)
    assert [one.reason.code for one in tried.problems] == [
        "slip_number_mistyped",
        "slip_outside_window",
        "store_unknown",
        "bundle_unknown",
    ]
    assert not differing(before, books(database.connect()))
    assert not Slip.objects.exists()

    done = bring_in(side, table, commit=True)
    booked = books(database.connect())
    again = bring_in(side, table, commit=True)

    assert (done.new, done.broken) == (2, 4)
    assert (again.new, again.unchanged, again.broken) == (0, 2, 4)
    assert not differing(booked, books(database.connect()))
    assert bundle.slips.filter(state="registered").count() == 2
    assert faults(database.connect) == []


def test_a_row_that_was_taken_back_is_not_brought_in_again_by_itself(
    side: Side, tmp_path: Path
) -> None:
    bundle = a_bundle(side)
    table = a_table(side, bundle, tmp_path)
    bring_in(side, table, commit=True)
    slip = bundle.slips.order_by("id")[0]
    reverse_slip(actor=typist(side), slip_id=slip.id, reason="错", once="r")

    again = bring_in(side, table, commit=True)

    assert (again.new, again.unchanged) == (0, 1)
    assert again.problems[0].reason.code == "slip_reversed"
