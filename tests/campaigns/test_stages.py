"""From draft to running: nothing can be had before somebody else has agreed, and no more after."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from kaquan.approvals.models import ApprovalRequest
from kaquan.approvals.queries import open_of
from kaquan.budgets.actions import open_budget
from kaquan.campaigns.actions import add_batch, update_campaign
from kaquan.campaigns.listings import CampaignFilter, campaign_page, campaign_state
from kaquan.campaigns.mint_requests import ask_for_more
from kaquan.campaigns.models import Campaign, CampaignBatch
from kaquan.campaigns.planning import (
    START,
    SUBJECT,
    discard_campaign,
    plan_batch,
    submit_campaign,
    unplan_batch,
    worst_cost,
)
from kaquan.campaigns.queries import supplies_of
from kaquan.campaigns.running import pause_campaign, stop_campaign
from kaquan.campaigns.supply import mint
from kaquan.foundation import clock
from kaquan.foundation.changes.models import Change
from kaquan.foundation.errors import KaquanError
from kaquan.foundation.paging import Paging
from kaquan.ledger.door import close_door
from kaquan.organisations.issuer_settings import change_settings
from tests.builders.books import books
from tests.builders.issuer import NOON, SYSTEM, a_number, a_version, an_organisation
from tests.campaigns.stages import (
    LATER,
    a_draft,
    approved,
    at_once,
    batches_of,
    claimed,
    decided,
    handed_in,
    maker,
    now,
    states,
)
from tests.fixtures_database import Database

Connection = psycopg.Connection[Any]


@pytest.fixture(autouse=True)
def _own_door(database: Database) -> Any:
    yield
    close_door()


def refused(call: Callable[[], object]) -> str:
    with pytest.raises(KaquanError) as told:
        call()
    return told.value.code


def a_pause(campaign: Campaign, change: Callable[..., object] = pause_campaign) -> object:
    return change(actor=maker(), campaign_id=campaign.id, reason="试", at=clock.now())


def test_before_its_approval_the_ledger_knows_nothing_of_a_campaign(
    connection: Connection,
) -> None:
    before = books(connection)

    campaign = a_draft()
    handed_in(campaign)

    assert books(connection) == before
    assert states(campaign) == ["planned"]
    assert claimed(batches_of(campaign)[0]) == "BATCH_UNKNOWN"
    assert not CampaignBatch.objects.filter(offer_version__used=True).exists()


def test_with_the_approval_its_batches_are_minted_and_nothing_can_be_had_before_its_start() -> None:
    campaign = approved(a_draft(batches=2))

    assert (campaign.status, campaign.booked) == ("approved", "paused")
    assert states(campaign) == ["paused", "paused"]
    assert [supplies_of([b.id])[b.id].minted for b in batches_of(campaign)] == [100, 100]
    assert claimed(batches_of(campaign)[0]) == "BATCH_PAUSED"
    assert all(batch.offer_version.used for batch in batches_of(campaign))


def test_one_that_is_approved_after_its_start_runs_at_once() -> None:
    campaign = approved(a_draft(starts_at=clock.now() - timedelta(hours=1)))

    assert (campaign.status, campaign.booked) == ("running", "running")
    assert claimed(batches_of(campaign)[0]) == "DONE"


@pytest.mark.parametrize("verdict", ["reject", "request_changes"])
def test_one_that_is_turned_down_is_a_draft_again_and_can_be_handed_in_changed(
    verdict: str,
) -> None:
    campaign = a_draft()
    decided(handed_in(campaign), verdict)

    assert now(campaign).status == "draft"
    update_campaign(actor=maker(), campaign_id=campaign.id, name="春季拉新（修改）")
    unplan_batch(actor=maker(), batch_id=batches_of(campaign)[0].id)
    plan_batch(
        actor=maker(), campaign_id=campaign.id, name="新", version_id=a_version().id, quantity=5
    )
    campaign = approved(campaign)

    assert campaign.status == "approved"
    assert [supplies_of([b.id])[b.id].minted for b in batches_of(campaign)] == [5]


def test_while_it_waits_nothing_of_it_is_changed() -> None:
    campaign = a_draft()
    request = handed_in(campaign)
    (batch,) = batches_of(campaign)
    version = a_version()

    for attempt, code in (
        (
            lambda: update_campaign(actor=maker(), campaign_id=campaign.id, goal="多"),
            "campaign_fixed",
        ),
        (lambda: unplan_batch(actor=maker(), batch_id=batch.id), "campaign_not_draft"),
        (
            lambda: plan_batch(
                actor=maker(),
                campaign_id=campaign.id,
                name="又一批",
                version_id=version.id,
                quantity=1,
            ),
            "campaign_not_draft",
        ),
        (lambda: handed_in(campaign), "campaign_not_draft"),
        (lambda: discard_campaign(actor=maker(), campaign_id=campaign.id), "campaign_not_draft"),
        (lambda: a_pause(campaign), "campaign_state_wrong"),
        (lambda: a_pause(campaign, stop_campaign), "campaign_state_wrong"),
    ):
        assert refused(attempt) == code

    assert now(campaign).goal == ""
    assert open_of(maker(), START, SUBJECT, campaign.id) == request
    assert [one.quantity for one in batches_of(campaign)] == [100]


def test_a_batch_that_was_changed_behind_the_request_is_not_approved(
    connection: Connection,
) -> None:
    campaign = a_draft()
    request = handed_in(campaign)
    before = books(connection)
    CampaignBatch.objects.filter(campaign=campaign).update(quantity=1_000_000)

    assert refused(lambda: decided(request)) == "approval_content_moved"

    assert now(campaign).status == "waiting"
    assert books(connection) == before


def test_what_was_approved_gets_no_more_without_asking_again() -> None:
    campaign = approved(a_draft())
    (batch,) = batches_of(campaign)
    version = a_version()

    for attempt in (
        lambda: mint(actor=maker(), batch_id=batch.id, quantity=1, at=clock.now()),
        lambda: add_batch(
            actor=maker(),
            campaign_id=campaign.id,
            name="又一批",
            version_id=version.id,
            quantity=1,
            at=clock.now(),
        ),
    ):
        assert refused(attempt) == "approval_required"
    request = ask_for_more(actor=maker(), batch_id=batch.id, quantity=50, reason="不够了")
    assert supplies_of([batch.id])[batch.id].minted == 100
    decided(request)

    assert supplies_of([batch.id])[batch.id].minted == 150
    assert len(batches_of(campaign)) == 1


def test_of_an_approved_campaigns_days_only_a_later_end_can_be_set() -> None:
    campaign = approved(a_draft())
    starts_at, ends_at = campaign.starts_at, campaign.ends_at

    for days in (
        {"starts_at": starts_at - timedelta(minutes=1)},
        {"starts_at": starts_at + timedelta(minutes=1)},
        {"ends_at": ends_at - timedelta(minutes=1)},
    ):
        assert (
            refused(
                lambda days=days: update_campaign(actor=maker(), campaign_id=campaign.id, **days)
            )
            == "campaign_fixed"
        )
    update_campaign(
        actor=maker(), campaign_id=campaign.id, name="改名", ends_at=ends_at + timedelta(days=1)
    )

    campaign = now(campaign)
    assert (campaign.starts_at, campaign.ends_at, campaign.name) == (
        starts_at,
        ends_at + timedelta(days=1),
        "改名",
    )


def test_a_draft_without_batches_or_whose_days_are_over_is_not_handed_in() -> None:
    empty = a_draft(batches=0)
    past = a_draft(starts_at=NOON - LATER, ends_at=NOON)

    assert refused(lambda: handed_in(empty)) == "campaign_without_batches"
    assert refused(lambda: handed_in(past)) == "campaign_over_already"

    assert not ApprovalRequest.objects.exists()
    assert {now(empty).status, now(past).status} == {"draft"}


def test_a_draft_is_thrown_away_with_its_plans() -> None:
    campaign = a_draft(batches=2)

    discard_campaign(actor=maker(), campaign_id=campaign.id)

    assert not Campaign.objects.exists()
    assert not CampaignBatch.objects.exists()
    assert Change.objects.filter(verb="campaigns.discard", object_id=str(campaign.id)).exists()


def test_a_request_names_the_most_that_it_can_cost() -> None:
    budget = open_budget(actor=SYSTEM, code=a_number("B"), name="春季", total_fen=150_000, at=NOON)
    free = a_draft()  # 100 vouchers of ¥20
    assert handed_in(free).amount_fen == 200_000
    bounded = a_draft(batches=0)
    for name in ("一", "二"):
        plan_batch(
            actor=maker(),
            campaign_id=bounded.id,
            name=name,
            version_id=a_version().id,
            quantity=100,
            budget_id=budget.id,
        )

    assert worst_cost(batches_of(bounded)) == (150_000, True)
    unlimited = a_version(
        {
            "benefit": {"kind": "percent_off", "basis_points_off": 1_000},
            "validity": {"range": {"kind": "after_claim", "days": 30}},
            "commit": "redeem",
        }
    )
    plan_batch(
        actor=maker(), campaign_id=bounded.id, name="三", version_id=unlimited.id, quantity=1
    )
    assert not worst_cost(batches_of(bounded)).is_bounded


def test_where_the_issuer_requires_it_every_campaign_is_a_draft_and_its_batches_are_plans(
    connection: Connection,
) -> None:
    before_setting = at_once(maker())
    change_settings(actor=SYSTEM, values={"approvals_required": True}, expected={})
    before = books(connection)

    campaign = at_once(maker(), clock.now() + LATER)
    batch: dict[str, Any] = {
        "actor": maker(), "name": "一", "version_id": a_version().id, "quantity": 10, "at": NOON,
    }  # fmt: skip
    added = add_batch(campaign_id=campaign.id, **batch)
    assert add_batch(campaign_id=campaign.id, **batch) == added

    assert (campaign.status, states(campaign)) == ("draft", ["planned"])
    assert refused(lambda: add_batch(campaign_id=before_setting.id, **batch)) == (
        "approval_required"
    )
    assert books(connection) == before
    assert approved(campaign).status == "approved"
    assert at_once(SYSTEM).status == "running"


def test_the_list_tells_of_each_state_and_finds_by_it() -> None:
    at = clock.now()
    campaigns = {
        "draft": a_draft(),
        "waiting": a_draft(),
        "approved": approved(a_draft()),
        "running": approved(a_draft(starts_at=at - timedelta(hours=1))),
    }
    handed_in(campaigns["waiting"])
    for state, starts_at in (("coming", at + LATER), ("over", at - 2 * LATER)):
        campaigns[state] = at_once(SYSTEM, starts_at)

    found = {
        state: [one.id for one in campaign_page(
            SYSTEM, CampaignFilter(state=state), Paging(), at=clock.now()).rows]
        for state in campaigns
    }  # fmt: skip

    assert found == {state: [one.id] for state, one in campaigns.items()}
    assert {state: campaign_state(now(one), clock.now()) for state, one in campaigns.items()} == {
        state: state for state in campaigns
    }


def test_campaigns_of_another_part_are_neither_handed_in_nor_paused() -> None:
    root = an_organisation("总部", None)
    north, south = an_organisation("华北", root), an_organisation("华南", root)
    theirs = approved(a_draft(south, starts_at=clock.now() - timedelta(hours=1)))
    draft = a_draft(south)
    stranger = maker(north)

    for attempt in (
        lambda: submit_campaign(actor=stranger, campaign_id=draft.id),
        lambda: discard_campaign(actor=stranger, campaign_id=draft.id),
        lambda: pause_campaign(actor=stranger, campaign_id=theirs.id, reason="x", at=clock.now()),
        lambda: stop_campaign(actor=stranger, campaign_id=theirs.id, reason="x", at=clock.now()),
    ):
        assert refused(attempt) == "campaign_unknown"

    assert now(draft).status == "draft"
    assert states(theirs) == ["running"]
