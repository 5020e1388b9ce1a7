"""A file of vouchers is tried first, done once, and done by others' leave where it is large."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psycopg
import pytest
import xlsxwriter

from kaquan.approvals.actions import decide
from kaquan.engine.lifecycle import State
from kaquan.foundation.actor import Actor
from kaquan.foundation.errors import KaquanError
from kaquan.foundation.jobs.actions import begin, cancel
from kaquan.foundation.jobs.exports import path_of
from kaquan.foundation.jobs.models import Job, JobState
from kaquan.foundation.paging import Paging
from kaquan.ledger.door import Door
from kaquan.ledger.sessions import reading_session
from kaquan.ledger.voucher_pages import voucher_rows
from kaquan.redemption import bulk_care, bulk_jobs, care
from kaquan.redemption.bulk_listings import bulk_rows, carried_out_before
from kaquan.redemption.codes import code_book
from kaquan.redemption.models import BulkCare, BulkState
from kaquan.surfaces.jobs import tasks
from kaquan.surfaces.jobs.doing import do
from tests.builders.books import books
from tests.builders.issuer import NOON, SYSTEM, staff_of
from tests.redemption.counter import Counter, a_counter, without_role
from tests.staff.people import acting, somebody

assert tasks  # so that the kinds of jobs are known
Connection = psycopg.Connection[Any]


def serials(counter: Counter, number: int = 20) -> list[int]:
    found = [code_book().decode(code) for code in counter.codes[:number]]
    return [one.serial for one in found]  # type: ignore[union-attr]  # they are ours


def sent(
    actor: Actor, rows: list[object], *, header: str = "serial", operation: str = "void",
    **more: Any,
) -> BulkCare:  # fmt: skip
    content = "\n".join([header, *map(str, rows)]).encode()
    return sent_file(actor, content, operation=operation, **more)


def sent_file(actor: Actor, content: bytes, *, operation: str = "void", **more: Any) -> BulkCare:
    asked: dict[str, Any] = {"reason": "印错", "valid_until": None, "file_name": "券.csv"}
    bulk = bulk_care.start_check(
        actor=actor, operation=operation, content=[content], at=NOON, **asked | more
    )
    return worked(bulk)


def worked(bulk: BulkCare) -> BulkCare:
    """What a worker makes of its job."""
    assert bulk.job_id is not None
    do(bulk.job_id)
    bulk.refresh_from_db()
    return bulk


def told(actor: Actor, bulk: BulkCare) -> list[tuple[int, str, str]]:
    rows = bulk_rows(actor, bulk.id, paging=Paging(limit=200)).rows
    return [(row.row_number, row.planned, row.outcome) for row in rows]


def state_of(serial: int) -> State | None:
    row = voucher_rows(reading_session(), [serial]).get(serial)
    return None if row is None else row.state


def test_each_row_is_told_what_would_happen_and_nothing_is_done(
    door: Door, connection: Connection
) -> None:
    counter, other = a_counter(), a_counter()
    first, second, *_ = serials(counter)
    care.void(actor=SYSTEM, voucher=second, reason="x", at=NOON)
    before = books(connection)

    bulk = sent(without_role(counter), [first, second, first, serials(other)[0], "abc", 2**37, ""])

    assert told(without_role(counter), bulk) == [
        (2, "done", ""),
        (3, "voucher_void", ""),
        (4, "voucher_repeated", ""),
        (5, "voucher_unknown", ""),
        (6, "not_a_number", ""),
        (7, "voucher_unknown", ""),
    ]
    assert (bulk.state, bulk.row_count, bulk.doable_count) == (BulkState.CHECKED, 6, 1)
    assert bulk.stake_fen == 2_000
    assert books(connection) == before
    job = Job.objects.get(id=bulk.job_id)
    report = path_of(job.id, job.file).read_text(encoding="utf-8-sig")
    assert report.count("\n") == 6
    assert "文件中前面已有这张券" in report


def test_a_file_is_carried_out_and_the_same_file_again_changes_nothing(
    door: Door, connection: Connection
) -> None:
    counter = a_counter()
    some = serials(counter, 5)
    bulk = sent(without_role(counter), list(some))

    worked(bulk_care.carry_out(actor=without_role(counter), bulk_id=bulk.id))
    before = books(connection)
    again = sent(without_role(counter), list(some))

    bulk.refresh_from_db()
    assert (bulk.state, bulk.done_count, bulk.refused_count) == (BulkState.DONE, 5, 0)
    assert {state_of(one) for one in some} == {State.VOID}
    assert again.doable_count == 0
    assert carried_out_before(without_role(counter), again) == bulk
    with pytest.raises(KaquanError) as refused:
        bulk_care.carry_out(actor=without_role(counter), bulk_id=again.id)
    assert refused.value.code == "bulk_not_ready"
    assert books(connection) == before


def test_codes_name_vouchers_and_are_kept_nowhere(door: Door, connection: Connection) -> None:
    counter = a_counter()
    code = counter.codes[3]
    rows: list[object] = [code.lower(), code[:-1] + "*", "0" * 20]

    bulk = sent(without_role(counter), rows, header="券码", operation="freeze")

    assert [planned for _number, planned, _outcome in told(without_role(counter), bulk)] == [
        "done", "code_malformed", "code_forged"
    ]  # fmt: skip
    kept = connection.execute(
        "SELECT r::text FROM redemption_bulkcarerow r"
        " UNION SELECT b::text FROM redemption_bulkcare b"
    ).fetchall()
    assert not any(code.lower() in text.lower() for (text,) in kept)
    job = Job.objects.get(id=bulk.job_id)
    assert not path_of(job.id, bulk_care.LIST_FILE).exists()
    assert code not in path_of(job.id, job.file).read_text(encoding="utf-8-sig")


def test_a_workbook_is_read_too(door: Door, tmp_path: Path) -> None:
    counter = a_counter()
    path = tmp_path / "券.xlsx"
    with xlsxwriter.Workbook(path) as workbook:
        sheet = workbook.add_worksheet()
        sheet.write_row(0, 0, ["备注", "序号"])
        for row, serial in enumerate(serials(counter, 3), start=1):
            sheet.write_row(row, 0, ["x", serial])

    bulk = sent_file(
        without_role(counter), path.read_bytes(), operation="freeze", file_name="券.xlsx"
    )

    assert (bulk.row_count, bulk.doable_count) == (3, 3)


@pytest.mark.parametrize(
    ("content", "code"),
    [(b"", "bulk_header_missing"), (b"number\n64\n", "bulk_header_missing"),
     (b"\xff\xfe\x00", "table_not_a_table")],
)  # fmt: skip
def test_a_file_that_cannot_be_read_says_why(door: Door, content: bytes, code: str) -> None:
    bulk = sent_file(staff_of(None), content)

    job = Job.objects.get(id=bulk.job_id)
    assert bulk.state == BulkState.UNREADABLE
    assert (job.state, job.error_code) == (JobState.FAILED, code)


def test_too_many_vouchers_or_too_much_money_asks_for_an_approval(
    door: Door, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    counter = a_counter()
    maker = acting(somebody(counter.region, "regional_operations"))
    checker = acting(somebody(counter.region, "regional_operations"))
    some = serials(counter, 12)
    bulk = sent(maker, list(some), operation="freeze")
    monkeypatch.setattr(bulk_care, "ROWS_MAX", 11)
    before = books(connection)

    with pytest.raises(KaquanError) as many:
        bulk_care.carry_out(actor=maker, bulk_id=bulk.id)
    dear = sent(without_role(counter), list(some), operation="void")
    monkeypatch.undo()
    with pytest.raises(KaquanError) as much:
        bulk_care.carry_out(actor=without_role(counter), bulk_id=dear.id)
    assert {many.value.code, much.value.code} == {"care_beyond_authority"}
    assert "¥240.00" in much.value.zh

    asked = bulk_care.ask_for(actor=maker, bulk_id=bulk.id)
    assert books(connection) == before
    decide(checker, request_id=asked.pk, verdict="approve", comment="", revision=1)
    bulk.refresh_from_db()
    worked(bulk)

    assert bulk.done_count == 12
    assert {state_of(one) for one in some} == {State.FROZEN_LIVE}


def test_a_request_that_is_turned_down_leaves_the_file_as_it_was(
    door: Door, connection: Connection
) -> None:
    counter = a_counter()
    maker = acting(somebody(counter.region, "regional_operations"))
    checker = acting(somebody(counter.region, "regional_operations"))
    bulk = sent(maker, list(serials(counter, 2)))
    asked = bulk_care.ask_for(actor=maker, bulk_id=bulk.id)
    before = books(connection)

    decide(checker, request_id=asked.pk, verdict="reject", comment="不必", revision=1)

    bulk.refresh_from_db()
    assert bulk.state == BulkState.CHECKED
    assert books(connection) == before
    assert bulk_care.drop(actor=maker, bulk_id=bulk.id).state == BulkState.DROPPED


def test_work_that_broke_off_goes_on_and_does_nothing_twice(
    door: Door, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    counter = a_counter()
    bulk = sent(without_role(counter), list(serials(counter, 6)))
    bulk_care.carry_out(actor=without_role(counter), bulk_id=bulk.id)
    bulk.refresh_from_db()
    monkeypatch.setattr(bulk_jobs, "AT_ONCE", 2)
    calls = 0
    keep = bulk_jobs._keep

    def broken(*arguments: Any) -> None:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise OSError("booked, and the power is gone")
        keep(*arguments)

    monkeypatch.setattr(bulk_jobs, "_keep", broken)
    begun = begin(bulk.job_id)  # type: ignore[arg-type]  # it has one
    assert begun is not None
    with pytest.raises(OSError, match="power"):
        bulk_jobs.work(begun)
    assert [state_of(one) for one in serials(counter, 6)].count(State.VOID) == 4
    worked(bulk)

    assert (bulk.state, bulk.done_count, bulk.refused_count) == (BulkState.DONE, 6, 0)


def test_work_that_was_cancelled_can_go_on(door: Door) -> None:
    counter = a_counter()
    bulk = sent(without_role(counter), list(serials(counter, 2)))
    bulk_care.carry_out(actor=without_role(counter), bulk_id=bulk.id)
    bulk.refresh_from_db()
    assert bulk.job_id is not None
    cancel(actor=without_role(counter), job_id=bulk.job_id)
    worked(bulk)
    assert bulk.state == BulkState.WORKING

    bulk_care.go_on(actor=without_role(counter), bulk_id=bulk.id)
    bulk.refresh_from_db()

    assert worked(bulk).done_count == 2


def test_a_file_is_its_senders_and_hidden_from_other_parts(
    door: Door, connection: Connection
) -> None:
    counter = a_counter()
    maker = acting(somebody(counter.region, "regional_operations"))
    bulk = sent(maker, list(serials(counter, 1)))
    before = books(connection)

    with pytest.raises(KaquanError) as colleague:
        bulk_care.carry_out(actor=without_role(counter), bulk_id=bulk.id)
    with pytest.raises(KaquanError) as stranger:
        bulk_care.carry_out(actor=counter.stranger, bulk_id=bulk.id)
    with pytest.raises(KaquanError) as nobody:
        sent(staff_of(counter.region, "voucher.trace"), [64])

    assert colleague.value.code == "bulk_of_another"
    assert stranger.value.code == "bulk_unknown"
    assert nobody.value.code == "permission_denied"
    assert books(connection) == before
