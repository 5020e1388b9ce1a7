"""Two numbers of one person: merged, unmerged, and nothing in the books moves."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connections

from kaquan.customers.actions import create_customer, record_first_orders
from kaquan.customers.erasing import erase_customer, request_erasure
from kaquan.customers.merging import merge_customers, unmerge_customer
from kaquan.customers.models import Customer
from kaquan.customers.queries import CustomerFacts, customer_line, customers_facts
from kaquan.foundation.errors import KaquanError
from tests.builders.issuer import NOON, SYSTEM, an_organisation, staff_of

pytestmark = pytest.mark.usefixtures("database")


def a_customer(number: str, **facts: object) -> Customer:
    return create_customer(actor=SYSTEM, number=number, **facts)  # type: ignore[arg-type]


def facts_of(customer: Customer) -> CustomerFacts:
    return customers_facts([customer.number])[customer.number]


def merge(number: str, into: str) -> None:
    merge_customers(actor=SYSTEM, number=number, into_number=into)


def links() -> dict[str, str | None]:
    return dict(Customer.objects.values_list("number", "merged_into__number"))


def test_a_merged_customer_counts_as_the_other_person_and_keeps_its_id() -> None:
    old = a_customer("M-OLD", phone="13800138000", tags=["沉睡"])
    new = a_customer("M-NEW", phone="13900139000", tags=["vip"])
    record_first_orders([(new.id, NOON), (old.id, NOON + timedelta(days=1))])

    merge("M-OLD", "M-NEW")

    assert facts_of(old) == (old.id, new.person_id, {"沉睡", "vip"}, NOON)
    assert facts_of(new) == (new.id, new.person_id, {"vip"}, NOON)
    assert customer_line(SYSTEM, "M-OLD").merged_into == "M-NEW"


def test_an_undone_merge_leaves_both_as_they_were() -> None:
    old = a_customer("M-OLD", phone="13800138000", tags=["沉睡"])
    a_customer("M-NEW", tags=["vip"])
    before = facts_of(old)
    merge("M-OLD", "M-NEW")

    unmerge_customer(actor=SYSTEM, number="M-OLD")

    assert facts_of(old) == before
    with pytest.raises(KaquanError) as refused:
        unmerge_customer(actor=SYSTEM, number="M-OLD")
    assert refused.value.code == "customer_not_merged"


def test_merges_make_no_chains_and_no_circles() -> None:
    for number in ("A", "B", "C"):
        a_customer(number)
    merge("A", "B")

    for number, into in (("B", "C"), ("C", "A"), ("A", "C"), ("B", "A")):
        with pytest.raises(KaquanError) as refused:
            merge(number, into)
        assert refused.value.code == "customer_merged"
    with pytest.raises(KaquanError) as refused:
        merge("C", "C")
    assert refused.value.code == "customer_merge_with_itself"

    merge("C", "B")
    assert links() == {"A": "B", "B": None, "C": "B"}


def test_nobody_merges_with_a_customer_of_another_part() -> None:
    root = an_organisation("总部", None)
    north, south = an_organisation("华北", root), an_organisation("华南", root)
    create_customer(actor=staff_of(north), number="N")
    create_customer(actor=staff_of(south), number="S")

    for number, into in (("N", "S"), ("S", "N")):
        with pytest.raises(KaquanError) as refused:
            merge_customers(actor=staff_of(north), number=number, into_number=into)
        assert refused.value.code == "customer_unknown"
    assert links() == {"N": None, "S": None}


def test_two_merges_into_each_other_at_once_make_one() -> None:
    a_customer("A")
    a_customer("B")
    start = threading.Barrier(2)

    def try_merge(number: str, into: str) -> str:
        try:
            start.wait()
            merge(number, into)
        except KaquanError as refused:
            return refused.code
        finally:
            connections.close_all()
        return "merged"

    with ThreadPoolExecutor(2) as people:
        answers = sorted(people.map(try_merge, "AB", "BA"))

    assert answers == ["customer_merged", "merged"]


def test_an_erased_customer_is_part_of_no_merge() -> None:
    a_customer("A")
    a_customer("B")
    merge("A", "B")
    request_erasure(actor=SYSTEM, number="B", at=NOON)
    erase_customer(actor=SYSTEM, number="B", at=NOON)
    erased = Customer.objects.get(erased_at__isnull=False).number

    assert links() == {"A": None, erased: None}
    with pytest.raises(KaquanError) as refused:
        merge("A", erased)
    assert refused.value.code == "customer_erased"
