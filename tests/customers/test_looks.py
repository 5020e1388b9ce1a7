"""Whoever sees something in full leaves a trace that nobody takes away, so many times an hour."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from django.db import connections

from kaquan.customers import looks
from kaquan.customers.actions import create_customer
from kaquan.customers.identities import add_identity
from kaquan.customers.looks import LookReason, look, looks_of
from kaquan.customers.models import Customer, IdentityKind
from kaquan.foundation.actor import Actor
from kaquan.foundation.changes.models import Change
from kaquan.foundation.changes.proof import prove_changes
from kaquan.foundation.errors import KaquanError
from tests.builders.issuer import SYSTEM, an_organisation, staff_of
from tests.fixtures_database import Database

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def customer() -> Customer:
    return create_customer(actor=SYSTEM, number="M-1", name="王小明", phone="13800138000")


def refusal(act: Callable[[], object]) -> str:
    with pytest.raises(KaquanError) as refused:
        act()
    return refused.value.code


def seen(customer: Customer, field: str = "phone", *, actor: Actor = SYSTEM, note: str = "") -> str:
    return look(
        actor=actor,
        customer_id=customer.id,
        field=field,
        reason=LookReason.COMPLAINT,
        note=note,
    )


def test_a_look_shows_the_value_and_stands_on_the_customers_page(
    customer: Customer, database: Database
) -> None:
    identity = add_identity(
        actor=SYSTEM, customer_id=customer.id, kind=IdentityKind.WECHAT, value="oAbcdefgh123"
    )

    assert seen(customer, "name") == "王小明"
    assert seen(customer, note="工单 8，电话 13700137000") == "13800138000"
    assert seen(customer, f"identity:{identity.id}") == "oAbcdefgh123"

    told = [(one.by, one.field, one.reason, one.note) for one in looks_of(SYSTEM, customer.id)]
    assert told == [
        ("tests", "identity", "complaint", ""),
        ("tests", "phone", "complaint", "工单 8，电话 137****"),
        ("tests", "name", "complaint", ""),
    ]
    written = repr(list(Change.objects.values()))
    for personal in ("王小明", "13800138000", "oAbcdefgh123", "13700137000", "M-1"):
        assert personal not in written
    assert prove_changes(lambda: psycopg.connect(database.app_url)).faults == []


def test_a_look_cannot_be_taken_out_again(customer: Customer, database: Database) -> None:
    seen(customer)

    for statement in ("DELETE FROM changes_change", "UPDATE changes_change SET actor_name = ''"):
        with pytest.raises(psycopg.Error):
            database.connect().execute(statement)
    assert len(looks_of(SYSTEM, customer.id)) == 1


def test_what_is_refused_shows_nothing_and_leaves_no_trace(customer: Customer) -> None:
    stranger = staff_of(an_organisation("华北", None))
    clerk = staff_of(None, "customers.view")

    assert refusal(lambda: seen(customer, actor=stranger)) == "customer_unknown"
    assert refusal(lambda: seen(customer, actor=clerk)) == "permission_denied"
    assert refusal(lambda: seen(customer, "birthday")) == "nothing_to_show"
    assert refusal(lambda: seen(customer, "person_id")) == "nothing_to_show"
    assert refusal(lambda: seen(customer, "identity:1")) == "nothing_to_show"
    assert (
        refusal(
            lambda: look(
                actor=SYSTEM, customer_id=customer.id, field="phone", reason=LookReason.OTHER
            )
        )
        == "reason_missing"
    )
    assert not Change.objects.filter(kind=looks.KIND).exists()


def test_after_so_many_looks_an_hour_nothing_more_is_shown(
    customer: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(looks, "LOOKS_AN_HOUR_MAX", 3)
    for _ in range(3):
        seen(customer)

    assert refusal(lambda: seen(customer)) == "looks_too_many"
    assert looks.looks_left(SYSTEM) == 0
    assert seen(customer, actor=staff_of(None)) == "13800138000"
    assert len(looks_of(SYSTEM, customer.id)) == 4


def test_two_looks_at_once_are_not_both_the_last(
    customer: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(looks, "LOOKS_AN_HOUR_MAX", 1)

    def try_look(_number: int) -> str:
        try:
            return seen(customer)
        except KaquanError as refused:
            return refused.code
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as people:
        answers = sorted(people.map(try_look, range(4)))

    assert answers == ["13800138000", *["looks_too_many"] * 3]
