"""Customers: who is one person, who may see whom, and how little of them."""

from datetime import timedelta

import pytest

from kaquan.customers.actions import create_customer, record_first_orders, tag_customer
from kaquan.customers.models import Customer
from kaquan.customers.queries import (
    customer_by_id,
    customer_by_number,
    customers,
    customers_by_phone,
    customers_facts,
)
from kaquan.foundation.errors import KaquanError
from tests.builders.issuer import NOON, SYSTEM, a_number, an_organisation, staff_of

pytestmark = pytest.mark.usefixtures("database")


def a_customer(**facts: object) -> Customer:
    return create_customer(**{"actor": SYSTEM, "number": a_number("M")} | facts)  # type: ignore[arg-type]


def test_two_members_with_one_phone_are_one_person() -> None:
    one = a_customer(phone="13800138000")
    two = a_customer(phone="+86 138-0013-8000")
    other = a_customer(phone="13900139000")

    assert one.person_id == two.person_id != other.person_id


def test_an_identity_document_counts_for_more_than_a_phone() -> None:
    one = a_customer(phone="13800138000", id_document="11010119900101123X")
    two = a_customer(phone="13900139000", id_document="１１０１０１19900101123X")
    phone_only = a_customer(phone="13800138000")

    assert one.person_id == two.person_id
    assert phone_only.person_id != one.person_id


def test_members_of_whom_nothing_is_known_are_persons_of_their_own() -> None:
    assert len({a_customer().person_id for _ in range(5)}) == 5


def test_a_number_is_given_once() -> None:
    a_customer(number="M-1", name="王")

    with pytest.raises(KaquanError) as refused:
        a_customer(number="M-1", name="李")

    assert refused.value.code == "customer_exists"
    assert [customer.name for customer in Customer.objects.all()] == ["王"]


@pytest.mark.parametrize(
    "facts",
    [{"phone": "123"}, {"number": ""}, {"number": "1\x002"}, {"name": "\ud800"},
     {"tags": ["x" * 65]}, {"tags": [str(n) for n in range(101)]}, {"id_document": ""}],
)  # fmt: skip
def test_what_is_wrong_is_refused_and_nobody_is_added(facts: dict[str, object]) -> None:
    with pytest.raises(KaquanError) as refused:
        a_customer(**facts)

    assert refused.value.code == "value_invalid"
    assert not Customer.objects.exists()


def test_lists_show_neither_names_nor_phones() -> None:
    customer = a_customer(name="王小明", phone="13800138000", tags=["vip"])

    (line,) = customers(SYSTEM)

    assert line[:5] == (customer.id, customer.number, "王*", "138****8000", ("vip",))
    assert "王小明" not in repr(line)
    assert "13800138000" not in repr(line)


def test_a_phone_is_found_without_being_readable() -> None:
    one, _ = a_customer(phone="13800138000"), a_customer(phone="13900139000")

    assert [line.id for line in customers_by_phone(SYSTEM, "+8613800138000")] == [one.id]


def test_tags_are_added_taken_away_and_found() -> None:
    customer = a_customer(tags=["新客", "vip"])

    tag_customer(actor=SYSTEM, customer_id=customer.id, add=["沉睡", "vip"], remove=["新客"])

    assert sorted(customer_by_id(SYSTEM, customer.id).tags) == ["vip", "沉睡"]
    assert [line.id for line in customers(SYSTEM, tags=["vip", "沉睡"])] == [customer.id]
    assert customers(SYSTEM, tags=["vip", "新客"]) == []


def test_pages_follow_each_other_without_gap_or_repeat() -> None:
    ids = [a_customer().id for _ in range(7)]

    seen: list[int] = []
    while page := customers(SYSTEM, after_id=seen[-1] if seen else 0, limit=3):
        seen += [line.id for line in page]

    assert seen == ids


def test_everyone_sees_the_customers_of_their_part_only() -> None:
    root = an_organisation("总部", None)
    north, south = an_organisation("华北", root), an_organisation("华南", root)
    mine = create_customer(actor=staff_of(north), number="N")
    theirs = create_customer(actor=staff_of(south), number="S", phone="13800138000")
    issuers = a_customer(number="H")
    actor = staff_of(north)

    assert [line.id for line in customers(actor)] == [mine.id]
    assert customers_by_phone(actor, "+8613800138000") == []
    assert len(customers(SYSTEM)) == 3
    for look in (
        lambda: customer_by_id(actor, theirs.id),
        lambda: customer_by_number(actor, "S"),
        lambda: customer_by_id(actor, issuers.id),
        lambda: tag_customer(actor=actor, customer_id=theirs.id, add=["x"]),
    ):
        with pytest.raises(KaquanError) as refused:
            look()
        assert refused.value.code == "customer_unknown"
    assert Customer.objects.get(id=theirs.id).tags == []


def test_looking_at_customers_needs_the_permission() -> None:
    customer = a_customer(phone="13800138000")
    actor = staff_of(None, "customers.edit")

    for look in (
        lambda: customers(actor),
        lambda: customer_by_id(actor, customer.id),
        lambda: customers_by_phone(actor, "+8613800138000"),
    ):
        with pytest.raises(KaquanError) as refused:
            look()
        assert refused.value.code == "permission_denied"


def test_facts_for_commands_name_nobody() -> None:
    customer = a_customer(name="王小明", phone="13800138000", tags=["vip"])

    facts = customers_facts([customer.number, "unknown"])

    person = (customer.id, customer.person_id, frozenset({"vip"}), None)
    assert facts == {customer.number: person}


def test_the_first_order_only_ever_becomes_earlier() -> None:
    customer = a_customer()

    for at, first in ((NOON, NOON), (NOON + timedelta(days=1), NOON), (NOON - timedelta(1), None)):
        record_first_orders([(customer.id, at)])
        assert customers_facts([customer.number])[customer.number].first_order_at == (first or at)
