"""What others may know of customers, each within the actor's part of the organisation."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple

from django.db import connection
from django.db.models import QuerySet

from kaquan.customers.errors import customer_unknown, erasure_unknown
from kaquan.customers.models import Customer, ErasureRequest, Purchases, Uses
from kaquan.customers.phones import masked_name, masked_phone, read_phone
from kaquan.customers.segment_tags import segment_tags
from kaquan.foundation import imports_cells as cells
from kaquan.foundation.actor import Actor, require
from kaquan.foundation.encrypted_fields import blind_indexes
from kaquan.organisations.queries import within

VIEW = "customers.view"
VIEW_PERSONAL = "customers.view_personal"
"""To read names and phones in full, as an export of everything held does."""
LIST_MAX = 500


class CustomerLine(NamedTuple):
    """A customer in a list: nothing here names the person in full."""

    id: int
    number: str
    masked_name: str
    masked_phone: str
    tags: tuple[str, ...]
    organisation_id: int | None
    first_order_at: datetime | None
    merged_into: str | None
    erased_at: datetime | None
    joined_at: datetime | None = None
    birth_month: int | None = None
    merged_at: datetime | None = None
    merged_into_id: int | None = None


def customer_by_id(actor: Actor, customer_id: int, *, for_update: bool = False) -> Customer:
    """The customer; raises `customer_unknown`, `permission_denied`."""
    rows = _visible(actor).filter(id=customer_id)
    customer = (rows.select_for_update(of=("self",)) if for_update else rows).first()
    if customer is None:
        raise customer_unknown(customer_id)
    return customer


def customer_by_number(actor: Actor, number: str, *, for_update: bool = False) -> Customer:
    """The customer; raises `customer_unknown`, `permission_denied`."""
    rows = _visible(actor).filter(number=number)
    customer = (rows.select_for_update(of=("self",)) if for_update else rows).first()
    if customer is None:
        raise customer_unknown(number)
    return customer


def customers_by_phone(actor: Actor, phone: str) -> Sequence[CustomerLine]:
    """Those with this very number (E.164); a few at most share one."""
    rows = _visible(actor).filter(phone_index__in=blind_indexes("phone", phone))
    return [line_of(customer) for customer in rows.order_by("id")[:LIST_MAX]]


def customers_by_spelled_phone(actor: Actor, phone: str) -> Sequence[CustomerLine]:
    """The same for a number as people write it; raises `value_invalid`."""
    return customers_by_phone(actor, cells.accepted(read_phone, phone, zh="手机号", en="phone"))


def customer_line(actor: Actor, number: str) -> CustomerLine:
    """One customer as lists show it; raises `customer_unknown`, `permission_denied`."""
    return line_of(customer_by_number(actor, number))


def merged_into(actor: Actor, customer_id: int) -> Sequence[CustomerLine]:
    """The customers that count as this one; raises `customer_unknown`."""
    customer_by_id(actor, customer_id)
    rows = _visible(actor).filter(merged_into_id=customer_id)
    return [line_of(customer) for customer in rows.order_by("id")[:LIST_MAX]]


class Standing(NamedTuple):
    """How much a customer does; the money is what orders came to and what vouchers took off."""

    uses: int
    discount_fen: int
    last_used_at: datetime | None
    orders: int
    spend_fen: int
    last_ordered_at: datetime | None


def standing_of(actor: Actor, customer_id: int) -> Standing:
    """How much a customer does; raises `customer_unknown`."""
    customer_by_id(actor, customer_id)
    uses = Uses.objects.filter(customer_id=customer_id).first()
    purchases = Purchases.objects.filter(customer_id=customer_id).first()
    return Standing(
        uses.uses if uses else 0,
        uses.discount_fen if uses else 0,
        uses.last_used_at if uses else None,
        purchases.orders if purchases else 0,
        purchases.spend_fen if purchases else 0,
        purchases.last_ordered_at if purchases else None,
    )


def erasure_of(actor: Actor, number: str) -> ErasureRequest:
    """The latest request to erase a customer; raises `customer_unknown`, `erasure_unknown`."""
    customer = customer_by_number(actor, number)
    request = customer.erasure_requests.select_related("customer").order_by("-id").first()
    if request is None:
        raise erasure_unknown(number)
    return request


def customers(
    actor: Actor, *, tags: Collection[str] = (), after_id: int = 0, limit: int = LIST_MAX
) -> Sequence[CustomerLine]:
    """Customers that have all of the tags, in the order of their ids."""
    rows = _visible(actor).filter(id__gt=after_id)
    if tags:
        rows = rows.filter(tags__contains=list(tags))
    return [line_of(customer) for customer in rows.order_by("id")[: min(limit, LIST_MAX)]]


def customer_ids(numbers: Collection[str]) -> dict[str, int]:
    """Ids by number, those that are not there left out; not scoped, for people shop anywhere."""
    return dict(Customer.objects.filter(number__in=numbers).values_list("number", "id"))


class CustomerFacts(NamedTuple):
    """What a command needs to know of a customer."""

    customer_id: int
    person_id: int
    tags: frozenset[str]
    first_order_at: datetime | None


# One statement, and not through the ORM: it takes a third of the time, and claims by thousands of
# different people wait for it.
_FACTS = """
SELECT c.number, c.id, c.person_id, c.tags, c.first_order_at,
    o.id, o.person_id, o.tags, o.first_order_at
FROM customers_customer c LEFT JOIN customers_customer o ON o.id = c.merged_into_id
WHERE c.number = any(%s)
"""


def customers_facts(numbers: Collection[str]) -> dict[str, CustomerFacts]:
    """The facts of several customers for commands, by number, those that are not there left out;
    for the system, not scoped.

    One that is merged into another counts as the other's person and has its tags too, and is in
    the other's segments. Only segments that terms may ask for are among the tags.
    """
    if not numbers:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(_FACTS, [list(numbers)])
        rows = cursor.fetchall()
    found = {}
    for number, id_, person_id, tags, first_order_at, *other in rows:
        other_id, other_person_id, other_tags, other_first_order_at = other
        facts = CustomerFacts(
            id_,
            other_person_id or person_id,
            frozenset(tags).union(other_tags or ()),
            min(filter(None, (first_order_at, other_first_order_at)), default=None),
        )
        found[number] = other_id or id_, facts
    segments = segment_tags({counts_as for counts_as, _ in found.values()})
    return {
        number: facts._replace(tags=facts.tags | segments[counts_as])
        if counts_as in segments
        else facts
        for number, (counts_as, facts) in found.items()
    }


def _visible(actor: Actor) -> QuerySet[Customer]:
    require(actor, VIEW)
    return within(actor, Customer.objects.select_related("merged_into"), "organisation")


def line_of(customer: Customer) -> CustomerLine:
    """What may be shown of a customer to anyone who may see customers."""
    return CustomerLine(
        id=customer.id,
        number=customer.number,
        masked_name=masked_name(customer.name) if customer.name else "",
        masked_phone=masked_phone(customer.phone) if customer.phone else "",
        tags=tuple(customer.tags),
        organisation_id=customer.organisation_id,
        first_order_at=customer.first_order_at,
        merged_into=customer.merged_into.number if customer.merged_into else None,
        erased_at=customer.erased_at,
        joined_at=customer.joined_at,
        birth_month=customer.birth_month,
        merged_at=customer.merged_at,
        merged_into_id=customer.merged_into_id,
    )
