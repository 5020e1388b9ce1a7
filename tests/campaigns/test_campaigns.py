"""Campaigns and their batches: vouchers exist in the ledger exactly once for each batch."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from kaquan.budgets.actions import open_budget
from kaquan.campaigns.actions import add_batch, create_campaign
from kaquan.campaigns.models import Campaign, CampaignBatch
from kaquan.campaigns.queries import (
    batch_by_id,
    batches,
    campaign_by_code,
    campaign_by_id,
    campaigns,
)
from kaquan.campaigns.supply import mint
from kaquan.engine.commands import RequestKey
from kaquan.engine.rules.reading import terms_bytes
from kaquan.foundation.actor import Actor
from kaquan.foundation.errors import KaquanError
from kaquan.ledger.door import close_door
from kaquan.offers.models import OfferVersion
from kaquan.offers.queries import terms_of
from tests.builders.issuer import NOON, SYSTEM, a_number, a_version, an_organisation, staff_of
from tests.fixtures_database import Database


@pytest.fixture(autouse=True)
def _own_door(database: Database) -> Iterator[None]:
    yield
    close_door()


def a_campaign(actor: Actor = SYSTEM, **facts: Any) -> Campaign:
    defaults = {
        "code": a_number("camp-"),
        "name": "夏日拉新",
        "kind": "拉新",
        "starts_at": NOON,
        "ends_at": NOON + timedelta(days=30),
    }
    return create_campaign(actor=actor, **(defaults | facts))


def a_batch(campaign: Campaign, version: OfferVersion, **facts: Any) -> CampaignBatch:
    defaults = {"name": "第一批", "quantity": 1_000, "at": NOON}
    return add_batch(
        actor=SYSTEM, campaign_id=campaign.id, version_id=version.id, **(defaults | facts)
    )


def minted() -> dict[int, tuple[int, int]]:
    """Batches in the ledger: how many were minted, and the bytes of their terms."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT batch_id, minted, length(terms)"
            " FROM ledger_batch LEFT JOIN ledger_slice USING (batch_id)"
        )
        return {batch_id: (count, size) for batch_id, count, size in cursor.fetchall()}


def test_a_batch_is_minted_under_the_terms_of_its_version() -> None:
    version = a_version()

    batch = a_batch(a_campaign(), version)

    assert minted() == {batch.id: (1_000, len(terms_bytes(terms_of(version))))}
    assert batch_by_id(SYSTEM, batch.id).offer_version.used


def test_the_same_call_again_finds_the_batch_and_mints_nothing() -> None:
    campaign, version = a_campaign(), a_version()
    batch = a_batch(campaign, version)
    before = minted()

    assert a_batch(campaign, version, at=NOON + timedelta(days=1)) == batch
    assert minted() == before


def test_a_call_whose_answer_was_lost_is_completed_by_the_same_call() -> None:
    campaign, version = a_campaign(), a_version()
    # Where the process died between the two: the name is there and the vouchers are not.
    CampaignBatch.objects.create(
        campaign=campaign, offer_version=version, name="第一批", by_code=False
    )

    batch = a_batch(campaign, version)

    assert minted()[batch.id][0] == 1_000
    assert CampaignBatch.objects.count() == 1


@pytest.mark.parametrize(
    ("facts", "code"),
    [({"by_code": True}, "batch_exists"), ({"quantity": 999}, "request_key_reused")],
)
def test_another_batch_under_the_same_name_is_refused(facts: dict[str, object], code: str) -> None:
    campaign, version = a_campaign(), a_version()
    a_batch(campaign, version)
    before = minted()

    with pytest.raises(KaquanError) as refused:
        a_batch(campaign, version, **facts)

    assert refused.value.code == code
    assert minted() == before


@pytest.mark.parametrize("quantity", [0, -1, 10**12])
def test_a_batch_that_the_ledger_refuses_leaves_nothing_behind(quantity: int) -> None:
    with pytest.raises(KaquanError) as refused:
        a_batch(a_campaign(), a_version(), quantity=quantity)

    assert refused.value.code == "malformed_command"
    assert not CampaignBatch.objects.exists()
    assert minted() == {}


def test_a_batch_takes_its_money_from_its_budget() -> None:
    budget = open_budget(actor=SYSTEM, code="b", name="b", total_fen=10**6, at=NOON)

    batch = a_batch(a_campaign(), a_version(), budget_id=budget.id)

    with connection.cursor() as cursor:
        cursor.execute("SELECT budget_id FROM ledger_batch WHERE batch_id = %s", [batch.id])
        assert cursor.fetchall() == [(budget.id,)]
    with pytest.raises(KaquanError) as refused:
        a_batch(a_campaign(), a_version(), budget_id=budget.id + 1)
    assert refused.value.code == "budget_unknown"


def test_more_vouchers_are_minted_once_for_each_request() -> None:
    batch = a_batch(a_campaign(), a_version())

    for request in ("monday", "monday", "tuesday"):
        key = RequestKey(11, request)
        mint(actor=SYSTEM, batch_id=batch.id, quantity=500, at=NOON, request_key=key)

    assert minted()[batch.id][0] == 2_000


def test_a_campaign_ends_after_it_starts_and_has_a_code_of_its_own() -> None:
    a_campaign(code="c")

    for facts, code in (
        ({"ends_at": NOON}, "campaign_without_time"),
        ({"code": "c"}, "campaign_exists"),
        ({"name": " "}, "value_invalid"),
    ):
        with pytest.raises(KaquanError) as refused:
            a_campaign(**facts)
        assert refused.value.code == code

    assert Campaign.objects.count() == 1


def test_campaigns_are_listed_newest_first_page_by_page() -> None:
    ids = [a_campaign().id for _ in range(5)]

    first = campaigns(SYSTEM, limit=3)
    second = campaigns(SYSTEM, limit=3, before_id=first[-1].id)

    assert [campaign.id for campaign in (*first, *second)] == ids[::-1]


def test_everyone_sees_and_changes_the_campaigns_of_their_part_only() -> None:
    root = an_organisation("总部", None)
    north, south = an_organisation("华北", root), an_organisation("华南", root)
    actor = staff_of(north)
    mine, theirs = a_campaign(actor), a_campaign(staff_of(south))
    batch = a_batch(theirs, a_version())

    assert campaigns(actor) == [mine]
    assert batches(SYSTEM, [theirs.id]) == [batch]
    assert batches(actor, [theirs.id]) == []
    for attempt, code in (
        (lambda: campaign_by_id(actor, theirs.id), "campaign_unknown"),
        (lambda: campaign_by_code(actor, theirs.code), "campaign_unknown"),
        (lambda: batch_by_id(actor, batch.id), "batch_unknown"),
        (
            lambda: mint(actor=actor, batch_id=batch.id, quantity=1, at=NOON),
            "batch_unknown",
        ),
    ):
        with pytest.raises(KaquanError) as refused:
            attempt()
        assert refused.value.code == code
    assert minted()[batch.id][0] == 1_000
