"""Two customers who are one person: linked, and unlinked again.

A merge moves nothing in the books. Each number keeps the vouchers that were given to it, and a
till finds them by either number's own; what is shared is what decides: the person, whom limits
count, the tags, and the first order. So a merge can be undone, and no voucher's terms (such as one
that may not be passed on) stand in its way. What one number has used up before the merge stays
counted for the person that it was then.
"""

from django.db import transaction

from kaquan.customers.actions import PERMISSION
from kaquan.customers.errors import (
    customer_erased,
    customer_merge_with_itself,
    customer_merged,
    customer_not_merged,
)
from kaquan.customers.models import Customer
from kaquan.customers.queries import customer_by_number
from kaquan.foundation.actor import Actor, require


def merge_customers(*, actor: Actor, number: str, into_number: str) -> Customer:
    """Let one customer count as another; both in the actor's part of the organisation.

    Raises `customer_unknown`, `customer_merged`, `customer_merge_with_itself`, `customer_erased`.
    """
    require(actor, PERMISSION)
    with transaction.atomic():
        # Locked in one order, so that two merges of the same two do not wait for each other.
        both = {
            one: customer_by_number(actor, one, for_update=True)
            for one in sorted({number, into_number})
        }
        customer, survivor = both[number], both[into_number]
        if customer.id == survivor.id:
            raise customer_merge_with_itself(number)
        for one in (customer, survivor):
            if one.erased_at is not None:
                raise customer_erased(one.number)
            if one.merged_into_id is not None:
                raise customer_merged(one.number)
        if customer.merged.exists():
            raise customer_merged(number)
        customer.merged_into = survivor
        customer.save(update_fields=["merged_into"])
        return customer


def unmerge_customer(*, actor: Actor, number: str) -> Customer:
    """Undo a merge; raises `customer_unknown`, `customer_not_merged`."""
    require(actor, PERMISSION)
    with transaction.atomic():
        customer = customer_by_number(actor, number, for_update=True)
        if customer.merged_into_id is None:
            raise customer_not_merged(number)
        customer.merged_into = None
        customer.save(update_fields=["merged_into"])
        return customer
