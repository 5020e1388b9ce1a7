"""Two customers who are one person: linked, and unlinked again.

A merge moves nothing in the books. Each number keeps the vouchers that were given to it, and a
till finds them by either number's own; what is shared is what decides: the person, whom limits
count, the tags, and the first order. So a merge can be undone, and no voucher's terms (such as one
that may not be passed on) stand in its way. What one number has used up before the merge stays
counted for the person that it was then.

A merge can be undone for `UNDO_DAYS`. What was used in the meantime stays counted for the one
person that both were: no limit is given back.
"""

from datetime import datetime, timedelta

from django.db import transaction

from kaquan.customers.actions import PERMISSION
from kaquan.customers.errors import (
    customer_erased,
    customer_merge_with_itself,
    customer_merged,
    customer_not_merged,
    merge_too_old,
)
from kaquan.customers.keeping import keep
from kaquan.customers.models import Customer
from kaquan.customers.queries import customer_by_number
from kaquan.foundation import clock
from kaquan.foundation.actor import Actor, require

UNDO_DAYS = 30


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
        customer.merged_at = clock.now()
        customer.save(update_fields=["merged_into", "merged_at"])
        keep(actor, "customers.merge", customer, "merged_into", into=survivor.id)
        keep(actor, "customers.merge", survivor, "merged", merged=customer.id)
        return customer


def unmerge_customer(*, actor: Actor, number: str, at: datetime | None = None) -> Customer:
    """Undo a merge; raises `customer_unknown`, `customer_not_merged`, `merge_too_old`."""
    require(actor, PERMISSION)
    with transaction.atomic():
        customer = customer_by_number(actor, number, for_update=True)
        if customer.merged_into_id is None:
            raise customer_not_merged(number)
        if not is_undone_in_time(customer.merged_at, at or clock.now()):
            raise merge_too_old(number, UNDO_DAYS)
        survivor = customer.merged_into
        assert survivor is not None
        customer.merged_into = customer.merged_at = None
        customer.save(update_fields=["merged_into", "merged_at"])
        keep(actor, "customers.unmerge", customer, "merged_into")
        keep(actor, "customers.unmerge", survivor, "merged", merged=customer.id)
        return customer


def is_undone_in_time(merged_at: datetime | None, at: datetime) -> bool:
    """Whether a merge is so recent that it can be undone; None: before anyone noted when."""
    return merged_at is None or at <= merged_at + timedelta(days=UNDO_DAYS)
