"""Changes of customers."""

import re
from collections.abc import Collection, Iterable
from datetime import date, datetime
from itertools import islice

from django.db import IntegrityError, connection, transaction

from kaquan.customers.errors import customer_erased, customer_exists
from kaquan.customers.keeping import keep
from kaquan.customers.models import Customer, PersonBasis
from kaquan.customers.persons import person_of
from kaquan.customers.phones import read_phone
from kaquan.customers.queries import customer_by_id, customer_by_number
from kaquan.customers.segment_tags import SEGMENT_PREFIX
from kaquan.foundation import clock
from kaquan.foundation import imports_cells as cells
from kaquan.foundation.actor import Actor, ActorKind, require
from kaquan.foundation.configuration import current_configuration
from kaquan.foundation.encrypted_fields import blind_index
from kaquan.foundation.ids import draw_ids
from kaquan.foundation.imports_cells import BadCellError, Reason
from kaquan.organisations.queries import organisation_by_id, own_organisation_id

PERMISSION = "customers.edit"
_ROWS_PER_STATEMENT = 10_000
_EARLIEST_BIRTHDAY = date(1900, 1, 1)
_DAY = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?", re.ASCII)
TAGS_MAX = 100
RESERVED = Reason(
    "tag_reserved",
    f"标签不能以“{SEGMENT_PREFIX}”开头，那是分群的名字",
    f'a tag cannot begin with "{SEGMENT_PREFIX}": that names a segment',
)
NOT_A_BIRTHDAY = Reason(
    "not_a_birthday",
    "应为 1900 年以后、今天以前的日期，例如 1990-05-01",
    "expected a day since 1900 that is over, such as 1990-05-01",
)

read_number = cells.code()
read_name = cells.text(100)
read_id_document = cells.code()
_read_words = cells.words(longest=64, most=TAGS_MAX)


def read_tags(cell: object) -> list[str]:
    """Tags, from a program or from text with separators between them."""
    found: list[str] = _read_words(cell)  # type: ignore[assignment]  # a list by its own word
    if any(one.startswith(SEGMENT_PREFIX) for one in found):
        raise BadCellError(RESERVED)
    return found


def read_birthday(cell: object) -> date:
    """A day of birth such as 1990-05-01 or 1990年5月1日; raises `BadCellError`."""
    day = cell if type(cell) is date else _spelled_day(str(cell))
    today = clock.now().astimezone(current_configuration().time_zone).date()
    if day is None or not _EARLIEST_BIRTHDAY <= day <= today:
        raise BadCellError(NOT_A_BIRTHDAY)
    return day


def _spelled_day(spelled: str) -> date | None:
    match = _DAY.fullmatch(spelled.translate(cells.FULL_WIDTH).strip())
    try:
        return date(int(match[1]), int(match[2]), int(match[3])) if match else None
    except ValueError:
        return None


def create_customer(
    *,
    actor: Actor,
    number: str,
    name: str | None = None,
    phone: str | None = None,
    id_document: str | None = None,
    tags: Collection[str] = (),
    organisation_id: int | None = None,
    birthday: date | None = None,
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
    if birthday is not None:
        birthday = cells.accepted(read_birthday, birthday, zh="生日", en="birthday")
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
        joined_at=clock.now(),
        birthday=birthday.isoformat() if birthday else None,
        birth_month=birthday.month if birthday else None,
    )
    try:
        with transaction.atomic():
            customer.save(force_insert=True)
            if actor.kind is ActorKind.STAFF:  # others register by the thousand, one by one
                keep(actor, "customers.create", customer)
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
    birthday: date | None = None,
    organisation_id: int | None = None,
) -> Customer:
    """Change what is given.

    Raises `customer_unknown`, `customer_erased`, `organisation_unknown`, `value_invalid`.
    """
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
        if birthday is not None:
            day = cells.accepted(read_birthday, birthday, zh="生日", en="birthday")
            customer.birthday, customer.birth_month = day.isoformat(), day.month
        if organisation_id is not None:
            customer.organisation = organisation_by_id(actor, organisation_id)
        customer.save()
        given = {
            "name": name, "phone": phone, "tags": add_tags or remove_tags or None,
            "birthday": birthday, "organisation": organisation_id,
        }  # fmt: skip
        changed = [field for field, value in given.items() if value is not None]
        if changed:
            keep(actor, "customers.update", customer, *changed)
        return customer


def tag_customer(
    *, actor: Actor, customer_id: int, add: Collection[str] = (), remove: Collection[str] = ()
) -> Customer:
    """Add and take away tags; raises `customer_unknown`, `customer_erased`, `value_invalid`."""
    require(actor, PERMISSION)
    with transaction.atomic():
        customer = customer_by_id(actor, customer_id, for_update=True)
        if customer.erased_at is not None:
            raise customer_erased(customer.number)
        tags = _tag_list({*customer.tags, *add} - set(remove))
        if tags != customer.tags:
            customer.tags = tags
            customer.save(update_fields=["tags"])
            keep(actor, "customers.tag", customer, "tags")
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
