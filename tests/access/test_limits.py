"""How often, how many at once, and how often for one object."""

from __future__ import annotations

import re

import pytest

from kaquan.access import limit_table, limits
from kaquan.access.callers import Caller
from kaquan.access.limits import GATEWAY, MANAGEMENT, Verdict
from tests.access.entrances import Clocks, Entrance
from tests.builders.access import a_key

RATE = 10  # of the entrance of these tests, a second; twice that in a burst


@pytest.fixture
def till(entrance: Entrance) -> Caller:
    return a_caller(entrance, "redemption.redeem")


def a_caller(entrance: Entrance, *permissions: str, kind: str = "secret") -> Caller:
    caller = entrance.call(a_key(*permissions, kind=kind).authorization)
    assert isinstance(caller, Caller)
    return caller


def headers(verdict: Verdict) -> dict[str, str]:
    return {name.decode(): value.decode() for name, value in verdict.headers}


def admitted(entrance: Entrance, caller: Caller, tries: int, **how: object) -> int:
    verdicts = [
        entrance.limits.admit(caller, **{"lane": GATEWAY} | how)  # type: ignore[arg-type]
        for _ in range(tries)
    ]
    return sum(verdict.refusal is None for verdict in verdicts)


def test_a_key_may_call_so_often_and_no_more(
    entrance: Entrance, till: Caller, clocks: Clocks
) -> None:
    assert admitted(entrance, till, 100) == 2 * RATE
    clocks.pass_s(1)
    assert admitted(entrance, till, 100) == RATE
    clocks.pass_s(3_600)
    assert admitted(entrance, till, 100) == 2 * RATE


def test_a_refusal_says_when_to_come_back_and_then_it_works(
    entrance: Entrance, till: Caller, clocks: Clocks
) -> None:
    admitted(entrance, till, 100)
    refused = entrance.limits.admit(till, lane=GATEWAY, cost=15).refusal
    assert refused is not None
    assert (refused.code, refused.status, refused.retry_after_s) == ("rate_limited", 429, 2)

    clocks.pass_s(refused.retry_after_s)

    assert entrance.limits.admit(till, lane=GATEWAY, cost=15).refusal is None


def test_keys_and_lanes_have_each_their_own(entrance: Entrance, till: Caller) -> None:
    other = a_caller(entrance, "redemption.redeem")
    admitted(entrance, till, 100)

    assert admitted(entrance, other, 100) == 2 * RATE
    assert admitted(entrance, till, 500, lane=MANAGEMENT) == limit_table.MANAGEMENT_BURST


def test_a_call_that_costs_more_than_a_burst_waits_for_a_full_bucket_and_leaves_a_debt(
    entrance: Entrance, till: Caller, clocks: Clocks
) -> None:
    assert admitted(entrance, till, 1, cost=50) == 1
    clocks.pass_s(3)
    assert admitted(entrance, till, 1) == 0
    clocks.pass_s(0.2)
    assert admitted(entrance, till, 1) == 1


def test_every_answer_says_what_is_left(entrance: Entrance, till: Caller, clocks: Clocks) -> None:
    first = headers(entrance.limits.admit(till, lane=GATEWAY))
    admitted(entrance, till, 100)
    last = headers(entrance.limits.admit(till, lane=GATEWAY))

    assert first == {"ratelimit-policy": '"gateway";q=20;w=2', "ratelimit": '"gateway";r=19;t=2'}
    assert last == {"ratelimit-policy": '"gateway";q=20;w=2', "ratelimit": '"gateway";r=0;t=1'}


def test_the_headers_are_structured_fields_for_any_rate() -> None:
    for rate in (1, 7, 1_000, 1_000_000):
        lane = limits._Lane(GATEWAY, limits.Buckets(per_s=rate, burst=rate * 2))
        assert re.fullmatch(r'"gateway";q=\d+;w=\d+', lane.policy[1].decode())


def test_one_of_many_people_cannot_use_up_a_publishable_key(entrance: Entrance) -> None:
    public = a_caller(entrance, "wallet.claim", kind="publishable")

    greedy = admitted(entrance, public, 1_000, lane=MANAGEMENT, source="192.0.2.1")

    assert greedy == limit_table.PUBLIC_SOURCE_BURST
    assert admitted(entrance, public, 1, lane=MANAGEMENT, source="192.0.2.2") == 1


def test_only_so_many_calls_of_a_key_go_on_at_once(entrance: Entrance, till: Caller) -> None:
    other = a_caller(entrance, "redemption.redeem")
    assert [entrance.limits.enter(till) for _ in range(3)] == [None] * 3

    refused = entrance.limits.enter(till)

    assert refused is not None
    assert (refused.code, refused.status) == ("concurrency_limited", 429)
    assert entrance.limits.enter(other) is None
    entrance.limits.leave(till)
    assert entrance.limits.enter(till) is None


def test_a_process_with_too_much_to_do_says_so_to_everybody(
    entrance: Entrance, till: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = a_caller(entrance, "redemption.redeem")
    monkeypatch.setattr(limit_table, "IN_FLIGHT_MAX", 2)
    assert entrance.limits.enter(till) is None
    assert entrance.limits.enter(other) is None

    refused = entrance.limits.enter(other)

    assert refused is not None
    assert (refused.code, refused.status, refused.retry_after_s) == ("busy", 503, 1)
    entrance.limits.leave(till)
    assert entrance.limits.enter(other) is None


def test_one_voucher_hammered_slows_down_and_no_other(entrance: Entrance, clocks: Clocks) -> None:
    tries = [entrance.limits.object_refusal("voucher", 17) for _ in range(500)]

    assert tries.count(None) == limit_table.VOUCHER_BURST
    assert entrance.limits.object_refusal("voucher", 18) is None
    assert entrance.limits.object_refusal("batch", 17) is None
    clocks.pass_s(1)
    assert entrance.limits.object_refusal("voucher", 17) is None


def test_buckets_that_nobody_uses_are_forgotten(clocks: Clocks) -> None:
    buckets = limits.Buckets(per_s=10, burst=20, names_max=100, monotonic_s=clocks.monotonic_s)
    for name in range(100_000):
        buckets.take(name)

    assert len(buckets._young) + len(buckets._old) <= 200
    buckets.take("mine", 20)
    clocks.pass_s(0.5)
    assert buckets.take("mine", 20) < 0  # a name in use is not


def test_the_functions_for_everyone_use_one_limiter_of_the_process(database: object) -> None:
    caller = a_key("wallet.claim", kind="publishable").caller

    verdict = limits.admit(caller, lane=MANAGEMENT, source="198.51.100.9")
    assert verdict.refusal is None
    assert limits.enter(caller) is None
    limits.leave(caller)
    assert limits.object_refusal("voucher", 4_711) is None
    assert limits.code_attempts_refusal(source="198.51.100.9", caller=caller) is None
    for _ in range(limit_table.SOURCE_FAILURES_PER_MIN):
        limits.note_code_failure(source="198.51.100.9", caller=None)
    refused = limits.code_attempts_refusal(source="198.51.100.9")
    assert refused is not None
    assert refused.code == "code_attempts_limited"
