"""What others may know of customers, each within the actor's part of the organisation."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple

from django.db.models import QuerySet

from kaquan.customers.errors import customer_unknown
from kaquan.customers.models import Customer
from kaquan.customers.phones import masked_name, masked_phone
from kaquan.foundation.actor import Actor, require
from kaquan.foundation.encrypted_fields import blind_indexes
from kaquan.organisations.queries import within

VIEW = "customers.view"
LIST_MAX = 200


class CustomerLine(NamedTuple):
    """A customer in a list: nothing here names the person in full."""

    id: int
    number: str
    masked_name: str
    masked_phone: str
    tags: tuple[str, ...]


def customer_by_id(actor: Actor, customer_id: int, *, for_update: bool = False) -> Customer:
    """The customer; raises `customer_unknown`, `permission_denied`."""
    rows = _visible(actor).filter(id=customer_id)
    customer = (rows.select_for_update(of=("self",)) if for_update else rows).first()
    if customer is None:
        raise customer_unknown(customer_id)
    return customer


def customer_by_number(actor: Actor, number: str) -> Customer:
    """The customer; raises `customer_unknown`, `permission_denied`."""
    customer = _visible(actor).filter(number=number).first()
    if customer is None:
        raise customer_unknown(number)
    return customer


def customers_by_phone(actor: Actor, phone: str) -> Sequence[CustomerLine]:
    """Those with this very number (E.164); a few at most share one."""
    rows = _visible(actor).filter(phone_index__in=blind_indexes("phone", phone))
    return [_line(customer) for customer in rows.order_by("id")[:LIST_MAX]]


def customers(
    actor: Actor, *, tags: Collection[str] = (), after_id: int = 0, limit: int = LIST_MAX
) -> Sequence[CustomerLine]:
    """Customers that have all of the tags, in the order of their ids."""
    rows = _visible(actor).filter(id__gt=after_id)
    if tags:
        rows = rows.filter(tags__contains=list(tags))
    return [_line(customer) for customer in rows.order_by("id")[: min(limit, LIST_MAX)]]


def customer_ids(numbers: Collection[str]) -> dict[str, int]:
    """Ids by number, those that are not there left out; not scoped, for people shop anywhere."""
    return dict(Customer.objects.filter(number__in=numbers).values_list("number", "id"))


class CustomerFacts(NamedTuple):
    """What a command needs to know of a customer."""

    customer_id: int
    person_id: int
    tags: frozenset[str]
    first_order_at: datetime | None


def customers_facts(customer_ids: Collection[int]) -> dict[int, CustomerFacts]:
    """The facts of several customers for commands; for the system, not scoped."""
    rows = Customer.objects.filter(id__in=customer_ids)
    return {
        id_: CustomerFacts(id_, person_id, frozenset(tags), first_order_at)
        for id_, person_id, tags, first_order_at in rows.values_list(
            "id", "person_id", "tags", "first_order_at"
        )
    }


def _visible(actor: Actor) -> QuerySet[Customer]:
    require(actor, VIEW)
    return within(actor, Customer.objects.all(), "organisation")


def _line(customer: Customer) -> CustomerLine:
    return CustomerLine(
        customer.id,
        customer.number,
        masked_name(customer.name) if customer.name else "",
        masked_phone(customer.phone) if customer.phone else "",
        tuple(customer.tags),
    )
