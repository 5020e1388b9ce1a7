"""What is done with paper in one place; what passes between two is in `notes`, what two people
decide in `cases`.

A range is given by its first and last voucher, code or serial. ``once`` is the request's own name:
the same form sent twice is one act.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from kaquan.campaigns.models import CampaignBatch
from kaquan.campaigns.queries import batch_by_id
from kaquan.custody.cases import keep_case
from kaquan.custody.errors import (
    counted_outside,
    not_to_be_counted,
    range_invalid,
)
from kaquan.custody.models import CaseKind
from kaquan.custody.moving import MoveRefusedError, Step, check_pieces, perform, steps_of, was_done
from kaquan.custody.permissions import MOVE, SUPPLY
from kaquan.custody.ranges import QUANTITY_MAX, held_runs, read_range
from kaquan.engine.custody import Piece, Span, joined, without
from kaquan.engine.outcomes import OutcomeCode
from kaquan.foundation.actor import Actor, require
from kaquan.organisations.errors import organisation_unknown
from kaquan.organisations.models import Organisation

#: What one person does with a range where it lies, and the permission for it.
SIMPLE_ACTS = {
    "activate": SUPPLY,
    "hand_out": MOVE,
    "take_back": MOVE,
    "spoil": MOVE,
}


class Moved(NamedTuple):
    """What was done, with how many pieces of which batch."""

    batch_id: int
    quantity: int


def printed(
    *,
    actor: Actor,
    print_run_id: int,
    batch_id: int,
    first_serial: int,
    last_serial: int,
    quantity: int,
    request_key: str,
    hand_out_first: bool = False,
) -> Moved:
    """Vouchers of a batch were printed: from now on they are counted, and dead until activated.

    They lie at the printer's for the campaign's organisation, the head office's where it has none.
    With ``hand_out_first`` they are good for nothing before a store handed them out. Raises
    `batch_unknown`, `custody_range_invalid`, `custody_not_countable` and the ledger's refusals.
    """
    require(actor, SUPPLY)
    batch = batch_by_id(actor, batch_id)
    span = Span(first_serial, last_serial + 1)
    if span.quantity != quantity or not 0 < quantity <= QUANTITY_MAX:
        raise range_invalid(QUANTITY_MAX)
    step = Step("print", span, _home_of(batch), hand_out_first=hand_out_first)
    try:
        perform(
            actor=actor,
            batch_id=batch.id,
            steps=[step],
            key=f"print:{request_key}",
            reason=f"print-run:{print_run_id}",
        )
    except MoveRefusedError as error:
        if error.outcome.code is not OutcomeCode.PIECES_ELSEWHERE:
            raise
        raise not_to_be_counted(error.outcome.data["first_serial"]) from None
    return Moved(batch.id, quantity)


def receive(
    *, actor: Actor, first: str, last: str, missing: Sequence[tuple[str, str]] = (), once: str
) -> Moved:
    """The printer's delivery was counted: all of the range is there but what is ``missing``, which
    becomes a case. Raises `custody_range_invalid`, `custody_range_scattered`,
    `custody_counted_outside`, `custody_act_impossible`."""
    require(actor, SUPPLY)
    batch_id, span = read_range(first, last)
    if was_done(once):
        return Moved(batch_id, span.quantity)
    holder, runs = held_runs(actor, batch_id, span)
    absent = joined(_inside(batch_id, span, missing))
    check_pieces(runs, (Piece.PRINTED,))
    steps = [Step("receive", one, holder.id) for one in without([span], absent)]
    steps += [Step("miss", one, holder.id) for one in absent]
    with keep_case(
        actor=actor,
        kind=CaseKind.MISSING,
        batch_id=batch_id,
        holder=holder,
        spans=absent,
        of_quantity=span.quantity,
        once=once,
    ):
        perform(actor=actor, batch_id=batch_id, steps=steps, key=once)
    return Moved(batch_id, span.quantity - sum(one.quantity for one in absent))


def do_act(
    *, actor: Actor, act: str, first: str, last: str = "", reason: str = "", once: str
) -> Moved:
    """One of ``SIMPLE_ACTS`` with a range; raises `permission_denied`, `custody_range_invalid`,
    `custody_range_scattered`, `custody_act_impossible` and the ledger's refusals."""
    require(actor, SIMPLE_ACTS[act])
    batch_id, span = read_range(first, last)
    if was_done(once):
        return Moved(batch_id, span.quantity)
    _holder, runs = held_runs(actor, batch_id, span)
    perform(actor=actor, batch_id=batch_id, steps=steps_of(act, runs), key=once, reason=reason)
    return Moved(batch_id, span.quantity)


def report_missing(
    *, actor: Actor, first: str, last: str = "", reason: str = "", once: str
) -> Moved:
    """A count did not find these; they become a case that two people close."""
    require(actor, MOVE)
    batch_id, span = read_range(first, last)
    if was_done(once):
        return Moved(batch_id, span.quantity)
    holder, runs = held_runs(actor, batch_id, span)
    check_pieces(runs, (Piece.RECEIVED, Piece.READY))
    with keep_case(
        actor=actor,
        kind=CaseKind.MISSING,
        batch_id=batch_id,
        holder=holder,
        spans=[span],
        of_quantity=span.quantity,
        once=once,
        reason=reason,
    ):
        steps = steps_of("miss", runs)
        perform(actor=actor, batch_id=batch_id, steps=steps, key=once, reason=reason)
    return Moved(batch_id, span.quantity)


def _inside(batch_id: int, span: Span, ranges: Sequence[tuple[str, str]]) -> list[Span]:
    found = []
    for first, last in ranges:
        of_batch, one = read_range(first, last)
        if of_batch != batch_id or one.first < span.first or one.end > span.end:
            raise counted_outside()
        found.append(one)
    return found


def _home_of(batch: CampaignBatch) -> int:
    """Who has a batch's paper first."""
    owner_id: int | None = batch.campaign.organisation_id
    if owner_id is not None:
        return owner_id
    root = Organisation.objects.filter(parent=None).order_by("id").first()
    if root is None:
        raise organisation_unknown("")
    return root.id
