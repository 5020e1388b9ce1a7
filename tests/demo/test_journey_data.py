"""What the Complete Journey's files really hold, and what the replay makes of it; no database."""

from __future__ import annotations

import subprocess
import sys

import pytest

from kaquan.surfaces.demo.journey_coupons import Evidence, Worth, handed_in
from kaquan.surfaces.demo.journey_data import ZONE, Journey


@pytest.fixture(scope="module")
def journey() -> Journey:
    return Journey()


def test_the_data_set_is_the_one_that_the_replay_was_written_for(journey: Journey) -> None:
    assert len(journey.campaigns) == 27
    assert len(journey.redemptions) == 2_102
    assert journey.count_of_lines() == 1_469_307
    assert len(journey.stores()) == 457
    households = list(journey.households())
    assert len(households) == 2_469
    assert sum("age" in household for household in households) == 801


def test_every_redemption_keeps_the_rule_but_for_twenty_seven_repeats(journey: Journey) -> None:
    for one in journey.redemptions:
        campaign = journey.campaigns[one.campaign]
        assert one.household in campaign.households
        assert campaign.first_day <= one.day <= campaign.last_day
        assert one.coupon in campaign.coupons
    uses = {(one.campaign, one.coupon, one.household) for one in journey.redemptions}
    assert len(journey.redemptions) - len(uses) == 27


def test_every_redemption_lies_on_a_day_with_an_order_since_times_are_in_utc(
    journey: Journey,
) -> None:
    baskets = journey.baskets_of_redemptions()
    assert {(one.household, one.day) for one in journey.redemptions} == set(baskets)
    for (household, day), some in baskets.items():
        for basket in some:
            assert (basket.household, basket.at.astimezone(ZONE).date()) == (household, day)


def test_a_redemption_is_never_worth_more_than_its_lines_or_its_voucher(journey: Journey) -> None:
    handed, worth = handed_in(journey)
    assert [one.at for one in handed] == sorted(one.at for one in handed)
    for one in handed:
        assert 0 < one.amount_fen <= worth.face_fen(one.redemption.coupon)
        if one.lines:
            assert one.amount_fen <= sum(line.sales_fen for line in one.lines)
            assert one.basket is not None
            assert set(one.lines) <= set(one.basket.lines)
    recorded = [one for one in handed if one.evidence is Evidence.AMOUNT]
    taken = sum(line.coupon_fen for one in recorded for line in one.lines)
    assert sum(one.amount_fen for one in recorded) <= taken


def test_a_coupon_is_worth_what_was_recorded_most_often_for_it() -> None:
    worth = Worth([(7, 100), (7, 50), (7, 50), (8, 400), (8, 200), (9, 50)])
    assert (worth.usual_fen(7), worth.face_fen(7)) == (50, 100)
    assert (worth.usual_fen(8), worth.face_fen(8)) == (200, 400)
    assert (worth.usual_fen(1), worth.face_fen(1)) == (50, 50)


def test_without_the_extra_the_replay_says_how_to_install_it() -> None:
    program = (
        "import sys; sys.modules['pyarrow'] = None\n"
        "from kaquan.foundation.errors import KaquanError\n"
        "try:\n    import kaquan.surfaces.demo.journey_data\n"
        "except KaquanError as error:\n    sys.exit(error.code)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.stderr.strip() == "demo_data_missing"
