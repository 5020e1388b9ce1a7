"""A customer as someone who acts: on what is their own, which every function here makes sure of."""

from kaquan.customers.actions import PERMISSION as EDIT_CUSTOMERS
from kaquan.customers.models import Customer
from kaquan.customers.queries import VIEW, VIEW_PERSONAL
from kaquan.foundation.actor import Actor, ActorKind
from kaquan.redemption.actions import ISSUE
from kaquan.redemption.care import CARE

_PERMISSIONS = frozenset({ISSUE, CARE, VIEW, VIEW_PERSONAL, EDIT_CUSTOMERS})


def acting_as(customer: Customer) -> Actor:
    """The customer; never given to a caller that takes names from outside."""
    return Actor(
        kind=ActorKind.CUSTOMER,
        id=f"customer:{customer.id}",
        name="卡包",
        permissions=_PERMISSIONS,
        organisation_path="",
    )


def selves_of(customer: Customer) -> list[int]:
    """The ids that count as them: their own, and of those who were merged into them. Each keeps
    its vouchers."""
    return [customer.id, *customer.merged.order_by("id").values_list("id", flat=True)]


NEWCOMER = Actor(
    kind=ActorKind.CUSTOMER,
    id="customer:new",
    name="卡包",
    permissions=frozenset({VIEW, EDIT_CUSTOMERS}),
    organisation_path="",
)
"""Someone who logs in for the first time."""
