"""Redeeming, claiming, holding and reversing over HTTP: once each, all or nothing, and the same
answer to the same request."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta
from typing import Any

import psycopg
import pytest

from kaquan.foundation import clock
from tests.builders.books import books, differing, number
from tests.gateway.site import Answer, Caller, Site, a_request_key, code_of

Connection = psycopg.Connection[Any]


def refused_without_a_trace(connection: Connection, ask: Any, *, status: int, code: str) -> Answer:
    """Ask, insist on this refusal, and that no row of any voucher, limit or sum has moved."""
    before = books(connection)
    answer: Answer = ask()
    assert (answer.status, answer.code) == (status, code), answer.body
    assert answer.headers["content-type"] == "application/problem+json"
    # A refusal that has a request key is remembered, and nothing else is.
    assert differing(before, books(connection)) <= {"ledger_block", "ledger_request", "ledger_lane"}
    return answer


def test_a_code_is_redeemed_once(site: Site, till: Caller, connection: Connection) -> None:
    batch = site.batch()

    first = till.post("redemptions", site.redeem(code_of(batch)))

    assert first.status == 200, first.body
    assert first.json["redemption"].startswith("R")
    assert first.json["discount_fen"] == 2_000
    (voucher,) = first.json["vouchers"]
    assert voucher["serial"] == batch.serial()
    assert (voucher["state"], voucher["discount_fen"], voucher["allocation"]) == (
        "used",
        2_000,
        [2_000],
    )
    assert voucher["valid_until"] == "2199-12-31T16:00:00Z"
    refused_without_a_trace(
        connection,
        lambda: till.post("redemptions", site.redeem(code_of(batch))),
        status=409,
        code="voucher_used",
    )


def test_a_discount_is_split_over_the_lines(site: Site, till: Caller) -> None:
    body = {"vouchers": [{"code": code_of(site.batch())}], **site.two_lines()}

    answer = till.post("redemptions", body)

    assert answer.json["vouchers"][0]["allocation"] == [1_200, 800]


def test_the_same_request_gets_the_same_bytes(
    site: Site, till: Caller, connection: Connection
) -> None:
    body, key = site.redeem(code_of(site.batch())), a_request_key()
    first = till.post("redemptions", body, key=key)
    before = books(connection)

    again = [till.post("redemptions", body, key=key) for _ in range(3)]

    assert {one.body for one in again} == {first.body}
    assert books(connection) == before


def test_the_same_request_at_the_same_time_has_one_effect(
    site: Site, till: Caller, connection: Connection
) -> None:
    body, key = site.redeem(code_of(site.batch())), a_request_key()
    answers: list[Answer] = []
    ready = threading.Barrier(16)

    def ask() -> None:
        ready.wait()
        answers.append(till.post("redemptions", body, key=key))
        till.close()

    threads = [threading.Thread(target=ask) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert {(one.status, one.body) for one in answers} == {(200, answers[0].body)}


def test_a_refusal_is_the_answer_to_its_key_for_ever(site: Site, till: Caller) -> None:
    code, key = code_of(site.batch(scope={"channels": ["app"]})), a_request_key()
    body = site.redeem(code)
    first = till.post("redemptions", body, key=key)
    assert (first.status, first.code) == (409, "wrong_channel")

    assert till.post("redemptions", {**body, "channel": "app"}).status == 200
    assert till.post("redemptions", body, key=key).body == first.body


def test_another_content_under_the_same_key_is_refused(
    site: Site, till: Caller, connection: Connection
) -> None:
    batch, key = site.batch(), a_request_key()
    till.post("redemptions", site.redeem(code_of(batch)), key=key)

    refused_without_a_trace(
        connection,
        lambda: till.post("redemptions", site.redeem(code_of(batch, 1)), key=key),
        status=422,
        code="request_key_reused",
    )


def test_two_clients_may_choose_the_same_key(site: Site, till: Caller) -> None:
    batch, key = site.batch(), a_request_key()
    other = site.caller("redemption.redeem")

    first = till.post("redemptions", site.redeem(code_of(batch)), key=key)
    second = other.post("redemptions", site.redeem(code_of(batch, 1)), key=key)

    assert (first.status, second.status) == (200, 200)


def test_several_codes_are_used_all_or_none(
    site: Site, till: Caller, connection: Connection
) -> None:
    batch = site.batch(stack={"policy": "always"})
    codes = [code_of(batch, index) for index in range(3)]
    till.post("redemptions", site.redeem(codes[2]))

    refusal = refused_without_a_trace(
        connection,
        lambda: till.post("redemptions", site.redeem(*codes)),
        status=409,
        code="voucher_used",
    )
    assert refusal.json["data"]["voucher"] == 2

    both = till.post("redemptions", site.redeem(*codes[:2]))
    assert both.json["discount_fen"] == 4_000
    assert len(both.json["vouchers"]) == 2


def test_words_are_in_the_callers_language(site: Site, till: Caller) -> None:
    batch = site.batch(scope={"order_minimum_fen": 50_000})
    body = site.redeem(code_of(batch))

    chinese = till.post("redemptions", body)
    english = till.post("redemptions", body, Accept_Language="en")

    assert chinese.json["remedy"] in chinese.json["detail"]
    assert "还差" in chinese.json["remedy"]
    assert english.json["remedy"].endswith("more is needed")
    assert chinese.json["data"] == english.json["data"]


def test_a_claim_hands_out_a_code_that_works(site: Site, till: Caller) -> None:
    batch = site.batch(by_code=False)
    claim = {"batch_id": batch.batch_id, "customer": site.customer()}
    key = a_request_key()

    answer = till.post("claims", claim, key=key)

    assert answer.status == 200, answer.body
    assert answer.json["voucher"]["state"] == "issued"
    assert till.post("claims", claim, key=key).body == answer.body
    used = till.post("redemptions", site.redeem(answer.json["voucher"]["code"]))
    assert used.status == 200, used.body


def test_the_last_voucher_of_a_batch_is_claimed_once(
    site: Site, till: Caller, connection: Connection
) -> None:
    batch = site.batch(by_code=False, quantity=1)
    claim = {"batch_id": batch.batch_id, "customer": site.customer()}
    assert till.post("claims", claim).status == 200

    refused_without_a_trace(
        connection, lambda: till.post("claims", claim), status=409, code="stock_exhausted"
    )


def test_request_numbers_may_stand_in_the_body(site: Site, till: Caller) -> None:
    batch = site.batch()
    body = site.redeem(code_of(batch))
    key = a_request_key()
    in_body = till.post("redemptions", {**body, "use_request_no": key}, key=None)
    in_header = till.post("redemptions", body, key=key)
    differing_ones = till.post("redemptions", {**body, "use_request_no": "other"}, key=key)

    assert in_body.status == 200
    assert in_header.body == in_body.body
    assert (differing_ones.status, differing_ones.code) == (400, "idempotency_key_invalid")


def test_a_redemption_is_reversed_by_its_number(site: Site, till: Caller) -> None:
    batch = site.batch()
    body = {"vouchers": [{"code": code_of(batch)}], **site.two_lines()}
    redemption = till.post("redemptions", body).json["redemption"]
    cake = {"lines": [{"line_id": "2", "quantity": 1}]}

    part = till.post(f"redemptions/{redemption}/reversals", cake)
    rest = till.post(f"redemptions/{redemption}/reversals")
    more = till.post(f"redemptions/{redemption}/reversals")

    assert part.json["returned_fen"] == 800
    assert part.json["reversal"].startswith("V")
    assert rest.json["returned_fen"] == 1_200
    assert rest.json["vouchers"][0]["state"] == "live"
    assert (more.status, more.code) == (409, "already_reversed")


@pytest.mark.parametrize("text", ["R0", "H6001007", "Rubbish", "%00", "R" + "9" * 40])
def test_what_is_no_number_names_no_redemption(till: Caller, text: str) -> None:
    answer = till.post(f"redemptions/{text}/reversals")

    assert answer.status == 404, answer.body
    assert answer.code in ("redemption_unknown", "route_unknown")


def test_a_hold_reserves_and_is_settled_once(
    site: Site, till: Caller, connection: Connection
) -> None:
    code = code_of(site.batch())
    asked_at = clock.now()
    held = till.post("holds", {**site.redeem(code), "expires_in_s": 60})
    assert held.status == 200, held.body
    expires_at = datetime.fromisoformat(held.json["expires_at"])
    assert timedelta(seconds=50) < expires_at - asked_at < timedelta(seconds=90)
    refused_without_a_trace(
        connection,
        lambda: till.post("redemptions", site.redeem(code)),
        status=409,
        code="voucher_held",
    )

    settled = till.post(f"holds/{held.json['hold']}/redeem")
    again = till.post(f"holds/{held.json['hold']}/redeem")

    assert settled.status == 200, settled.body
    assert settled.json["redemption"].startswith("R")
    assert (again.status, again.code) == (409, "hold_settled")


def test_a_hold_that_is_asked_for_twice_is_one_hold(site: Site, till: Caller) -> None:
    body, key = {**site.redeem(code_of(site.batch())), "expires_in_s": 60}, a_request_key()

    first, again = (till.post("holds", body, key=key) for _ in range(2))
    longer = till.post("holds", {**body, "expires_in_s": 61}, key=key)

    assert first.status == 200
    assert again.body == first.body
    assert longer.code == "request_key_reused"


def test_a_hold_that_is_released_leaves_the_voucher_free(site: Site, till: Caller) -> None:
    code = code_of(site.batch())
    hold = till.post("holds", site.redeem(code)).json["hold"]

    released = till.post(f"holds/{hold}/release")

    assert released.status == 200, released.body
    assert till.post("redemptions", site.redeem(code)).status == 200


def test_codes_that_are_none_are_told_apart_and_cost_no_block(
    site: Site, till: Caller, connection: Connection
) -> None:
    code = code_of(site.batch())
    swapped = "Z" if code[0] != "Z" else "Y"
    blocks = number(connection, "SELECT count(*) FROM ledger_block")

    malformed = till.post("redemptions", site.redeem("not a code"))
    mistyped = till.post("redemptions", site.redeem(swapped + code[1:]))

    assert (malformed.status, malformed.code) == (400, "code_malformed")
    assert (mistyped.status, mistyped.code) == (400, "code_mistyped")
    assert number(connection, "SELECT count(*) FROM ledger_block") == blocks


@pytest.mark.parametrize(
    ("fields", "code"),
    [({"store": "nowhere"}, "organisation_unknown"), ({"customer": "nobody"}, "customer_unknown")],
)
def test_what_is_not_there_is_said_so(
    site: Site, till: Caller, connection: Connection, fields: dict[str, str], code: str
) -> None:
    body = site.redeem(code_of(site.batch()), **fields)

    refused_without_a_trace(
        connection, lambda: till.post("redemptions", body), status=404, code=code
    )
