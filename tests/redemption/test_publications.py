"""Publications: a list of customers gets one voucher each, however often the list is sent."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import psycopg
import pytest
from django.db import connections

from kaquan.campaigns.supply import mint
from kaquan.customers.actions import create_customer
from kaquan.foundation.errors import KaquanError
from kaquan.foundation.imports import run_import
from kaquan.ledger.door import Door, close_door
from kaquan.redemption.imports_publication import PublicationImport
from kaquan.redemption.models import Publication
from kaquan.redemption.publications import (
    Assignment,
    assign_to,
    open_publication,
    publication_by_id,
    publications,
)
from tests.builders.books import books, number
from tests.builders.issuer import NOON, SYSTEM, a_number, staff_of, write_csv
from tests.redemption.counter import Counter, a_counter

Connection = psycopg.Connection[Any]


def members(counter: Counter, count: int) -> list[str]:
    numbers = [a_number("M") for _ in range(count)]
    for one in numbers:
        create_customer(actor=counter.clerk, number=one)
    return numbers


def a_publication(counter: Counter, name: str = "春节") -> Publication:
    return open_publication(actor=counter.clerk, batch_id=counter.from_stock.id, name=name, at=NOON)


def give(counter: Counter, publication: Publication, numbers: list[str]) -> list[Assignment]:
    return assign_to(actor=counter.clerk, publication=publication, numbers=numbers, at=NOON)


def told(answers: list[Assignment]) -> list[str]:
    return ["customer_unknown" if a.outcome is None else a.outcome.code.name for a in answers]


def vouchers(connection: Connection) -> int:
    return number(connection, "SELECT count(*) FROM ledger_voucher")


def test_each_customer_of_a_list_gets_one_voucher_and_unknown_ones_are_told(
    door: Door, connection: Connection
) -> None:
    counter = a_counter()
    some = members(counter, 3)

    answers = give(counter, a_publication(counter), [*some, "nobody", some[0]])

    assert told(answers) == ["DONE", "DONE", "DONE", "customer_unknown", "DONE"]
    assert [answer.repeated for answer in answers] == [False, False, False, False, True]
    assert answers[0].outcome == answers[4].outcome
    assert vouchers(connection) == 3


def test_the_same_list_again_gives_the_same_vouchers_and_moves_nothing(
    door: Door, connection: Connection
) -> None:
    counter = a_counter()
    some = members(counter, 3)
    first = give(counter, a_publication(counter), some)
    before = books(connection)

    again = give(counter, a_publication(counter), some)

    assert [answer.outcome for answer in again] == [answer.outcome for answer in first]
    assert all(answer.repeated for answer in again)
    assert books(connection) == before
    other = give(counter, a_publication(counter, "元宵"), some)
    assert not any(answer.repeated for answer in other)
    assert vouchers(connection) == 6


def test_those_refused_for_lack_of_stock_get_theirs_when_the_list_is_sent_again(
    door: Door, connection: Connection
) -> None:
    counter = a_counter(stock=2)
    some = members(counter, 4)
    publication = a_publication(counter)

    first = give(counter, publication, some)
    mint(actor=SYSTEM, batch_id=counter.from_stock.id, quantity=10, at=NOON)
    again = give(counter, publication, some)

    assert told(first) == ["DONE", "DONE", "STOCK_EXHAUSTED", "STOCK_EXHAUSTED"]
    assert told(again) == ["DONE"] * 4
    assert [answer.repeated for answer in again] == [True, True, False, False]
    assert vouchers(connection) == 4


def test_four_who_send_one_list_at_once_give_each_customer_one_voucher(
    door: Door, connection: Connection
) -> None:
    counter = a_counter()
    some, publication = members(counter, 20), a_publication(counter)
    start = Barrier(4)

    def send(turn: int) -> list[Assignment]:
        try:
            start.wait()
            return give(counter, publication, some[turn:] + some[:turn])
        finally:
            close_door()
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        told_to = list(pool.map(send, range(4)))

    assert all(answer.done for answers in told_to for answer in answers)
    serials = {
        (answer.number, answer.outcome.vouchers[0].serial)
        for answers in told_to
        for answer in answers
        if answer.outcome is not None
    }
    assert len(serials) == len(some)
    assert vouchers(connection) == len(some)


def test_a_dry_run_tells_the_same_and_books_nothing(door: Door, connection: Connection) -> None:
    counter = a_counter(stock=2)
    some, publication = members(counter, 3), a_publication(counter)
    before = books(connection)

    answers = assign_to(
        actor=counter.clerk, publication=publication, numbers=some, at=NOON, dry=True
    )

    assert told(answers) == ["DONE", "DONE", "STOCK_EXHAUSTED"]
    assert books(connection) == before


def test_customers_and_batches_of_another_part_are_as_if_they_were_not_there(
    door: Door, connection: Connection
) -> None:
    counter, foreign = a_counter(), a_counter()
    publication, theirs = a_publication(counter), a_publication(foreign)
    before = books(connection)

    assert told(give(counter, publication, [foreign.member])) == ["customer_unknown"]
    for attempt, code in (
        (
            lambda: open_publication(
                actor=counter.clerk, batch_id=foreign.from_stock.id, name="x", at=NOON
            ),
            "batch_unknown",
        ),
        (lambda: publication_by_id(counter.clerk, theirs.id), "publication_unknown"),
        (
            lambda: open_publication(
                actor=counter.clerk, batch_id=counter.by_code.id, name="x", at=NOON
            ),
            "batch_by_code",
        ),
        (
            lambda: assign_to(
                actor=staff_of(counter.region, "campaigns.view"),
                publication=publication,
                numbers=[counter.member],
                at=NOON,
            ),
            "permission_denied",
        ),
    ):
        with pytest.raises(KaquanError) as refused:
            attempt()
        assert refused.value.code == code
    assert books(connection) == before
    assert publications(counter.clerk) == [publication]
    assert publications(counter.clerk, batch_id=foreign.from_stock.id) == []


def test_a_file_of_customers_is_worked_off_and_its_bad_rows_are_told(
    door: Door, connection: Connection, tmp_path: Path
) -> None:
    counter = a_counter(stock=3)
    some = members(counter, 4)
    rows = [["会员号"], [some[0]], ["nobody"], [some[1]], [some[0]], [some[2]], [some[3]]]
    file, errors = write_csv(tmp_path / "list.csv", rows), tmp_path / "errors.csv"
    source = PublicationImport(a_publication(counter), at=NOON)

    report = run_import(source.plan, file, actor=counter.clerk, commit=True, errors_path=errors)

    assert (report.rows, report.new, report.unchanged, report.broken) == (6, 3, 1, 2)
    assert source.refused == {"customer_unknown": 1, "stock_exhausted": 1}
    assert [problem.row_number for problem in report.problems] == [3, 7]
    assert "nobody" in errors.read_text(encoding="utf-8-sig")
    assert vouchers(connection) == 3

    mint(actor=SYSTEM, batch_id=counter.from_stock.id, quantity=1, at=NOON)
    again = PublicationImport(a_publication(counter), at=NOON)
    report = run_import(again.plan, file, actor=counter.clerk, commit=True)
    assert (report.new, report.unchanged, report.broken) == (1, 4, 1)
    assert vouchers(connection) == 4
    assert told(give(counter, a_publication(counter), some)) == ["DONE"] * 4
