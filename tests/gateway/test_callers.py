"""Who may ask for what, and where: permissions, bounds, and keys that everybody can read."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from kaquan.campaigns.actions import add_batch, create_campaign
from kaquan.foundation import clock
from kaquan.organisations.models import Organisation
from tests.builders.books import books
from tests.builders.issuer import SYSTEM, a_number, a_version
from tests.builders.ledger import BENEFITS
from tests.gateway.site import ALWAYS, Answer, Caller, Site, code_of

Connection = psycopg.Connection[Any]


def a_campaign_batch(organisation: Organisation | None, **fields: Any) -> int:
    """A batch of a campaign of some part of the tree."""
    now = clock.now()
    campaign = create_campaign(
        actor=SYSTEM,
        code=a_number("C"),
        name="活动",
        kind="拉新",
        starts_at=now,
        ends_at=now + timedelta(days=9),
        organisation_id=organisation.id if organisation else None,
    )
    version = a_version({"benefit": BENEFITS["amount_off"], "validity": ALWAYS})
    batch = add_batch(
        actor=SYSTEM,
        campaign_id=campaign.id,
        name=a_number("批"),
        version_id=version.id,
        quantity=10,
        at=now,
        **{"by_code": False, **fields},
    )
    return int(batch.id)


@pytest.mark.parametrize(
    ("header", "code"),
    [
        (None, "key_missing"),
        ("kq_live_", "key_invalid"),
        ("kq_live_AAAAAAAA_" + "A" * 32, "key_invalid"),
        ("rubbish", "key_invalid"),
    ],
)
def test_without_a_key_nothing_is_told(site: Site, header: str | None, code: str) -> None:
    nobody = Caller(site.port, header)

    answer = nobody.post("redemptions", site.redeem(code_of(site.batch())))
    nobody.close()

    assert (answer.status, answer.code) == (401, code)
    assert answer.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize(
    ("path", "permission"),
    [
        ("redemptions", "redemption.reverse"),
        ("redemptions/R6001007/reversals", "redemption.redeem"),
        ("holds", "redemption.issue"),
        ("holds/H6001007/redeem", "redemption.issue"),
        ("holds/H6001007/release", "redemption.issue"),
        ("claims", "redemption.redeem"),
        ("validations", "redemption.issue"),
        ("lookups", "redemption.reverse"),
        ("commands", "voucher.trace"),
    ],
)
def test_a_key_does_only_what_it_holds_a_permission_for(
    site: Site, path: str, permission: str
) -> None:
    answer = site.caller(permission).post(path, {})

    assert (answer.status, answer.code) == (403, "permission_denied"), answer.body


def test_answers_tell_how_much_of_the_rate_is_left(site: Site, till: Caller) -> None:
    answer = till.post("redemptions", site.redeem(code_of(site.batch())))

    assert '"gateway";q=' in answer.headers["ratelimit-policy"]
    assert ";r=" in answer.headers["ratelimit"]


def test_a_key_of_a_region_acts_only_there(site: Site, connection: Connection) -> None:
    batch = site.batch()
    regional = site.caller(organisation=site.region)
    near = regional.post("redemptions", site.redeem(code_of(batch)))
    far = site.till.post("redemptions", site.redeem(code_of(batch, 1), store=site.far_store))
    hold = site.till.post("holds", site.redeem(code_of(batch, 2), store=site.far_store))
    before = books(connection)

    def ask(store: str) -> Answer:
        return regional.post("redemptions", site.redeem(code_of(batch, 3), store=store))

    foreign, missing = ask(site.far_store), ask("nowhere")
    assert foreign.status == missing.status == 404
    assert foreign.body == missing.body.replace(b"nowhere", site.far_store.encode())
    without = site.redeem(code_of(batch, 3))
    del without["store"]
    assert regional.post("redemptions", without).json["data"] == {"field": "store"}
    unknown = regional.post("redemptions/R0000000/reversals")
    assert unknown.status == 404
    answer = regional.post(f"redemptions/{far.json['redemption']}/reversals")
    assert (answer.status, answer.body) == (404, unknown.body)
    for end in ("redeem", "release"):
        answer = regional.post(f"holds/{hold.json['hold']}/{end}")
        assert (answer.status, answer.code) == (404, "hold_unknown")
    assert books(connection) == before
    assert regional.post(f"redemptions/{near.json['redemption']}/reversals").status == 200


def test_a_settled_hold_is_reversed_only_where_it_was_held(site: Site) -> None:
    regional = site.caller(organisation=site.region)
    elsewhere = site.caller(organisation=site.elsewhere)
    hold = regional.post("holds", site.redeem(code_of(site.batch()))).json["hold"]
    redemption = regional.post(f"holds/{hold}/redeem").json["redemption"]

    assert elsewhere.post(f"redemptions/{redemption}/reversals").status == 404
    assert regional.post(f"redemptions/{redemption}/reversals").status == 200


def test_a_key_of_a_region_hands_out_only_its_own_batches(site: Site) -> None:
    regional = site.caller(organisation=site.region)
    customer = site.customer()

    def claim(batch_id: int) -> Answer:
        return regional.post("claims", {"batch_id": batch_id, "customer": customer})

    assert claim(a_campaign_batch(site.region)).status == 200
    missing = claim(2_000_000)
    for foreign in (a_campaign_batch(site.elsewhere), a_campaign_batch(None)):
        answer = claim(foreign)
        assert (answer.status, answer.body) == (404, missing.body)


def test_a_key_of_a_region_cares_only_for_its_own_vouchers(
    site: Site, connection: Connection
) -> None:
    regional = site.caller("voucher.care", organisation=site.region)
    other = site.batch()  # of no campaign, so nobody's but the whole issuer's
    before = books(connection)

    answer = regional.post(
        "commands", {"commands": [{"do": "void", "code": code_of(other), "reason": "x"}]}
    )

    assert answer.json["outcomes"][0]["code"] == "voucher_unknown"
    assert books(connection) == before


# Keys that everybody can read ---------------------------------------------------------------------


@pytest.fixture
def public(site: Site) -> Caller:
    """A key in a browser."""
    return site.caller("wallet.claim", "wallet.view", publishable=True)


def bad_codes(site: Site) -> dict[str, str]:
    """Codes that look right and are no good, each for another reason."""
    batch, issued = site.batch(), site.batch()
    late = {"range": {"kind": "fixed_range", "first_day": "2020-01-01", "last_day": "2020-01-02"}}
    site.till.post("redemptions", site.redeem(code_of(batch)))
    frozen = code_of(batch, 1)
    care = site.caller("voucher.care")
    care.post("commands", {"commands": [{"do": "freeze", "code": frozen, "reason": "x"}]})
    claim = {
        "batch_id": issued.batch_id,
        "customer": site.customer(),
        "voucher_code": code_of(issued),
    }
    assert site.till.post("claims", claim).status == 200
    return {
        "used": code_of(batch),
        "frozen": frozen,
        "expired": code_of(site.batch(validity=late)),
        "somebody else's": code_of(issued),
        "forged": forged(code_of(batch, 2)),
    }


def forged(code: str) -> str:
    """A code with a right check symbol that nobody issued."""
    from kaquan.engine.crockford import check_symbol, fold

    symbols = fold(code)
    assert symbols is not None
    changed = ("0" if symbols[0] != "0" else "1") + symbols[1:-1]
    return changed + check_symbol(changed)


def test_a_public_key_learns_nothing_from_a_lookup(site: Site, public: Caller) -> None:
    told, took = {}, {}
    for reason, code in bad_codes(site).items():
        began_s = clock.monotonic_s()
        answer = public.post("lookups", {"code": code}, key=None)
        took[reason] = clock.monotonic_s() - began_s
        told[reason] = (answer.status, answer.body)

    assert set(told.values()) == {(404, told["used"][1])}, told
    assert min(took.values()) >= 0.03


def test_a_public_key_learns_nothing_from_a_claim(site: Site, public: Caller) -> None:
    customer, batch = site.customer(), site.batch()
    told = {
        reason: public.post(
            "claims", {"batch_id": batch.batch_id, "customer": customer, "voucher_code": code}
        )
        for reason, code in bad_codes(site).items()
    }

    assert {(one.status, one.body) for one in told.values()} == {(404, told["used"].body)}


def test_a_public_key_sees_and_claims_what_is_good(site: Site, public: Caller) -> None:
    stock, printed = site.batch(by_code=False), site.batch()
    customer = site.customer()
    claimed = public.post("claims", {"batch_id": stock.batch_id, "customer": customer})
    code = claimed.json["voucher"]["code"]

    theirs = public.post("lookups", {"code": code, "customer": customer}, key=None)
    bearer = public.post("lookups", {"code": code_of(printed)}, key=None)

    assert theirs.json["state"] == "issued"
    assert theirs.json["usable"] is True
    assert bearer.json["state"] == "live"
    assert "serial" not in theirs.json
    assert "serial" not in bearer.json


def test_pages_of_other_sites_may_ask_what_a_public_key_may_and_nothing_else(
    site: Site, public: Caller
) -> None:
    asks = {
        "Origin": "https://shop.example",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,content-type,idempotency-key",
    }
    stranger = Caller(site.port, None)
    for path in ("claims", "lookups"):
        allowed = stranger.ask("OPTIONS", path, None, asks)
        assert (allowed.status, allowed.body) == (204, b"")
        assert allowed.headers["access-control-allow-origin"] == "*"
        assert allowed.headers["access-control-allow-methods"] == "POST"
        named = allowed.headers["access-control-allow-headers"].lower().split(", ")
        assert set(named) >= {"authorization", "content-type", "idempotency-key"}
        assert "access-control-allow-credentials" not in allowed.headers
    for path in ("redemptions", "commands", "stores"):
        refused = stranger.ask("OPTIONS", path, None, asks)
        assert refused.status >= 400
        assert "access-control-allow-origin" not in refused.headers
    stranger.close()

    good = public.post("lookups", {"code": code_of(site.batch())}, key=None)
    bad = public.post("lookups", {"code": "nothing"}, key=None)
    used = site.till.post("redemptions", site.redeem(code_of(site.batch())))

    assert (good.status, bad.status, used.status) == (200, 400, 200)
    assert good.headers["access-control-allow-origin"] == "*"
    assert bad.headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-origin" not in used.headers


@pytest.mark.parametrize(
    "ask",
    [
        lambda caller, body: caller.post("redemptions", body),
        lambda caller, body: caller.post("validations", body, key=None),
        lambda caller, body: caller.post("commands", {"commands": [{"do": "redeem", **body}]}),
    ],
)
def test_a_public_key_can_do_nothing_else(
    site: Site, public: Caller, ask: Callable[[Caller, dict[str, Any]], Answer]
) -> None:
    assert ask(public, site.redeem(code_of(site.batch()))).status == 403
