"""Registering slips: each is kept first, then its voucher is used through the door, then both are
tied together. Whoever is interrupted between finds the slip waiting and goes on."""

from __future__ import annotations

from django.db import IntegrityError, transaction

from kaquan.engine.commands import RequestKey, VoucherUse
from kaquan.engine.outcomes import Outcome
from kaquan.engine.places import Place
from kaquan.foundation import clock
from kaquan.foundation.actor import Actor
from kaquan.foundation.errors import KaquanError
from kaquan.foundation.ids import draw_ids
from kaquan.foundation.refusals import (
    INTERNAL_CLIENT,
    raise_if_refused,
    surely_refused,
)
from kaquan.redemption import within_authority
from kaquan.redemption.actions import PastUse, redeem_past
from kaquan.redemption.deeds import Deed
from kaquan.redemption.visits import Visit
from kaquan.registration.acting import at_the_desk
from kaquan.registration.errors import (
    bundle_closed,
    bundle_double_key,
    slip_not_registered,
    slip_reversed,
    slip_unknown,
)
from kaquan.registration.joining import customer_of
from kaquan.registration.models import Bundle, Slip, SlipState
from kaquan.registration.queries import bundle_by_id, slip_by_id
from kaquan.registration.typed import SlipTyped, phone_index, read_typed
from kaquan.registration.used_already import refusal_of

PENDING_MAX = 500


def register_slip(
    *, actor: Actor, bundle_id: int, typed: SlipTyped, once: str, dry: bool = False
) -> Slip:
    """Type one slip into a bundle and book the use of its voucher, once for each ``once``.

    With ``dry`` nothing stays. Raises `bundle_unknown`, `bundle_closed`, `store_unknown`,
    `slip_number_mistyped`, `slip_outside_window`, `slip_before_issue`, `value_invalid` and the
    ledger's refusals; of a used voucher they tell who used it where and when.
    """
    bundle = bundle_by_id(actor, bundle_id)
    if bundle.double_key:
        raise bundle_double_key(bundle.name)
    return book_slip(actor=actor, bundle=bundle, typed=typed, once=once, dry=dry)


def book_slip(
    *, actor: Actor, bundle: Bundle, typed: SlipTyped, once: str, dry: bool = False
) -> Slip:
    """`register_slip` for a bundle of either kind; of one that is keyed twice, what was settled."""
    acting = at_the_desk(actor)
    known = Slip.objects.filter(once=once).first()
    if known is not None:
        if known.bundle_id != bundle.id or known.typed_by != actor.id[:100]:
            raise slip_unknown(known.id)
        return _finish(acting, known)
    try:
        with transaction.atomic():
            slip = _kept(acting, bundle.id, typed, once)
            outcome = _redeem(acting, slip, dry=True)
            if not outcome.done:
                raise refusal_of(acting, slip.serial, outcome)
            if dry:
                transaction.set_rollback(True)
                return slip
    except IntegrityError:  # the same form came twice at once
        slip = Slip.objects.get(once=once, typed_by=actor.id[:100])
    return _finish(acting, slip)


def is_waiting(actor: Actor, once: str) -> bool:
    """Whether a slip of this name was kept and nobody knows yet what became of it."""
    return Slip.objects.filter(once=once, typed_by=actor.id[:100], state=SlipState.PENDING).exists()


def finish_pending(*, actor: Actor, bundle_id: int) -> int:
    """Go on with a bundle's slips that were interrupted; how many were registered.

    What the ledger refuses after all is taken out of the bundle.
    """
    acting = at_the_desk(actor)
    bundle = bundle_by_id(actor, bundle_id)
    number = 0
    for slip in bundle.slips.filter(state=SlipState.PENDING).order_by("id")[:PENDING_MAX]:
        try:
            _finish(acting, slip)
        except KaquanError:
            continue  # it is out, or still pending where nobody knows
        number += 1
    return number


def reverse_slip(*, actor: Actor, slip_id: int, reason: str, once: str) -> Slip:
    """Undo the use that was registered; the slip stays, marked, and counts no more.

    One's own slip of an open bundle needs no further permission, others `redemption.reverse`; both
    stay within one's authority. Raises `slip_unknown`, `slip_reversed`, `slip_not_registered`,
    `care_beyond_authority`, `permission_denied` and the ledger's refusals.
    """
    line = slip_by_id(actor, slip_id)
    is_own = line.bundle_is_open and line.typed_by == actor.id[:100]
    acting = at_the_desk(actor, reversing=is_own)
    slip = Slip.objects.get(id=line.id)
    if slip.state == SlipState.REVERSED:
        raise slip_reversed()
    if line.redemption is None:
        raise slip_not_registered()
    outcome = within_authority.perform(
        actor=acting,
        deed=Deed(
            operation="reverse", serial=slip.serial, redemption=line.redemption, reason=reason
        ),
        at=clock.now(),
        request_key=RequestKey(INTERNAL_CLIENT, f"slip-reverse:{slip.id}:{once}"),
    )
    raise_if_refused([outcome])
    place = _place_of(outcome)
    slip.state = SlipState.REVERSED
    slip.reversal_block, slip.reversal_index = place.block, place.index
    slip.save(update_fields=["state", "reversal_block", "reversal_index"])
    return slip


def _kept(acting: Actor, bundle_id: int, typed: SlipTyped, once: str) -> Slip:
    """The slip as a row of an open bundle, its customer found or made."""
    bundle = bundle_by_id(acting, bundle_id, for_update=True)
    if bundle.closed_at is not None:
        raise bundle_closed(bundle.name)
    read = read_typed(acting, typed)
    (slip_id,) = draw_ids(Slip, 1)
    customer = read.holder_phone and customer_of(
        acting,
        phone=read.holder_phone,
        name=read.holder_name,
        source=f"纸质券联（{_title(bundle, slip_id)}）",
    )
    slip = Slip(
        id=slip_id,
        bundle=bundle,
        serial=read.serial,
        hand=read.hand,
        holder_name=read.holder_name,
        holder_phone=read.holder_phone,
        holder_phone_index=phone_index(read.holder_phone),
        customer=customer or None,
        store=read.store,
        clerk=read.clerk,
        used_at=read.used_at,
        amount_fen=read.amount_fen,
        once=once,
        typed_at=clock.now(),
        typed_by=acting.id[:100],
        typed_by_name=acting.name[:200],
    )
    slip.save(force_insert=True)
    return slip


def _title(bundle: Bundle, slip_id: int) -> str:
    return f"{bundle.id}-{slip_id}"


def _finish(acting: Actor, slip: Slip) -> Slip:
    """Book a pending slip's use; the same answer however often it is asked."""
    if slip.state != SlipState.PENDING:
        return slip
    outcome = _redeem(acting, slip, dry=False)
    if not outcome.done:
        if surely_refused([outcome]):
            Slip.objects.filter(id=slip.id, state=SlipState.PENDING).delete()
        raise refusal_of(acting, slip.serial, outcome)
    place = _place_of(outcome)
    # Whoever sent the same form may have been first, and somebody may have reversed it since.
    Slip.objects.filter(id=slip.id, state=SlipState.PENDING).update(
        state=SlipState.REGISTERED,
        redemption_block=place.block,
        redemption_index=place.index,
        discount_fen=sum(one.discount_fen for one in outcome.vouchers),
    )
    slip.refresh_from_db(fields=["state", "redemption_block", "redemption_index", "discount_fen"])
    return slip


def _redeem(acting: Actor, slip: Slip, *, dry: bool) -> Outcome:
    visit = Visit(
        store_code=slip.store.organisation.code,
        order_no=f"slip-{_title(slip.bundle, slip.id)}",
        amount_fen=slip.amount_fen,
        customer_number=slip.customer.number if slip.customer else None,
    )
    past = PastUse(
        VoucherUse(slip.serial, hand=slip.hand),
        visit,
        slip.used_at,
        RequestKey(INTERNAL_CLIENT, f"slip:{slip.once}"),
    )
    return redeem_past(actor=acting, past=[past], dry=dry)[0]


def _place_of(outcome: Outcome) -> Place:
    assert outcome.place is not None, outcome
    return outcome.place
