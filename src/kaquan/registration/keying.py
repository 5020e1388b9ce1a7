"""Bundles that are keyed twice: two clerks type each slip without seeing the other's, and only what
both say, or what somebody settled, is registered. So it shows how many fields each gets wrong.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from django.db import IntegrityError, transaction

from kaquan.foundation import clock
from kaquan.foundation.actor import Actor, require
from kaquan.foundation.ids import draw_ids
from kaquan.redemption.codes import code_book
from kaquan.registration.acting import REGISTER, at_the_desk
from kaquan.registration.actions import book_slip
from kaquan.registration.errors import bundle_closed, keyed_by_you, keyed_twice, keying_unknown
from kaquan.registration.keyings import KeyedField, differing_fields, pair_waiting, waiting_in
from kaquan.registration.models import Bundle, Keying, Slip, SlipState
from kaquan.registration.queries import bundle_by_id
from kaquan.registration.typed import SlipRead, SlipTyped, read_typed

ONCE_MAX = 64


class Keyed(NamedTuple):
    """What came of keying a slip: it waits for the second turn, it was registered, or the two
    differ in some fields."""

    keying: Keying
    slip: Slip | None
    differing: tuple[KeyedField, ...]


def key_slip(*, actor: Actor, bundle_id: int, typed: SlipTyped, once: str) -> Keyed:
    """Key one slip of a double-key bundle, once for each ``once``; it is registered when somebody
    else keyed the same.

    Raises what `register_slip` raises, for a slip that would be refused is not worth a second
    keying; and `slip_keyed_by_you`, `slip_keyed_twice`.
    """
    acting = at_the_desk(actor)
    bundle = bundle_by_id(actor, bundle_id)
    assert bundle.double_key, bundle_id
    known = Keying.objects.filter(once=once).first()
    if known is None:
        book_slip(actor=actor, bundle=bundle, typed=typed, once=f"try:{once}"[:ONCE_MAX], dry=True)
        try:
            with transaction.atomic():
                known = _kept(acting, bundle_id, read_typed(acting, typed), once)
        except IntegrityError:  # the same form came twice at once
            known = Keying.objects.get(once=once)
    if known.bundle_id != bundle.id or known.keyed_by != actor.id[:100]:
        raise keying_unknown()
    return _standing(actor, bundle, known)


def settle_pair(*, actor: Actor, bundle_id: int, serial: int, settled: SlipTyped) -> Slip:
    """Register a slip that was keyed twice, as it stands on the paper; by either of the two or by
    anybody else at the desk.

    Raises `keying_unknown`, `slip_keyed_once` and what `register_slip` raises.
    """
    require(actor, REGISTER)
    bundle = bundle_by_id(actor, bundle_id)
    first, second = pair_waiting(bundle, serial)
    return _settle(actor, bundle, (first, second), settled)


def withdraw_keying(*, actor: Actor, keying_id: int) -> Keying:
    """Take a keying out that has no slip: another voucher's number was typed. Raises
    `keying_unknown`, `bundle_closed`."""
    require(actor, REGISTER)
    bundle_id = Keying.objects.filter(id=keying_id).values_list("bundle_id", flat=True).first()
    if bundle_id is None:
        raise keying_unknown()
    with transaction.atomic():
        bundle = bundle_by_id(actor, bundle_id, for_update=True)
        if bundle.closed_at is not None:
            raise bundle_closed(bundle.name)
        keying = waiting_in(bundle).filter(id=keying_id).first()
        if keying is None:
            raise keying_unknown()
        keying.withdrawn = True
        _close(keying, actor, [KeyedField.NUMBER])
        return keying


def bind_settled(*, actor: Actor, bundle: Bundle) -> None:
    """Go on with pairs whose slip was booked and that were interrupted before it was noted."""
    waiting = {_name_of(one): one for one in waiting_in(bundle).filter(turn=1)}
    booked = bundle.slips.filter(once__in=waiting).exclude(state=SlipState.PENDING)
    for slip in booked:
        first = waiting[slip.once]
        second = waiting_in(bundle).filter(serial=first.serial, turn=2).first()
        if second is not None:
            _bind(actor, slip, (first, second))


def as_typed(keying: Keying) -> SlipTyped:
    """What a clerk keyed, as `settle_pair` takes it."""
    return SlipTyped(
        number=code_book().encode(keying.serial, keying.hand),
        holder_name=keying.holder_name,
        holder_phone=keying.holder_phone,
        store_code=keying.store.organisation.code,
        clerk=keying.clerk,
        used_at=keying.used_at,
        amount_fen=keying.amount_fen,
    )


def _kept(acting: Actor, bundle_id: int, read: SlipRead, once: str) -> Keying:
    bundle = bundle_by_id(acting, bundle_id, for_update=True)  # one keying of a bundle at a time
    if bundle.closed_at is not None:
        raise bundle_closed(bundle.name)
    there = list(waiting_in(bundle).filter(serial=read.serial))
    if len(there) > 1:
        raise keyed_twice()
    if any(one.keyed_by == acting.id[:100] for one in there):
        raise keyed_by_you()
    (keying_id,) = draw_ids(Keying, 1)
    keying = Keying(
        id=keying_id,
        bundle=bundle,
        serial=read.serial,
        hand=read.hand,
        turn=2 if there and there[0].turn == 1 else 1,
        holder_name=read.holder_name,
        holder_phone=read.holder_phone,
        store=read.store,
        clerk=read.clerk,
        used_at=read.used_at,
        amount_fen=read.amount_fen,
        once=once,
        keyed_at=clock.now(),
        keyed_by=acting.id[:100],
        keyed_by_name=acting.name[:200],
    )
    keying.save(force_insert=True)
    return keying


def _standing(actor: Actor, bundle: Bundle, keying: Keying) -> Keyed:
    """Where a keying stands; the second of two that agree is registered at once."""
    if keying.slip is not None or keying.withdrawn:
        return Keyed(keying, keying.slip, ())
    other = waiting_in(bundle).filter(serial=keying.serial).exclude(id=keying.id).first()
    if other is None:
        return Keyed(keying, None, ())
    differing = differing_fields(keying, other)
    if differing:
        return Keyed(keying, None, differing)
    first, second = sorted((keying, other), key=lambda one: one.turn)
    return Keyed(keying, _settle(actor, bundle, (first, second), as_typed(keying)), ())


def _settle(actor: Actor, bundle: Bundle, pair: tuple[Keying, Keying], settled: SlipTyped) -> Slip:
    once = _name_of(pair[0])
    slip = Slip.objects.filter(once=once).exclude(state=SlipState.PENDING).first()
    if slip is None:
        slip = book_slip(actor=actor, bundle=bundle, typed=settled, once=once)
    _bind(actor, slip, pair)
    return slip


def _bind(actor: Actor, slip: Slip, pair: Sequence[Keying]) -> None:
    """Note what each had wrong; the holder stands on the slip and nowhere else from then on."""
    with transaction.atomic():
        for keying in pair:
            wrong = differing_fields(keying, slip)
            keying.slip = slip
            _close(keying, actor, wrong)


def _close(keying: Keying, actor: Actor, wrong: Sequence[KeyedField]) -> None:
    keying.wrong_fields = [str(field) for field in wrong]
    keying.settled_at, keying.settled_by = clock.now(), actor.id[:100]
    keying.holder_name = keying.holder_phone = None
    keying.save()


def _name_of(first: Keying) -> str:
    """The name of the slip that a pair becomes."""
    return f"keyed:{first.id}"
