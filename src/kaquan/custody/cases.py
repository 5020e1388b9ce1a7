"""Pieces that a count did not find, and pieces to be destroyed: two people close each case."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from django.db import IntegrityError, transaction

from kaquan.custody.errors import (
    case_settled,
    second_person_closes,
)
from kaquan.custody.models import (
    CaseKind,
    CaseState,
    PaperCase,
    TransferNote,
    Verdict,
)
from kaquan.custody.moving import MoveRefusedError, check_pieces, perform, steps_of
from kaquan.custody.permissions import SUPPLY
from kaquan.custody.queries import case_by_id
from kaquan.custody.ranges import as_parts, as_spans, cut_runs, held_runs, read_range
from kaquan.engine.custody import ACTS, Span
from kaquan.engine.rows import Custody
from kaquan.foundation import clock
from kaquan.foundation import imports_cells as cells
from kaquan.foundation.actor import Actor, require
from kaquan.foundation.errors import KaquanError
from kaquan.organisations.models import Organisation

ALERT_PIECES = 3
ALERT_ONE_IN = 1_000
_AWAITS = (CaseState.OPEN, CaseState.PROPOSED)
_read_reason = cells.text(500)


@contextmanager
def keep_case(
    *,
    actor: Actor,
    kind: CaseKind,
    batch_id: int,
    holder: Organisation,
    spans: Sequence[Span],
    of_quantity: int,
    once: str,
    reason: str = "",
    note: TransferNote | None = None,
) -> Iterator[None]:
    """Keep a case about pieces that the body moves; none where there are none.

    It is kept before, so that nothing can miss without one; where the books surely refuse, it goes.
    """
    if not spans:
        yield
        return
    quantity = sum(one.quantity for one in spans)
    fields = {
        "kind": kind,
        "batch_id": batch_id,
        "organisation": holder,
        "note": note,
        "parts": as_parts(spans),
        "quantity": quantity,
        "is_alert": is_alert(quantity, of_quantity),
        "opened_at": clock.now(),
        "opened_by": actor.id[:100],
        "opened_by_name": actor.name[:200],
        "reason": reason[:500],
    }
    try:
        with transaction.atomic():
            case, _created = PaperCase.objects.get_or_create(once=once, defaults=fields)
    except IntegrityError:  # the same form came twice at once
        case = PaperCase.objects.get(once=once)
    opening = PaperCase.objects.filter(id=case.id, state=CaseState.OPENING)
    try:
        yield
    except MoveRefusedError as error:
        if error.surely:
            opening.delete()
        raise
    opening.update(state=CaseState.OPEN)


def is_alert(quantity: int, of_quantity: int) -> bool:
    """Whether those above should look: more than three pieces, or one in a thousand."""
    return quantity > ALERT_PIECES or quantity * ALERT_ONE_IN > of_quantity


def propose(*, actor: Actor, case_id: int, verdict: Verdict, reason: str) -> PaperCase:
    """Say what became of missing pieces; somebody else confirms it. Raises `custody_case_unknown`,
    `custody_case_settled`, `value_invalid`."""
    require(actor, SUPPLY)
    said = cells.accepted(_read_reason, reason, zh="原因", en="reason")
    with transaction.atomic():
        case = case_by_id(actor, case_id, for_update=True)
        if case.kind != CaseKind.MISSING or case.state not in _AWAITS:
            raise case_settled(CaseState(case.state).label)
        case.state, case.verdict, case.reason = CaseState.PROPOSED, verdict, said
        case.proposed_by, case.proposed_by_name = actor.id[:100], actor.name[:200]
        case.save()
    return case


def ask_to_destroy(
    *, actor: Actor, first: str, last: str = "", reason: str, once: str
) -> PaperCase:
    """Ask for a range to be destroyed; whoever confirms it was there and saw it. Raises
    `custody_range_invalid`, `custody_range_scattered`, `custody_act_impossible`."""
    require(actor, SUPPLY)
    said = cells.accepted(_read_reason, reason, zh="原因", en="reason")
    known = PaperCase.objects.filter(once=once, opened_by=actor.id[:100]).first()
    if known is not None:
        return known
    batch_id, span = read_range(first, last)
    holder, runs = held_runs(actor, batch_id, span)
    _must_allow(runs, Verdict.DESTROY)
    return PaperCase.objects.create(
        kind=CaseKind.DESTRUCTION,
        batch_id=batch_id,
        organisation=holder,
        parts=as_parts([span]),
        quantity=span.quantity,
        is_alert=False,
        state=CaseState.PROPOSED,
        once=once,
        verdict=Verdict.DESTROY,
        reason=said,
        opened_at=clock.now(),
        opened_by=actor.id[:100],
        opened_by_name=actor.name[:200],
        proposed_by=actor.id[:100],
        proposed_by_name=actor.name[:200],
    )


def drop(*, actor: Actor, case_id: int) -> PaperCase:
    """Take a proposal back: pieces stay where they are; of missing ones the question is open
    again."""
    require(actor, SUPPLY)
    with transaction.atomic():
        case = case_by_id(actor, case_id, for_update=True)
        if case.state != CaseState.PROPOSED:
            raise case_settled(CaseState(case.state).label)
        is_missing = case.kind == CaseKind.MISSING
        case.state = CaseState.OPEN if is_missing else CaseState.DROPPED
        case.proposed_by = case.proposed_by_name = case.verdict = ""
        case.save()
    return case


def close(*, actor: Actor, case_id: int) -> PaperCase:
    """Confirm what was proposed, and book it: pieces are on hand again, lost, or destroyed.

    Raises `custody_case_unknown`, `custody_case_settled`, `custody_second_person` and the ledger's
    refusals; what was interrupted goes on where it was.
    """
    require(actor, SUPPLY)
    with transaction.atomic():
        case = case_by_id(actor, case_id, for_update=True)
        if case.state not in (CaseState.PROPOSED, CaseState.CLOSING):
            raise case_settled(CaseState(case.state).label)
        if case.proposed_by == actor.id[:100]:
            raise second_person_closes()
        if case.state == CaseState.PROPOSED:
            case.state, case.closed_by = CaseState.CLOSING, actor.id[:100]
            case.closed_by_name = actor.name[:200]
            case.save()
    _book(actor, case)
    PaperCase.objects.filter(id=case.id, state=CaseState.CLOSING).update(
        state=CaseState.CLOSED, closed_at=clock.now()
    )
    case.refresh_from_db()
    return case


def _book(actor: Actor, case: PaperCase) -> None:
    steps = []
    for span in as_spans(case.parts):
        runs = cut_runs(case.batch_id, span)
        _must_allow(runs, Verdict(case.verdict), case)
        steps += steps_of(case.verdict, runs)
    try:
        perform(
            actor=actor,
            batch_id=case.batch_id,
            steps=steps,
            key=f"case:{case.id}:{case.verdict}",
            reason=case.reason,
            witness=case.proposed_by,
        )
    except MoveRefusedError as error:
        if error.surely:
            _reopen(case)
        raise


def _must_allow(runs: Sequence[Custody], verdict: Verdict, case: PaperCase | None = None) -> None:
    try:
        check_pieces(runs, ACTS[verdict].sources)
    except KaquanError:
        if case is not None:
            _reopen(case)
        raise


def _reopen(case: PaperCase) -> None:
    PaperCase.objects.filter(id=case.id, state=CaseState.CLOSING).update(
        state=CaseState.PROPOSED, closed_by="", closed_by_name=""
    )
