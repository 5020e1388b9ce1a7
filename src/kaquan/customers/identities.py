"""What a customer is known by elsewhere: added, taken away, and shown masked."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from django.db import IntegrityError, transaction

from kaquan.customers.actions import PERMISSION
from kaquan.customers.errors import customer_erased, identity_taken, identity_unknown
from kaquan.customers.keeping import keep
from kaquan.customers.models import Customer, Identity, IdentityKind
from kaquan.customers.phones import masked_phone, read_phone
from kaquan.customers.queries import VIEW, CustomerLine, customer_by_id, line_of
from kaquan.foundation import clock
from kaquan.foundation import imports_cells as cells
from kaquan.foundation.actor import Actor, require
from kaquan.foundation.encrypted_fields import blind_index, blind_indexes
from kaquan.foundation.ids import draw_ids
from kaquan.organisations.queries import within

IDENTITIES_MAX = 50
VALUE_CHARACTERS_MAX = 128

read_value = cells.code(VALUE_CHARACTERS_MAX)


class IdentityLine(NamedTuple):
    """An identity without its middle."""

    id: int
    kind: IdentityKind
    masked_value: str
    added_at: datetime
    added_by: str


def add_identity(*, actor: Actor, customer_id: int, kind: IdentityKind, value: str) -> Identity:
    """Know a customer by another name.

    Raises `customer_unknown`, `customer_erased`, `identity_taken`, `value_invalid`.
    """
    require(actor, PERMISSION)
    value = _normal(kind, value)
    (identity_id,) = draw_ids(Identity, 1)
    try:
        with transaction.atomic():
            customer = customer_by_id(actor, customer_id, for_update=True)
            if customer.erased_at is not None:
                raise customer_erased(customer.number)
            index = blind_index(kind, value)
            if customer.identities.filter(kind=kind, value_index=index).exists():
                raise identity_taken()
            identity = Identity(
                id=identity_id,
                customer=customer,
                kind=kind,
                value=value,
                value_index=index,
                added_at=clock.now(),
                added_by=actor.name[:200],
            )
            identity.save(force_insert=True)
            keep(actor, "customers.add_identity", customer, kind)
    except IntegrityError:
        raise identity_taken() from None
    return identity


def remove_identity(*, actor: Actor, customer_id: int, identity_id: int) -> None:
    """Know a customer by it no more; raises `customer_unknown`, `identity_unknown`."""
    require(actor, PERMISSION)
    with transaction.atomic():
        customer = customer_by_id(actor, customer_id, for_update=True)
        identity = customer.identities.filter(id=identity_id).first()
        if identity is None:
            raise identity_unknown(identity_id)
        identity.delete()
        keep(actor, "customers.remove_identity", customer, identity.kind)


def identities_of(actor: Actor, customer_id: int) -> Sequence[IdentityLine]:
    """What a customer is known by, the first added first; raises `customer_unknown`."""
    customer = customer_by_id(actor, customer_id)
    return [
        IdentityLine(one.id, IdentityKind(one.kind), _masked(one), one.added_at, one.added_by)
        for one in customer.identities.order_by("id")[:IDENTITIES_MAX]
    ]


def customers_by_identity(actor: Actor, kind: IdentityKind, value: str) -> Sequence[CustomerLine]:
    """Those known by this; one at most, except by a phone. Raises `value_invalid`."""
    require(actor, VIEW)
    indexes = blind_indexes(kind, _normal(kind, value))
    rows = Customer.objects.filter(identities__kind=kind, identities__value_index__in=indexes)
    visible = within(actor, rows.select_related("merged_into"), "organisation")
    return [line_of(one) for one in visible.distinct().order_by("id")[:IDENTITIES_MAX]]


def _normal(kind: IdentityKind, value: str) -> str:
    read = read_phone if kind is IdentityKind.PHONE else read_value
    found: str = cells.accepted(read, value, zh="标识", en="identity")
    return found


def _masked(identity: Identity) -> str:
    value = identity.value
    if identity.kind == IdentityKind.PHONE:
        return masked_phone(value)
    return f"{value[:2]}****{value[-2:]}" if len(value) >= 8 else f"{value[:1]}****"
