"""Who is in a segment, for whom, and what tills know of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from kaquan.customers import segment_tags, segments
from kaquan.customers.actions import create_customer, tag_customer
from kaquan.customers.conditions import Group
from kaquan.customers.erasing import erase_customer, request_erasure
from kaquan.customers.listings import CustomerFilter, customer_page
from kaquan.customers.merging import merge_customers
from kaquan.customers.models import Customer, Segment
from kaquan.customers.queries import customers_facts
from kaquan.customers.segmenting import create_segment, set_segment_active, update_segment
from kaquan.customers.segments import headcount, members, people_page, segments_of
from kaquan.customers.tag_jobs import ask_for_tags, tag_segment
from kaquan.foundation.errors import KaquanError
from kaquan.foundation.jobs.actions import begin
from kaquan.foundation.paging import Paging
from kaquan.organisations.models import Organisation
from tests.builders.issuer import NOON, SYSTEM, a_number, an_organisation, staff_of

pytestmark = pytest.mark.usefixtures("database")

VIP = {"kind": "group", "of": [{"kind": "tags", "any": ["vip"]}]}


@pytest.fixture(autouse=True)
def fresh_rules(database: object) -> Iterator[None]:
    segment_tags.forget()
    yield
    segment_tags.forget()


def refusal(act: Callable[[], object]) -> str:
    with pytest.raises(KaquanError) as refused:
        act()
    return refused.value.code


def a_segment(conditions: Any = VIP, **facts: Any) -> Segment:
    asked = {"actor": SYSTEM, "code": a_number("seg-"), "name": "常客", "conditions": conditions}
    return create_segment(**asked | facts)


def a_customer(*tags: str, organisation: Organisation | None = None) -> Customer:
    return create_customer(
        actor=SYSTEM,
        number=a_number("M"),
        tags=tags,
        organisation_id=organisation.id if organisation else None,
    )


# Who is in one ----------------------------------------------------------------------------------


def test_erased_and_merged_customers_are_in_no_segment() -> None:
    kept, merged, erased = (a_customer("vip") for _ in range(3))
    merge_customers(actor=SYSTEM, number=merged.number, into_number=kept.number)
    request_erasure(actor=SYSTEM, number=erased.number, at=NOON)
    erase_customer(actor=SYSTEM, number=erased.number, at=NOON)

    assert list(members(SYSTEM, a_segment().id)) == [kept.id]
    assert list(members(SYSTEM, a_segment({"kind": "group"}).id)) == [kept.id]


def test_everyone_finds_the_people_of_their_part_in_the_segments_of_their_part() -> None:
    root = an_organisation("总部", None)
    east, west = an_organisation("华东", root), an_organisation("华西", root)
    ours, theirs = a_customer("vip", organisation=east), a_customer("vip", organisation=west)
    a_customer("vip")
    whole = a_segment()
    eastern = a_segment(actor=staff_of(east))

    assert set(members(SYSTEM, whole.id)) >= {ours.id, theirs.id}
    assert list(members(SYSTEM, eastern.id)) == [ours.id]
    assert list(members(staff_of(east), eastern.id)) == [ours.id]
    assert headcount(staff_of(west), Group()) == (1, True)
    for act in (
        lambda: members(staff_of(west), eastern.id),
        lambda: members(staff_of(east), whole.id),
        lambda: update_segment(actor=staff_of(west), segment_id=eastern.id, revision=1, name="x"),
    ):
        assert refusal(act) == "segment_unknown"
    assert [one.id for one in segments.segments(staff_of(east))] == [eastern.id]


def test_pages_of_people_follow_each_other_without_gap_or_repeat(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(segments, "WINDOW_IDS", 4)
    monkeypatch.setattr(segments, "WINDOWS_A_PAGE_MAX", 2)
    expected = [a_customer("vip" if number % 3 == 0 else "新客").id for number in range(40)][::3]
    segment = a_segment()

    found: list[int] = []
    page = people_page(SYSTEM, segment, Paging(limit=2))
    while True:
        found += [line.id for line in page.rows]
        if not page.after:
            break
        page = people_page(SYSTEM, segment, Paging(after=page.after, limit=2))

    assert found == expected[::-1]
    assert page.count == len(expected)
    assert list(members(SYSTEM, segment.id)) == expected


def test_the_list_of_customers_narrows_a_segment_further() -> None:
    both, one = a_customer("vip", "新客"), a_customer("vip")
    segment = a_segment()

    def listed(**wanted: Any) -> list[int]:
        page = customer_page(SYSTEM, CustomerFilter(segment_id=segment.id, **wanted), Paging())
        return [line.id for line in page.rows]

    assert listed() == [one.id, both.id]
    assert listed(tag="新客") == [both.id]
    assert listed(number=one.number) == [one.id]
    assert [found.id for found in segments_of(SYSTEM, both.id)] == [segment.id]


# Changing them, and tills -----------------------------------------------------------------------


def test_a_change_made_from_an_older_revision_is_refused() -> None:
    segment = a_segment()
    update_segment(actor=SYSTEM, segment_id=segment.id, revision=1, name="贵宾")

    assert (
        refusal(
            lambda: update_segment(actor=SYSTEM, segment_id=segment.id, revision=1, name="常客")
        )
        == "segment_changed"
    )
    assert Segment.objects.get().name == "贵宾"


@pytest.mark.parametrize("code", ["", "a b", "常客", "x" * 41, "-a"])
def test_a_code_is_plain(code: str) -> None:
    assert refusal(lambda: a_segment(code=code)) == "value_invalid"


def test_a_code_is_given_once() -> None:
    a_segment(code="vip")

    assert refusal(lambda: a_segment(code="vip")) == "segment_exists"


def test_tills_know_the_segments_that_offers_may_ask_for() -> None:
    root = an_organisation("总部", None)
    east = an_organisation("华东", root)
    ours, theirs, merged = (
        a_customer("vip", organisation=east), a_customer("vip"), a_customer("新客"),
    )  # fmt: skip
    merge_customers(actor=SYSTEM, number=merged.number, into_number=ours.number)
    a_segment()
    segment = a_segment(code="east-vip", in_offers=True, organisation_id=east.id)

    def tags() -> dict[int, set[str]]:
        found = customers_facts([ours.number, theirs.number, merged.number])
        return {facts.customer_id: set(facts.tags) for facts in found.values()}

    assert tags() == {
        ours.id: {"vip", "segment:east-vip"},
        theirs.id: {"vip"},
        merged.id: {"vip", "新客", "segment:east-vip"},
    }
    tag_customer(actor=SYSTEM, customer_id=ours.id, remove=["vip"])
    assert tags()[ours.id] == set()
    tag_customer(actor=SYSTEM, customer_id=ours.id, add=["vip"])
    set_segment_active(actor=SYSTEM, segment_id=segment.id, active=False)
    assert tags()[ours.id] == {"vip"}
    assert refusal(lambda: members(SYSTEM, segment.id)) == "segment_not_active"


def test_nobody_is_put_into_a_segment_by_a_tag_of_its_name() -> None:
    customer = a_customer()

    assert (
        refusal(
            lambda: tag_customer(actor=SYSTEM, customer_id=customer.id, add=["segment:east-vip"])
        )
        == "value_invalid"
    )
    assert refusal(lambda: a_customer("segment:x")) == "value_invalid"


def test_so_many_segments_may_be_used_in_offers_and_no_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from kaquan.customers import segmenting

    monkeypatch.setattr(segmenting, "IN_OFFERS_MAX", 2)
    first = a_segment(in_offers=True)
    a_segment(in_offers=True)
    third = a_segment()

    assert refusal(lambda: a_segment(in_offers=True)) == "segments_in_offers_too_many"
    assert (
        refusal(
            lambda: update_segment(actor=SYSTEM, segment_id=third.id, revision=1, in_offers=True)
        )
        == "segments_in_offers_too_many"
    )
    update_segment(actor=SYSTEM, segment_id=first.id, revision=1, in_offers=True)
    set_segment_active(actor=SYSTEM, segment_id=first.id, active=False)
    update_segment(actor=SYSTEM, segment_id=third.id, revision=1, in_offers=True)
    assert (
        refusal(
            lambda: update_segment(actor=SYSTEM, segment_id=first.id, revision=3, in_offers=True)
        )
        == "segments_in_offers_too_many"
    )


def test_everybody_in_a_segment_is_tagged_in_the_background_and_once() -> None:
    root = an_organisation("总部", None)
    east = an_organisation("华东", root)
    ours, other = a_customer("vip", organisation=east), a_customer("新客", organisation=east)
    elsewhere = a_customer("vip")
    segment = a_segment(actor=staff_of(east))
    full = a_customer("vip", *(f"t{number}" for number in range(99)), organisation=east)

    job = ask_for_tags(
        actor=staff_of(east), segment_id=segment.id, add=["周年庆", "a"], remove=["无此标签"]
    )
    begin(job.id)
    assert tag_segment(job) == {"people": 2, "changed": 1}
    assert tag_segment(job) == {"people": 2, "changed": 0}

    tags = dict(Customer.objects.values_list("id", "tags"))
    assert tags[ours.id] == ["a", "vip", "周年庆"]
    assert (tags[other.id], tags[elsewhere.id]) == (["新客"], ["vip"])
    assert "周年庆" not in tags[full.id]
    assert (
        refusal(
            lambda: ask_for_tags(actor=staff_of(east), segment_id=segment.id, add=["segment:x"])
        )
        == "value_invalid"
    )
    assert refusal(lambda: ask_for_tags(actor=SYSTEM, segment_id=segment.id)) == "tags_missing"
    assert (
        refusal(lambda: ask_for_tags(actor=staff_of(root, "customers.view"), segment_id=segment.id))
        == "permission_denied"
    )
