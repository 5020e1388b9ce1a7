"""Paper that passes from one organisation to another: sent by one side, counted and signed by the
other."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction

from kaquan.custody.cases import keep_case
from kaquan.custody.errors import (
    counted_outside,
    note_settled,
    other_side_signs,
    same_place,
)
from kaquan.custody.models import CaseKind, NoteState, TransferNote
from kaquan.custody.moving import MoveRefusedError, Step, perform, steps_of, was_done
from kaquan.custody.permissions import MOVE
from kaquan.custody.queries import note_by_id
from kaquan.custody.ranges import as_parts, as_spans, cut_runs, held_runs, read_range
from kaquan.engine.custody import Span, joined, without
from kaquan.foundation import clock
from kaquan.foundation.actor import Actor, require
from kaquan.foundation.errors import KaquanError
from kaquan.organisations.errors import organisation_unknown
from kaquan.organisations.models import Organisation
from kaquan.organisations.queries import within
from kaquan.organisations.searching import node_named


def send(*, actor: Actor, first: str, last: str = "", target: str, once: str) -> TransferNote:
    """Send a range to another organisation, named by code or name: one below or above who has it.

    Raises `organisation_unknown`, `custody_range_invalid`, `custody_range_scattered`,
    `custody_act_impossible`, `custody_same_place` and the ledger's refusals.
    """
    require(actor, MOVE)
    known = TransferNote.objects.filter(once=once, sent_by=actor.id[:100]).first()
    if known is None:
        batch_id, span = read_range(first, last)
        holder, runs = held_runs(actor, batch_id, span)
        receiver = _receiver(actor, holder, target)
        if receiver.id == holder.id:
            raise same_place()
        steps_of("send", runs)  # before anything is kept
        known, _created = TransferNote.objects.get_or_create(
            once=once,
            defaults={
                "batch_id": batch_id,
                "source": holder,
                "target": receiver,
                "parts": as_parts([span]),
                "quantity": span.quantity,
                "sent_at": clock.now(),
                "sent_by": actor.id[:100],
                "sent_by_name": actor.name[:200],
            },
        )
    return _open(actor, known)


def sign(
    *,
    actor: Actor,
    note_id: int,
    missing: Sequence[tuple[str, str]] = (),
    all_missing: bool = False,
) -> TransferNote:
    """The other side counted: all is there but what is ``missing``, which becomes a case with the
    sender.

    Raises `custody_note_unknown`, `custody_note_settled`, `custody_other_side_signs`,
    `custody_counted_outside` and the ledger's refusals; what was interrupted goes on as it was
    counted first.
    """
    require(actor, MOVE)
    with transaction.atomic():
        note = note_by_id(actor, note_id, for_update=True)
        if note.state not in (NoteState.SENT, NoteState.SIGNING):
            raise note_settled(NoteState(note.state).label)
        if not within(actor, Organisation.objects.filter(id=note.target_id), "").exists():
            raise other_side_signs()
        if note.sent_by == actor.id[:100]:
            raise other_side_signs()
        if note.state == NoteState.SENT:
            spans = as_spans(note.parts)
            absent = spans if all_missing else joined(_inside(note, missing))
            note.received = as_parts(without(spans, absent))
            note.state, note.signed_by = NoteState.SIGNING, actor.id[:100]
            note.signed_by_name = actor.name[:200]
            note.save()
    _book_signature(actor, note)
    TransferNote.objects.filter(id=note.id, state=NoteState.SIGNING).update(
        state=NoteState.SIGNED, signed_at=clock.now()
    )
    note.refresh_from_db()
    return note


def call_back(*, actor: Actor, note_id: int) -> TransferNote:
    """Nothing was sent after all, or it came back unsigned: it is on hand where it was. Raises
    `custody_note_unknown`, `custody_note_settled`, `organisation_unknown`."""
    require(actor, MOVE)
    with transaction.atomic():
        note = note_by_id(actor, note_id, for_update=True)
        if note.state != NoteState.SENT:
            raise note_settled(NoteState(note.state).label)
        if not within(actor, Organisation.objects.filter(id=note.source_id), "").exists():
            raise organisation_unknown(note.source_id)
        # Within the lock, so that nobody signs meanwhile; a call back that was booked is known.
        key = f"call-back:{note.id}"
        if not was_done(key):
            steps = _steps("call_back", note, as_spans(note.parts))
            perform(actor=actor, batch_id=note.batch_id, steps=steps, key=key)
        note.state = NoteState.CALLED_BACK
        note.save(update_fields=["state"])
    return note


def _open(actor: Actor, note: TransferNote) -> TransferNote:
    """Book what is sent, once; what the books refuse is no note."""
    if note.state != NoteState.OPENING:
        return note
    key = f"send:{note.id}"
    opening = TransferNote.objects.filter(id=note.id, state=NoteState.OPENING)
    if not was_done(key):
        (span,) = as_spans(note.parts)
        _holder, runs = held_runs(actor, note.batch_id, span)
        try:
            steps = steps_of("send", runs)
        except KaquanError:
            opening.delete()
            raise
        try:
            perform(
                actor=actor, batch_id=note.batch_id, steps=steps, key=key, reason=f"note:{note.id}"
            )
        except MoveRefusedError as error:
            if error.surely:
                opening.delete()
            raise
    opening.update(state=NoteState.SENT)
    note.refresh_from_db()
    return note


def _book_signature(actor: Actor, note: TransferNote) -> None:
    key = f"sign:{note.id}"
    received = as_spans(note.received)
    absent = without(as_spans(note.parts), received)
    with keep_case(
        actor=actor,
        kind=CaseKind.MISSING,
        batch_id=note.batch_id,
        holder=note.source,
        spans=absent,
        of_quantity=note.quantity,
        once=key,
        note=note,
    ):
        if not was_done(key):
            steps = _steps("accept", note, received) + _steps("miss", note, absent)
            perform(
                actor=actor,
                batch_id=note.batch_id,
                steps=steps,
                key=key,
                reason=f"note:{note.id}",
                witness=note.sent_by,
            )


def _steps(act: str, note: TransferNote, spans: Sequence[Span]) -> list[Step]:
    to_id = note.target_id if act == "accept" else 0
    return [step for span in spans for step in steps_of(act, cut_runs(note.batch_id, span), to_id)]


def _inside(note: TransferNote, ranges: Sequence[tuple[str, str]]) -> list[Span]:
    sent = joined(as_spans(note.parts))
    found = []
    for first, last in ranges:
        batch_id, span = read_range(first, last)
        if batch_id != note.batch_id or without([span], sent):
            raise counted_outside()
        found.append(span)
    return found


def _receiver(actor: Actor, holder: Organisation, target: str) -> Organisation:
    """Whom somebody named: one of their own part, or one above who has the paper."""
    above = holder.path.rstrip(".").split(".")[:-1]
    words = target.strip()
    for one in Organisation.objects.filter(id__in=map(int, above)):
        if words in (one.code, one.name, f"{one.name}（{one.code}）"):
            return one
    return node_named(actor, words)
