"""The customer whose phone stands on a slip: one who is there, or a new one."""

from __future__ import annotations

import secrets

from kaquan.customers.actions import create_customer
from kaquan.customers.models import Customer
from kaquan.customers.profile import add_note
from kaquan.customers.queries import customer_by_id, customers_by_phone
from kaquan.foundation.actor import Actor

_NUMBER_BYTES = 5


def customer_of(actor: Actor, *, phone: str, name: str | None, source: str) -> Customer:
    """Whoever has this phone (E.164), the one who was there first of several; else a new customer
    of the actor's part. That they gave it on paper stands in their notes; it is no consent to any
    purpose beyond the contract.
    """
    found = [one for one in customers_by_phone(actor, phone) if one.erased_at is None]
    unmerged = [one for one in found if one.merged_into is None]
    for one in unmerged or found:
        return customer_by_id(actor, one.id)
    number = f"P{secrets.token_hex(_NUMBER_BYTES).upper()}"
    customer = create_customer(actor=actor, number=number, name=name, phone=phone)
    add_note(
        actor=actor,
        customer_id=customer.id,
        text=f"资料由顾客提供于{source}，仅用于该券的使用；未同意任何营销用途。",
    )
    return customer
