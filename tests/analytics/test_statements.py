"""A day's statement is its file, the file is the books; a proof can be asked for and followed."""

from __future__ import annotations

import hashlib
from collections import Counter as Sums
from datetime import UTC, date, datetime, timedelta
from io import BytesIO
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import psycopg
import pytest
import time_machine

from kaquan.analytics.models import ProofRun
from kaquan.analytics.proving import ask_for_proof, last_proofs, run_proof, running_proof
from kaquan.analytics.reconciliation import Ask, write_reconciliation
from kaquan.analytics.statements import day_statement
from kaquan.budgets.actions import create_funder
from kaquan.engine.entries import Account, Unit
from kaquan.foundation.actor import Actor
from kaquan.foundation.errors import KaquanError
from kaquan.foundation.jobs.actions import begin, finish
from kaquan.foundation.jobs.models import Job
from kaquan.ledger.door import Door
from kaquan.organisations.actions import rename_organisation
from kaquan.redemption import actions
from tests.builders.issuer import SYSTEM, staff_of
from tests.redemption.counter import Counter, a_counter

Connection = psycopg.Connection[Any]
SHANGHAI = ZoneInfo("Asia/Shanghai")
DAY = date(2026, 6, 1)
#: 23:50 on the issuer's clock, so that the day ends in the midst of it.
LATE = datetime(2026, 6, 1, 15, 50, tzinfo=UTC)


@pytest.fixture
def trading(door: Door) -> tuple[Counter, Counter]:
    """Uses before and after midnight in two regions, one of them refunded, paid by two."""
    with time_machine.travel(LATE, tick=False) as clock:
        city = create_funder(actor=SYSTEM, code="city", name="市商务局")
        shares = [
            {"kind": "percent", "funder_id": city.id, "basis_points": 3_333},
            {"kind": "remainder", "funder_id": 0},
        ]
        both = a_counter(funding=shares), a_counter(funding=shares)
        first = [counter.redeem(index) for counter in both for index in range(3)]
        assert first[0].place is not None
        assert actions.reverse(actor=SYSTEM, redemption=first[0].place, at=LATE).done
        clock.shift(timedelta(minutes=10))  # midnight: the next day
        assert all(counter.redeem(9).done for counter in both)
    return both


def booked_by_hand(connection: Connection, day: date) -> Sums[tuple[int, int]]:
    """What stores are owed for a day by store and funder: every entry looked at, one by one."""
    sums: Sums[tuple[int, int]] = Sums()
    for at, unit, amount, debit, debit_id, credit, credit_id, funder in connection.execute(
        "SELECT committed_at, unit, amount, debit, debit_id, credit, credit_id, funder_id"
        " FROM ledger_entry JOIN ledger_block USING (block)"
    ):
        if unit != Unit.FEN or at.astimezone(SHANGHAI).date() != day:
            continue
        if credit == Account.STORE:
            sums[credit_id, funder or 0] += amount
        if debit == Account.STORE:
            sums[debit_id, funder or 0] -= amount
    return sums


def summary(actor: Actor, **ask: Any) -> bytes:
    file = BytesIO()
    asked = Ask(**({"day": DAY, "detail": "summary"} | ask))
    write_reconciliation(file, actor=actor, ask=asked, zone=SHANGHAI)
    return file.getvalue()


@pytest.mark.parametrize("day", [DAY, DAY + timedelta(days=1)])
def test_a_statement_ties_to_the_entries_to_the_fen(
    trading: tuple[Counter, Counter], connection: Connection, day: date
) -> None:
    statement = day_statement(SYSTEM, Ask(day=day), SHANGHAI)

    by_hand = booked_by_hand(connection, day)
    assert {(one.store_code, one.funder_code): one.net_fen for one in statement.lines} == {
        (
            next(one.store_code for one in trading if one.store_id == store_id),
            "city" if funder_id else "issuer",
        ): amount
        for (store_id, funder_id), amount in by_hand.items()
    }
    told = statement.manifest
    assert told.net_fen == sum(by_hand.values()) > 0
    assert told.net_fen == sum(one.net_fen for one in statement.lines)
    assert (told.uses, told.refunds) == (
        sum(one.uses for one in statement.lines),
        sum(one.refunds for one in statement.lines),
    )


def test_the_statement_of_a_past_day_is_the_same_byte_for_byte_whatever_happens_later(
    trading: tuple[Counter, Counter],
) -> None:
    here, _ = trading
    before = day_statement(SYSTEM, Ask(day=DAY), SHANGHAI)
    file = summary(SYSTEM)
    assert before.manifest.sha256 == hashlib.sha256(file).hexdigest()
    assert before.manifest.final

    assert here.redeem(5).done
    rename_organisation(actor=SYSTEM, organisation_id=here.store_id, name="改名后的店")
    after = day_statement(SYSTEM, Ask(day=DAY), SHANGHAI)

    assert after.manifest == before.manifest
    assert summary(SYSTEM) == file
    assert {one.store for one in after.lines if one.store_code == here.store_code} == {"改名后的店"}


def test_a_region_gets_the_lines_of_its_stores_and_of_one_store_or_funder(
    trading: tuple[Counter, Counter],
) -> None:
    here, there = trading

    own = day_statement(here.clerk, Ask(day=DAY), SHANGHAI)
    city = day_statement(here.clerk, Ask(day=DAY, funder_code="city"), SHANGHAI)

    assert {one.store_code for one in own.lines} == {here.store_code}
    assert [one.funder for one in city.lines] == ["市商务局"]
    for ask in (Ask(day=DAY, store_code=there.store_code), Ask(day=DAY, store_code="none")):
        with pytest.raises(KaquanError) as refused:
            day_statement(here.clerk, ask, SHANGHAI)
        assert refused.value.code == "organisation_unknown"
    with pytest.raises(KaquanError) as refused:
        day_statement(staff_of(here.region, "ledger.view"), Ask(day=DAY), SHANGHAI)
    assert refused.value.code == "permission_denied"


def test_a_proof_asked_for_runs_as_a_job_once_at_a_time_and_is_kept_with_who_asked(
    trading: tuple[Counter, Counter],
) -> None:
    auditor = staff_of(None, "ledger.prove", "ledger.view", "jobs.view")
    job = ask_for_proof(actor=auditor)
    assert ask_for_proof(actor=auditor) == job
    assert running_proof() == job

    begun = begin(job.id)
    assert begun is not None
    result = run_proof(begun)
    halfway = Job.objects.get(id=job.id)
    finish(job.id, result)

    assert result["ok"]
    assert result["entries"] > 0
    assert (halfway.progress_total, 0 <= halfway.progress_done < 100) == (100, True)
    assert Job.objects.get(id=job.id).progress_done == 100
    assert running_proof() is None
    (kept,) = last_proofs(auditor)
    assert (kept.ok, kept.asked_by, kept.entries) == (True, "小王", result["entries"])


def test_a_proof_is_for_those_who_may_ask_for_it(door: Door) -> None:
    for act in (
        lambda: ask_for_proof(actor=staff_of(None, "ledger.view")),
        lambda: last_proofs(staff_of(None, "ledger.prove")),
    ):
        with pytest.raises(KaquanError) as refused:
            act()
        assert refused.value.code == "permission_denied"
    assert not Job.objects.exists()
    assert not ProofRun.objects.exists()
    assert begin(uuid4()) is None
