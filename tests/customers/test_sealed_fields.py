"""What a stolen database does not tell."""

import pytest
from django.db import connection

from kaquan.customers.actions import create_customer
from kaquan.customers.models import Customer
from kaquan.customers.queries import customer_by_id, customers_by_phone
from kaquan.foundation import keys
from kaquan.foundation.configuration import current_configuration
from kaquan.foundation.encrypted_fields import (
    blind_index,
    blind_indexes,
    blind_number,
    forget_keys,
    seal,
    unseal,
)
from kaquan.foundation.errors import KaquanError
from tests.builders.issuer import SYSTEM, a_number

pytestmark = pytest.mark.usefixtures("database")

PLACE = {"table": "customers_customer", "column": "phone", "row_id": 7}


def a_customer(name: str = "王小明", phone: str = "13800138000") -> Customer:
    return create_customer(actor=SYSTEM, number=a_number("M"), name=name, phone=phone)


def rows_as_a_thief_reads_them() -> str:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT row::text, encode(name, 'escape'), encode(phone, 'escape')"
            " FROM customers_customer AS row"
        )
        return repr(cursor.fetchall())


def test_neither_name_nor_phone_stands_in_the_database() -> None:
    a_customer()

    stolen = rows_as_a_thief_reads_them()

    for secret in ("王小明", "13800138000", "138001", "王小明".encode().hex(), b"138001".hex()):
        assert secret not in stolen


def test_the_application_reads_what_it_wrote() -> None:
    customer = customer_by_id(SYSTEM, a_customer().id)

    assert (customer.name, customer.phone) == ("王小明", "+8613800138000")


def test_a_changed_value_is_sealed_again() -> None:
    customer = customer_by_id(SYSTEM, a_customer().id)

    customer.name = "李四"
    customer.save()

    assert customer_by_id(SYSTEM, customer.id).name == "李四"
    assert "李四" not in rows_as_a_thief_reads_them()


def test_equal_values_do_not_look_equal() -> None:
    assert seal("13800138000", **PLACE) != seal("13800138000", **PLACE)


@pytest.mark.parametrize("change", [{"table": "other"}, {"column": "name"}, {"row_id": 8}])
def test_a_value_moved_elsewhere_does_not_open(change: dict[str, object]) -> None:
    sealed = seal("13800138000", **PLACE)

    with pytest.raises(KaquanError) as refused:
        unseal(sealed, **(PLACE | change))

    assert refused.value.code == "sealed_value_unreadable"
    assert "13800138000" not in str(refused.value)


def test_values_swapped_between_rows_do_not_open() -> None:
    one, two = a_customer(phone="13800138000"), a_customer(phone="13900139000")
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE customers_customer AS c SET phone = o.phone FROM customers_customer AS o"
            " WHERE c.id <> o.id"
        )

    for customer in (one, two):
        with pytest.raises(KaquanError):
            _ = customer_by_id(SYSTEM, customer.id).phone


@pytest.mark.parametrize("cut", range(0, 40, 3))
def test_a_damaged_value_is_refused_and_not_guessed(cut: int) -> None:
    sealed = seal("13800138000", **PLACE)

    for damaged in (sealed[:cut], sealed[:cut] + bytes([sealed[cut] ^ 0x7F]) + sealed[cut + 1 :]):
        with pytest.raises(KaquanError) as refused:
            unseal(damaged, **PLACE)
        assert refused.value.code == "sealed_value_unreadable"


def test_after_a_rotation_old_values_open_and_new_ones_use_the_new_key() -> None:
    old = a_customer(phone="13800138000")
    person_id = old.person_id
    path = current_configuration().key_file

    new_ring = keys.rotate(path, "field-encryption")
    keys.rotate(path, "blind-index")
    forget_keys()
    new = a_customer(phone="13800138000")

    assert customer_by_id(SYSTEM, old.id).phone == "+8613800138000"
    assert customer_by_id(SYSTEM, new.id).phone == "+8613800138000"
    stored = Customer.objects.filter(id=new.id).values_list("phone", flat=True).get()
    assert int.from_bytes(bytes(stored)[1:5], "big") == new_ring.active("field-encryption").key_id
    found = customers_by_phone(SYSTEM, "+8613800138000")
    assert [line.id for line in found] == [old.id, new.id]
    assert new.person_id == person_id


def test_a_process_that_knows_only_old_keys_learns_of_a_rotation() -> None:
    seal("warm", **PLACE)
    path = current_configuration().key_file
    keys.rotate(path, "field-encryption")
    # As another process would seal it.
    forget_keys()
    sealed = seal("13800138000", **PLACE)
    newest = int.from_bytes(sealed[1:5], "big")
    assert newest == keys.load(path).active("field-encryption").key_id

    assert unseal(sealed, **PLACE) == "13800138000"


def test_blind_indexes_of_different_subjects_never_meet() -> None:
    assert blind_index("phone", "1") != blind_index("id_document", "1")
    assert blind_index("phone", "1") == blind_indexes("phone", "1")[0]
    assert len(blind_index("phone", "1")) == 16


def test_a_person_number_fits_the_ledger() -> None:
    numbers = {blind_number("phone", str(n)) for n in range(1_000)}

    assert len(numbers) == 1_000
    assert all(0 < number < 2**63 for number in numbers)
