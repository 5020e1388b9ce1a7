"""Paper from the printer to the customer and the shredder, through the actions that people use."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine

from kaquan.campaigns.supply import SerialRange, allot
from kaquan.custody import actions, cases, notes, queries
from kaquan.custody.models import CaseState, NoteState, PaperCase, TransferNote, Verdict
from kaquan.foundation import clock
from kaquan.foundation.errors import KaquanError
from kaquan.foundation.paging import Paging
from tests.builders.books import books, differing, faults
from tests.builders.issuer import NOON, SYSTEM, a_store, an_organisation
from tests.custody.paper import Paper, somebody
from tests.fixtures_database import Database


@pytest.fixture
def paper(database: Database) -> Paper:
    return Paper()


def refused(code: str, ask: object, database: Database) -> None:
    """Insist on this refusal, and that nothing has moved."""
    with database.connect() as connection:
        before = books(connection)
        counts = (TransferNote.objects.count(), PaperCase.objects.count())
        with pytest.raises(KaquanError) as caught:
            ask()  # type: ignore[operator]
        assert caught.value.code == code
        kept = {"ledger_block", "ledger_request", "ledger_lane"}  # the refusal itself
        assert differing(before, books(connection)) <= kept
        assert (TransferNote.objects.count(), PaperCase.objects.count()) == counts


def test_from_printed_to_sold_returned_and_destroyed(paper: Paper, database: Database) -> None:
    head, shop = paper.head.id, paper.shop.id
    assert paper.stock() == {(head, "PRINTED"): 16}
    assert paper.redeem(0).code.name == "VOUCHER_NOT_ACTIVATED"
    assert paper.redeem(17).done  # it was not printed, and nobody counts it

    paper.ready()
    assert paper.stock() == {(head, "READY"): 16}
    paper.handed_down(0, 9)
    assert paper.stock() == {(head, "READY"): 6, (shop, "READY"): 10}
    paper.act("hand_out", 0, 4, paper.clerk)
    assert paper.redeem(0).done
    paper.act("take_back", 4, 4, paper.clerk)
    paper.act("spoil", 5, 6, paper.clerk)
    assert paper.redeem(5).code.name == "VOUCHER_SPOILED"
    manager = paper.manager
    second = somebody(paper.region, 22)
    case = cases.ask_to_destroy(actor=manager, **paper.range(5, 6), reason="浸水", once="destroy-1")
    assert paper.stock()[shop, "SPOILED"] == 2
    cases.close(actor=second, case_id=case.id)

    assert paper.stock() == {
        (head, "READY"): 6,
        (shop, "READY"): 4,
        (shop, "HANDED_OUT"): 4,
        (shop, "DESTROYED"): 2,
    }
    assert paper.redeem(6).code.name == "VOUCHER_DESTROYED"
    assert sum(paper.stock().values()) == 16
    way = queries.piece_by_serial(paper.clerk, paper.first + 5).way
    done = [seen.move.command.act for seen in reversed(way)]
    # Of the head office's own acts a clerk sees none but the hand-over to their store.
    assert done == ["accept", "spoil", "destroy"]
    whole = queries.piece_by_serial(paper.office, paper.first + 5).way
    assert [seen.move.command.act for seen in reversed(whole)] == [
        *("print", "receive", "activate", "send", "accept", "send", "accept", "spoil", "destroy")
    ]
    destroyed = whole[0].move.command
    assert (destroyed.actor, destroyed.witness) == (second.id, manager.id)
    assert faults(database.connect) == []


def test_both_sides_sign_and_nobody_for_the_other(paper: Paper, database: Database) -> None:
    paper.ready()
    note = paper.sent(0, 7)
    assert (note.state, paper.where(0)) == (NoteState.SENT, ("SENT", paper.head.id))
    assert paper.redeem(0).code.name == "VOUCHER_NOT_HANDED_OUT"
    both = somebody(paper.head, 11)
    refused("custody_other_side_signs", lambda: notes.sign(actor=both, note_id=note.id), database)
    elsewhere = somebody(an_organisation("华南", paper.head), 41)
    refused("custody_note_unknown", lambda: notes.sign(actor=elsewhere, note_id=note.id), database)
    refused("custody_act_impossible", lambda: paper.act("hand_out", 0, 0, paper.office), database)

    signed = notes.sign(actor=paper.manager, note_id=note.id)

    assert (signed.state, signed.signed_by) == (NoteState.SIGNED, paper.manager.id)
    assert paper.where(7) == ("READY", paper.region.id)
    refused(
        "custody_note_settled", lambda: notes.sign(actor=paper.manager, note_id=note.id), database
    )
    refused(
        "custody_note_settled",
        lambda: notes.call_back(actor=paper.office, note_id=note.id),
        database,
    )
    assert faults(database.connect) == []


def test_a_note_that_is_called_back_leaves_the_paper_where_it_was(
    paper: Paper, database: Database
) -> None:
    paper.ready()
    note = paper.sent(0, 7)
    notes.call_back(actor=paper.office_second, note_id=note.id)
    assert paper.stock() == {(paper.head.id, "READY"): 16}
    assert paper.redeem(0).done


def test_a_form_sent_twice_is_one_note_and_one_act(paper: Paper) -> None:
    paper.ready()
    ask = {**paper.range(0, 3), "target": paper.region.code, "once": "the-same"}
    one = notes.send(actor=paper.office, **ask)
    two = notes.send(actor=paper.office, **ask)
    assert one.id == two.id
    notes.sign(actor=paper.manager, note_id=one.id)
    for _time in range(2):
        actions.do_act(
            actor=paper.manager, act="hand_out", **paper.range(0, 1), once="hand-out-once"
        )
    assert paper.stock()[paper.region.id, "HANDED_OUT"] == 2


def test_what_is_missing_at_a_count_is_a_case_that_two_people_close(
    paper: Paper, database: Database
) -> None:
    paper.ready()
    note = paper.sent(0, 15)
    missing = [(paper.code(3), str(paper.first + 6)), (paper.code(9), "")]
    notes.sign(actor=paper.manager, note_id=note.id, missing=missing)

    head, region = paper.head.id, paper.region.id
    assert paper.stock() == {(region, "READY"): 11, (head, "MISSING"): 5}
    case = PaperCase.objects.get()
    assert (case.quantity, case.is_alert, case.state) == (5, True, CaseState.OPEN)
    assert paper.redeem(3).code.name == "VOUCHER_LOST"
    refused(
        "custody_case_settled", lambda: cases.close(actor=paper.office, case_id=case.id), database
    )
    cases.propose(actor=paper.office, case_id=case.id, verdict=Verdict.LOSE, reason="运输途中遗失")
    refused(
        "custody_second_person", lambda: cases.close(actor=paper.office, case_id=case.id), database
    )
    refused(
        "custody_case_unknown", lambda: cases.close(actor=paper.manager, case_id=case.id), database
    )
    cases.close(actor=paper.office_second, case_id=case.id)

    case.refresh_from_db()
    assert (case.state, case.closed_by) == (CaseState.CLOSED, paper.office_second.id)
    assert paper.stock() == {(region, "READY"): 11, (head, "LOST"): 5}
    assert faults(database.connect) == []


def test_a_delivery_that_is_short_is_received_but_for_what_is_missing(paper: Paper) -> None:
    actions.receive(
        actor=paper.office,
        **paper.range(0, 15),
        missing=[(str(paper.first + 15), "")],
        once="count-1",
    )
    assert paper.stock() == {(paper.head.id, "RECEIVED"): 15, (paper.head.id, "MISSING"): 1}
    case = PaperCase.objects.get()
    assert case.is_alert  # one of sixteen is more than one in a thousand
    cases.propose(actor=paper.office, case_id=case.id, verdict=Verdict.FIND, reason="在另一箱")
    cases.close(actor=paper.office_second, case_id=case.id)
    assert paper.stock() == {(paper.head.id, "RECEIVED"): 16}


def test_what_must_be_handed_out_first_is_refused_before(database: Database) -> None:
    paper = Paper(hand_out_first=True)
    paper.ready()
    paper.handed_down(0, 3)
    assert paper.redeem(0).code.name == "VOUCHER_NOT_HANDED_OUT"
    paper.act("hand_out", 0, 0, paper.clerk)
    assert paper.redeem(0).done
    assert paper.redeem(1).code.name == "VOUCHER_NOT_HANDED_OUT"


def test_overlapping_and_foreign_ranges_are_refused(paper: Paper, database: Database) -> None:
    allot(
        actor=SYSTEM, batch_id=paper.batch.id, serials=SerialRange(paper.first + 18, 2),
        organisation_id=paper.shop.id, at=NOON,
    )  # fmt: skip
    for first, last in ((10, 17), (16, 19)):  # some counted before, some allotted before
        refused(
            "custody_not_countable",
            lambda first=first, last=last: actions.printed(
                actor=SYSTEM, print_run_id=2, batch_id=paper.batch.id,
                first_serial=paper.first + first, last_serial=paper.first + last,
                quantity=last - first + 1, request_key=f"again-{first}",
            ),
            database,
        )  # fmt: skip
    paper.ready()
    paper.handed_down(0, 7)
    refused("custody_range_scattered", lambda: paper.act("hand_out", 6, 9, paper.office), database)
    refused("custody_range_scattered", lambda: paper.act("hand_out", 8, 9, paper.clerk), database)
    refused("custody_range_invalid", lambda: paper.act("hand_out", 3, 1, paper.clerk), database)
    refused(
        "permission_denied",
        lambda: paper.act("activate", 0, 1, somebody(paper.shop, 32, "custody.move")),
        database,
    )
    other = a_store(paper.region).organisation
    refused("organisation_unknown", lambda: paper.sent(0, 1, by=paper.clerk, to=other), database)
    refused("custody_same_place", lambda: paper.sent(0, 1, by=paper.clerk, to=paper.shop), database)
    assert paper.sent(0, 1, by=paper.clerk, to=paper.region).state == NoteState.SENT  # back up


def test_the_stock_of_a_day_that_is_over_never_changes(paper: Paper) -> None:
    start = clock.now()
    with time_machine.travel(start + timedelta(days=1), tick=False):
        paper.ready()
    with time_machine.travel(start + timedelta(days=2), tick=False):
        paper.handed_down(0, 3)
    head, shop = paper.head.id, paper.shop.id
    half = timedelta(hours=12)
    for _look in range(2):
        assert paper.stock(before=start + half) == {(head, "PRINTED"): 16}
        assert paper.stock(before=start + timedelta(days=1) + half) == {(head, "READY"): 16}
        assert paper.stock(before=start + timedelta(days=3)) == {
            (head, "READY"): 12,
            (shop, "READY"): 4,
        }
        with time_machine.travel(start + timedelta(days=4), tick=False):
            if _look == 0:
                paper.act("hand_out", 0, 0, paper.clerk)


def test_stock_is_told_within_ones_part_of_the_tree(paper: Paper) -> None:
    paper.ready()
    paper.handed_down(0, 3)
    whole = queries.stock_page(paper.office, Paging(limit=1))
    rest = queries.stock_page(paper.office, Paging(limit=20, after=whole.after))
    assert [(line.place.name, line.quantity) for line in (*whole.rows, *rest.rows)] == [
        ("总部", 12),
        (paper.shop.name, 4),
    ]
    assert [line.quantity for line in queries.stock(paper.clerk)] == [4]
    stranger = somebody(an_organisation("华南", paper.head), 41)
    assert queries.stock(stranger) == []
    for ask in (
        lambda: queries.piece_by_serial(stranger, paper.first),
        lambda: queries.paper_batch(stranger, paper.batch.id),
    ):
        with pytest.raises(KaquanError) as caught:
            ask()
        assert caught.value.code == "custody_piece_unknown"
    assert [seen.run.quantity for seen in queries.runs_of(paper.clerk, paper.batch.id)] == [4]
