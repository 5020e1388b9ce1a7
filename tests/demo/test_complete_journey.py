"""The replay of a retailer's year, on the three campaigns that ran around New Year."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from rich.console import Console

from kaquan.foundation.imports import Step
from kaquan.surfaces.demo.complete_journey import replay_complete_journey
from kaquan.surfaces.demo.journey_html import render
from kaquan.surfaces.demo.journey_report import ReplayReport
from kaquan.surfaces.demo.journey_tables import report_tables
from tests.demo.shared_books import Books, CleanBooks, Size

CAMPAIGNS = (24, 25, 26)
STORE, STOCK, FEN, PIECE = 6, 12, 1, 3


class Replayed(NamedTuple):
    report: ReplayReport
    again: ReplayReport
    first_size: Size
    books: Books
    html: Path


@pytest.fixture(scope="module")
def replayed(
    clean_books: CleanBooks, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Replayed]:
    html = tmp_path_factory.mktemp("replay") / "report.html"
    with clean_books() as books:
        report = replay_complete_journey(only_campaigns=CAMPAIGNS, report_html=html)
        size = books.size()
        again = replay_complete_journey(only_campaigns=CAMPAIGNS)
        yield Replayed(report, again, size, books, html)


def test_every_targeted_household_gets_every_coupon_of_its_campaign(replayed: Replayed) -> None:
    assigned = {one.number: one.figures.assigned for one in replayed.report.campaigns}
    assert assigned == {24: 12 * 27, 25: 17 * 28, 26: 118 * 33}
    assert replayed.report.total.assigned == replayed.books.size().vouchers
    taken = f"SELECT count(*) FROM ledger_entry WHERE debit = {STOCK} AND unit = {PIECE}"
    assert replayed.books.number(taken) == replayed.report.total.assigned


def test_every_recorded_redemption_is_booked_or_refused_for_a_reason(replayed: Replayed) -> None:
    total = replayed.report.total
    assert (total.handed_in, total.redeemed_total, total.refused_total) == (23, 22, 1)
    assert sum(total.refused.values()) == 1
    assert total.refused.keys() <= {"VOUCHER_USED", "LIMIT_PER_CUSTOMER", "BALANCE_INSUFFICIENT"}


def test_a_second_use_of_a_coupon_by_its_household_moves_nothing(replayed: Replayed) -> None:
    """A voucher that was assigned and used once has version 2; a second use would make it 3."""
    used = "SELECT count(*) FROM ledger_voucher WHERE version = 2"
    assert replayed.books.number(used) == replayed.report.total.redeemed_total
    assert replayed.books.number("SELECT count(*) FROM ledger_voucher WHERE version > 2") == 0


def test_the_discount_of_the_report_is_what_the_ledger_owes_the_stores(replayed: Replayed) -> None:
    total = replayed.report.total
    owed = f"SELECT sum(amount) FROM ledger_entry WHERE credit = {STORE} AND unit = {FEN}"
    assert total.recorded_fen + total.estimated_fen == replayed.books.number(owed) > 0


def test_the_sales_touched_are_those_of_the_imported_orders(replayed: Replayed) -> None:
    report = replayed.report
    lines = replayed.books.number("SELECT count(*) FROM redemption_orderline")
    assert report.imported["orders"].new == lines > 1_000
    assert 0 < report.total.orders <= report.total.redeemed_total
    assert report.total.sales_fen < replayed.books.number(
        "SELECT sum(total_fen) FROM redemption_order"
    )


def test_types_of_campaigns_add_up_to_the_total(replayed: Replayed) -> None:
    kinds = replayed.report.kinds
    assert set(kinds) == {"B", "C"}
    for name in ("assigned", "handed_in", "redeemed_total", "refused_total", "recorded_fen"):
        parts = [getattr(figures, name) for figures in kinds.values()]
        assert sum(parts) == getattr(replayed.report.total, name)


def test_the_replay_ends_with_a_proof_that_finds_nothing_wrong(replayed: Replayed) -> None:
    assert replayed.report.proof.ok, replayed.report.proof.faults
    assert replayed.report.proof.vouchers == replayed.report.total.assigned


def test_a_second_replay_changes_nothing_and_reports_the_same(replayed: Replayed) -> None:
    again = replayed.again
    assert replayed.books.size() == replayed.first_size
    assert again.proof.head_hashes == replayed.report.proof.head_hashes
    assert (again.campaigns, again.kinds, again.total) == (
        replayed.report.campaigns,
        replayed.report.kinds,
        replayed.report.total,
    )
    assert all(rows.new == rows.changed == 0 for rows in again.imported.values())
    assert {kind: rows.rows for kind, rows in again.imported.items()} == {
        kind: rows.rows for kind, rows in replayed.report.imported.items()
    }


def test_a_replay_stays_within_a_gigabyte_and_a_half(replayed: Replayed) -> None:
    assert 0 < replayed.report.memory_mb < 1_500


def test_the_report_is_one_file_that_needs_nothing_else(replayed: Replayed) -> None:
    page = replayed.html.read_text(encoding="utf-8")
    assert "4,694" in page
    assert "<svg" in page
    assert page == render(replayed.report)
    for foreign in ("http:", "https:", "src=", "<script", "@import", "url("):
        assert foreign not in page


def test_the_terminal_shows_the_same_numbers(replayed: Replayed) -> None:
    console = Console(width=240, record=True, file=io.StringIO())
    for table in report_tables(replayed.report):
        console.print(table)
    text = console.export_text()
    total = next(line for line in text.splitlines() if line.startswith("合计 total"))
    assert total.split()[2:6] == ["140", "4,694", "22", "0.46%"]
    assert all(reason in text for reason in replayed.report.total.refused)


class _CutShortError(Exception):
    pass


def test_a_replay_that_was_cut_short_goes_on_where_it_stopped(
    clean_books: CleanBooks, replayed: Replayed
) -> None:
    """Last in this file: it empties the books that the tests above share."""
    calls = 0

    def cut_short(_step: Step, _done: int, _total: int | None) -> None:
        nonlocal calls
        calls += 1
        if calls == 60:
            raise _CutShortError

    with clean_books() as books:
        with pytest.raises(_CutShortError):
            replay_complete_journey(only_campaigns=(24, 25), progress=cut_short)
        assert books.size().vouchers > 0
        report = replay_complete_journey(only_campaigns=(24, 25))
        assert report.proof.ok
        assert report.campaigns == replayed.report.campaigns[:2]
        assert books.size().vouchers == report.total.assigned
