"""What else is known of a customer: sealed, within one's part, and never quietly changed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import pytest

from kaquan.customers import identities, profile, tasks
from kaquan.customers.actions import create_customer, tag_customer, update_customer
from kaquan.customers.erasing import erase_customer, request_erasure
from kaquan.customers.keeping import changes_of
from kaquan.customers.merging import UNDO_DAYS, merge_customers, unmerge_customer
from kaquan.customers.models import Consent, Customer, Identity, IdentityKind, Note, Purpose, Task
from kaquan.customers.queries import customer_by_id
from kaquan.foundation import clock
from kaquan.foundation.changes.models import Change
from kaquan.foundation.errors import KaquanError
from tests.builders.issuer import NOON, SYSTEM, an_organisation, staff_of
from tests.fixtures_database import Database

pytestmark = pytest.mark.usefixtures("database")

OPEN_ID = "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"


@pytest.fixture
def customer() -> Customer:
    return create_customer(
        actor=SYSTEM,
        number="M-1",
        name="王小明",
        phone="13800138000",
        tags=["vip"],
        birthday=date(1990, 5, 17),
    )


def refusal(act: Callable[[], object]) -> str:
    with pytest.raises(KaquanError) as refused:
        act()
    return refused.value.code


def consent(customer: Customer, *, given: bool, purpose: Purpose = Purpose.SMS) -> Consent:
    return profile.record_consent(
        actor=SYSTEM,
        customer_id=customer.id,
        purpose=purpose,
        given=given,
        source="门店",
        text_version="privacy-2026-06",
    )


def test_an_identity_is_found_and_neither_shown_nor_stored_readably(
    customer: Customer, database: Database
) -> None:
    identities.add_identity(
        actor=SYSTEM, customer_id=customer.id, kind=IdentityKind.WECHAT, value=OPEN_ID
    )

    (line,) = identities.identities_of(SYSTEM, customer.id)
    found = identities.customers_by_identity(SYSTEM, IdentityKind.WECHAT, OPEN_ID)

    assert [one.id for one in found] == [customer.id]
    assert line.masked_value == "oU****6o"
    stored = database.connect().execute("SELECT i::text FROM customers_identity i").fetchall()
    assert OPEN_ID not in str(stored)
    assert OPEN_ID.encode().hex() not in str(stored)


def test_an_identity_is_one_customers_alone_but_a_phone_may_be_shared(customer: Customer) -> None:
    other = create_customer(actor=SYSTEM, number="M-2")

    def add(kind: IdentityKind, value: str, one: Customer) -> Identity:
        return identities.add_identity(actor=SYSTEM, customer_id=one.id, kind=kind, value=value)

    add(IdentityKind.WECHAT, OPEN_ID, customer)
    add(IdentityKind.PHONE, "139 0013 9000", customer)
    add(IdentityKind.PHONE, "13900139000", other)

    assert refusal(lambda: add(IdentityKind.WECHAT, OPEN_ID, other)) == "identity_taken"
    assert refusal(lambda: add(IdentityKind.PHONE, "13900139000", other)) == "identity_taken"
    assert refusal(lambda: add(IdentityKind.PHONE, "123", other)) == "value_invalid"
    assert Identity.objects.count() == 3


def test_an_identity_that_was_taken_away_may_be_anothers(customer: Customer) -> None:
    other = create_customer(actor=SYSTEM, number="M-2")
    made = identities.add_identity(
        actor=SYSTEM, customer_id=customer.id, kind=IdentityKind.ALIPAY, value="2088123412341234"
    )

    def remove() -> None:
        identities.remove_identity(actor=SYSTEM, customer_id=customer.id, identity_id=made.id)

    remove()
    assert refusal(remove) == "identity_unknown"
    identities.add_identity(
        actor=SYSTEM, customer_id=other.id, kind=IdentityKind.ALIPAY, value="2088123412341234"
    )


def test_consents_are_kept_with_when_where_and_to_which_words(customer: Customer) -> None:
    consent(customer, given=True)
    consent(customer, given=True, purpose=Purpose.PROFILING)
    consent(customer, given=False)

    by_purpose = {one.purpose: one for one in profile.consents_of(SYSTEM, customer.id)}
    assert by_purpose[Purpose.SMS].given is False
    assert by_purpose[Purpose.PROFILING][1:] == (
        True, by_purpose[Purpose.PROFILING].at, "门店", "privacy-2026-06", "tests",
    )  # fmt: skip
    assert by_purpose[Purpose.CALL].given is None
    assert customer_by_id(SYSTEM, customer.id).consents == ["profiling"]
    history = profile.consent_history(SYSTEM, customer.id)
    assert [(one.purpose, one.given) for one in history] == [
        ("marketing_sms", False), ("profiling", True), ("marketing_sms", True),
    ]  # fmt: skip


def test_what_is_agreed_already_is_not_agreed_again(customer: Customer) -> None:
    assert refusal(lambda: consent(customer, given=False)) == "consent_unchanged"
    consent(customer, given=True)
    assert refusal(lambda: consent(customer, given=True)) == "consent_unchanged"
    assert Consent.objects.count() == 1


def test_notes_are_sealed_and_told_with_their_author(
    customer: Customer, database: Database
) -> None:
    profile.add_note(actor=SYSTEM, customer_id=customer.id, text="电话 13700137000 联系")
    profile.add_note(actor=staff_of(None), customer_id=customer.id, text="对花生过敏")

    told = [(one.author, one.text) for one in profile.notes_of(SYSTEM, customer.id)]

    assert told == [("小王", "对花生过敏"), ("tests", "电话 13700137000 联系")]
    stored = str(database.connect().execute("SELECT n::text FROM customers_note n").fetchall())
    assert b"13700137000".hex() not in stored
    assert (
        refusal(lambda: profile.add_note(actor=SYSTEM, customer_id=customer.id, text=" "))
        == "value_invalid"
    )


def test_tasks_are_done_once_and_the_most_urgent_stands_first(customer: Customer) -> None:
    me = staff_of(None)
    for title, due_on, who in (
        ("回访", date(2026, 6, 9), me.id),
        ("寄券", date(2026, 6, 2), me.id),
        ("问卷", date(2026, 6, 1), ""),
    ):
        tasks.add_task(
            actor=SYSTEM, customer_id=customer.id, title=title, due_on=due_on,
            assignee_id=who, assignee_name="小王" if who else "",
        )  # fmt: skip

    assert [one.title for one in tasks.open_of(me)] == ["寄券", "回访"]
    assert tasks.count_open(me) == 2
    first = tasks.open_of(me)[0]
    tasks.finish_task(actor=me, task_id=first.id, outcome="已寄出")

    assert [one.title for one in tasks.open_of(me)] == ["回访"]
    assert tasks.task_by_id(SYSTEM, first.id).outcome == "已寄出"
    assert refusal(lambda: tasks.finish_task(actor=me, task_id=first.id)) == "task_done_already"


def test_nothing_of_another_parts_customer_is_told_or_changed(customer: Customer) -> None:
    stranger = staff_of(an_organisation("华北", None))
    task = tasks.add_task(
        actor=SYSTEM, customer_id=customer.id, title="回访", due_on=date(2026, 6, 9)
    )
    of_it: list[Callable[[], object]] = [
        lambda: identities.identities_of(stranger, customer.id),
        lambda: profile.consents_of(stranger, customer.id),
        lambda: profile.notes_of(stranger, customer.id),
        lambda: tasks.tasks_of(stranger, customer.id),
        lambda: changes_of(stranger, customer.id),
        lambda: profile.add_note(actor=stranger, customer_id=customer.id, text="x"),
        lambda: identities.add_identity(
            actor=stranger, customer_id=customer.id, kind=IdentityKind.OTHER, value="x1"
        ),
    ]

    assert {refusal(act) for act in of_it} == {"customer_unknown"}
    assert refusal(lambda: tasks.finish_task(actor=stranger, task_id=task.id)) == "task_unknown"
    assert Note.objects.count() == Identity.objects.count() == 0
    assert Task.objects.get().done_at is None


def test_an_erased_customer_leaves_no_identity_note_task_or_birthday(customer: Customer) -> None:
    identities.add_identity(
        actor=SYSTEM, customer_id=customer.id, kind=IdentityKind.WECHAT, value=OPEN_ID
    )
    profile.add_note(actor=SYSTEM, customer_id=customer.id, text="对花生过敏")
    tasks.add_task(actor=SYSTEM, customer_id=customer.id, title="回访", due_on=date(2026, 6, 9))
    consent(customer, given=True)
    request_erasure(actor=SYSTEM, number="M-1", at=NOON)
    erase_customer(actor=SYSTEM, number="M-1", at=NOON)

    row = customer_by_id(SYSTEM, customer.id)
    assert (row.birthday, row.birth_month, row.consents) == (None, None, [])
    assert Identity.objects.count() == Note.objects.count() == Task.objects.count() == 0
    assert Consent.objects.count() == 1
    assert (
        refusal(lambda: profile.add_note(actor=SYSTEM, customer_id=customer.id, text="x"))
        == "customer_erased"
    )
    assert (
        refusal(lambda: tag_customer(actor=SYSTEM, customer_id=customer.id, add=["x"]))
        == "customer_erased"
    )


def test_the_log_says_which_fields_changed_and_holds_none_of_them(customer: Customer) -> None:
    update_customer(actor=SYSTEM, number="M-1", name="王大明", phone="13911139111")
    tag_customer(actor=SYSTEM, customer_id=customer.id, add=["孕妇"])
    tag_customer(actor=SYSTEM, customer_id=customer.id, add=["孕妇"])

    told = [(one.verb, one.fields) for one in changes_of(SYSTEM, customer.id)]

    assert told == [("customers.tag", ("tags",)), ("customers.update", ("name", "phone"))]
    written = repr(list(Change.objects.values()))
    for personal in ("M-1", "王", "1391113", "孕妇", "vip"):
        assert personal not in written


@pytest.mark.parametrize("day", [date(1899, 12, 31), date(2099, 1, 1)])
def test_nobody_is_born_long_ago_or_tomorrow(customer: Customer, day: date) -> None:
    assert (
        refusal(lambda: update_customer(actor=SYSTEM, number="M-1", birthday=day))
        == "value_invalid"
    )
    assert customer_by_id(SYSTEM, customer.id).birthday == "1990-05-17"


def test_a_merge_can_be_undone_for_so_many_days_only(customer: Customer) -> None:
    create_customer(actor=SYSTEM, number="M-2")
    merge_customers(actor=SYSTEM, number="M-1", into_number="M-2")
    late = clock.now() + timedelta(days=UNDO_DAYS, seconds=5)

    assert refusal(lambda: unmerge_customer(actor=SYSTEM, number="M-1", at=late)) == "merge_too_old"
    assert customer_by_id(SYSTEM, customer.id).merged_into is not None

    unmerge_customer(actor=SYSTEM, number="M-1", at=late - timedelta(seconds=10))
    row = customer_by_id(SYSTEM, customer.id)
    assert (row.merged_into, row.merged_at) == (None, None)
