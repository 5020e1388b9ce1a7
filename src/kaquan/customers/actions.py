"""Changes of customers."""

from collections.abc import Collection, Iterable
from datetime import datetime
from itertools import islice

from django.db import IntegrityError, connection, transaction

from kaquan.customers.errors import customer_erased, customer_exists
from kaquan.customers.models import Customer, PersonBasis
from kaquan.customers.persons import person_of
from kaquan.customers.phones import read_phone
from kaquan.customers.queries import customer_by_id, customer_by_number
from kaquan.foundation import imports_cells as cells
from kaquan.foundation.actor import Actor, require
from kaquan.foundation.encrypted_fields import blind_index
from kaquan.foundation.ids import draw_ids
from kaquan.organisations.queries import organisation_by_id, own_organisation_id

PERMISSION = "customers.edit"
_ROWS_PER_STATEMENT = 10_000
TAGS_MAX = 100

read_number = cells.code()
read_name = cells.text(100)
read_id_document = cells.code()
read_tags = cells.words(longest=64, most=TAGS_MAX)


def create_customer(
    *,
    actor: Actor,
    number: str,
    name: str | None = None,
    phone: str | None = None,
    id_document: str | None = None,
    tags: Collection[str] = (),
    organisation_id: int | None = None,
) -> Customer:
    """Add a customer, by default to the actor's own part of the organisation.

    Raises `customer_exists`, `organisation_unknown`, `value_invalid`.
    """
    require(actor, PERMISSION)
    number = cells.accepted(read_number, number, zh="会员号", en="number")
    if name is not None:
        name = cells.accepted(read_name, name, zh="姓名", en="name")
    if phone is not None:
        phone = cells.accepted(read_phone, phone, zh="手机号", en="phone")
    if id_document is not None:
        id_document = cells.accepted(read_id_document, id_document, zh="证件号", en="ID document")
    person = person_of(number=number, phone=phone, id_document=id_document)
    belongs_to = organisation_id or own_organisation_id(actor)
    (customer_id,) = draw_ids(Customer, 1)
    customer = Customer(
        id=customer_id,
        number=number,
        organisation=organisation_by_id(actor, belongs_to) if belongs_to else None,
        name=name,
        phone=phone,
        phone_index=None if phone is None else blind_index("phone", phone),
        person_id=person.person_id,
        person_basis=person.basis,
        tags=_tag_list(tags),
    )
    try:
        with transaction.atomic():
            customer.save(force_insert=True)
    except IntegrityError:
        raise customer_exists(number) from None
    return customer


def update_customer(
    *,
    actor: Actor,
    number: str,
    name: str | None = None,
    phone: str | None = None,
    add_tags: Collection[str] = (),
    remove_tags: Collection[str] = (),
) -> Customer:
    """Change what is given; raises `customer_unknown`, `customer_erased`, `value_invalid`."""
    require(actor, PERMISSION)
    with transaction.atomic():
        customer = customer_by_number(actor, number, for_update=True)
        if customer.erased_at is not None:
            raise customer_erased(number)
        if name is not None:
            customer.name = cells.accepted(read_name, name, zh="姓名", en="name")
        if phone is not None:
            phone = cells.accepted(read_phone, phone, zh="手机号", en="phone")
            customer.phone = phone
            customer.phone_index = blind_index("phone", phone)
            # A new phone does not make a new person, or limits per person would end with it.
            if customer.person_basis == PersonBasis.NUMBER:
                person = person_of(number=number, phone=phone, id_document=None)
                customer.person_id, customer.person_basis = person.person_id, person.basis
        if add_tags or remove_tags:
            customer.tags = _tag_list({*customer.tags, *add_tags} - set(remove_tags))
        customer.save()
        return customer


def tag_customer(
    *, actor: Actor, customer_id: int, add: Collection[str] = (), remove: Collection[str] = ()
) -> Customer:
    """Add and take away tags; raises `customer_unknown`, `value_invalid`."""
    require(actor, PERMISSION)
    with transaction.atomic():
        customer = customer_by_id(actor, customer_id, for_update=True)
        customer.tags = _tag_list({*customer.tags, *add} - set(remove))
        customer.save(update_fields=["tags"])
        return customer


def record_first_orders(first_orders: Iterable[tuple[int, datetime]]) -> None:
    """Let customers' first orders be no later than told; part of the caller's transaction."""
    with connection.cursor() as cursor:
        for customer_ids, moments in _columns(first_orders):
            cursor.execute(
                "UPDATE customers_customer AS customer"
                " SET first_order_at = least(customer.first_order_at, told.at)"
                " FROM unnest(%s::bigint[], %s::timestamptz[]) AS told (id, at)"
                " WHERE customer.id = told.id"
                "   AND (customer.first_order_at IS NULL OR customer.first_order_at > told.at)",
                [customer_ids, moments],
            )


def _columns(
    first_orders: Iterable[tuple[int, datetime]],
) -> Iterable[tuple[list[int], list[datetime]]]:
    rows = iter(first_orders)
    while chunk := list(islice(rows, _ROWS_PER_STATEMENT)):
        yield [row[0] for row in chunk], [row[1] for row in chunk]


def _tag_list(tags: Collection[str]) -> list[str]:
    return sorted(set(cells.accepted(read_tags, list(tags), zh="标签", en="tags")))
