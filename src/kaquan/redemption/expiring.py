"""Vouchers whose time is over are booked as expired, batch by batch, in bounded steps.

Such a voucher is refused from its last moment on, booked or not; booking gives what was set aside
for it back to its budget. A card's balance stays owed. How far a batch was gone through is a row of
ours: whatever stops half-way is gone on with, and of several servers one does a batch.
"""

from __future__ import annotations

import logging
import threading
from datetime import datetime, timedelta

from django.db import connections, transaction
from django.db.models import F, Q

from kaquan.campaigns.models import CampaignBatch
from kaquan.engine.commands import Expire
from kaquan.engine.lifecycle import State
from kaquan.engine.outcomes import OutcomeCode
from kaquan.foundation import clock
from kaquan.foundation.actor import system_actor
from kaquan.ledger.batch_rules import batch_ends
from kaquan.ledger.door import COMMANDS_MAX, close_door, submit
from kaquan.ledger.sessions import reading_session
from kaquan.ledger.voucher_pages import VoucherFilter, vouchers_along
from kaquan.redemption.models import ExpirySweep

NAME = "expiry-sweep"
# A till that was cut off may still hand in uses from before a voucher's end.
GRACE = timedelta(days=7)
ROUND = timedelta(days=1)
LOOKED_AT = 5_000
AT_ONCE = 100
PAUSE_S = 0.5
IDLE_S = 60.0
_OPEN = (State.INACTIVE, State.LIVE, State.ISSUED, State.FROZEN_LIVE, State.FROZEN_ISSUED)
_ACTOR = system_actor("expiry")

log = logging.getLogger(__name__)


def sweep(stop: threading.Event) -> None:
    """Go through all batches once a day, a step at a time, until told to stop."""
    try:
        while not stop.is_set():
            stop.wait(PAUSE_S if step_all(clock.now()) else IDLE_S)
    finally:
        connections.close_all()
        close_door()


def step_all(at: datetime) -> int:
    """One step for each batch whose round is due or under way; how many went well."""
    went_well = 0
    for batch_id in due(at):
        try:
            step(batch_id, at)
            went_well += 1
        except Exception:
            log.exception("expired vouchers of batch %d could not be booked", batch_id)
    return went_well


def due(at: datetime) -> list[int]:
    """Batches to be gone through, those begun first; at most `AT_ONCE`."""
    rows = CampaignBatch.objects.filter(
        Q(expiry_sweep=None)
        | Q(expiry_sweep__under_way=True)
        | Q(expiry_sweep__through__lte=at - GRACE - ROUND)
    )
    rows = rows.order_by(F("expiry_sweep__under_way").desc(nulls_last=True), "id")
    return list(rows.values_list("id", flat=True)[:AT_ONCE])


def step(batch_id: int, at: datetime) -> int:
    """Look at a bounded part of a batch and book what is over there; how many that was.

    Done again after a crash it finds only what is not booked yet.
    """
    with transaction.atomic():
        # A new batch is left alone at first: its past may be brought in from elsewhere now, and
        # uses from before its end must find its vouchers good.
        begun, _made = ExpirySweep.objects.get_or_create(
            batch_id=batch_id, defaults={"through": at, "under_way": False}
        )
        row = ExpirySweep.objects.select_for_update(skip_locked=True).filter(pk=begun.pk).first()
        if row is None:  # another server is at it
            return 0
        if not row.under_way:
            if row.through > at - GRACE - ROUND:
                return 0
            row.through, row.after_serial, row.under_way = at - GRACE, -1, True
        page = vouchers_along(
            reading_session(),
            batch_ids=[batch_id],
            wanted=VoucherFilter(
                states=_OPEN,
                ends_before=row.through,
                batch_end=batch_ends(reading_session(), [batch_id]).get(batch_id),
            ),
            after_serial=row.after_serial,
            limit=COMMANDS_MAX,
            looked_at_max=LOOKED_AT,
        )
        commands = [Expire(at=at, serial=one.serial) for one in page.rows]
        outcomes = submit(commands, actor=_ACTOR) if commands else []
        # One that is held now, or that somebody extended meanwhile, is left to the next round.
        booked = sum(outcome.code is OutcomeCode.DONE for outcome in outcomes)
        row.booked_count += booked
        row.under_way = page.following is not None
        row.after_serial = -1 if page.following is None else page.following
        row.save()
    return booked
