"""Shifts: somebody begins, locks the terminal and comes back, and hands over."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from itertools import pairwise

from django.contrib.auth.hashers import check_password, make_password
from django.db import transaction

from kaquan.foundation.changes.actions import record_change
from kaquan.organisations.issuer_settings import IDLE_MINUTES, issuer_setting
from kaquan.organisations.models import Terminal
from kaquan.terminals.acting import PIN_DIGITS, actor_at, authenticate
from kaquan.terminals.errors import login_wrong, pin_invalid, request_malformed, shift_needed
from kaquan.terminals.models import Device, Shift, StaffPin
from kaquan.terminals.registering import TOKEN_BYTES, token_hash

SEEN_EVERY = timedelta(minutes=1)
NOTE_MAX = 200
COUNTED_FEN_MAX = 10**10


def begin_shift(
    *, device: Device, username: str, secret: str, source: str, at: datetime
) -> tuple[Shift, str]:
    """Log in: one's own shift goes on, somebody else's ends, a new one begins; and the token.

    Raises what `authenticate` and `actor_at` raise.
    """
    user = authenticate(device=device, username=username, secret=secret, source=source, at=at)
    actor_at(user, device.terminal.store, at)
    token = secrets.token_urlsafe(TOKEN_BYTES)
    with transaction.atomic():
        terminal = Terminal.objects.select_for_update().get(pk=device.terminal_id)
        open_shift = Shift.objects.filter(terminal=terminal, ended_at__isnull=True).first()
        if open_shift is not None and open_shift.user_id == user.pk:
            shift = open_shift
            shift.device, shift.token_hash, shift.seen_at = device, token_hash(token), at
            shift.save(update_fields=["device", "token_hash", "seen_at"])
        else:
            if open_shift is not None:
                _end(open_shift, at)
            shift = Shift.objects.create(
                device=device,
                terminal=terminal,
                user=user,
                token_hash=token_hash(token),
                began_at=at,
                seen_at=at,
            )
        terminal.last_seen_at = max(at, terminal.last_seen_at or at)
        terminal.save(update_fields=["last_seen_at"])
    return shift, token


def shift_of(device: Device, token: str, at: datetime) -> Shift:
    """The shift of a browser; one that nobody used for long is locked. Raises `shift_needed`."""
    rows = Shift.objects.select_related("user", "terminal__store__organisation")
    shift = rows.filter(
        device=device, token_hash=token_hash(token), ended_at__isnull=True, user__is_active=True
    ).first()
    idle = timedelta(minutes=int(issuer_setting(IDLE_MINUTES.name)))
    if shift is None or at > shift.seen_at + idle:
        raise shift_needed()
    if at >= shift.seen_at + SEEN_EVERY:
        Shift.objects.filter(pk=shift.pk, seen_at__lt=at).update(seen_at=at)
        Terminal.objects.filter(pk=shift.terminal_id).update(last_seen_at=at)
    return shift


def lock(shift: Shift) -> None:
    """Somebody leaves the terminal for a moment: whoever comes back logs in again."""
    Shift.objects.filter(pk=shift.pk).update(token_hash=None)


def hand_over(*, shift: Shift, counted_fen: int | None, note: str, at: datetime) -> Shift:
    """End a shift, with the money that was counted and a word for whoever comes next.

    Raises `value_invalid`, `shift_needed` where it ended already.
    """
    if counted_fen is not None and not 0 <= counted_fen <= COUNTED_FEN_MAX:
        raise request_malformed("点款金额不对。", "The counted amount makes no sense.")
    if len(note) > NOTE_MAX or not note.isprintable():
        raise request_malformed(
            f"交班备注最多 {NOTE_MAX} 字，一行。", f"The note is one line, {NOTE_MAX} characters."
        )
    with transaction.atomic():
        row = Shift.objects.select_for_update().get(pk=shift.pk)
        if row.ended_at is not None:
            raise shift_needed()
        row.counted_fen, row.note = counted_fen, note.strip()
        _end(row, at)
    return row


def set_pin(*, shift: Shift, password: str, pin: str, source: str, at: datetime) -> None:
    """Choose six digits for this and other counters; the password says that it is oneself.

    Raises `counter_login_wrong`, `counter_tried_too_often`, `value_invalid`.
    """
    user = shift.user
    if not _is_good(pin):
        raise pin_invalid()
    authenticate(device=shift.device, username=user.username, secret=password, source=source, at=at)
    if not check_password(password, user.password):
        raise login_wrong()  # an old PIN does not make a new one
    actor = actor_at(user, shift.terminal.store, at)
    with transaction.atomic():
        StaffPin.objects.update_or_create(
            user=user, defaults={"pin_hash": make_password(pin), "set_at": at}
        )
        record_change(
            actor=actor,
            verb="staff.set_pin",
            kind="staff",
            object_id=user.pk,
            object_name=user.username,
            organisation_path=user.organisation.path if user.organisation else "",
            before=None,
            after={"pin": "set"},
        )


def last_shift(terminal: Terminal) -> Shift | None:
    """The shift that ended last at a terminal."""
    rows = Shift.objects.filter(terminal=terminal, ended_at__isnull=False)
    return rows.select_related("user").order_by("-id").first()


def _end(shift: Shift, at: datetime) -> None:
    shift.ended_at, shift.token_hash = at, None
    shift.save(update_fields=["ended_at", "token_hash", "counted_fen", "note"])


def _is_good(pin: str) -> bool:
    if len(pin) != PIN_DIGITS or not (pin.isascii() and pin.isdigit()):
        return False
    steps = {int(right) - int(left) for left, right in pairwise(pin)}
    return steps not in ({0}, {1}, {-1})
