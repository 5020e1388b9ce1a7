"""A voucher that was passed on: the old code is over, tells nothing of the new one, and the new one
is told to its holder alone."""

from __future__ import annotations

from typing import Any

import psycopg

from tests.gateway.site import Caller, Site
from tests.gateway.test_redemptions import refused_without_a_trace


def test_a_transfer_ends_the_code_and_the_new_holder_is_told_a_new_one(
    site: Site, till: Caller, connection: psycopg.Connection[Any]
) -> None:
    clerk = site.caller("redemption.redeem", "voucher.care", "voucher.trace")
    giver, friend = site.customer(), site.customer()
    batch = site.batch(by_code=False, transferable=True)
    claim = {"batch_id": batch.batch_id, "customer": giver}
    old = till.post("claims", claim).json["voucher"]["code"]
    transfer = {"do": "transfer", "code": old, "from_customer": giver, "to_customer": friend}
    (told,) = clerk.post("commands", {"commands": [transfer]}).json["outcomes"]
    assert told["code"] == "done"

    refused_without_a_trace(
        connection,
        lambda: till.post("redemptions", site.redeem(old)),
        status=409,
        code="code_passed_on",
    )
    refused_without_a_trace(
        connection,
        lambda: till.post("holds", {**site.redeem(old), "expires_in_s": 60}),
        status=409,
        code="code_passed_on",
    )
    by_old = {"vouchers": [{"code": old}], "best": True, **site.two_lines()}
    tried = clerk.post("validations", by_old, key=None)
    assert (tried.json["code"], tried.json["best"]["vouchers"]) == ("code_passed_on", [])
    looked = clerk.post("lookups", {"code": old}, key=None).json
    assert (looked["usable"], looked["refusal"]["code"]) == (False, "code_passed_on")

    theirs = {"customer": friend, **site.two_lines()}
    (offer,) = clerk.post("validations", theirs, key=None).json["offers"]
    new = offer["voucher_code"]
    assert new == told["voucher_code"] != old
    assert new.encode() not in tried.body
    assert till.post("redemptions", site.redeem(new)).status == 200
