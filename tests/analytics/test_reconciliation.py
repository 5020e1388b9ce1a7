"""Reconciliation files say what the books say, to the fen, and say it again byte for byte."""

from __future__ import annotations

import csv
import hashlib
from collections import Counter as Tally
from datetime import UTC, date, datetime, timedelta
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import pytest
import time_machine

from kaquan.analytics.reconciliation import (
    LINE_COLUMNS,
    SUMMARY_COLUMNS,
    Ask,
    Manifest,
    write_reconciliation,
)
from kaquan.budgets.actions import create_funder
from kaquan.engine.commands import LineReturn
from kaquan.engine.facts import OrderLine
from kaquan.foundation.actor import Actor
from kaquan.foundation.errors import KaquanError
from kaquan.ledger import settlement
from kaquan.ledger.door import Door
from kaquan.organisations.actions import rename_organisation
from kaquan.redemption import actions
from kaquan.redemption.receipt_numbers import ReceiptKind, format_receipt
from tests.builders.books import number
from tests.builders.issuer import SYSTEM, staff_of
from tests.redemption.counter import Counter, a_counter

Connection = psycopg.Connection[Any]
SHANGHAI = ZoneInfo("Asia/Shanghai")
DAY = date(2026, 6, 1)
ROOT = Path(__file__).parents[2]
MORNING = datetime(2026, 6, 1, 1, tzinfo=UTC)


def reconciliation(actor: Actor = SYSTEM, **ask: Any) -> tuple[Manifest, bytes]:
    file = BytesIO()
    asked = Ask(**({"day": DAY} | ask))
    return write_reconciliation(file, actor=actor, ask=asked, zone=SHANGHAI), file.getvalue()


def rows(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(StringIO(content.decode(), newline="")))


def owed_fen(connection: Connection, day: date, sign: str) -> int:
    """What the books say, asked in another way: by the day of the block, in the database."""
    side = "credit" if sign == "use" else "debit"
    return number(
        connection,
        f"SELECT sum(amount) FROM ledger_entry JOIN ledger_block USING (block) WHERE {side} = 6"
        " AND unit = 1 AND (committed_at AT TIME ZONE 'Asia/Shanghai')::date = %s",
        day,
    )


@pytest.fixture
def trading(door: Door) -> dict[str, Any]:
    """Two days in two regions, paid by the city and the issuer, with refunds and a hold."""
    with time_machine.travel(MORNING, tick=False) as clock:
        city = create_funder(actor=SYSTEM, code="city", name="市商务局")
        shares = [
            {"kind": "percent", "funder_id": city.id, "basis_points": 3_333},
            {"kind": "remainder", "funder_id": 0},
        ]
        here, there = a_counter(funding=shares), a_counter()
        lines = [OrderLine("1", "latte", 3, 9_000), OrderLine("2", "cake", 1, 2_000)]
        for counter in (here, there):
            for index in range(4):
                clock.shift(timedelta(minutes=7))
                used = counter.redeem(index, lines=lines)
                assert used.place is not None
                if index == 1:
                    undone = actions.reverse(
                        actor=SYSTEM,
                        redemption=used.place,
                        lines=[LineReturn("1", 1)],
                        at=MORNING,
                    )
                    assert undone.done
        held = actions.hold_codes(
            actor=SYSTEM,
            uses=[actions.CodeUse(here.codes[9])],
            visit=here.visit(order_no="HELD-1"),
            expires_at=MORNING + timedelta(hours=9),
            at=MORNING,
        )
        assert held.place is not None
        assert actions.settle(actor=SYSTEM, hold=held.place, at=MORNING).done
        clock.move_to(MORNING + timedelta(days=1))
        late = here.redeem(4)
        assert late.place is not None
        assert actions.reverse(actor=SYSTEM, redemption=late.place, at=MORNING).done
    return {"here": here, "there": there, "late": late.place}


def test_a_seeded_day_sums_to_the_books_to_the_fen(
    trading: dict[str, Any], connection: Connection
) -> None:
    for day in (DAY, DAY + timedelta(days=1)):
        manifest, content = reconciliation(day=day)
        found = rows(content)
        sums: Tally[str] = Tally()
        for row in found:
            sums[row["kind"]] += int(row["amount_fen"])

        assert sums["use"] == sums["total_use"] == manifest.uses_fen
        assert sums["use"] == owed_fen(connection, day, "use") > 0
        assert sums["refund"] == sums["total_refund"] == owed_fen(connection, day, "refund") > 0
        assert sums["total_net"] == manifest.net_fen == sums["use"] - sums["refund"]
        assert manifest.uses == sum(row["kind"] == "use" for row in found)


def test_lines_and_summary_agree_for_every_store_and_funder(trading: dict[str, Any]) -> None:
    by_line: Tally[tuple[str, str, str]] = Tally()
    for row in rows(reconciliation()[1]):
        if row["kind"] in ("use", "refund"):
            by_line[row["store"], row["funder"], row["kind"]] += int(row["amount_fen"])

    manifest, content = reconciliation(detail="summary")
    by_sum: Tally[tuple[str, str, str]] = Tally()
    *settled, total = rows(content)
    for row in settled:
        by_sum[row["store"], row["funder"], "use"] += int(row["uses_fen"])
        by_sum[row["store"], row["funder"], "refund"] += int(row["refunds_fen"])

    assert by_line == by_sum
    assert len(settled) == 3  # here: city and issuer; there: issuer
    assert total["kind"] == "total"
    assert int(total["net_fen"]) == manifest.net_fen == reconciliation()[0].net_fen


def test_the_manifest_names_the_very_bytes(trading: dict[str, Any]) -> None:
    for detail in ("lines", "summary"):
        manifest, content = reconciliation(detail=detail)

        assert manifest.sha256 == hashlib.sha256(content).hexdigest()
        assert manifest.bytes == len(content)


def test_a_past_day_is_the_same_byte_for_byte_whatever_happened_since(
    trading: dict[str, Any],
) -> None:
    here: Counter = trading["here"]
    before = {detail: reconciliation(detail=detail) for detail in ("lines", "summary")}

    here.redeem(6)  # today, though its business time is of that day
    rename_organisation(actor=SYSTEM, organisation_id=here.store_id, name="新名字")

    for detail, (manifest, content) in before.items():
        assert reconciliation(detail=detail) == (manifest, content)
        assert manifest.final


def test_the_file_does_not_depend_on_how_much_is_read_at_a_time(
    trading: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = reconciliation()

    monkeypatch.setattr(settlement, "_RECORDS_AT_ONCE", 1)
    monkeypatch.setattr(settlement, "_RECORDS_KEPT", 0)

    assert reconciliation() == whole


def test_the_day_is_that_of_the_issuers_zone_and_today_is_not_final(door: Door) -> None:
    counter = a_counter()
    with time_machine.travel(datetime(2026, 6, 1, 15, 59, 59, tzinfo=UTC), tick=False) as clock:
        counter.redeem(0)
        today, _ = reconciliation()
        clock.shift(timedelta(seconds=2))  # past midnight in Shanghai
        counter.redeem(1)
        clock.shift(timedelta(minutes=5))
        yesterday, _ = reconciliation()
        tomorrow, _ = reconciliation(day=DAY + timedelta(days=1))

    assert (today.uses, today.final) == (1, False)
    assert (yesterday.uses, yesterday.final) == (1, True)
    assert (tomorrow.uses, tomorrow.final) == (1, False)


def test_lines_name_the_order_the_redemption_and_what_was_reversed(
    trading: dict[str, Any],
) -> None:
    found = rows(reconciliation()[1])
    uses = {row["redemption"]: row for row in found if row["kind"] == "use"}
    refunds = [row for row in found if row["kind"] == "refund"]

    assert any(row["order_no"] == "HELD-1" for row in uses.values())
    assert refunds
    for refund in refunds:
        assert refund["order_no"] == uses[refund["redemption"]]["order_no"]
        assert refund["reversal"].startswith("V")
    late = rows(reconciliation(day=DAY + timedelta(days=1))[1])
    assert late[0]["redemption"] == format_receipt(ReceiptKind.REDEMPTION, trading["late"])


def test_a_file_of_one_store_and_one_funder_holds_nothing_else(trading: dict[str, Any]) -> None:
    here: Counter = trading["here"]

    _, content = reconciliation(store_code=here.store_code, funder_code="city")
    lines = [row for row in rows(content) if row["kind"] in ("use", "refund")]

    assert {(row["store"], row["funder"]) for row in lines} == {(here.store_code, "city")}
    everything, _ = reconciliation()
    parts = [reconciliation(funder_code=funder)[0].net_fen for funder in ("city", "issuer")]
    assert sum(parts) == everything.net_fen
    assert min(parts) > 0


def test_a_region_sees_its_own_stores_and_batches_only(trading: dict[str, Any]) -> None:
    here, there = trading["here"], trading["there"]

    own, content = reconciliation(here.clerk)

    assert {row["store"] for row in rows(content)} == {here.store_code, ""}
    assert own.net_fen == reconciliation(store_code=here.store_code)[0].net_fen > 0
    for detail in ("lines", "summary"):
        manifest, _ = reconciliation(here.stranger, detail=detail)
        assert (manifest.uses, manifest.refunds) == (0, 0)
    with pytest.raises(KaquanError) as refused:
        reconciliation(here.clerk, store_code=there.store_code)
    assert refused.value.code == "organisation_unknown"


@pytest.mark.parametrize(
    ("ask", "code"),
    [
        ({"store_code": "nowhere"}, "organisation_unknown"),
        ({"funder_code": "nobody"}, "funder_unknown"),
        ({"day": date(2999, 1, 1)}, "value_invalid"),
    ],
)
def test_what_cannot_be_asked_for_is_refused(door: Door, ask: dict[str, Any], code: str) -> None:
    with pytest.raises(KaquanError) as refused:
        reconciliation(**ask)

    assert refused.value.code == code


def test_reports_are_for_those_who_may_see_them(door: Door) -> None:
    with pytest.raises(KaquanError) as refused:
        reconciliation(staff_of(None, "ledger.view"))

    assert refused.value.code == "permission_denied"


def test_an_empty_day_has_a_file_with_its_totals(door: Door) -> None:
    manifest, content = reconciliation(day=date(2026, 1, 1))

    assert [row["kind"] for row in rows(content)] == ["total_use", "total_refund", "total_net"]
    assert (manifest.net_fen, manifest.final) == (0, True)


def test_an_order_number_that_looks_like_a_formula_is_made_words(door: Door) -> None:
    counter = a_counter()
    with time_machine.travel(MORNING, tick=False):
        assert counter.redeem(0, order_no="=1+1").done

    assert rows(reconciliation()[1])[0]["order_no"] == "'=1+1"


def test_every_column_is_explained() -> None:
    page = (ROOT / "docs/reconciliation.md").read_text(encoding="utf-8")

    for column in (*LINE_COLUMNS, *SUMMARY_COLUMNS):
        assert f"`{column}`" in page
