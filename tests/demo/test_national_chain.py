"""The made-up national chain, loaded once for all tests here."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from threading import Event
from typing import NamedTuple

import pytest
from django.db import connections

from kaquan.campaigns.queries import batches, campaigns
from kaquan.customers.models import Customer
from kaquan.foundation import clock
from kaquan.foundation.imports import no_progress
from kaquan.offers.queries import terms_of
from kaquan.organisations.models import Organisation, Store
from kaquan.surfaces.demo.chain_setup import ACTOR, SEED, set_up
from kaquan.surfaces.demo.chain_weeks import Weeks
from kaquan.surfaces.demo.claim_pages import demo_links
from kaquan.surfaces.demo.national_chain import DemoReport, load_national_chain
from kaquan.surfaces.demo.traffic import RETRY_S, Traffic, run_traffic
from kaquan.wallet.links import open_link
from tests.demo.shared_books import Books, CleanBooks


class Loaded(NamedTuple):
    report: DemoReport
    books: Books


@pytest.fixture(scope="module")
def chain(clean_books: CleanBooks) -> Iterator[Loaded]:
    with clean_books() as books:
        yield Loaded(load_national_chain(), books)


def test_the_tree_has_regions_provinces_cities_and_two_hundred_stores(chain: Loaded) -> None:
    kinds = [*Organisation.objects.values_list("kind", flat=True)]
    counts = {kind: kinds.count(kind) for kind in set(kinds)}
    assert counts["store"] == chain.report.stores == 200
    assert counts["head_office"] == 1
    assert counts["region"] == 7
    assert counts["province"] == 31
    assert counts["city"] >= 40


def test_each_store_has_its_place_on_the_map(chain: Loaded) -> None:
    places = Store.objects.values_list("city", "latitude_microdegrees", "longitude_microdegrees")
    found = {city: (latitude, longitude) for city, latitude, longitude in places}
    assert not any(None in one for one in found.values())
    assert all(18e6 < one[0] < 54e6 and 73e6 < one[1] < 136e6 for one in found.values())


def test_a_campaign_hangs_out_on_two_channels_once(chain: Loaded) -> None:
    links = demo_links()
    assert sorted(one.channel for one in links) == ["poster", "wechat"]
    assert {one.id for one in demo_links()} == {one.id for one in links}
    assert all(open_link(one.token).batch.campaign.code == "QH01" for one in links)


def test_there_are_a_dozen_campaigns_with_offers_of_every_kind(chain: Loaded) -> None:
    assert chain.report.campaigns >= 12
    made = campaigns(ACTOR)
    assert len(made) == chain.report.campaigns
    kinds = {
        type(terms_of(batch.offer_version).benefit).__name__
        for batch in batches(ACTOR, [campaign.id for campaign in made])
    }
    assert kinds == {
        "AmountOff",
        "PercentOff",
        "CashVoucher",
        "Exchange",
        "PrepaidCard",
        "CountCard",
        "FreeUnit",
    }


def test_one_batch_is_paused_one_stopped_and_one_budget_used_up(chain: Loaded) -> None:
    for state in ("paused", "stopped"):
        assert chain.books.number(f"SELECT count(*) FROM ledger_slice WHERE state = '{state}'") == 1
    assert chain.report.answers["BUDGET_EXHAUSTED"] > 0
    assert chain.report.answers["BATCH_PAUSED"] > 0
    assert chain.books.number("SELECT count(*) FROM ledger_budget WHERE available_fen < 1000") == 1


def test_a_government_and_others_bear_their_share(chain: Loaded) -> None:
    funders = "SELECT count(DISTINCT funder_id) FROM ledger_entry WHERE funder_id > 0"
    assert chain.books.number(funders) == 3


def test_members_have_phone_numbers_that_no_one_can_have(chain: Loaded) -> None:
    members = Customer.objects.all()
    assert len(members) == chain.report.members
    assert all(member.phone.startswith("+861540000") for member in members)


def test_what_was_answered_is_what_the_ledger_holds(chain: Loaded) -> None:
    assert 15_000 < sum(chain.report.answers.values()) < 40_000
    own = "SELECT sum(record_count) FROM ledger_block"
    of_setting_up = chain.report.campaigns * 2 + 14 + 1  # batches, budgets, the mark at the end
    assert chain.books.number(own) == sum(chain.report.answers.values()) + of_setting_up
    assert chain.books.number("SELECT count(*) FROM redemption_order") == chain.report.orders


def test_the_books_of_the_chain_prove_themselves(chain: Loaded) -> None:
    proof = chain.books.proof()
    assert proof.ok, proof.faults


def test_loading_it_again_changes_nothing(chain: Loaded) -> None:
    before = chain.books.size()
    again = load_national_chain()
    assert again.answers == {}
    assert chain.books.size() == before


def test_the_same_days_sent_again_find_the_same_answers_and_change_nothing(chain: Loaded) -> None:
    """As after a load that was cut short before it could note that it was complete."""
    before = chain.books.size()
    orders = chain.books.number("SELECT count(*) FROM redemption_orderline")
    weeks = Weeks(set_up(no_progress), seed=SEED)
    weeks.run(5, no_progress)
    assert weeks.booking.answers["DONE"] > 1_000
    assert chain.books.size() == before
    assert chain.books.number("SELECT count(*) FROM redemption_orderline") == orders


def test_traffic_claims_uses_returns_and_is_refused_and_the_books_hold(chain: Loaded) -> None:
    traffic = Traffic(set_up(no_progress), Random(7))
    before = chain.books.size()
    outcomes = [traffic.step(clock.now()) for _ in range(160)]
    done = sum(outcome.done for outcome in outcomes)
    assert 80 < done < 160
    assert chain.books.size().blocks > before.blocks
    returned = "SELECT count(*) FROM ledger_reversed WHERE redemption_block > 0"
    assert chain.books.number(returned) > 0
    assert chain.books.proof().ok


class _Impatient(Event):
    """Notes how long it should wait instead of waiting, and ends after a few times."""

    def __init__(self, times: int) -> None:
        super().__init__()
        self.waits_s: list[float] = []
        self._times = times

    def wait(self, timeout: float | None = None) -> bool:
        assert timeout is not None
        self.waits_s.append(timeout)
        if len(self.waits_s) == self._times:
            self.set()
        return self.is_set()


def test_traffic_asks_no_faster_than_it_was_told(chain: Loaded) -> None:
    stop = _Impatient(6)
    run_traffic(stop, per_second=0.001)
    assert len(stop.waits_s) == 6
    # Nobody really waited, so each turn is further ahead of the clock than the one before.
    assert all(wait_s > 900 * turn for turn, wait_s in enumerate(stop.waits_s, start=1))


def test_traffic_outlives_a_lost_connection(chain: Loaded) -> None:
    class Cutting(_Impatient):
        def wait(self, timeout: float | None = None) -> bool:
            if len(self.waits_s) == 1:
                connections["default"].connection.close()
            return super().wait(timeout)

    stop = Cutting(4)
    before = chain.books.size()
    run_traffic(stop, per_second=0.001)
    assert RETRY_S in stop.waits_s
    assert chain.books.size().blocks > before.blocks
