"""Redeeming over HTTP: once each, all or nothing, and the same answer to the same request."""

from __future__ import annotations

from tests.gateway.site import Caller, Site, code_of


def test_a_code_is_redeemed_once(site: Site, till: Caller) -> None:
    batch = site.batch()

    first = till.post("redemptions", site.redeem(code_of(batch)))
    second = till.post("redemptions", site.redeem(code_of(batch)))

    assert first.status == 200, first.body
    assert first.json["redemption"].startswith("R")
    assert first.json["discount_fen"] == 2_000
    assert (second.status, second.code) == (409, "voucher_used")
    assert second.headers["content-type"] == "application/problem+json"


def test_a_claim_hands_out_a_code(site: Site, till: Caller) -> None:
    batch = site.batch(by_code=False)
    claim = {"batch_id": batch.batch_id, "customer": site.customer()}
    answer = till.post("claims", claim)
    assert answer.status == 200, answer.body
    code = answer.json["voucher"]["code"]
    used = till.post("redemptions", site.redeem(code))
    assert used.status == 200, used.body
