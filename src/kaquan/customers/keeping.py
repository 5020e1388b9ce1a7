"""What of customers goes into the change log: which fields changed and who did it.

The log is kept for ever and a customer may be erased, so it holds no value of a customer's: neither
number nor name nor tag, and the customer under its own id.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from kaquan.customers.models import Customer
from kaquan.customers.queries import customer_by_id
from kaquan.foundation.actor import Actor
from kaquan.foundation.changes.actions import record_change
from kaquan.foundation.changes.models import Change

KIND = "customer"
LIST_MAX = 200


class CustomerChange(NamedTuple):
    """Something that was done to a customer's record."""

    at: datetime
    verb: str
    by: str
    fields: tuple[str, ...]


def keep(
    actor: Actor, verb: str, customer: Customer, *fields: str, kind: str = KIND, **facts: Any
) -> None:
    """Write down that these fields changed, in the transaction that changes them."""
    after: Mapping[str, Any] = {"fields": list(fields), **facts} if fields else facts
    record_change(
        actor=actor,
        verb=verb,
        kind=kind,
        object_id=customer.id,
        object_name=f"#{customer.id}",
        organisation_path=customer.organisation.path if customer.organisation else "",
        before=None,
        after=after,
    )


def changes_of(
    actor: Actor, customer_id: int, *, limit: int = LIST_MAX
) -> Sequence[CustomerChange]:
    """What was done to a customer's record, the latest first; raises `customer_unknown`."""
    customer_by_id(actor, customer_id)
    rows = Change.objects.filter(kind=KIND, object_id=str(customer_id)).order_by("-id")
    return [
        CustomerChange(one.at, one.verb, one.actor_name, tuple((one.after or {}).get("fields", ())))
        for one in rows[: min(limit, LIST_MAX)]
    ]
