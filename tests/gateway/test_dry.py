"""Requests that change nothing: what would happen, which vouchers are best, what a code is."""

from __future__ import annotations

from typing import Any

import psycopg

from tests.builders.books import books, differing
from tests.gateway.site import Caller, Site, code_of

Connection = psycopg.Connection[Any]


def test_a_validation_says_what_a_redemption_would_do(
    site: Site, till: Caller, connection: Connection
) -> None:
    batch = site.batch()
    body = {"vouchers": [{"code": code_of(batch)}], **site.two_lines()}
    before = books(connection)

    told = [till.post("validations", body, key=None).json for _ in range(2)]

    # Each reader opens a lane of its own with the first thing that it reads.
    assert differing(before, books(connection)) <= {"ledger_lane"}
    assert told[0] == told[1]
    assert (told[0]["valid"], told[0]["code"], told[0]["discount_fen"]) == (True, "done", 2_000)
    assert told[0]["vouchers"][0]["allocation"] == [1_200, 800]
    assert till.post("redemptions", body).json["vouchers"] == told[0]["vouchers"]
    after = till.post("validations", body, key=None).json
    assert (after["valid"], after["code"]) == (False, "voucher_used")
    assert after["refusal"]["status"] == 409


def test_many_who_ask_at_once_are_each_judged_as_if_they_came_first(
    site: Site, till: Caller
) -> None:
    """The budget has enough for one."""
    from concurrent.futures import ThreadPoolExecutor

    from tests.builders.ledger import a_budget

    batch = site.batch(budget_id=a_budget(site.door, total_fen=2_000))
    bodies = [site.redeem(code_of(batch, index)) for index in range(8)]

    def ask(body: dict[str, Any]) -> Any:
        answer = till.post("validations", body, key=None).json
        till.close()
        return answer["valid"]

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(ask, bodies * 4)) == [True] * 32


def test_the_best_set_is_found_and_the_others_are_explained(site: Site, till: Caller) -> None:
    customer = site.customer()
    small = site.batch(by_code=False, benefit={"kind": "amount_off", "amount_fen": 500})
    big = site.batch(by_code=False, benefit={"kind": "amount_off", "amount_fen": 3_000})
    stacking = site.batch(
        by_code=False,
        benefit={"kind": "amount_off", "amount_fen": 700},
        stack={"policy": "always"},
    )
    dear = site.batch(by_code=False, scope={"order_minimum_fen": 1_000_000})
    claimed = {
        name: till.post("claims", {"batch_id": batch.batch_id, "customer": customer}).json[
            "voucher"
        ]
        for name, batch in {
            "small": small, "big": big, "stacking": stacking, "dear": dear,
        }.items()
    }  # fmt: skip
    body = {**site.two_lines(), "customer": customer}

    told = till.post("validations", {**body, "best": True}, key=None).json

    assert told["valid"] is True
    best = told["best"]
    assert [one["serial"] for one in best["vouchers"]] == [claimed["big"]["serial"]]
    assert best["discount_fen"] == 3_000
    reasons = {one["serial"]: one["code"] for one in best["left_out"]}
    assert reasons == {
        claimed["small"]["serial"]: "stacking_forbidden",
        claimed["stacking"]["serial"]: "stacking_forbidden",
        claimed["dear"]["serial"]: "order_below_minimum",
    }
    assert all(one["text"] for one in best["left_out"])
    gives = {one["serial"]: (one["applies"], one["discount_fen"]) for one in told["offers"]}
    assert gives[claimed["small"]["serial"]] == (True, 500)
    assert gives[claimed["dear"]["serial"]] == (False, 0)
    used = till.post(
        "redemptions", {**body, "vouchers": [{"code": best["vouchers"][0]["voucher_code"]}]}
    )
    assert used.json["discount_fen"] == 3_000


def test_the_best_set_respects_what_the_ledger_would_refuse(site: Site, till: Caller) -> None:
    """Two that stack, of a batch that gives a customer one a day."""
    customer = site.customer()
    batch = site.batch(
        by_code=False,
        stack={"policy": "always"},
        limits=[
            {"dimension": "customer", "period": "day", "unit": "uses", "at": "redeem", "cap": 1}
        ],
    )
    for _ in range(2):
        claim = {"batch_id": batch.batch_id, "customer": customer}
        assert till.post("claims", claim).status == 200

    body = {**site.two_lines(), "customer": customer, "best": True}
    best = till.post("validations", body, key=None).json["best"]

    assert best["discount_fen"] == 2_000
    assert [one["code"] for one in best["left_out"]] == ["limit_per_customer"]


def test_whoever_names_neither_voucher_nor_customer_asks_nothing(site: Site, till: Caller) -> None:
    answer = till.post("validations", site.order(), key=None)

    assert (answer.status, answer.code) == (400, "malformed_request")
    assert answer.json["data"] == {"field": "vouchers"}


def test_who_may_trace_sees_why_a_voucher_is_no_good(
    site: Site, till: Caller, connection: Connection
) -> None:
    batch = site.batch()
    till.post("redemptions", site.redeem(code_of(batch)))
    tracer = site.caller("voucher.trace")
    before = books(connection)

    used = tracer.post("lookups", {"code": code_of(batch)}, key=None)
    new = tracer.post("lookups", {"code": code_of(batch, 1)}, key=None, Accept_Language="en")
    nonsense = tracer.post("lookups", {"code": "nonsense"}, key=None)

    assert differing(before, books(connection)) <= {"ledger_lane"}
    assert (used.json["state"], used.json["usable"]) == ("used", False)
    assert used.json["refusal"]["code"] == "voucher_used"
    assert used.json["serial"] == batch.serial()
    assert (new.json["state"], new.json["usable"], new.json["kind"]) == (
        "live",
        True,
        "amount_off",
    )
    assert "redeem" in new.json["may"]
    assert {"top_up", "book_loss"}.isdisjoint(new.json["may"])  # for cards; for nobody to ask
    assert new.json["terms"][0].isascii() or "¥" in new.json["terms"][0]
    assert nonsense.status == 400
