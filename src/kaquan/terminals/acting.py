"""Who stands at a counter: a name and a secret become an actor of that one store."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from django.contrib.auth.hashers import check_password, make_password

from kaquan.foundation.actor import EVERY_PERMISSION, Actor
from kaquan.organisations.models import Store
from kaquan.redemption.actions import ISSUE, REDEEM, REVERSE
from kaquan.redemption.queries import TRACE
from kaquan.staff.acting import actor_of, must_use_second_factor
from kaquan.staff.models import StaffUser
from kaquan.terminals import tries
from kaquan.terminals.errors import (
    login_wrong,
    not_a_supervisor,
    not_of_this_store,
    password_to_be_changed,
    second_factor_needed,
)
from kaquan.terminals.models import Device, StaffPin

AT_A_COUNTER = frozenset({REDEEM, REVERSE, ISSUE, TRACE})
"""What somebody may do at a counter at most, whatever else their roles give."""
PIN_DIGITS = 6


def authenticate(
    *, device: Device, username: str, secret: str, source: str, at: datetime
) -> StaffUser:
    """The account behind a name and its password or PIN.

    Raises `counter_login_wrong`, `counter_tried_too_often`, and what stands in the way of an
    account that is known: `counter_password_temporary`, `counter_second_factor`.
    """
    user = StaffUser.objects.filter(username=username.strip().lower()[:64]).first()
    subjects = [
        tries.account(user.pk if user else None, username),
        tries.terminal(device.terminal_id),
        tries.source(source),
    ]
    with tries.trying(subjects, at) as verdict:
        if user is None or not user.is_active or not _fits(user, secret):
            if user is None:
                make_password(secret)  # as long as for a name that there is
            raise login_wrong()
        verdict.right = True
    if user.must_change_password:
        raise password_to_be_changed()
    if must_use_second_factor(user, at=at):
        raise second_factor_needed()
    return user


def actor_at(user: StaffUser, store: Store, at: datetime) -> Actor:
    """Somebody as an actor of one store, with no more than a counter needs; what was taken from
    them a moment ago is gone. Raises `counter_not_here`."""
    path = store.organisation.path
    actor = actor_of(user, at=at, organisation_id=store.pk)
    if actor is None or actor.organisation_path != path or not _may(actor, REDEEM):
        raise not_of_this_store(store.organisation.name)
    permissions = {one for one in AT_A_COUNTER if _may(actor, one)}
    return replace(actor, permissions=frozenset(permissions | {TRACE}))


def supervisor_at(user: StaffUser, store: Store, at: datetime) -> Actor:
    """The same for somebody who allows what others may not: whoever may undo a use.

    Raises `counter_not_here`, `counter_not_a_supervisor`.
    """
    actor = actor_at(user, store, at)
    if REVERSE not in actor.permissions:
        raise not_a_supervisor(user.name)
    return actor


def _may(actor: Actor, permission: str) -> bool:
    return bool({permission, EVERY_PERMISSION} & actor.permissions)


def _fits(user: StaffUser, secret: str) -> bool:
    if len(secret) == PIN_DIGITS and secret.isascii() and secret.isdigit():
        pin = StaffPin.objects.filter(user=user).first()
        if pin is not None:
            return check_password(secret, pin.pin_hash)
    return check_password(secret, user.password)
