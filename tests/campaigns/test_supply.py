"""A batch after it was opened: minted on, made live, handed over, paused; each once a request."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from kaquan.campaigns.actions import add_batch, create_campaign, update_campaign
from kaquan.campaigns.models import Campaign, CampaignBatch
from kaquan.campaigns.queries import campaign_batches, campaign_by_id, own_batch_ids, supplies_of
from kaquan.campaigns.supply import SerialRange, activate, allot, mint, set_batch_state
from kaquan.engine.commands import RequestKey
from kaquan.foundation.actor import Actor
from kaquan.foundation.errors import KaquanError
from kaquan.foundation.refusals import RefusedError
from kaquan.ledger.balances import custody_runs
from kaquan.ledger.door import close_door
from kaquan.ledger.sessions import reading_session
from kaquan.organisations.models import Organisation
from tests.builders.books import books
from tests.builders.issuer import NOON, SYSTEM, a_number, a_version, an_organisation, staff_of
from tests.fixtures_database import Database

Connection = psycopg.Connection[Any]


@pytest.fixture(autouse=True)
def _own_door(database: Database) -> Iterator[None]:
    yield
    close_door()


def a_campaign(organisation: Organisation | None = None) -> Campaign:
    return create_campaign(
        actor=staff_of(organisation),
        code=a_number("camp-"),
        name="夏日拉新",
        kind="拉新",
        starts_at=NOON,
        ends_at=NOON + timedelta(days=30),
    )


def a_batch(campaign: Campaign | None = None, **facts: Any) -> CampaignBatch:
    defaults: dict[str, Any] = {"name": a_number("批"), "quantity": 1_000, "by_code": True}
    return add_batch(
        actor=SYSTEM,
        campaign_id=(campaign or a_campaign()).id,
        version_id=a_version().id,
        at=NOON,
        **(defaults | facts),
    )


def a_key(name: str = "k") -> RequestKey:
    return RequestKey(7, name)


def first_serial(batch: CampaignBatch) -> int:
    return custody_runs(reading_session(), batch.id)[0].first_serial


def runs(batch: CampaignBatch) -> list[tuple[int, int, bool, int]]:
    first = first_serial(batch)
    return [
        (run.first_serial - first, run.quantity, run.active, run.organisation_id)
        for run in custody_runs(reading_session(), batch.id)
    ]


def test_minting_more_tells_the_range_and_mints_once_for_each_request() -> None:
    batch = a_batch()

    ranges = [
        mint(actor=SYSTEM, batch_id=batch.id, quantity=50, at=NOON, request_key=a_key(name))
        for name in ("monday", "monday", "tuesday")
    ]

    assert ranges[0] == ranges[1] != ranges[2]
    assert [one.quantity for one in ranges] == [50] * 3
    assert supplies_of([batch.id])[batch.id].minted == 1_100


def test_a_range_is_made_live_and_the_rest_of_the_batch_stays_as_it_was() -> None:
    batch = a_batch(active=False)
    wanted = SerialRange(first_serial(batch) + 100, 200)

    done = activate(actor=SYSTEM, batch_id=batch.id, serials=wanted, at=NOON, request_key=a_key())
    again = activate(actor=SYSTEM, batch_id=batch.id, serials=wanted, at=NOON, request_key=a_key())

    assert done == again == wanted
    assert [(start, count, live) for start, count, live, _ in runs(batch)] == [
        (0, 100, False),
        (100, 200, True),
        (300, 700, False),
    ]


def test_a_range_is_handed_over_and_cannot_be_handed_over_twice(connection: Connection) -> None:
    north = an_organisation("华北", None)
    batch = a_batch()
    wanted = SerialRange(first_serial(batch), 300)

    allot(actor=SYSTEM, batch_id=batch.id, serials=wanted, organisation_id=north.id, at=NOON)
    before = books(connection)
    with pytest.raises(RefusedError) as refused:
        allot(actor=SYSTEM, batch_id=batch.id, serials=wanted, organisation_id=north.id, at=NOON)

    assert refused.value.code == "range_not_available"
    assert books(connection) == before
    assert [(start, count, held) for start, count, _, held in runs(batch)] == [
        (0, 300, north.id),
        (300, 700, 0),
    ]


def test_a_batch_is_paused_resumed_and_stopped_for_good() -> None:
    batch = a_batch()

    for state in ("paused", "running", "stopped"):
        set_batch_state(actor=SYSTEM, batch_id=batch.id, state=state, reason="试", at=NOON)
        assert supplies_of([batch.id])[batch.id].state == state
    with pytest.raises(RefusedError) as refused:
        set_batch_state(actor=SYSTEM, batch_id=batch.id, state="running", at=NOON)

    assert refused.value.code == "batch_stopped"


def test_a_state_asked_for_twice_under_one_request_is_set_once(connection: Connection) -> None:
    batch = a_batch()
    pause: dict[str, Any] = {"actor": SYSTEM, "batch_id": batch.id, "state": "paused", "at": NOON}

    set_batch_state(**pause, request_key=a_key())
    set_batch_state(actor=SYSTEM, batch_id=batch.id, state="running", at=NOON)
    before = books(connection)
    set_batch_state(**pause, request_key=a_key())

    assert books(connection) == before
    assert supplies_of([batch.id])[batch.id].state == "running"


def _attempts(
    actor: Actor, batch: CampaignBatch, elsewhere: Organisation
) -> list[Callable[[], object]]:
    serials = SerialRange(first_serial(batch), 10)
    about: dict[str, Any] = {"actor": actor, "batch_id": batch.id, "at": NOON}
    return [
        lambda: mint(**about, quantity=1),
        lambda: set_batch_state(**about, state="paused"),
        lambda: activate(**about, serials=serials),
        lambda: allot(**about, serials=serials, organisation_id=elsewhere.id),
        lambda: update_campaign(actor=actor, campaign_id=batch.campaign_id, goal="我的"),
    ]


def test_a_batch_of_another_part_is_out_of_reach_and_nothing_moves(connection: Connection) -> None:
    north, south = an_organisation("华北", None), an_organisation("华南", None)
    batch = a_batch(a_campaign(south))
    before = books(connection)

    for attempt in _attempts(staff_of(north), batch, north):
        with pytest.raises(KaquanError) as refused:
            attempt()
        assert refused.value.code in ("batch_unknown", "campaign_unknown")
    for attempt in _attempts(staff_of(south, "campaigns.view"), batch, south):
        with pytest.raises(KaquanError) as refused:
            attempt()
        assert refused.value.code == "permission_denied"

    assert books(connection) == before
    assert campaign_by_id(SYSTEM, batch.campaign_id).goal == ""


def test_vouchers_are_not_handed_to_an_organisation_out_of_reach(connection: Connection) -> None:
    north, south = an_organisation("华北", None), an_organisation("华南", None)
    batch = a_batch(a_campaign(north))
    serials = SerialRange(first_serial(batch), 10)
    before = books(connection)

    with pytest.raises(KaquanError) as refused:
        allot(
            actor=staff_of(north),
            batch_id=batch.id,
            serials=serials,
            organisation_id=south.id,
            at=NOON,
        )

    assert refused.value.code == "organisation_unknown"
    assert books(connection) == before


def test_what_is_given_of_a_campaign_changes_and_the_rest_stays() -> None:
    campaign = a_campaign()

    update_campaign(actor=SYSTEM, campaign_id=campaign.id, goal="新客 1 万")
    update_campaign(actor=SYSTEM, campaign_id=campaign.id, ends_at=NOON + timedelta(days=60))

    found = campaign_by_id(SYSTEM, campaign.id)
    assert (found.goal, found.starts_at, found.ends_at, found.name) == (
        "新客 1 万",
        NOON,
        NOON + timedelta(days=60),
        "夏日拉新",
    )
    with pytest.raises(KaquanError) as refused:
        update_campaign(actor=SYSTEM, campaign_id=campaign.id, ends_at=NOON)
    assert refused.value.code == "campaign_without_time"
    assert campaign_by_id(SYSTEM, campaign.id).ends_at == NOON + timedelta(days=60)


@pytest.mark.parametrize("year", [1, 1989, 2200, 9999])
def test_a_campaign_lies_in_the_years_that_there_are_cells_for(year: int) -> None:
    campaign = a_campaign()

    for field in ("starts_at", "ends_at"):
        with pytest.raises(KaquanError) as refused:
            update_campaign(
                actor=SYSTEM, campaign_id=campaign.id, **{field: NOON.replace(year=year)}
            )
        assert refused.value.code == "value_invalid"
    assert campaign_by_id(SYSTEM, campaign.id).starts_at == NOON


def test_batches_are_listed_newest_first_within_ones_part() -> None:
    north, south = an_organisation("华北", None), an_organisation("华南", None)
    mine, theirs = a_campaign(north), a_campaign(south)
    batches = [a_batch(mine) for _ in range(3)]
    a_batch(theirs)

    first = campaign_batches(staff_of(north), limit=2)
    second = campaign_batches(staff_of(north), limit=2, before_id=first[-1].id)

    assert [*first, *second] == batches[::-1]
    assert campaign_batches(staff_of(north), theirs.id) == []
    assert own_batch_ids(staff_of(north)) == {batch.id for batch in batches}
