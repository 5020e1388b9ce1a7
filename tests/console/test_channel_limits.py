"""A batch whose terms limit channels tells what each has left, and another one nothing of it."""

from __future__ import annotations

from html import unescape

import pytest
from django.test import Client

from kaquan.ledger.door import Door
from tests.console.people import a_browser, an_operator, at
from tests.redemption.counter import Counter, a_counter

pytestmark = pytest.mark.usefixtures("static_files")

TABLE = "各渠道限额"


@pytest.fixture
def counter(door: Door) -> Counter:
    return a_counter(
        limits=[
            {"dimension": "channel", "at": "redeem", "cap": 7, "channels": ["直播间"]},
            {"dimension": "channel", "at": "redeem", "unit": "fen", "cap": 90_000},
        ]
    )


def page(browser: Client, name: str, key: object) -> str:
    answer = browser.get(at(name, key=key))
    assert answer.status_code == 200
    return unescape(answer.content.decode())


def test_the_pages_of_a_batch_and_of_a_quota_tell_what_each_channel_has_left(
    counter: Counter,
) -> None:
    assert counter.redeem(0).done
    browser = a_browser(an_operator(counter.region))
    quota = f"{counter.by_code.id}-{counter.store_id}"

    for told in (page(browser, "batch", counter.by_code.id), page(browser, "quota", quota)):
        table = told[told.index(TABLE) :]
        assert "直播间" in table
        assert "小程序" in table
        assert "¥880.00" in table  # of 900 yuan, 20 were taken off in the store


def test_a_batch_without_such_limits_shows_none_and_costs_no_table(counter: Counter) -> None:
    other = a_counter()
    browser = a_browser(an_operator(other.region))

    assert TABLE not in page(browser, "batch", other.by_code.id)
    assert browser.get(at("batch", key=counter.by_code.id)).status_code == 404
