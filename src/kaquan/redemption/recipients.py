"""Customers to whom somebody may give something: those of the actor's own part."""

from __future__ import annotations

from collections.abc import Collection

from kaquan.customers.models import Customer
from kaquan.customers.queries import customer_ids
from kaquan.foundation.actor import Actor
from kaquan.organisations.queries import within


def recipient_ids(actor: Actor, numbers: Collection[str]) -> dict[str, int]:
    """Ids by number. Those of other parts are left out as if they were not there: unlike at a till,
    where people shop anywhere, nobody stands there who showed the number."""
    ids = customer_ids(numbers)
    if not actor.organisation_path:
        return ids
    rows = within(actor, Customer.objects.filter(id__in=ids.values()), "organisation")
    own = set(rows.values_list("id", flat=True))
    return {number: customer_id for number, customer_id in ids.items() if customer_id in own}
