"""Rules say who is asked; what waits for whom follows from them."""

from __future__ import annotations

import pytest

from kaquan.approvals import queries
from kaquan.approvals.actions import decide
from kaquan.approvals.levels import levels_for
from kaquan.approvals.models import ApprovalRule
from kaquan.approvals.rules import create_rule, delete_rule, update_rule
from kaquan.foundation.errors import KaquanError
from kaquan.foundation.paging import Paging
from kaquan.organisations.models import Organisation, OrganisationKind
from tests.approvals.people import Gift, a_request, a_role, someone
from tests.builders.issuer import SYSTEM, an_organisation

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def gift() -> Gift:
    a_role("test-manager"), a_role("test-finance")
    return Gift().register()


@pytest.fixture
def root() -> Organisation:
    return an_organisation("总部", None, OrganisationKind.HEAD_OFFICE)


def a_rule(
    gift: Gift, node: Organisation | None, from_fen: int, *levels: tuple[str, str]
) -> ApprovalRule:
    return create_rule(
        actor=SYSTEM,
        kind=gift.name,
        organisation_id=node.id if node else None,
        from_amount_fen=from_fen,
        levels=[{"role": role, "at": at} for role, at in levels],
    )


def asked(gift: Gift, node: Organisation | None, amount_fen: int) -> list[tuple[str, int | None]]:
    return [
        (level["role"], level["organisation_id"])
        for level in levels_for(gift.name, node, amount_fen)
    ]


def test_without_a_rule_anybody_else_who_may_approve_there_is_asked(
    gift: Gift, root: Organisation
) -> None:
    assert asked(gift, root, 10**9) == [("", root.id)]
    assert asked(gift, None, 0) == [("", None)]


def test_the_rule_of_the_greatest_amount_that_is_reached_counts(
    gift: Gift, root: Organisation
) -> None:
    a_rule(gift, None, 0, ("", "own"))
    a_rule(gift, None, 1_000_000, ("test-manager", "region"), ("test-finance", "head_office"))
    region = an_organisation("华北", root)
    city = an_organisation("北京", region, OrganisationKind.CITY)

    assert asked(gift, city, 999_999) == [("", city.id)]
    assert asked(gift, city, 1_000_000) == [("test-manager", region.id), ("test-finance", root.id)]
    assert asked(gift, root, 1_000_000) == [("test-manager", root.id), ("test-finance", root.id)]


def test_a_rule_further_down_asks_for_more_people_and_never_for_fewer(
    gift: Gift, root: Organisation
) -> None:
    region = an_organisation("华北", root)
    a_rule(gift, root, 500_000, ("test-finance", "head_office"))
    a_rule(gift, region, 0, ("test-manager", "own"))
    a_rule(gift, region, 10**12, ("", "own"))

    assert asked(gift, region, 100) == [("test-manager", region.id)]
    assert asked(gift, region, 500_000) == [("test-manager", region.id), ("test-finance", root.id)]
    assert asked(gift, region, 10**12) == [("", region.id), ("test-finance", root.id)]
    assert asked(gift, root, 500_000) == [("test-finance", root.id)]


def test_a_changed_rule_counts_for_what_is_asked_from_then_on(
    gift: Gift, root: Organisation
) -> None:
    rule = a_rule(gift, root, 0, ("test-finance", "own"))
    request = a_request(gift, someone(root), root)

    one_level = [{"role": "", "at": "own"}]
    update_rule(actor=SYSTEM, rule_id=rule.pk, from_amount_fen=100, levels=one_level)
    assert asked(gift, root, 100) == [("", root.id)]
    delete_rule(actor=SYSTEM, rule_id=rule.pk)

    assert queries.one(SYSTEM, request.pk).levels[0]["role"] == "test-finance"
    assert asked(gift, root, 100) == [("", root.id)]
    assert not ApprovalRule.objects.filter(kind=gift.name).exists()


@pytest.mark.parametrize(
    "levels",
    [
        [],
        [{"role": "", "at": "own"}] * 2,
        [{"role": "nobody-knows-it", "at": "own"}],
        [{"role": "", "at": "moon"}],
        [{"role": "", "at": at} for at in ("own", "region", "head_office")]
        + [{"role": f"test-{name}", "at": "own"} for name in ("manager", "finance")],
    ],
)
def test_a_rule_whose_levels_make_no_sense_is_refused(
    gift: Gift, root: Organisation, levels: list[dict[str, str]]
) -> None:
    with pytest.raises(KaquanError) as refused:
        create_rule(
            actor=SYSTEM,
            kind=gift.name,
            organisation_id=root.id,
            from_amount_fen=0,
            levels=levels,
        )

    assert refused.value.code == "value_invalid"
    assert not ApprovalRule.objects.filter(kind=gift.name).exists()


def test_nobody_makes_rules_outside_their_part_or_twice(gift: Gift, root: Organisation) -> None:
    north, south = an_organisation("华北", root), an_organisation("华南", root)
    a_rule(gift, north, 0, ("", "own"))
    theirs = a_rule(gift, south, 0, ("", "own"))
    actor = someone(north)
    one_level = [{"role": "", "at": "own"}]

    def create(node_id: int | None) -> object:
        return create_rule(
            actor=actor,
            kind=gift.name,
            organisation_id=node_id,
            from_amount_fen=0,
            levels=one_level,
        )

    for attempt, code in (
        (lambda: create(north.id), "approval_rule_exists"),
        (lambda: create(south.id), "organisation_unknown"),
        (lambda: create(None), "value_invalid"),
        (lambda: update_rule(actor=actor, rule_id=theirs.pk), "approval_rule_unknown"),
        (lambda: delete_rule(actor=actor, rule_id=theirs.pk), "approval_rule_unknown"),
    ):
        with pytest.raises(KaquanError) as refused:
            attempt()
        assert refused.value.code == code
    assert ApprovalRule.objects.filter(kind=gift.name).count() == 2


def test_what_waits_for_whom_is_exactly_what_they_can_decide(
    gift: Gift, root: Organisation
) -> None:
    region = an_organisation("华北", root)
    a_rule(gift, None, 0, ("test-manager", "region"), ("test-finance", "head_office"))
    maker = someone(region, "test-manager")
    request = a_request(gift, maker, region)
    people = {
        "maker": maker,
        "manager here": someone(region, "test-manager"),
        "manager above": someone(root, "test-manager"),
        "finance": someone(root, "test-finance"),
        "other": someone(region),
    }

    def waiting() -> set[str]:
        for name, actor in people.items():
            rows = queries.waiting_for(actor, Paging()).rows
            assert queries.count_waiting(actor) == len(rows), name
        return {name for name, actor in people.items() if queries.waiting_for(actor, Paging()).rows}

    assert waiting() == {"manager here", "manager above"}
    moved = decide(
        people["manager above"], request_id=request.pk, verdict="approve", comment="", revision=1
    )
    assert waiting() == {"finance"}
    decide(
        people["finance"],
        request_id=request.pk,
        verdict="approve",
        comment="",
        revision=moved.revision,
    )
    assert waiting() == set()
    own = queries.page(maker, None, None, Paging(), is_own=True).rows
    assert [one.pk for one in own] == [request.pk]
