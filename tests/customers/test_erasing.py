"""The right to be forgotten: what is personal goes for good, the books stay as they are."""

from __future__ import annotations

import pytest

from kaquan.customers.actions import create_customer, update_customer
from kaquan.customers.erasing import erase_customer, request_erasure, withdraw_erasure
from kaquan.customers.models import Customer, ErasureState
from kaquan.customers.persons import person_of
from kaquan.customers.queries import customer_by_id, customers_by_phone, erasure_of
from kaquan.foundation import clock
from kaquan.foundation.encrypted_fields import blind_index
from kaquan.foundation.errors import KaquanError
from kaquan.ledger.door import Door
from kaquan.redemption.actions import CodeUse, redeem_codes
from tests.builders.books import books
from tests.builders.issuer import NOON, SYSTEM, an_organisation, staff_of
from tests.fixtures_database import Database
from tests.redemption.till import a_till

pytestmark = pytest.mark.usefixtures("database")

PHONE = "+8613800138000"


@pytest.fixture
def customer() -> Customer:
    return create_customer(
        actor=SYSTEM, number="M-1", name="王小明", phone=PHONE, tags=["vip", "过敏"]
    )


def erase(number: str = "M-1") -> Customer:
    request_erasure(actor=SYSTEM, number=number, at=NOON)
    return erase_customer(actor=SYSTEM, number=number, at=NOON).customer


def test_an_erased_customer_is_nobody(customer: Customer, database: Database) -> None:
    erased = erase()

    row = customer_by_id(SYSTEM, customer.id)
    assert (row.name, row.phone, row.phone_index, row.tags) == (None, None, None, [])
    assert row.number == erased.number != "M-1"
    assert row.person_id not in {
        person_of(number="M-1", phone=None, id_document=None).person_id,
        person_of(number="M-1", phone=PHONE, id_document=None).person_id,
    }
    assert customers_by_phone(SYSTEM, PHONE) == []
    text = str(database.connect().execute("select c::text from customers_customer c").fetchall())
    for trace in ("M-1", "vip", "过敏", blind_index("phone", PHONE).hex()):
        assert trace not in text


def test_the_number_may_be_given_to_somebody_else_afterwards(customer: Customer) -> None:
    erase()

    assert create_customer(actor=SYSTEM, number="M-1").id != customer.id


def test_the_books_stay_as_they_are(customer: Customer, database: Database, door: Door) -> None:
    till = a_till(door)
    uses = [CodeUse(till.code(0))]
    assert redeem_codes(actor=SYSTEM, uses=uses, visit=till.visit(), at=clock.now()).done
    connection = database.connect()
    before = books(connection)

    erase()

    assert books(connection) == before


def test_nothing_is_erased_before_it_was_requested(customer: Customer) -> None:
    with pytest.raises(KaquanError) as refused:
        erase_customer(actor=SYSTEM, number="M-1", at=NOON)

    assert refused.value.code == "erasure_unknown"
    assert customer_by_id(SYSTEM, customer.id).name == "王小明"


def test_a_withdrawn_request_is_not_done_and_may_be_made_again(customer: Customer) -> None:
    request_erasure(actor=SYSTEM, number="M-1", at=NOON)
    withdraw_erasure(actor=SYSTEM, number="M-1", at=NOON)

    for act in (erase_customer, withdraw_erasure):
        with pytest.raises(KaquanError) as refused:
            act(actor=SYSTEM, number="M-1", at=NOON)
        assert refused.value.code == "erasure_unknown"
    assert erasure_of(SYSTEM, "M-1").state == ErasureState.WITHDRAWN
    assert erase().erased_at == NOON


def test_one_request_is_open_at_a_time(customer: Customer) -> None:
    request_erasure(actor=SYSTEM, number="M-1", at=NOON)

    with pytest.raises(KaquanError) as refused:
        request_erasure(actor=SYSTEM, number="M-1", at=NOON)

    assert refused.value.code == "erasure_requested_already"


def test_what_was_erased_stays_so(customer: Customer, database: Database) -> None:
    number = erase().number

    for act in (
        lambda: update_customer(actor=SYSTEM, number=number, name="王"),
        lambda: request_erasure(actor=SYSTEM, number=number, at=NOON),
    ):
        with pytest.raises(KaquanError) as refused:
            act()
        assert refused.value.code == "customer_erased"
    with pytest.raises(Exception, match="customers_customer_erased"):
        database.connect().execute("update customers_customer set tags = '{vip}'")


def test_nobody_erases_a_customer_of_another_part() -> None:
    root = an_organisation("总部", None)
    north, south = an_organisation("华北", root), an_organisation("华南", root)
    create_customer(actor=staff_of(south), number="S", name="李")
    request_erasure(actor=staff_of(south), number="S", at=NOON)

    for act in (request_erasure, withdraw_erasure, erase_customer):
        with pytest.raises(KaquanError) as refused:
            act(actor=staff_of(north), number="S", at=NOON)
        assert refused.value.code == "customer_unknown"
    assert Customer.objects.get(number="S").name == "李"
