"""Paper of a side, for its screens: some on hand in its store, a note on its way, a case."""

from __future__ import annotations

from kaquan.custody import actions, notes
from kaquan.custody.models import PaperCase, TransferNote
from kaquan.ledger.balances import custody_runs
from kaquan.ledger.sessions import reading_session
from tests.api.world import Side
from tests.builders.issuer import a_number, staff_of

#: Of the side's batch by code; no other test's preparations use these.
FIRST, LAST = 10, 19


def serial_of(side: Side, index: int = FIRST) -> int:
    """A printed voucher of the side; all of them are printed when one is first asked for."""
    batch = side.trade.by_code
    first = custody_runs(reading_session(), batch.id)[0].first_serial
    if not TransferNote.objects.filter(batch=batch).exists():
        _print(side, first)
    return first + index


def note_of(side: Side) -> TransferNote:
    """A note that awaits the store's signature."""
    serial_of(side)
    return TransferNote.objects.get(batch=side.trade.by_code)


def case_of(side: Side) -> PaperCase:
    """A voucher that a count did not find."""
    serial_of(side)
    return PaperCase.objects.get(batch=side.trade.by_code)


def _print(side: Side, first: int) -> None:
    actor = staff_of(side.organisation)
    begin, end = first + FIRST, first + LAST
    about = {"first": str(begin), "last": str(end)}
    actions.printed(
        actor=actor,
        print_run_id=1,
        batch_id=side.trade.by_code.id,
        first_serial=begin,
        last_serial=end,
        quantity=end - begin + 1,
        request_key=a_number("run-"),
    )
    actions.receive(actor=actor, **about, once=a_number("once-"))
    actions.do_act(actor=actor, act="activate", **about, once=a_number("once-"))
    actions.report_missing(actor=actor, first=str(end), once=a_number("once-"))
    notes.send(
        actor=actor,
        first=str(begin + 1),
        last=str(begin + 3),
        target=side.store.organisation.code,
        once=a_number("once-"),
    )
