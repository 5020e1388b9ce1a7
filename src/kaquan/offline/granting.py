"""Letting a device take vouchers by itself for a while: how far, and what it must know for that.

A device's loss in any 24 hours is bounded by its terminal's cap. Only its newest grant counts, for
all uses after it whichever grant they name; and a new one is smaller by what was lost in the last
24 hours. Some serials are picked by chance, and taken online only: whoever copies vouchers cannot
know which. See docs/decisions/0038.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from datetime import datetime, timedelta
from typing import Any

import msgspec
from django.db import transaction
from django.db.models import Sum

from kaquan.offline.models import Grant, Journal, OfflineUse
from kaquan.offline.snapshots import milliseconds, what_to_know
from kaquan.organisations.issuer_settings import (
    COUNTER_UNDO_MINUTES,
    OFFLINE_GRANT_HOURS,
    OFFLINE_ONLINE_PERCENT,
    issuer_setting,
)
from kaquan.terminals.models import Device
from kaquan.terminals.registering import caps_of

PICK_KEY_BYTES = 16
LOSSES_COUNT_FOR = timedelta(hours=24)


def renew(*, device: Device, pending: int, pending_fen: int, at: datetime) -> dict[str, Any]:
    """A new grant for a device, with everything that it must know, as its page keeps it."""
    with transaction.atomic():
        journal = journal_of(device, at)
        caps = caps_of(device.terminal)
        total_fen = max(caps.offline_total_fen_max - lost_fen(device, at), 0)
        ends_at = at + timedelta(hours=int(issuer_setting(OFFLINE_GRANT_HOURS.name)))
        content = what_to_know(device, at, ends_at)
        grant = Grant.objects.create(
            device=device,
            made_at=at,
            ends_at=ends_at,
            use_fen_max=min(caps.offline_use_fen_max, total_fen),
            total_fen_max=total_fen,
            after_counter=journal.last_counter,
            content_hash=hashlib.sha256(msgspec.json.encode(content)).digest(),
            online_percent=int(issuer_setting(OFFLINE_ONLINE_PERCENT.name)),
            pick_key=secrets.token_bytes(PICK_KEY_BYTES),
            undo_minutes=int(issuer_setting(COUNTER_UNDO_MINUTES.name)),
        )
        journal.pending, journal.pending_fen, journal.reached_at = pending, pending_fen, at
        journal.save(update_fields=["pending", "pending_fen", "reached_at"])
    return {
        **content,
        "device": device.pk,
        "grant": grant.pk,
        "madeAtMs": milliseconds(at),
        "endsAtMs": milliseconds(ends_at),
        "useFen": grant.use_fen_max,
        "totalFen": grant.total_fen_max,
        "onlinePercent": grant.online_percent,
        "pickKey": bytes(grant.pick_key).hex(),
        "undoMs": grant.undo_minutes * 60_000,
    }


def is_online_only(grant: Grant, serial: int) -> bool:
    """Whether chance kept a serial online for as long as the grant lasts: asked twice it is so
    twice. The page reckons the same (``offline.js``)."""
    name = f"{grant.pk}:{serial}".encode()
    drawn = int.from_bytes(hmac.digest(bytes(grant.pick_key), name, "sha256")[:4])
    return 100 * drawn < grant.online_percent << 32


def journal_of(device: Device, at: datetime) -> Journal:
    """The device's journal, locked until the transaction ends."""
    Journal.objects.get_or_create(device=device, defaults={"reached_at": at})
    return Journal.objects.select_for_update(of=("self",)).get(device=device)


def lost_fen(device: Device, at: datetime) -> int:
    """What was booked as lost of a device's uses in the last 24 hours."""
    rows = OfflineUse.objects.filter(
        device=device, loss_fen__gt=0, received_at__gt=at - LOSSES_COUNT_FOR
    )
    return int(rows.aggregate(sum=Sum("loss_fen"))["sum"] or 0)
