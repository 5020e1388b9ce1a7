"""Opening bundles with what was counted by hand, and closing them when it is all there."""

from __future__ import annotations

from django.db import transaction

from kaquan.foundation import clock
from kaquan.foundation import imports_cells as cells
from kaquan.foundation.actor import Actor, require
from kaquan.organisations.queries import organisation_by_id, own_organisation_id
from kaquan.registration.acting import REGISTER
from kaquan.registration.actions import finish_pending
from kaquan.registration.errors import (
    bundle_closed,
    bundle_differs,
    bundle_unfinished,
    keyings_waiting,
)
from kaquan.registration.keying import bind_settled
from kaquan.registration.keyings import waiting_numbers
from kaquan.registration.models import Bundle
from kaquan.registration.queries import bundle_by_id, totals_of

SLIPS_MAX = 10_000

_read_name = cells.text(100)
_read_slips = cells.whole_number(1, SLIPS_MAX)


def open_bundle(
    *,
    actor: Actor,
    name: str,
    slips_told: int,
    amount_told_fen: int,
    double_key: bool = False,
) -> Bundle:
    """Begin a bundle in the actor's part of the organisation, with its control totals; with
    ``double_key`` each slip is to be keyed by two clerks.

    Raises `value_invalid`, `permission_denied`.
    """
    require(actor, REGISTER)
    own_id = own_organisation_id(actor)
    return Bundle.objects.create(
        name=cells.accepted(_read_name, name, zh="名称", en="name"),
        organisation=organisation_by_id(actor, own_id) if own_id else None,
        slips_told=cells.accepted(_read_slips, slips_told, zh="张数", en="slips"),
        amount_told_fen=cells.accepted(cells.amount, amount_told_fen, zh="金额", en="amount"),
        double_key=double_key,
        opened_at=clock.now(),
        opened_by=actor.id[:100],
        opened_by_name=actor.name[:200],
    )


def change_totals(*, actor: Actor, bundle_id: int, slips_told: int, amount_told_fen: int) -> Bundle:
    """The slips were counted once more; raises `bundle_unknown`, `bundle_closed`,
    `value_invalid`."""
    require(actor, REGISTER)
    with transaction.atomic():
        bundle = bundle_by_id(actor, bundle_id, for_update=True)
        if bundle.closed_at is not None:
            raise bundle_closed(bundle.name)
        bundle.slips_told = cells.accepted(_read_slips, slips_told, zh="张数", en="slips")
        bundle.amount_told_fen = cells.accepted(
            cells.amount, amount_told_fen, zh="金额", en="amount"
        )
        bundle.save(update_fields=["slips_told", "amount_told_fen"])
        return bundle


def close_bundle(*, actor: Actor, bundle_id: int) -> Bundle:
    """Close a bundle whose slips and money are what was counted.

    Raises `bundle_unknown`, `bundle_closed`, `bundle_unfinished`, `bundle_keyings_waiting`,
    `bundle_differs`.
    """
    require(actor, REGISTER)
    finish_pending(actor=actor, bundle_id=bundle_id)
    bind_settled(actor=actor, bundle=bundle_by_id(actor, bundle_id))
    with transaction.atomic():
        bundle = bundle_by_id(actor, bundle_id, for_update=True)
        if bundle.closed_at is not None:
            raise bundle_closed(bundle.name)
        typed = totals_of(bundle)
        if typed.pending:
            raise bundle_unfinished(typed.pending)
        once, twice = waiting_numbers(bundle)
        if once or twice:
            raise keyings_waiting(once, twice)
        slips = typed.slips - bundle.slips_told
        amount_fen = typed.amount_fen - bundle.amount_told_fen
        if slips or amount_fen:
            raise bundle_differs(slips, amount_fen)
        bundle.closed_at, bundle.closed_by = clock.now(), actor.id[:100]
        bundle.closed_by_name = actor.name[:200]
        bundle.save(update_fields=["closed_at", "closed_by", "closed_by_name"])
        return bundle
