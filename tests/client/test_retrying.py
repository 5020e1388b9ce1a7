"""What is tried again, what never is, and what is said when nobody knows."""

from __future__ import annotations

import pytest

from kaquan_client import Patience, Refused, Timeouts, Unknown, Unreachable
from tests.client.conftest import Driven, Time
from tests.client.scripted import Drop, Reply, Script, Silence, answer, problem

DONE = answer({"code": "done", "redemption": "R6001007", "discount_fen": 2_000, "vouchers": []})
CODE = "N6W5-7X4V-0Q2M-8T3K-H1RA"


def redeem(client: Driven, key: str | None = None) -> object:
    """The call that most tests make."""
    return client.do("redeem", [CODE], store="S001", key=key)


def test_a_dropped_connection_is_tried_again_with_the_same_key(
    client: Driven, script: Script
) -> None:
    script.will(Drop(), Drop(), DONE)

    done = client.do("redeem", [CODE], store="S001")

    assert done.redemption == "R6001007"
    assert done.discount_fen == 2_000
    first, *others = script.keys
    assert first
    assert others == [first, first]
    assert len({one.body for one in script.asked}) == 1


def test_every_call_has_a_key_of_its_own_unless_it_is_given_one(
    client: Driven, script: Script
) -> None:
    script.will(DONE, DONE, DONE)

    for key in (None, None, "till-4711"):
        redeem(client, key)

    assert len(set(script.keys)) == 3
    assert script.keys[-1] == "till-4711"


def test_a_busy_server_is_asked_again_when_it_says(client: Driven, script: Script) -> None:
    script.will(problem(503, "busy", retryable=True, retry_after="2"), DONE)

    redeem(client)

    assert client.time.waits_s == [2.1]


def test_a_moment_to_retry_at_counts_from_the_servers_own_clock(
    client: Driven, script: Script
) -> None:
    script.will(
        problem(
            429,
            "rate_limited",
            retry_after="Fri, 27 Nov 2026 04:00:09 GMT",
            date="Fri, 27 Nov 2026 04:00:05 GMT",
        ),
        DONE,
    )

    redeem(client)

    assert client.time.waits_s == [pytest.approx(4.1)]


def test_waits_double_up_to_a_limit_and_vary_by_chance(client: Driven, script: Script) -> None:
    client.settings["patience"] = Patience(tries_max=6, wait_s_max=0.5)
    script.will(*[Drop()] * 5, DONE)
    redeem(client)
    assert client.time.waits_s == pytest.approx([0.1, 0.2, 0.4, 0.5, 0.5])

    client.settings["chance"] = lambda: 0.0
    client.time.waits_s.clear()
    script.will(*[Drop()] * 5, DONE)
    redeem(client)
    assert client.time.waits_s == pytest.approx([0.05, 0.1, 0.2, 0.25, 0.25])


@pytest.mark.parametrize("status", [400, 404, 409, 422])
def test_a_refusal_is_never_asked_for_twice(client: Driven, script: Script, status: int) -> None:
    script.will(problem(status, "stock_exhausted", retryable=True))

    with pytest.raises(Refused) as refused:
        redeem(client, "k1")

    assert refused.value.code == "stock_exhausted"
    assert refused.value.text == "整句说明。"
    assert refused.value.retryable is True
    assert refused.value.remedy == "还差 ¥8.00"
    assert refused.value.data == {"shortfall_fen": 800}
    assert (refused.value.status, refused.value.key) == (status, "k1")
    assert len(script.asked) == 1
    assert client.time.waits_s == []


def test_without_any_answer_the_outcome_is_unknown_and_the_key_is_told(
    client: Driven, script: Script
) -> None:
    script.will(*[Drop()] * 5)

    with pytest.raises(Unknown) as unknown:
        redeem(client)

    assert unknown.value.tries == 5
    assert set(script.keys) == {unknown.value.key}


def test_trying_again_later_with_the_key_of_an_unknown_outcome_gets_the_answer(
    client: Driven, script: Script
) -> None:
    script.will(*[Drop()] * 5, DONE)
    with pytest.raises(Unknown) as unknown:
        redeem(client)

    redeem(client, unknown.value.key)

    assert set(script.keys) == {unknown.value.key}


def test_a_slow_answer_is_given_up_and_asked_for_again(client: Driven, script: Script) -> None:
    client.settings["timeouts"] = Timeouts(answer_s=0.05)
    script.will(Silence(), DONE)

    redeem(client)

    assert len(set(script.keys)) == 1
    assert len(script.asked) == 2


def test_half_an_answer_is_none(client: Driven, script: Script) -> None:
    script.will(Reply(body=DONE.body[:10], length=len(DONE.body)), DONE)

    redeem(client)

    assert len(script.asked) == 2


def test_the_whole_call_takes_no_longer_than_it_may(client: Driven, script: Script) -> None:
    client.settings["patience"] = Patience(tries_max=100, total_s=1.0, first_wait_s=0.3)
    script.will(*[Drop()] * 100)

    with pytest.raises(Unknown):
        redeem(client)

    assert client.time.now_s < 1.0
    assert len(script.asked) < 10


def test_a_server_that_asks_for_more_time_than_there_is_is_not_waited_for(
    client: Driven, script: Script
) -> None:
    script.will(problem(429, "rate_limited", retryable=True, retry_after="3600"))

    with pytest.raises(Refused) as refused:
        redeem(client)

    assert refused.value.retry_after_s == 3_600
    assert client.time.waits_s == []


def test_busy_to_the_end_is_a_refusal_because_nothing_was_begun(
    client: Driven, script: Script
) -> None:
    script.will(*[problem(503, "busy", retryable=True, retry_after="1")] * 5)

    with pytest.raises(Refused) as refused:
        redeem(client)

    assert (refused.value.code, refused.value.retryable) == ("busy", True)


@pytest.mark.parametrize(
    "last",
    [
        problem(503, "busy"),
        problem(429, "rate_limited"),
        problem(401, "unauthenticated"),
        problem(403, "permission_denied"),
        problem(500, "internal_error"),
    ],
)
def test_after_a_lost_answer_only_an_answer_about_the_request_itself_ends_the_doubt(
    client: Driven, script: Script, last: Reply
) -> None:
    script.will(Drop(), *[last] * 4)

    with pytest.raises(Unknown):
        redeem(client)


def test_after_a_lost_answer_a_refusal_ends_the_doubt(client: Driven, script: Script) -> None:
    script.will(Drop(), problem(409, "voucher_used"))

    with pytest.raises(Refused):
        redeem(client)


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_server_or_proxy_that_fails_leaves_the_outcome_of_a_change_open(
    client: Driven, script: Script, status: int
) -> None:
    script.will(*[Reply(status, b"<html>", (("content-type", "text/html"),))] * 5)

    with pytest.raises(Unknown):
        redeem(client)

    assert len(script.asked) == (1 if status == 500 else 5)


@pytest.mark.parametrize(
    "body", [b"<html>please log in</html>", b"", b"[]", b'{"code":"done","redemption":7}']
)
def test_what_is_no_answer_of_ours_leaves_the_outcome_open(
    client: Driven, script: Script, body: bytes
) -> None:
    script.will(Reply(200, body))

    with pytest.raises(Unknown):
        redeem(client)


def test_a_redirect_is_not_followed_with_the_key(client: Driven, script: Script) -> None:
    script.will(Reply(307, b"", (("location", "http://127.0.0.1:1/elsewhere"),)))

    with pytest.raises(Refused) as refused:
        redeem(client)

    assert refused.value.code == "http_307"
    assert len(script.asked) == 1


def test_a_request_of_the_same_key_under_way_is_waited_for(client: Driven, script: Script) -> None:
    script.will(problem(409, "request_in_progress", retryable=True), DONE)

    redeem(client)

    assert len(set(script.keys)) == 1


def test_nobody_there_means_that_nothing_was_changed(time: Time, script: Script) -> None:
    for is_async in (False, True):
        client = Driven(is_async=is_async, url="http://127.0.0.1:1", time=time)

        with pytest.raises(Unreachable) as unreachable:
            redeem(client)

        assert unreachable.value.tries == 5


def test_a_read_is_tried_again_without_a_key_and_leaves_no_doubt(
    client: Driven, script: Script
) -> None:
    script.will(*[Drop()] * 5)

    with pytest.raises(Unreachable):
        client.do("look_up", CODE)

    assert script.keys == [None] * 5


def test_an_answer_that_never_ends_is_given_up(client: Driven, script: Script) -> None:
    ticking = iter(range(0, 200, 2))
    client.settings["patience"] = Patience(tries_max=2, total_s=3.0)
    client.settings["monotonic_s"] = lambda: float(next(ticking))
    script.will(*[DONE] * 2)

    with pytest.raises(Unknown) as unknown:
        redeem(client)

    assert "ReadTimeout" in unknown.value.reason
